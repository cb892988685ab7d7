//! A private authority, and a certificate of it for servers on this machine.

use std::path::{Path, PathBuf};

use host_tests::servers::Scratch;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// As files, in a folder that is removed with this.
pub(crate) struct Certificates {
    /// The authority's certificate.
    pub(crate) ca: PathBuf,
    /// The server's, for 127.0.0.1.
    pub(crate) server: PathBuf,
    /// The server's key.
    pub(crate) key: PathBuf,
    folder: Scratch,
}

impl Certificates {
    /// `name` is the authority's.
    pub(crate) fn of(name: &str) -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let subject = &mut authority.distinguished_name;
        subject.push(DnType::CommonName, name);
        let authority_key = KeyPair::generate().unwrap();
        let ca = authority.self_signed(&authority_key).unwrap();
        let authority = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let server = server.signed_by(&key, &authority).unwrap();

        let folder = Scratch::new("certificates").unwrap();
        let write = |name: &str, text: String| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        Self {
            ca: write("ca.pem", ca.pem()),
            server: write("server.pem", server.pem()),
            key: write("server.key", key.serialize_pem()),
            folder,
        }
    }

    /// The folder of all three.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
