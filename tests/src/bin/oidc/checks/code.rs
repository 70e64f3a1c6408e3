//! Authorization codes with PKCE, and the refresh tokens that they earn.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entra_identity::{AuthorizationCodeCredential, ErrorKind, TokenCredential, TokenRequest};
use ring::digest::{SHA256, digest};

use super::{granted, refused, rotated};
use crate::Result;
use crate::judge::{Judge, PUBLIC_CLIENT, REDIRECT, SECRET, STORAGE, TENANT, WEB_CLIENT};
use crate::verdict::Verdict;

const VERIFIER: &str = "a-code-verifier-that-has-more-than-the-43-characters-it-needs";
const OTHER_VERIFIER: &str = "another-verifier-that-has-more-than-the-43-characters-it-needs";

/// What a credential is made with.
struct Redemption<'a> {
    client: &'a str,
    secret: Option<&'a str>,
    verifier: Option<&'a str>,
    redirect_uri: &'a str,
}

/// Codes of a public client and of one with a secret.
pub(crate) async fn code(judge: &mut Judge, verdict: &mut Verdict) -> Result<()> {
    let public = Redemption {
        client: PUBLIC_CLIENT,
        secret: None,
        verifier: Some(VERIFIER),
        redirect_uri: REDIRECT,
    };
    let web = Redemption {
        client: WEB_CLIENT,
        secret: Some(SECRET),
        ..public
    };
    session(judge, verdict, "public client", &public).await?;
    session(judge, verdict, "client with a secret", &web).await?;
    for (what, wrong, error, kind) in [
        (
            "another verifier",
            Redemption {
                verifier: Some(OTHER_VERIFIER),
                ..public
            },
            "invalid_grant",
            ErrorKind::AuthenticationFailed,
        ),
        (
            "no verifier",
            Redemption {
                verifier: None,
                ..public
            },
            "invalid_grant",
            ErrorKind::AuthenticationFailed,
        ),
        (
            "another redirect",
            Redemption {
                redirect_uri: "http://127.0.0.1:51234/other",
                ..public
            },
            "invalid_grant",
            ErrorKind::AuthenticationFailed,
        ),
        (
            "a wrong secret",
            Redemption {
                secret: Some("wrong"),
                ..web
            },
            "invalid_client",
            ErrorKind::AuthenticationFailed,
        ),
    ] {
        let code = judge.sign_in(wrong.client, &challenge())?;
        let outcome = credential(judge, &code, &wrong)?.get_token(&[STORAGE]).await;
        let what = format!("code with {what}: refused");
        refused(verdict, judge, &what, &outcome, error, kind)?;
    }
    Ok(())
}

/// A session from its code to its end: a code, further tokens by rotated refresh tokens, then the same code again.
async fn session(
    judge: &mut Judge,
    verdict: &mut Verdict,
    who: &str,
    redemption: &Redemption<'_>,
) -> Result<()> {
    let code = judge.sign_in(redemption.client, &challenge())?;
    let session = credential(judge, &code, redemption)?;
    let first = session.get_token(&[STORAGE]).await;
    granted(
        verdict,
        judge,
        &format!("{who}: code and verifier"),
        &first,
        "authorization_code",
    )?;
    let last = rotated(verdict, judge, who, &session, first).await?;
    let replay = credential(judge, &code, redemption)?.get_token(&[STORAGE]).await;
    let what = format!("{who}: the code a second time: refused");
    refused(
        verdict,
        judge,
        &what,
        &replay,
        "invalid_grant",
        ErrorKind::AuthenticationFailed,
    )?;
    // A code that is used twice was stolen: the provider ends the session, and the credential asks for a sign-in.
    if let Some(token) = &last {
        let request = TokenRequest::new(&[STORAGE]).rejected(token);
        let ended = session.get_token_with(request).await;
        let what = format!("{who}: the session is over then");
        refused(
            verdict,
            judge,
            &what,
            &ended,
            "invalid_grant",
            ErrorKind::AuthenticationRequired,
        )?;
    }
    Ok(())
}

fn credential(judge: &Judge, code: &str, redemption: &Redemption<'_>) -> Result<AuthorizationCodeCredential> {
    let mut builder =
        AuthorizationCodeCredential::builder(TENANT, redemption.client, code, redemption.redirect_uri)
            .with_options(&judge.options()?);
    if let Some(verifier) = redemption.verifier {
        builder = builder.with_code_verifier(verifier);
    }
    if let Some(secret) = redemption.secret {
        builder = builder.with_client_secret(secret);
    }
    Ok(builder.build()?)
}

fn challenge() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()))
}
