//! The members, and asking them in order.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use identity_base::{AccessToken, Attempt, Error, ErrorKind, TokenCredential};
use identity_runtime::ClientOptions;
use identity_runtime::trace::TARGET;

use super::choice::Choices;
use super::failure::{Told, goes_on};
use crate::diagnosis::Given;
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
    /// Whether members are told that others wait to be tried.
    pub(crate) softens: bool,
    /// What an error says to do next.
    hint: Cow<'static, str>,
    /// The index of the winner, or one of the two numbers that no member has.
    winner: AtomicUsize,
    /// The choices under way.
    pub(super) choices: Choices,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) credential: Arc<dyn TokenCredential>,
    pub(crate) role: Role,
    /// What the program gave it in place of variables, for the diagnosis.
    pub(crate) given: Given,
}

/// How a member's failures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Anything but "unavailable" stops the chain.
    Ordinary,
    /// Nothing stops the chain.
    DeveloperTool,
}

impl Chain {
    pub(crate) fn new(
        name: &'static str,
        members: Vec<Member>,
        options: ClientOptions,
        softens: bool,
        hint: Cow<'static, str>,
    ) -> Self {
        Self {
            name,
            members,
            options,
            softens,
            hint,
            winner: AtomicUsize::new(NONE),
            choices: Choices::default(),
        }
    }

    /// The member that is used, once it is chosen.
    #[inline]
    pub(crate) fn winner(&self) -> Option<&Arc<dyn TokenCredential>> {
        self.members
            .get(self.winner.load(Ordering::Acquire))
            .map(|member| &member.credential)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.winner.load(Ordering::Acquire) == CLOSED
    }

    /// Ends the use of the chain, whatever its members do.
    pub(crate) fn close(&self) {
        self.winner.store(CLOSED, Ordering::Release);
        self.choices.clear();
    }

    /// Asks the members in order.
    pub(super) async fn ask_all(self: Arc<Self>, wish: Wish) -> Result<AccessToken, Error> {
        let clock = self.options.clock();
        let (mut attempts, mut roles) = (Vec::new(), Vec::new());
        for (index, member) in self.members.iter().enumerate() {
            // Somebody else may have chosen meanwhile: for another scope, or on another runtime. All keep to the first choice.
            if let Some(winner) = self.winner() {
                return winner.get_token_with(wish.request()).await;
            }
            let began = clock.now();
            let name = member.credential.name();
            // A user's credential may be among them; its panic must not reach the others who wait.
            let request = wish.request().within_chain(self.softens);
            let asked = AssertUnwindSafe(async { member.credential.get_token_with(request).await })
                .catch_unwind()
                .await;
            let error = match asked
                .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the credential panicked")))
            {
                Ok(token) => return self.chosen(index, name, token, &wish).await,
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
        let error = told.summary(attempts, &roles);
        // A chain around this one tells of it in its own words.
        match wish.request.is_within_chain() {
            true => {
                tracing::debug!(target: TARGET, chain = self.name, error = %error, "no credential chosen")
            }
            false => {
                tracing::warn!(target: TARGET, chain = self.name, error = %error, "no credential chosen")
            }
        }
        Err(error)
    }

    /// Remembers a member that gave a token, and gives it out; if another member was remembered meanwhile, that one is asked, so that nobody's identity depends
    /// on which scope came first.
    async fn chosen(
        &self,
        index: usize,
        name: &'static str,
        token: AccessToken,
        wish: &Wish,
    ) -> Result<AccessToken, Error> {
        match self
            .winner
            .compare_exchange(NONE, index, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => {
                tracing::info!(target: TARGET, chain = self.name, credential = name, "credential chosen");
                Ok(token)
            }
            Err(other) => match self.members.get(other).filter(|_| other != index) {
                Some(winner) => winner.credential.get_token_with(wish.request()).await,
                None => Ok(token),
            },
        }
    }
}
