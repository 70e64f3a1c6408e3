//! Client assertions: a signed JWT by which a program proves that it holds the key of a registered certificate.

mod signer;

use identity_base::{ClientId, Error, Secret, TenantId};
use identity_runtime::crypto::{base64, base64url};
use identity_runtime::json::Json;
use zeroize::Zeroizing;

pub(crate) use self::signer::AssertionSigner;
use crate::key::{ClientCertificate, SignatureAlgorithm};

/// How long an assertion is valid, in seconds. Entra takes at most a day; short is safe, and as MSAL does.
const LIFETIME: i64 = 600;
/// How far back an assertion's validity begins, in seconds, for clocks that differ.
const BACKDATED: i64 = 60;

/// What an assertion says.
pub(crate) struct Claims<'a> {
    /// For whom it is: the token endpoint that it is sent to.
    pub(crate) audience: &'a str,
    /// Issuer and subject at once.
    pub(crate) client_id: &'a ClientId,
    /// An id that is never used again.
    pub(crate) id: &'a str,
    /// When it is made, in seconds since the epoch.
    pub(crate) now: i64,
}

/// The algorithm that a tenant understands: ADFS knows neither PSS nor SHA-256 thumbprints.
pub(crate) fn algorithm_for(tenant: &TenantId) -> SignatureAlgorithm {
    match tenant.is_adfs() {
        true => SignatureAlgorithm::Rs256,
        false => SignatureAlgorithm::Ps256,
    }
}

/// Makes a signed assertion: a compact JWS, its parts in unpadded base64url.
///
/// # Errors
/// As [`ClientCertificate::sign`].
pub(crate) fn sign(
    certificate: &ClientCertificate,
    algorithm: SignatureAlgorithm,
    send_chain: bool,
    claims: &Claims<'_>,
) -> Result<Secret, Error> {
    let thumbprint = match algorithm {
        SignatureAlgorithm::Rs256 => ("x5t", base64url(certificate.thumbprint_sha1())),
        SignatureAlgorithm::Ps256 => ("x5t#S256", base64url(certificate.thumbprint_sha256())),
    };
    let mut header = object([
        ("alg", Json::from(algorithm.name())),
        ("typ", Json::from("JWT")),
        (thumbprint.0, Json::from(&*thumbprint.1)),
    ]);
    if send_chain {
        let chain = certificate.chain().map(|der| Json::from(&*base64(der)));
        header.set("x5c", Json::Array(chain.collect()));
    }
    let payload = object([
        ("aud", Json::from(claims.audience)),
        ("iss", Json::from(claims.client_id.as_str())),
        ("sub", Json::from(claims.client_id.as_str())),
        ("jti", Json::from(claims.id)),
        ("nbf", Json::Integer(claims.now.saturating_sub(BACKDATED))),
        ("exp", Json::Integer(claims.now.saturating_add(LIFETIME))),
    ]);
    let [header, payload] = [header, payload].map(|part| base64url(part.to_document().as_bytes()));
    // Two parts, two dots, and the signature: at most 512 bytes, four characters for three of them.
    let mut assertion = Zeroizing::new(String::with_capacity(header.len() + payload.len() + 2 + 688));
    assertion.push_str(&header);
    assertion.push('.');
    assertion.push_str(&payload);
    let signature = certificate.sign(algorithm, assertion.as_bytes())?;
    assertion.push('.');
    assertion.push_str(&base64url(&signature));
    Ok(assertion.into())
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}
