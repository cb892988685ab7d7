//! The host that the targets run on.

use edgefold::host::Capabilities;
use edgefold::testing::{Answer, TestHost};
use edgefold::time::Timestamp;

/// Opens the admin routes.
pub const TOKEN: &str = "fuzz-token";
/// The address of the one source.
pub const SOURCE: &str = "https://a.example/feed.json";

/// A host before its first cycle.
#[must_use]
pub fn host() -> TestHost {
    let host = TestHost::default();
    host.kv.capabilities.set(Capabilities {
        ttl: false,
        batch: false,
        increment: false,
        ..Capabilities::ALL
    });
    host.random.set(4);
    host.now.set(Timestamp::from_secs(1_790_000_000));
    host.set_variable("admin_token", TOKEN);
    host
}

/// From now on the source is this document.
pub fn publish(host: &TestHost, document: String) {
    let kind = [("content-type", "application/feed+json")];
    host.answer(SOURCE, [Answer::new(200, &kind, document)]);
}
