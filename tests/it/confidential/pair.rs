//! The certificate of the application, made once and kept: every test is a process of its own, and making a key takes longer than the rest of it.

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use entra_identity::ClientCertificate;
use identity_emulator::TestCertificate;

use crate::support::write;

/// The application's private key and certificate.
#[expect(clippy::disallowed_methods, reason = "a file of the tests' own")]
pub(crate) static CERTIFICATE: LazyLock<Pair> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("service-certificate.pem");
    let kept = std::fs::read_to_string(&path).ok().and_then(Pair::of);
    kept.unwrap_or_else(|| {
        let pem = TestCertificate::generate("integration").unwrap().pem();
        // Other tests read it meanwhile, so it appears as a whole.
        let folder = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        write(folder.path(), &pem);
        folder.persist(path).unwrap();
        Pair::of(pem).unwrap()
    })
});

/// A private key and its certificate, in one PEM text.
pub(crate) struct Pair {
    pem: String,
    certificate: ClientCertificate,
}

impl Pair {
    /// What the text holds, if that is good for another day.
    fn of(pem: String) -> Option<Self> {
        let certificate = ClientCertificate::from_bytes(pem.as_bytes(), None).ok()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "certificates are good by the machine's clock"
        )]
        let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
        (certificate.not_after() > tomorrow).then_some(Self { pem, certificate })
    }

    pub(crate) fn pem(&self) -> String {
        self.pem.clone()
    }

    pub(crate) fn key_pem(&self) -> &str {
        self.parts().0
    }

    pub(crate) fn certificate_pem(&self) -> &str {
        self.parts().1
    }

    pub(crate) fn certificate(&self) -> ClientCertificate {
        self.certificate.clone()
    }

    /// As the emulator shows it.
    pub(crate) fn thumbprint(&self) -> String {
        let bytes = self.certificate.thumbprint_sha1();
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    fn parts(&self) -> (&str, &str) {
        self.pem
            .split_at(self.pem.find("-----BEGIN CERTIFICATE").unwrap())
    }
}
