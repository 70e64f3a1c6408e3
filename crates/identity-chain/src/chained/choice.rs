//! Choosing the winner, once for all who wait.
//!
//! Whoever comes first begins the choice, with its own scopes; the others wait for it, whatever their scopes, and then ask the winner at the same time. When
//! the first one was refused, that says nothing about other scopes, so each of them is then tried, all at the same time as well.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use identity_base::{AccessToken, Error, ErrorKind, TokenFuture, TokenRequest};
use tokio::runtime::{Handle, Id};

use super::selection::Chain;
use crate::wish::{Terms, Wish};

type Outcome = Result<AccessToken, Error>;

/// The choices under way.
///
/// Those who wait keep a choice alive and drive it together; the register only knows it. So a choice ends when everybody has left, and what it owns goes with
/// it: the chain, the members' requests, their children.
#[derive(Debug, Default)]
pub(crate) struct Choices(Mutex<Vec<Choice>>);

#[derive(Debug)]
struct Choice {
    /// The runtime it was begun on. Callers on another one choose for themselves: this one might never be driven again.
    runtime: Option<Id>,
    /// What the members are asked for; `None` if that answers nobody else.
    terms: Option<Terms>,
    /// Whether those who want something else wait for it as well.
    is_first: bool,
    outcome: WeakShared<BoxFuture<'static, Outcome>>,
}

impl Choices {
    fn lock(&self) -> MutexGuard<'_, Vec<Choice>> {
        // Whatever was interrupted, the list is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all of them.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }
}

/// A choice to wait for.
struct Joined {
    outcome: Shared<BoxFuture<'static, Outcome>>,
    /// Whether it is made for what this caller wants, so that its outcome is the caller's.
    is_same: bool,
}

impl Chain {
    /// Joins a choice under way, or begins one. `waits` says whether one that is made for other scopes will do.
    fn join(self: &Arc<Self>, wish: &Wish, waits: bool) -> Joined {
        let runtime = Handle::try_current().ok().map(|handle| handle.id());
        let terms = wish.terms();
        let mut choices = self.choices.lock();
        let under_way = |choice: &Choice| {
            let outcome = choice.outcome.upgrade()?;
            outcome.peek().is_none().then_some(outcome)
        };
        choices.retain(|choice| under_way(choice).is_some());
        let here = || choices.iter().filter(|choice| choice.runtime == runtime);
        let same = here().find(|choice| terms.is_some() && choice.terms == terms);
        let first = || here().find(|choice| waits && choice.is_first);
        let known = same
            .map(|choice| (choice, true))
            .or_else(|| first().map(|choice| (choice, false)));
        if let Some((outcome, is_same)) =
            known.and_then(|(choice, is_same)| Some((under_way(choice)?, is_same)))
        {
            return Joined { outcome, is_same };
        }
        let outcome = Arc::clone(self).ask_all(wish.copy()).boxed().shared();
        if let Some(weak) = outcome.downgrade() {
            choices.push(Choice {
                runtime,
                terms,
                is_first: waits,
                outcome: weak,
            });
        }
        Joined {
            outcome,
            is_same: true,
        }
    }

    /// Obtains a token within the caller's deadline, which cuts this wait only.
    async fn choose(self: Arc<Self>, wish: Wish) -> Outcome {
        wish.within_deadline(self.name, &**self.options.clock(), self.obtain(&wish))
            .await
    }

    async fn obtain(self: &Arc<Self>, wish: &Wish) -> Outcome {
        let mut waits = true;
        loop {
            if self.is_closed() {
                let error = Error::new(ErrorKind::Closed, "the credential is closed");
                return Err(error.with_credential(self.name));
            }
            if let Some(winner) = self.winner() {
                return winner.get_token_with(wish.request()).await;
            }
            let Joined { outcome, is_same } = self.join(wish, waits);
            match outcome.await {
                outcome if is_same => return outcome,
                Err(error) if is_for_all(&error) => return Err(error),
                // Chosen for another scope: ask the winner.
                Ok(_) => {}
                // Refused for another scope: choose for ours, whatever others do.
                Err(_) => waits = false,
            }
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
