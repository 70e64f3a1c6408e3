//! Credentials for code that takes one: chains, adapters, providers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use identity_base::{
    AccessToken, CloseFuture, Error, OwnedRequest, TokenCredential, TokenFuture, TokenRequest,
};

use crate::watched::Watched;
use crate::{Gate, TestClock};

/// A credential that always answers the same token, at once or once its gate is open. Clones are the same credential.
///
/// ```
/// use identity_base::TokenCredential;
/// use identity_testkit::StaticCredential;
/// let credential = StaticCredential::new("abc");
/// let token = credential.get_token(&["api://a/.default"]).try_now().unwrap().unwrap();
/// assert_eq!((token.secret(), credential.calls()), ("abc", 1));
/// ```
#[derive(Clone)]
pub struct StaticCredential {
    token: AccessToken,
    seen: Seen,
}

/// A credential that always fails with the same error, at once or once its gate is open. Clones are the same credential.
#[derive(Clone)]
pub struct FailingCredential {
    error: Error,
    seen: Seen,
}

/// What both have: a name, a gate and a record of calls.
#[derive(Clone)]
struct Seen {
    name: &'static str,
    gate: Option<Gate>,
    record: Arc<Record>,
}

struct Record {
    calls: Watched<Vec<Result<OwnedRequest, Error>>>,
    closed: AtomicUsize,
}

impl StaticCredential {
    /// Answers `token`, which is valid until an hour after the time at which a [`TestClock`] starts.
    ///
    /// # Panics
    /// When `token` can't be a token.
    #[must_use]
    #[track_caller]
    pub fn new(token: &str) -> Self {
        Self::expiring_at(token, TestClock::new().wall() + Duration::from_secs(3600))
    }

    /// Answers `token`, which is valid until `expires_on`.
    ///
    /// # Panics
    /// When `token` can't be a token.
    #[must_use]
    #[track_caller]
    pub fn expiring_at(token: &str, expires_on: SystemTime) -> Self {
        match AccessToken::new(token, expires_on) {
            Ok(token) => Self {
                token,
                seen: Seen::new("StaticCredential"),
            },
            Err(error) => panic!("{error}"),
        }
    }

    fn answer(&self) -> Result<AccessToken, Error> {
        Ok(self.token.clone())
    }
}

impl FailingCredential {
    /// Fails with `error`.
    #[must_use]
    pub fn new(error: Error) -> Self {
        Self {
            error,
            seen: Seen::new("FailingCredential"),
        }
    }

    /// Fails as a credential does that isn't set up.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(Error::unavailable("it is not set up here"))
    }

    fn answer(&self) -> Result<AccessToken, Error> {
        Err(self.error.clone())
    }
}

impl Seen {
    fn new(name: &'static str) -> Self {
        let record = Arc::new(Record {
            calls: Watched::new(Vec::new()),
            closed: AtomicUsize::new(0),
        });
        Self {
            name,
            gate: None,
            record,
        }
    }
}

macro_rules! credential {
    ($type:ty) => {
        impl $type {
            /// Sets its name. Call it before cloning.
            #[must_use]
            pub const fn named(mut self, name: &'static str) -> Self {
                self.seen.name = name;
                self
            }

            /// Holds every call up at `gate`. Call it before cloning.
            #[must_use]
            pub fn at(mut self, gate: &Gate) -> Self {
                self.seen.gate = Some(gate.clone());
                self
            }

            /// How often a token was asked for.
            #[must_use]
            pub fn calls(&self) -> usize {
                self.seen.record.calls.read(Vec::len)
            }

            /// What was asked for, in order; an error for a request that can't be.
            #[must_use]
            pub fn requests(&self) -> Vec<Result<OwnedRequest, Error>> {
                self.seen.record.calls.read(Clone::clone)
            }

            /// Waits until a token was asked for `count` times.
            pub async fn called(&self, count: usize) {
                self.seen
                    .record
                    .calls
                    .until(|calls| calls.len() >= count)
                    .await;
            }

            /// How often it was closed.
            #[must_use]
            pub fn closed(&self) -> usize {
                self.seen.record.closed.load(Ordering::SeqCst)
            }
        }

        impl TokenCredential for $type {
            fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
                let tenant = request.requested_tenant().map(str::to_owned);
                let copy = OwnedRequest::copy(&request, tenant);
                self.seen.record.calls.change(|calls| calls.push(copy));
                match &self.seen.gate {
                    None => TokenFuture::ready(self.answer()),
                    Some(gate) => TokenFuture::new(async move {
                        gate.pass().await;
                        self.answer()
                    }),
                }
            }

            fn close(&self) -> CloseFuture<'_> {
                self.seen.record.closed.fetch_add(1, Ordering::SeqCst);
                CloseFuture::ready()
            }

            fn name(&self) -> &'static str {
                self.seen.name
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(self.seen.name)
                    .field("calls", &self.calls())
                    .finish_non_exhaustive()
            }
        }
    };
}

credential!(StaticCredential);
credential!(FailingCredential);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{PollOnce as _, assert_future_is_ready_on_first_poll as ready, block_on};

    const SCOPES: &[&str] = &["api://a/.default"];

    #[test]
    fn calls_are_answered_and_recorded() {
        let (good, bad) = (
            StaticCredential::new("abc").named("Good"),
            FailingCredential::unavailable(),
        );
        assert_eq!(ready(good.get_token(SCOPES)).unwrap().secret(), "abc");
        let request = TokenRequest::new(SCOPES).tenant_id("t").claims("{}");
        assert!(ready(bad.get_token_with(request)).unwrap_err().is_unavailable());
        assert_eq!((good.calls(), good.name()), (1, "Good"));
        let asked = bad.requests()[0].clone().unwrap();
        assert_eq!((asked.tenant(), asked.claims()), (Some("t"), Some("{}")));
        ready(good.close());
        assert_eq!((good.closed(), bad.closed()), (1, 0));
        assert!(!format!("{good:?}").contains("abc"));
    }

    #[test]
    fn a_gate_holds_calls_up() {
        let gate = Gate::closed();
        let credential = StaticCredential::new("abc").at(&gate);
        let mut call = credential.get_token(SCOPES);
        block_on(credential.called(1));
        assert!(call.poll_once().is_pending());
        gate.open();
        assert!(call.poll_once().is_ready());
    }
}
