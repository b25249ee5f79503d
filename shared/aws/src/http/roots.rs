//! Which certificate authorities are believed. Nothing is read from the machine, so that a function
//! starts without a scan of files and behaves alike everywhere.

use std::fmt::Write;

use aws_smithy_http_client::tls::TrustStore;
use data_encoding::BASE64_MIME;

/// The five roots of Amazon Trust Services that AWS endpoints chain to
/// (<https://www.amazontrust.com/repository/>): Amazon Root CA 1 to 4 and Starfield Services Root
/// Certificate Authority - G2.
const AMAZON: &[u8] = include_bytes!("amazon_roots.pem");

/// For AWS endpoints.
pub(super) fn amazon() -> TrustStore {
    TrustStore::empty().with_pem_certificate(AMAZON)
}

/// For every other host: the roots that Mozilla trusts for TLS servers.
pub(super) fn mozilla() -> TrustStore {
    let mut pem = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        // Writing to a string does not fail.
        let _ = write!(
            pem,
            "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n",
            BASE64_MIME.encode(certificate)
        );
    }
    TrustStore::empty().with_pem_certificate(pem)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use sha2::{Digest, Sha256};

    use super::*;

    /// SHA-256 fingerprints, as Amazon Trust Services publishes them.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    fn embedded() -> Vec<Vec<u8>> {
        let text = std::str::from_utf8(AMAZON).unwrap();
        text.split("-----BEGIN CERTIFICATE-----")
            .skip(1)
            .map(|part| {
                let base64 = part.split("-----END").next().unwrap().replace('\n', "");
                data_encoding::BASE64.decode(base64.as_bytes()).unwrap()
            })
            .collect()
    }

    #[test]
    fn the_embedded_roots_are_amazons() {
        let found: Vec<String> = embedded().iter().map(|der| HEXLOWER.encode(&Sha256::digest(der))).collect();
        assert_eq!(found, FINGERPRINTS);
    }

    #[test]
    fn mozilla_still_trusts_the_embedded_roots() {
        for der in embedded() {
            assert!(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().any(|root| root.as_ref() == der));
        }
    }
}
