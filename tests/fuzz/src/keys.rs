//! Certificate files of strangers, and what has to hold whatever is in them.

#[expect(
    dead_code,
    reason = "the files are made elsewhere; their password is needed here"
)]
#[path = "../seeds.rs"]
mod seeds;

use identity_base::Secret;
use identity_confidential::ClientCertificate;

/// Reads the file without and with a password. Both have an outcome, an error says something fit to be shown, and a password that isn't needed changes
/// nothing.
///
/// # Panics
/// When one of that isn't so.
pub fn read(file: &[u8]) {
    let password = Secret::new(seeds::PASSWORD);
    let open = ClientCertificate::from_bytes(file, None);
    let protected = ClientCertificate::from_bytes(file, Some(&password));
    for outcome in [&open, &protected] {
        match outcome {
            Ok(certificate) => {
                assert!((2048..=4096).contains(&certificate.key_bits()));
                assert!(certificate.chain().next().is_some());
            }
            Err(error) => {
                super::outcome::error(error);
                assert!(error.hint().is_some(), "{error}");
            }
        }
    }
    if let (Ok(open), Ok(protected)) = (&open, &protected) {
        assert_eq!(open.thumbprint_sha256(), protected.thumbprint_sha256());
    }
}
