//! The checks: each credential gets its tokens, and what is wrong is refused by the provider and told as it should be.

mod assertion;
mod browser;
mod code;
mod device;

use entra_identity::{
    AccessToken, AssertionSource, CertificateCredential, ClientAssertionCredential, ClientCertificate,
    ClientSecretCredential, Error, ErrorKind, SignatureAlgorithm, TokenCredential, TokenRequest,
};
use identity_emulator::TestCertificate;
use serde_json::{Value, json};

use self::assertion::{assertion, now, put};
pub(crate) use self::browser::browser;
pub(crate) use self::code::code;
pub(crate) use self::device::device;
use crate::Result;
use crate::judge::{CERTIFICATE_CLIENT, Judge, SECRET, SECRET_CLIENT, STORAGE, TENANT, VAULT};
use crate::verdict::Verdict;

type Outcome = std::result::Result<AccessToken, Error>;

/// Checks that a token came, and that the provider granted it by `grant`.
fn granted(
    verdict: &mut Verdict,
    judge: &mut Judge,
    what: &str,
    outcome: &Outcome,
    grant: &str,
) -> Result<()> {
    let events = judge.events()?;
    let is_granted = |event: &Value| event.get("granted").and_then(Value::as_str) == Some(grant);
    let holds = outcome.as_ref().is_ok_and(|token| !token.secret().is_empty())
        && events.len() == 1
        && events.iter().all(is_granted);
    verdict.check(what, holds, || {
        format!("{outcome:?}, and the provider said {events:?}")
    });
    Ok(())
}

/// Checks that the provider refused with `error`, and that the credential's error says so.
fn refused(
    verdict: &mut Verdict,
    judge: &mut Judge,
    what: &str,
    outcome: &Outcome,
    error: &str,
    kind: ErrorKind,
) -> Result<()> {
    let events = judge.events()?;
    let is_refused = |event: &Value| event.get("refused").and_then(Value::as_str) == Some(error);
    let holds = outcome
        .as_ref()
        .is_err_and(|failure| failure.code() == Some(error) && failure.kind() == kind)
        && !events.is_empty()
        && events.iter().all(is_refused);
    verdict.check(what, holds, || {
        format!("{outcome:?}, and the provider said {events:?}")
    });
    Ok(())
}

/// Further tokens of somebody who signed in; the last one, if it came. The provider takes each refresh token once, so these show that the new one is kept each time.
async fn rotated(
    verdict: &mut Verdict,
    judge: &mut Judge,
    who: &str,
    credential: &dyn TokenCredential,
    first: Outcome,
) -> Result<Option<AccessToken>> {
    let other = credential.get_token(&[VAULT]).await;
    let what = format!("{who}: refresh token for another API");
    granted(verdict, judge, &what, &other, "refresh_token")?;
    let mut last = first;
    for round in 1..=3 {
        let request = match &last {
            Ok(token) => TokenRequest::new(&[STORAGE]).rejected(token),
            Err(_) => TokenRequest::new(&[STORAGE]),
        };
        let next = credential.get_token_with(request).await;
        let what = format!("{who}: rotated refresh token, round {round}");
        granted(verdict, judge, &what, &next, "refresh_token")?;
        last = next;
    }
    Ok(last.ok())
}

/// A client secret, right and wrong.
pub(crate) async fn secret(judge: &mut Judge, verdict: &mut Verdict) -> Result<()> {
    let options = judge.options()?;
    let make = |secret: &str| {
        ClientSecretCredential::builder(TENANT, SECRET_CLIENT, secret)
            .with_options(&options)
            .build()
    };
    let credential = make(SECRET)?;
    let outcome = credential.get_token(&[STORAGE]).await;
    granted(verdict, judge, "client secret", &outcome, "client_credentials")?;
    let outcome = make("wrong")?.get_token(&[STORAGE]).await;
    refused(
        verdict,
        judge,
        "wrong client secret: refused",
        &outcome,
        "invalid_client",
        ErrorKind::AuthenticationFailed,
    )
}

