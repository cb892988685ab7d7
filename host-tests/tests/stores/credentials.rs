//! Credentials files of NATS: an operator, its account and a user, signed here as `nsc` signs them.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edgefold_host::kv::{NatsKv, NatsOptions, conformance};
use host_tests::servers::Scratch;
use host_tests::servers::nats::Nats;
use nkeys::{KeyPair, KeyPairType};
use serde_json::{Value, json};

/// The same key for the same number.
fn key(kind: KeyPairType, number: u8) -> KeyPair {
    KeyPair::new_from_raw(kind, [number; 32]).unwrap()
}

/// A JWT about `subject`, signed by `issuer`.
fn signed(issuer: &KeyPair, subject: &KeyPair, name: &str, nats: &Value) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "jti": name,
        "iat": 1_700_000_000,
        "iss": issuer.public_key(),
        "sub": subject.public_key(),
        "name": name,
        "nats": nats,
    });
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let text = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = issuer.sign(text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// An operator with an account that may use JetStream, and the one that NATS wants for itself.
struct Operator {
    /// For the server's configuration.
    configuration: String,
    account: KeyPair,
}

impl Operator {
    fn new() -> Self {
        let operator = key(KeyPairType::Operator, 1);
        let account = key(KeyPairType::Account, 2);
        let system = key(KeyPairType::Account, 3);
        let limits = |jetstream: i64| {
            json!({
                "type": "account", "version": 2,
                "limits": {
                    "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
                    "conn": -1, "leaf": -1, "mem_storage": jetstream, "disk_storage": jetstream,
                    "streams": jetstream, "consumer": jetstream,
                },
            })
        };
        let of_operator = json!({ "type": "operator", "version": 2 });
        let configuration = format!(
            "operator: {}\nsystem_account: {system}\nresolver: MEMORY\nresolver_preload {{\n{system}: {}\n{}: {}\n}}\n",
            signed(&operator, &operator, "operator", &of_operator),
            signed(&operator, &system, "system", &limits(0)),
            account.public_key(),
            signed(&operator, &account, "account", &limits(-1)),
            system = system.public_key(),
        );
        Self {
            configuration,
            account,
        }
    }

    /// A user's JWT.
    fn user(&self, user: &KeyPair) -> String {
        let nats = json!({
            "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1,
        });
        signed(&self.account, user, "user", &nats)
    }
}

/// A credentials file, with the dashes and remarks that `nsc` puts there.
fn credentials(jwt: &str, seed: &str) -> String {
    format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         ************************* IMPORTANT *************************\n\
         NKEY Seed printed below can be used to sign and prove identity.\n\
         NKEYs are sensitive and should be treated as secrets.\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n\n\
         *************************************************************\n"
    )
}

struct Files(Scratch);

impl Files {
    fn new() -> Self {
        Self(Scratch::new("credentials").unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    }
}

async fn refused(store: &str) -> String {
    let options: NatsOptions = store.parse().unwrap();
    NatsKv::open(&options).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_of_a_credentials_file_has_a_store() {
    let operator = Operator::new();
    let Some(server) = Nats::single(&operator.configuration).unwrap() else {
        return;
    };
    let user = key(KeyPairType::User, 4);
    let jwt = operator.user(&user);
    let files = Files::new();
    let right = files.write("right.creds", &credentials(&jwt, &user.seed().unwrap()));
    let store = server.store(&format!("rules?creds={}", right.display()));
    let kv = NatsKv::open(&store.parse().unwrap()).await.unwrap();
    conformance::check(&kv).await.unwrap();

    let other = key(KeyPairType::User, 5).seed().unwrap();
    let wrong = files.write("wrong.creds", &credentials(&jwt, &other));
    let said = refused(&server.store(&format!("rules?creds={}", wrong.display()))).await;
    assert!(
        said.contains("refuses the user of creds=") && said.contains("wrong.creds"),
        "{said}"
    );
    assert!(said.contains("authorization"), "{said}");
    assert!(!said.contains(&other) && !said.contains(&jwt), "{said}");

    let said = refused(&server.store("rules")).await;
    assert!(
        said.contains("without a user") && said.contains("authorization"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credentials_file_that_is_of_no_use_is_named_and_not_shown() {
    let files = Files::new();
    let user = key(KeyPairType::User, 4);
    let jwt = Operator::new().user(&user);
    let seed = user.seed().unwrap();
    let cut = &seed[..seed.len() - 2];
    let damaged = format!("{cut}77");
    let missing = files.0.path().join("missing.creds");
    let half = format!("-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n");
    for (file, named) in [
        (missing, "No such file"),
        (files.write("empty.creds", ""), "JWT"),
        (files.write("half.creds", &half), "nkey"),
        (files.write("cut.creds", &credentials(&jwt, cut)), ""),
        (files.write("odd.creds", &credentials(&jwt, &damaged)), ""),
    ] {
        let name = file.file_name().unwrap().to_str().unwrap();
        // Nobody is asked: the port is one where nobody listens.
        let said = refused(&format!("nats://127.0.0.1:1/x?creds={}", file.display())).await;
        assert!(said.contains(&format!("{name}: ")), "{said}");
        assert!(said.contains(named), "{said}");
        assert!(!said.contains(cut) && !said.contains(&jwt), "{said}");
    }
}
