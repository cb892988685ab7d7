//! TLS to the server of a store: whose certificates are believed.

use std::fmt::Display;
use std::io;
use std::path::Path;

use tokio_rustls::rustls::crypto::{self, CryptoProvider};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{self, RootCertStore};

/// Certificates of authorities, in PEM, that stand for those of the system.
///
/// # Errors
/// The file, and why it is of no use: clients of stores would take one without certificates, and then believe nobody.
pub(super) fn authorities(file: &Path) -> Result<Vec<u8>, String> {
    let wrong = |why: &dyn Display| format!("ca={}: {why}", file.display());
    let pem = std::fs::read(file).map_err(|error| wrong(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"there is no certificate in it; PEM is expected"));
    }
    Ok(pem)
}

/// Clients of stores take the process's provider of cryptography. rustls panics in a program that has several compiled in and
/// has chosen none, so it gets the one that this crate brings.
pub(super) fn choose_provider() {
    if CryptoProvider::get_default().is_none() {
        // An error says that another thread has been first: then there is one.
        drop(crypto::ring::default_provider().install_default());
    }
}

/// Whether `error` is what comes of TLS with a server that has none: an answer of another protocol, or the end.
pub(super) fn may_be_missing(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(rustls::Error::InvalidMessage(_))) || is_end(error)
}

/// Whether the other side has closed the connection.
pub(super) fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_authorities_is_refused_by_name() {
        let folder = std::env::temp_dir().join(format!("edgefold-ca-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("ca.pem");
        let refused = |text: &str| {
            std::fs::write(&file, text).unwrap();
            authorities(&file).unwrap_err()
        };
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        let damaged = "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n";
        for (text, named) in [
            ("", "no certificate"),
            (key, "no certificate"),
            (damaged, ""),
        ] {
            let said = refused(text);
            assert!(said.contains("ca.pem") && said.contains(named), "{said}");
            assert!(!said.contains("c2VjcmV0"), "{said}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
        let said = authorities(&file).unwrap_err();
        assert!(said.contains("ca.pem"), "{said}");
    }
}
