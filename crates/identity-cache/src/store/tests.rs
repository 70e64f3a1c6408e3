//! Tests of what stores share.

use identity_base::Secret;
use identity_runtime::crypto::base64;
use identity_runtime::os::SystemRandom;

use super::*;

#[test]
fn sealing_keys_are_thirty_two_bytes() {
    let key = SealingKey::from_base64(&Secret::new(format!(" {}\n", base64(&[7; 32])))).unwrap();
    assert!(key == SealingKey::new([7; 32]) && key != SealingKey::new([8; 32]));
    for bad in [
        "",
        "x",
        &base64(&[7; 31]),
        &base64(&[7; 33]),
        "CNRYCNRYCNRYCNRYCNRYCNRYCNRYCNRY",
    ] {
        let error = SealingKey::from_base64(&Secret::new(bad)).unwrap_err();
        assert_eq!(error.kind(), identity_base::ErrorKind::InvalidConfiguration);
        assert!(!format!("{error:?}").contains("CNRY"));
    }
    let random = SystemRandom::new();
    assert!(SealingKey::generate(&random).unwrap() != SealingKey::generate(&random).unwrap());
    assert_eq!(format!("{key:?}"), "SealingKey(<redacted>)");
}
