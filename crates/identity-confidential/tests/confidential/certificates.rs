//! What tests with certificates share: pairs, credentials, and assertions taken apart.

use std::time::Duration;

use identity_confidential::{CertificateCredential, CertificateCredentialBuilder, ClientCertificate};
use identity_runtime::crypto::decode_base64;
use identity_testkit::TestClock;
use serde_json::Value;

use crate::openssl::{Lab, verifies};
use crate::world::{CLIENT, TENANT, World, run_at};

/// Where the certificate is, in tests with a file.
pub(crate) const FILE: &str = "/etc/app/certificate.pem";

pub(crate) fn pair() -> Vec<u8> {
    Lab::get().join(&["key.pem", "cert.pem", "root.pem", "inter.pem"])
}

pub(crate) fn other_pair() -> Vec<u8> {
    Lab::get().join(&["other-key.pem", "other-cert.pem"])
}

pub(crate) fn certificate() -> ClientCertificate {
    ClientCertificate::from_bytes(&pair(), None).unwrap()
}

/// Runs a test at a time at which the certificates are valid.
pub(crate) fn run(test: impl AsyncFnOnce(&World)) {
    let other = ClientCertificate::from_bytes(&other_pair(), None).unwrap();
    let valid = certificate().not_before().max(other.not_before()) + Duration::from_secs(3600);
    run_at(TestClock::at(valid), test);
}

pub(crate) fn from_bytes(world: &World) -> CertificateCredentialBuilder {
    CertificateCredential::from_bytes(TENANT, CLIENT, pair()).with_options(&world.options())
}

/// A credential with the pair in [`FILE`].
pub(crate) fn from_file(world: &World) -> CertificateCredential {
    world.files.put(FILE, pair());
    CertificateCredential::from_path(TENANT, CLIENT, FILE)
        .with_options(&world.options())
        .build()
        .unwrap()
}

/// An assertion taken apart.
pub(crate) struct Assertion {
    pub(crate) text: String,
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Assertion {
    /// That of the request with this number.
    pub(crate) fn of(world: &World, number: usize) -> Self {
        let text = world
            .form(number)
            .remove("client_assertion")
            .expect("an assertion");
        let mut parts = text.split('.').map(|part| decode_base64(part).unwrap());
        let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
        let (header, claims) = (json(), json());
        assert!(!text.contains('='), "unpadded");
        Self { text, header, claims }
    }

    /// Whether the key of `key.pem` signed it.
    pub(crate) fn verifies(&self, pss: bool) -> bool {
        let (message, signature) = self.text.rsplit_once('.').unwrap();
        let tag = self.claims["jti"].as_str().unwrap();
        verifies(
            Lab::get(),
            message.as_bytes(),
            &decode_base64(signature).unwrap(),
            pss,
            tag,
        )
    }

    pub(crate) fn thumbprint(&self) -> &str {
        self.header["x5t#S256"].as_str().unwrap()
    }
}

pub(crate) fn seconds(world: &World) -> i64 {
    let now = world.clock.wall().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}
