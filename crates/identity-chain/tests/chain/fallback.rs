//! A program that goes on without a credential: the error says that none is set up, which is no refusal.

use identity_base::{Error, ErrorKind, TokenCredential};
use identity_testkit::{HttpStep, ScriptedHttp};

use crate::world::{SCOPE, run, run_with};

/// What the program does for want of a token.
async fn authorization(credential: &dyn TokenCredential) -> Result<String, String> {
    match credential.get_token(&[SCOPE]).await {
        Ok(token) => Ok(token.secret().to_owned()),
        Err(error) if error.kind() == ErrorKind::CredentialUnavailable => Ok("anonymous".to_owned()),
        Err(error) => Err(refused(&error)),
    }
}

fn refused(error: &Error) -> String {
    format!("authentication failed: {error}")
}

#[test]
fn the_fallback_is_reached_when_nothing_is_set_up() {
    run(async |world| {
        let answer = authorization(&world.default_chain()).await;
        assert_eq!(answer.as_deref(), Ok("anonymous"));
    });
}

#[test]
fn a_refusal_is_no_reason_to_fall_back() {
    run_with(
        ScriptedHttp::new()
            .respond_with(|_, _| HttpStep::entra_error(401, "invalid_client", 7_000_222, "expired.")),
        async |world| {
            world.set_application();
            let answer = authorization(&world.default_chain()).await.unwrap_err();
            assert!(answer.contains("AADSTS7000222"), "{answer}");
        },
    );
}
