//! Assertions that a callback makes, for the checks to spoil.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entra_identity::{AssertionContext, ClientCertificate, Error, ErrorKind, Secret, SignatureAlgorithm};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value, json};

/// An assertion as Entra wants it, after `change`.
pub(super) fn assertion(
    certificate: &ClientCertificate,
    context: &AssertionContext,
    change: fn(&mut Value),
    algorithm: SignatureAlgorithm,
) -> Result<Secret, Error> {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let name = match algorithm {
        SignatureAlgorithm::Rs256 => "RS256",
        _ => "PS256",
    };
    let header = json!({"alg": name, "typ": "JWT", "x5t#S256": encode(certificate.thumbprint_sha256())});
    let mut claims = json!({
        "aud": context.token_endpoint,
        "iss": context.client_id.as_str(),
        "sub": context.client_id.as_str(),
        "jti": encode(&unique()?),
        "nbf": now() - 60,
        "exp": now() + 600,
    });
    change(&mut claims);
    let signed = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let signature = certificate.sign(algorithm, signed.as_bytes())?;
    Ok(Secret::from(format!("{signed}.{}", encode(&signature))))
}

/// What was never there before.
fn unique() -> Result<[u8; 16], Error> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Internal, "the operating system gave no random numbers"))?;
    Ok(bytes)
}

/// Sets a claim.
pub(super) fn put(claims: &mut Value, name: &str, value: Value) {
    if let Some(members) = claims.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the provider goes by the machine's clock"
)]
pub(super) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}
