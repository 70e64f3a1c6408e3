//! The invariants: what has to hold of every token and every error. Each says what is wrong.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entra_identity::ErrorKind;
use serde_json::Value;

/// Whose token was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) tenant: String,
    pub(crate) client: String,
    /// The person's sign-in name; `None` for applications and hosts.
    pub(crate) user: Option<String>,
}

/// What stands behind a flow, which decides how it may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// An application with a proof of its own.
    Service,
    /// The same, whose proof is a build system's id token.
    Build,
    /// An endpoint of the host.
    Host,
    /// A program.
    Tool,
    /// A person, or what a person left behind.
    Person,
}

/// How far a token's own end may lie before the one that the credential tells: both are rounded to seconds.
const ROUNDING_MILLIS: i64 = 1_500;

/// From this length on what follows the head of a JWT is a payload.
const JWT_PAYLOAD_FROM: usize = 3;

/// Whether a token that was returned at `now` is the one that was asked for. Times are milliseconds since 1970.
pub(crate) fn token(
    token: &str,
    identity: &Identity,
    tenant: Option<&str>,
    audience: &str,
    expires_on: i64,
    now: i64,
) -> Result<(), String> {
    let payload = token.split('.').nth(1).ok_or("the token is no JWT")?;
    let payload = BASE64_URL_SAFE_NO_PAD
        .decode(payload)
        .map_err(|_| "the token's payload is not base64url")?;
    let claims: Value = serde_json::from_slice(&payload).map_err(|_| "the token's payload is not JSON")?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let same = |what: &str, got: Option<&str>, wanted: Option<&str>| match got == wanted {
        true => Ok(()),
        false => Err(format!("the token's {what} is {got:?}, not {wanted:?}")),
    };
    same("tenant", text("tid"), Some(tenant.unwrap_or(&identity.tenant)))?;
    same("audience", text("aud"), Some(audience))?;
    same(
        "client",
        text("appid").or_else(|| text("azp")),
        Some(&identity.client),
    )?;
    same(
        "user",
        text("upn").or_else(|| text("preferred_username")),
        identity.user.as_deref(),
    )?;
    let end = claims
        .get("exp")
        .and_then(Value::as_i64)
        .ok_or("the token has no end")?
        * 1_000;
    if now >= end || now >= expires_on {
        return Err(format!(
            "the token was given out {} ms after its end",
            now - end.min(expires_on)
        ));
    }
    if expires_on > end + ROUNDING_MILLIS {
        return Err(format!(
            "the token is said to live {} ms longer than it does",
            expires_on - end
        ));
    }
    Ok(())
}

/// Whether a flow may fail in this way while the emulator injects faults.
pub(crate) fn kind(kind: ErrorKind, family: Family, closed: bool) -> Result<(), String> {
    let explained = match kind {
        ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Throttled | ErrorKind::Protocol => true,
        ErrorKind::AuthenticationFailed => true,
        // A host without an identity, a build system without id tokens and a tool without a sign-in have to let the next member of a chain try.
        ErrorKind::CredentialUnavailable => family != Family::Service,
        ErrorKind::AuthenticationRequired => matches!(family, Family::Person | Family::Tool),
        // A grant that is good once was sent, and its answer was lost.
        ErrorKind::OutcomeUnknown => family == Family::Person,
        ErrorKind::Closed => closed,
        _ => false,
    };
    match explained {
        true => Ok(()),
        false => Err(format!("{kind:?} is explained by no fault")),
    }
}

/// Whether a text has no secret in it: none of these, and nothing that begins like a JWT.
pub(crate) fn text(text: &str, secrets: &[String]) -> Result<(), String> {
    if let Some(place) = secrets.iter().position(|secret| text.contains(secret.as_str())) {
        return Err(format!("secret {place} is in the text of an error"));
    }
    match text.match_indices("eyJ").find(|(at, _)| is_jwt(text, *at)) {
        Some((at, _)) => Err(format!("a JWT is in the text of an error, at {at}")),
        None => Ok(()),
    }
}

/// Whether a JWT begins at `at`: two parts at least, or what both have in common would be one. A claims challenge in base64 begins in the same way and is none.
fn is_jwt(text: &str, at: usize) -> bool {
    let mut parts = text.get(at..).unwrap_or_default().splitn(3, '.').map(|part| {
        let run = part
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (run.count(), part.len())
    });
    let (Some((head, length)), Some((payload, _))) = (parts.next(), parts.next()) else {
        return false;
    };
    // The head has to reach as far as the dot.
    head == length && payload >= JWT_PAYLOAD_FROM
}

