//! Choosing the winner, once for all who wait.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use identity_base::{
    AccessToken, Attempt, Error, ErrorKind, Scopes, TokenCredential, TokenFuture, TokenRequest,
};
use identity_runtime::ClientOptions;
use identity_runtime::trace::TARGET;
use tokio::runtime::{Handle, Id};

use super::failure::{Told, goes_on};
use crate::wish::Wish;

/// No winner yet.
const NONE: usize = usize::MAX;
/// Never a winner any more: the chain is closed.
const CLOSED: usize = usize::MAX - 1;

/// The shared state of a chain's clones.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) name: &'static str,
    pub(crate) members: Vec<Member>,
    pub(crate) options: ClientOptions,
    /// What an error says to do next.
    hint: Cow<'static, str>,
    /// The index of the winner, or one of the two numbers that no member has.
    winner: AtomicUsize,
    /// The choice under way.
    choosing: Mutex<Option<Choosing>>,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) credential: Arc<dyn TokenCredential>,
    pub(crate) role: Role,
}

/// How a member's failures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Anything but "unavailable" stops the chain.
    Ordinary,
    /// Nothing stops the chain.
    DeveloperTool,
}

/// A choice under way: a future that all who wait drive together.
#[derive(Clone, Debug)]
struct Choosing {
    /// The runtime it was begun on. Callers on another one choose for themselves: this one might never be driven again.
    runtime: Option<Id>,
    /// For which scopes the members are asked; `None` if something special was asked for, which answers nobody else.
    scopes: Option<Scopes>,
    outcome: Shared<BoxFuture<'static, Result<AccessToken, Error>>>,
}

impl Chain {
    pub(crate) fn new(
        name: &'static str,
        members: Vec<Member>,
        options: ClientOptions,
        hint: Cow<'static, str>,
    ) -> Self {
        Self {
            name,
            members,
            options,
            hint,
            winner: AtomicUsize::new(NONE),
            choosing: Mutex::new(None),
        }
    }

    /// The member that is used, once it is chosen.
    #[inline]
    pub(crate) fn winner(&self) -> Option<&Arc<dyn TokenCredential>> {
        self.members
            .get(self.winner.load(Ordering::Acquire))
            .map(|member| &member.credential)
    }

    /// Ends the use of the chain, whatever its members do.
    pub(crate) fn close(&self) {
        self.winner.store(CLOSED, Ordering::Release);
    }

    fn choosing(&self) -> MutexGuard<'_, Option<Choosing>> {
        // Whatever was interrupted, the value is whole: it is only ever replaced.
        self.choosing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the members in order.
    async fn ask_all(self: Arc<Self>, wish: Wish) -> Result<AccessToken, Error> {
        let clock = self.options.clock();
        let (mut attempts, mut roles) = (Vec::new(), Vec::new());
        for (index, member) in self.members.iter().enumerate() {
            let began = clock.now();
            let name = member.credential.name();
            // A user's credential may be among them; its panic must not reach the others who wait.
            let asked = AssertUnwindSafe(member.credential.get_token_with(wish.request()))
                .catch_unwind()
                .await;
            let error = match asked
                .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the credential panicked")))
            {
                Ok(token) => {
                    // Callers on other runtimes may have chosen meanwhile; all keep to the first choice.
                    let first = self
                        .winner
                        .compare_exchange(NONE, index, Ordering::AcqRel, Ordering::Acquire)
                        .is_ok();
                    if first {
                        tracing::info!(target: TARGET, chain = self.name, credential = name, "credential chosen");
                    }
                    return Ok(token);
                }
                Err(error) => error,
            };
            tracing::debug!(target: TARGET, chain = self.name, credential = name, error = %error, "credential gave no token");
            let goes_on = goes_on(&error, member.role);
            attempts.push(Attempt::new(name, error, clock.now().since(began)));
            roles.push(member.role);
            if !goes_on {
                break;
            }
        }
        let told = Told {
            name: self.name,
            hint: self.hint.clone(),
            members: self.members.len(),
        };
        Err(told.summary(attempts, &roles))
    }

    /// Joins the choice under way, or begins one with this request. The flag tells whether the choice is made for this very request.
    fn join(self: &Arc<Self>, wish: &Wish) -> (Choosing, bool) {
        let runtime = Handle::try_current().ok().map(|handle| handle.id());
        let mut choosing = self.choosing();
        if let Some(known) = choosing
            .as_ref()
            .filter(|known| known.runtime == runtime && known.outcome.peek().is_none())
        {
            let same = wish.is_plain() && known.scopes.as_ref() == Some(wish.request.scopes());
            return (known.clone(), same);
        }
        let outcome = Arc::clone(self).ask_all(wish.copy()).boxed().shared();
        let scopes = wish.is_plain().then(|| wish.request.scopes().clone());
        let new = Choosing {
            runtime,
            scopes,
            outcome,
        };
        *choosing = Some(new.clone());
        (new, true)
    }

    /// Obtains a token within the caller's deadline, which cuts this wait only.
    async fn choose(self: Arc<Self>, wish: Wish) -> Result<AccessToken, Error> {
        wish.within_deadline(self.name, &**self.options.clock(), self.obtain(&wish))
            .await
    }

    async fn obtain(self: &Arc<Self>, wish: &Wish) -> Result<AccessToken, Error> {
        loop {
            if self.winner.load(Ordering::Acquire) == CLOSED {
                let error = Error::new(ErrorKind::Closed, "the credential is closed");
                return Err(error.with_credential(self.name));
            }
            if let Some(winner) = self.winner() {
                return winner.get_token_with(wish.request()).await;
            }
            let (choosing, same) = self.join(wish);
            let outcome = choosing.outcome.clone().await;
            self.forget(&choosing);
            match outcome {
                Ok(token) if same => return Ok(token),
                Err(error) if same || is_for_all(&error) => return Err(error),
                // Chosen for another scope: ask the winner. Or refused for another scope: choose again, for ours.
                _ => {}
            }
        }
    }

    /// Drops a choice that came to its end, and the token in it.
    fn forget(&self, choosing: &Choosing) {
        let mut current = self.choosing();
        if current
            .as_ref()
            .is_some_and(|current| current.outcome.ptr_eq(&choosing.outcome))
        {
            *current = None;
        }
    }
}

/// Whether a chain's failure is one for whatever scope: nobody is set up. A tool's refusal, or a person who is needed, may be a matter of the scope.
fn is_for_all(error: &Error) -> bool {
    error.is_unavailable()
        && error
            .attempts()
            .iter()
            .all(|attempt| attempt.error().kind() == ErrorKind::CredentialUnavailable)
}

/// The way of a caller that comes before there is a winner.
pub(crate) fn choose<'a>(chain: &Arc<Chain>, request: &TokenRequest<'_>) -> TokenFuture<'a> {
    match Wish::of(request) {
        Ok(wish) => TokenFuture::new(Arc::clone(chain).choose(wish)),
        Err(error) => TokenFuture::ready(Err(error.with_credential(chain.name))),
    }
}
