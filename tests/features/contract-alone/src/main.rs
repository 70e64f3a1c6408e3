//! A program that depends on the contract crate and nothing else: a library that takes any credential, and a credential
//! of its own to hand to it.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that says that it worked, on the real clock"
)]

use std::error::Error;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use identity_base::{AccessToken, ErrorKind, TokenCredential, TokenFuture, TokenRequest};

const SCOPE: &str = "api://orders/.default";

/// Knows the token for one scope.
#[derive(Debug)]
struct OneScope(AccessToken);

impl TokenCredential for OneScope {
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        let known = request.scopes().all(|scope| scope == SCOPE);
        let answer = if known {
            Ok(self.0.clone())
        } else {
            Err(identity_base::Error::new(
                ErrorKind::CredentialUnavailable,
                "knows no token for this scope",
            ))
        };
        // Through a box, as a credential that has to ask somebody would.
        TokenFuture::new(async move { answer })
    }

    fn name(&self) -> &'static str {
        "OneScope"
    }
}

/// What a library does with a credential.
async fn authorization(
    credential: &dyn TokenCredential,
    scope: &str,
) -> Result<String, identity_base::Error> {
    let token = credential.get_token(&[scope]).await?;
    Ok(token.header().to_str().unwrap_or_default().to_owned())
}

fn main() -> Result<(), Box<dyn Error>> {
    let in_an_hour = SystemTime::now() + Duration::from_secs(3600);
    let credential: Arc<dyn TokenCredential> = Arc::new(OneScope(AccessToken::new("abc", in_an_hour)?));

    assert_eq!(now(authorization(&*credential, SCOPE))?, "Bearer abc");

    let refused = now(authorization(&*credential, "api://other/.default"));
    let Err(error) = refused else {
        return Err("a token for a scope that the credential does not know".into());
    };
    assert!(error.is_unavailable(), "{error}");

    println!("contract-alone: a credential of its own answers through the contract");
    Ok(())
}

/// The result of a future that never waits: no runtime is needed for one.
fn now<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