/// A certificate: assertions of our own make, of the application's make, reused, and of another key.
pub(crate) async fn certificate(judge: &mut Judge, verdict: &mut Verdict) -> Result<()> {
    let options = judge.options()?;
    let make = |certificate: ClientCertificate, reuse: bool| {
        CertificateCredential::from_certificate(TENANT, CERTIFICATE_CLIENT, certificate)
            .with_options(&options)
            .with_assertion_reuse(reuse)
            .build()
    };
    let credential = make(judge.client_certificate()?, false)?;
    for scope in [STORAGE, VAULT] {
        let outcome = credential.get_token(&[scope]).await;
        let what = format!("certificate: a fresh assertion for {scope}");
        granted(verdict, judge, &what, &outcome, "client_credentials")?;
    }

    // Entra takes an assertion more than once, and by default we count on that. This provider does not, which shows that it looks.
    let frugal = make(judge.client_certificate()?, true)?;
    let outcome = frugal.get_token(&[STORAGE]).await;
    granted(
        verdict,
        judge,
        "certificate: the first use of an assertion",
        &outcome,
        "client_credentials",
    )?;
    let outcome = frugal.get_token(&[VAULT]).await;
    refused(
        verdict,
        judge,
        "certificate: the second use of an assertion is refused",
        &outcome,
        "invalid_client",
        ErrorKind::AuthenticationFailed,
    )?;

    let stranger = TestCertificate::generate("stranger")?;
    let stranger = ClientCertificate::from_bytes(stranger.pem().as_bytes(), None)?;
    let outcome = make(stranger, false)?.get_token(&[STORAGE]).await;
    refused(
        verdict,
        judge,
        "certificate: another one is refused",
        &outcome,
        "invalid_client",
        ErrorKind::AuthenticationFailed,
    )?;

    assertions(judge, verdict).await
}

/// Spoils the claims of an assertion.
type Change = fn(&mut Value);

/// A callback's assertions, with one thing wrong at a time.
async fn assertions(judge: &mut Judge, verdict: &mut Verdict) -> Result<()> {
    let options = judge.options()?;
    let certificate = judge.client_certificate()?;
    let ask = async |change: Change, algorithm: SignatureAlgorithm| {
        let certificate = certificate.clone();
        let source =
            AssertionSource::from_fn_with(move |context| assertion(&certificate, context, change, algorithm));
        let credential = ClientAssertionCredential::builder(TENANT, CERTIFICATE_CLIENT, source)
            .with_options(&options)
            .build()?;
        credential.get_token(&[STORAGE]).await
    };
    let outcome = ask(|_| {}, SignatureAlgorithm::Ps256).await;
    granted(
        verdict,
        judge,
        "assertion of a callback",
        &outcome,
        "client_credentials",
    )?;
    let wrong: [(&str, Change); 4] = [
        ("audience", |claims| {
            put(claims, "aud", json!("https://login.test/token"))
        }),
        ("end, which is over", |claims| {
            put(claims, "exp", json!(now() - 300))
        }),
        ("beginning, which is to come", |claims| {
            put(claims, "nbf", json!(now() + 300))
        }),
        ("issuer", |claims| put(claims, "iss", json!(SECRET_CLIENT))),
    ];
    for (what, change) in wrong {
        let outcome = ask(change, SignatureAlgorithm::Ps256).await;
        let what = format!("assertion with another {what}: refused");
        refused(
            verdict,
            judge,
            &what,
            &outcome,
            "invalid_client",
            ErrorKind::AuthenticationFailed,
        )?;
    }
    let outcome = ask(|_| {}, SignatureAlgorithm::Rs256).await;
    refused(
        verdict,
        judge,
        "assertion signed with RS256 where PS256 is registered: refused",
        &outcome,
        "invalid_client",
        ErrorKind::AuthenticationFailed,
    )
}