#[cfg(test)]
mod tests {
    use entra_identity::ErrorKind;
    use identity_emulator::Emulator;
    use serde_json::json;

    use super::{Family, Identity, kind, text, token};

    const END: i64 = 2_000_000_000;

    fn identity() -> Identity {
        Identity {
            tenant: "t".to_owned(),
            client: "c".to_owned(),
            user: Some("ada".to_owned()),
        }
    }

    /// What is said of a token of the emulator's with a claim changed.
    fn judge(change: (&str, serde_json::Value), expires_on: i64, now: i64) -> Result<(), String> {
        let mut claims = json!({"tid": "t", "appid": "c", "upn": "ada", "aud": "api://x", "exp": END});
        claims[change.0] = change.1;
        let emulator = Emulator::builder().start_blocking().unwrap();
        let jwt = emulator.forge_token(&claims).unwrap();
        token(&jwt, &identity(), None, "api://x", expires_on, now)
    }

    #[test]
    fn the_token_that_was_asked_for_passes() {
        assert_eq!(judge(("amr", json!([])), END * 1_000, END * 1_000 - 1), Ok(()));
    }

    #[test]
    fn a_token_of_another_tenant_client_user_or_api_is_found() {
        for (change, word) in [
            (("tid", json!("other")), "tenant"),
            (("appid", json!("other")), "client"),
            (("upn", json!("eve")), "user"),
            (("aud", json!("api://y")), "audience"),
            (("exp", json!("soon")), "no end"),
        ] {
            let found = judge(change, END * 1_000, 0).unwrap_err();
            assert!(found.contains(word), "{found}");
        }
        let emulator = Emulator::builder().start_blocking().unwrap();
        let app = json!({"tid": "t", "appid": "c", "upn": "ada", "aud": "api://x", "exp": END});
        let jwt = emulator.forge_token(&app).unwrap();
        let nobody = Identity {
            user: None,
            ..identity()
        };
        assert!(token(&jwt, &nobody, None, "api://x", END * 1_000, 0).is_err());
        assert!(token(&jwt, &identity(), Some("fabrikam"), "api://x", END * 1_000, 0).is_err());
        assert!(token("rubbish", &identity(), None, "api://x", END * 1_000, 0).is_err());
    }

    #[test]
    fn a_token_that_has_expired_or_is_said_to_live_too_long_is_found() {
        let same = || ("ver", json!("1.0"));
        assert!(judge(same(), END * 1_000, END * 1_000).is_err());
        assert!(judge(same(), 5_000, 5_000).is_err());
        assert!(judge(same(), END * 1_000 + 1_501, 0).is_err());
        assert_eq!(judge(same(), END * 1_000 + 1_500, 0), Ok(()));
    }

    #[test]
    fn kinds_that_no_fault_explains_are_found() {
        for never in [
            ErrorKind::Internal,
            ErrorKind::InvalidConfiguration,
            ErrorKind::IdentityMismatch,
            ErrorKind::Overloaded,
        ] {
            assert!(kind(never, Family::Person, true).is_err(), "{never:?}");
        }
        assert!(kind(ErrorKind::Closed, Family::Service, false).is_err());
        assert!(kind(ErrorKind::Closed, Family::Service, true).is_ok());
        assert!(kind(ErrorKind::OutcomeUnknown, Family::Service, false).is_err());
        assert!(kind(ErrorKind::AuthenticationRequired, Family::Service, false).is_err());
        assert!(kind(ErrorKind::CredentialUnavailable, Family::Service, false).is_err());
        assert!(kind(ErrorKind::CredentialUnavailable, Family::Build, false).is_ok());
        assert!(kind(ErrorKind::Transport, Family::Service, false).is_ok());
    }

    #[test]
    fn secrets_are_found_in_texts() {
        let secrets = ["s3cret".to_owned()];
        assert!(text("HTTP 500 from localhost", &secrets).is_ok());
        assert!(text("the secret s3cret was refused", &secrets).is_err());
        assert!(text("eyJhbGciOiJSUzI1NiJ9.e30.x was refused", &secrets).is_err());
        let cut = "cut short: eyJhbGci and a whole eyJhbGciOiJSUzI1NiJ9.eyJhdWQi";
        assert!(text(cut, &secrets).is_err());
        assert!(text("cut short: eyJhbGci. The end", &secrets).is_ok());
        let challenge = "az login --claims-challenge \"eyJhY2Nlc3NfdG9rZW4iOnt9fQ==\" a.bcd";
        assert!(text(challenge, &secrets).is_ok());
    }
}
