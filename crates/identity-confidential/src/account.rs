//! Whose tokens an answer holds.

use std::sync::{Mutex, PoisonError};

use identity_base::{Error, ErrorKind};
use identity_runtime::crypto::decode_base64;
use identity_runtime::entra::TokenResponse;
use identity_runtime::json::Json;

/// The account that a credential's answers are for. It is known from the first answer on; an answer for another one is refused.
#[derive(Debug, Default)]
pub(crate) struct BoundAccount(Mutex<Option<String>>);

impl BoundAccount {
    /// Takes an answer's account over, or compares it. An answer that names none passes: there is nothing to compare.
    ///
    /// # Errors
    /// [`ErrorKind::IdentityMismatch`] when the answer is for another account.
    pub(crate) fn check(&self, answer: &TokenResponse) -> Result<(), Error> {
        let Some(account) = account(answer) else {
            return Ok(());
        };
        let mut bound = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*bound {
            None => {
                *bound = Some(account);
                Ok(())
            }
            Some(known) if *known == account => Ok(()),
            Some(_) => Err(Error::new(
                ErrorKind::IdentityMismatch,
                "the answer is for another account than the answers before",
            )
            .with_hint("make a credential of its own for each user")),
        }
    }
}

/// The account's id: `uid.utid` of the client info, else the subject of the id token.
fn account(answer: &TokenResponse) -> Option<String> {
    answer
        .client_info
        .as_deref()
        .and_then(from_client_info)
        .or_else(|| {
            answer
                .id_token
                .as_ref()
                .and_then(|token| from_id_token(token.expose()))
        })
}

fn from_client_info(text: &str) -> Option<String> {
    let json = json(text)?;
    let (user, tenant) = (json.text("uid")?, json.text("utid")?);
    (!user.is_empty() && !tenant.is_empty()).then(|| format!("{user}.{tenant}"))
}

/// The id token came over TLS from the service itself, so its signature adds nothing.
fn from_id_token(token: &str) -> Option<String> {
    let payload = json(token.split('.').nth(1)?)?;
    payload
        .text("sub")
        .filter(|subject| !subject.is_empty())
        .map(|subject| format!("sub:{subject}"))
}

fn json(base64: &str) -> Option<Json> {
    Json::parse(&decode_base64(base64).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity_runtime::crypto::base64url;

    #[test]
    fn accounts_are_read_from_client_info_and_id_token() {
        assert_eq!(
            from_client_info(&base64url(br#"{"uid":"u","utid":"t"}"#)).as_deref(),
            Some("u.t")
        );
        for bad in [
            "",
            "*",
            &base64url(b"{}"),
            &base64url(br#"{"uid":"u"}"#),
            &base64url(br#"{"uid":"","utid":"t"}"#),
        ] {
            assert_eq!(from_client_info(bad), None, "{bad}");
        }
        let token = |payload: &str| format!("h.{}.s", base64url(payload.as_bytes()));
        assert_eq!(from_id_token(&token(r#"{"sub":"x"}"#)).as_deref(), Some("sub:x"));
        for bad in [
            "",
            "a.b",
            "a",
            &token("{}"),
            &token(r#"{"sub":""}"#),
            &token("[]"),
        ] {
            assert_eq!(from_id_token(bad), None, "{bad}");
        }
    }
}
