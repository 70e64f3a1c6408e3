//! `WWW-Authenticate` headers of resources.

/// A header's value. What is read from it has the form of a challenge, and claims are a JSON document.
pub fn www_authenticate(data: &[u8]) {
    let Ok(value) = std::str::from_utf8(data) else {
        return;
    };
    for challenge in identity_challenge::parse(value) {
        assert!(!challenge.scheme().is_empty());
        assert!(challenge.is(challenge.scheme()));
    }
    if let Some(claims) = identity_challenge::claims_in(value) {
        let document: serde_json::Value = serde_json::from_str(&claims).expect("claims are JSON");
        assert!(document.is_object(), "{claims}");
    }
}
