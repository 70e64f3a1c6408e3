//! The way of a caller that found no token: join a flight or begin one, and wait.

use std::pin::Pin;
use std::sync::Arc;

use identity_base::{AccessToken, Error, ErrorKind, Event, EventKind, FetchToken};
use tokio::runtime::Handle;

use super::core::{Core, Want, closed};
use super::entry::{Entry, State};
use super::flight::{Flight, Outcome, Waiter};
use super::policy::RUNTIME_PATIENCE;
use super::race::{First, race};
use super::sync::lock;
use crate::time::timeout;

/// What the entry has for a caller.
enum Found {
    Token(AccessToken),
    Failure(Error),
    /// A flight, and whether it was under way before.
    Flight(Arc<Flight>, bool),
    /// The entry was evicted meanwhile.
    Gone,
}

impl<F: FetchToken> Core<F> {
    /// Obtains a token, within the caller's deadline. The deadline cuts the wait, not the flight.
    pub(crate) async fn acquire(self: Arc<Self>, want: Want) -> Result<AccessToken, Error> {
        self.observe(Event::new(self.fetcher.name(), EventKind::Miss));
        let clock = Arc::clone(&self.clock);
        let result = match want.deadline {
            None => self.obtain(&want).await,
            Some(limit) => timeout(&*clock, limit, self.obtain(&want))
                .await
                .unwrap_or_else(|| {
                    let text = format!("no token within the caller's {} ms", limit.as_millis());
                    Err(Error::new(ErrorKind::Timeout, text).with_hint(
                        match self.fetcher.policy().attended {
                            true => "allow more time: what nobody waits for any more is ended, so asking again begins anew",
                            false => "the request goes on and its token will be cached; ask again",
                        },
                    ))
                }),
        };
        result.map_err(|error| error.with_credential(self.fetcher.name()))
    }

    async fn obtain(self: &Arc<Self>, want: &Want) -> Result<AccessToken, Error> {
        let handle = Handle::try_current().map_err(|_| {
            Error::new(
                ErrorKind::InvalidConfiguration,
                "a token has to be fetched, and there is no tokio runtime here",
            )
            .with_hint("await the credential inside a tokio runtime, or use the blocking facade")
        })?;
        // A failure that is remembered answers, except right after a flight of ours was lost with its runtime.
        let mut use_negative = true;
        let mut joined_background = false;
        let mut joined_too_early = false;
        loop {
            if self.is_closed() {
                return Err(closed());
            }
            let entry = self.entry(&want.request);
            let (flight, joined) = match self.look(&entry, want, &handle, use_negative) {
                Found::Token(token) => return Ok(token),
                Found::Failure(error) => return Err(error),
                Found::Gone => continue,
                Found::Flight(flight, joined) => (flight, joined),
            };
            match self.wait(&flight, &handle).await {
                // A flight that knew nothing of the rejection brings the same token again where the service keeps its tokens. Once: a flight of our own has
                // told what it could.
                Outcome::Done(Ok(token)) if joined && !joined_too_early && want.rejects(&token) => {
                    joined_too_early = true;
                }
                Outcome::Done(Ok(token)) => return Ok(token),
                Outcome::Abandoned => use_negative = false,
                // A background refresh makes one attempt only; someone who waits deserves the retries as well. Once.
                Outcome::Done(Err(_)) if flight.background && !joined_background => joined_background = true,
                Outcome::Done(Err(error)) => {
                    let lost = use_negative
                        && !flight.single_use
                        && flight.runtime() != handle.id()
                        && is_loss(&error);
                    if !lost || self.is_alive(&flight).await {
                        return Err(error);
                    }
                    use_negative = false;
                }
            }
        }
    }

    /// Looks once more, under the entry's lock, and joins a flight or begins one.
    fn look(self: &Arc<Self>, entry: &Arc<Entry>, want: &Want, handle: &Handle, use_negative: bool) -> Found {
        let now = self.clock.now();
        if let Some(token) = self.suits(entry, want, now) {
            return Found::Token(token);
        }
        let mut state = lock(&entry.state);
        if state.removed {
            return Found::Gone;
        }
        // Between the look and the lock a flight may have landed.
        if let Some(token) = entry
            .slot
            .load()
            .as_ref()
            .filter(|slot| self.is_newer(slot, want, now))
            .map(|slot| slot.token())
        {
            return Found::Token(token);
        }
        if let Some(flight) = flight_for(&state, want) {
            return Found::Flight(flight, true);
        }
        if let Some(error) = self.remembered(&mut state, want, now).filter(|_| use_negative) {
            drop(state);
            self.observe(Event::new(self.fetcher.name(), EventKind::NegativeHit).with_error(error.kind()));
            return Found::Failure(error);
        }
        Found::Flight(self.depart(entry, &mut state, want, handle), false)
    }

    /// Whether the slot's token answers a plain wish: the part of `suits` that needs no refresh.
    fn is_newer(&self, slot: &super::entry::Slot, want: &Want, now: identity_base::seam::Now) -> bool {
        let rejected = want.rejects(slot.peek());
        let is_short = want
            .min_remaining
            .is_some_and(|least| slot.times.until_expiry(now) < least);
        want.claims.is_none() && !rejected && !is_short && slot.times.is_usable(now)
    }

    /// The failure that still answers for this request.
    fn remembered(&self, state: &mut State, want: &Want, now: identity_base::seam::Now) -> Option<Error> {
        let negative = state.negative.as_ref()?;
        let same = want.is_for(&negative.key) && negative.generation == self.fetcher.generation();
        if same && now.elapsed < negative.until {
            Some(negative.error.clone())
        } else {
            None
        }
    }

    /// Waits for a flight. One that lives on another runtime is watched: if that runtime is gone, or isn't driven, the flight is given up and its waiters
    /// start over, unless its grant can be used only once.
    async fn wait(&self, flight: &Arc<Flight>, handle: &Handle) -> Outcome {
        let waiter = flight.join();
        if flight.runtime() == handle.id() {
            return waiter.await;
        }
        let mut waiter = std::pin::pin!(waiter);
        if flight.single_use {
            return self.wait_for_single_use(flight, waiter).await;
        }
        loop {
            let watch = timeout(&*self.clock, RUNTIME_PATIENCE, flight_pulse(flight));
            match race(waiter.as_mut(), watch).await {
                First::Left(outcome) => return outcome,
                First::Right(Some(true)) => {
                    // Alive. Ask again in a while.
                    let pause = self.clock.sleep(RUNTIME_PATIENCE);
                    if let First::Left(outcome) = race(waiter.as_mut(), pause).await {
                        return outcome;
                    }
                }
                First::Right(_) => flight.abandon(),
            }
        }
    }

    /// Waits for a flight that must not be begun anew, whatever becomes of its runtime. Its own time limit needs that runtime, so the wait has another one.
    async fn wait_for_single_use(&self, flight: &Arc<Flight>, mut waiter: Pin<&mut Waiter>) -> Outcome {
        loop {
            if let Some(outcome) = timeout(&*self.clock, flight.total, waiter.as_mut()).await {
                return outcome;
            }
            if !self.is_alive(flight).await {
                return Outcome::Done(Err(Error::new(
                    ErrorKind::OutcomeUnknown,
                    "the token is being fetched on another async runtime, which does not run",
                )
                .with_hint("keep the runtime running on which the credential was asked first")));
            }
        }
    }

    /// Whether the flight's runtime answers in time.
    async fn is_alive(&self, flight: &Arc<Flight>) -> bool {
        timeout(&*self.clock, RUNTIME_PATIENCE, flight_pulse(flight)).await == Some(true)
    }
}

async fn flight_pulse(flight: &Flight) -> bool {
    flight.ping().answered().await
}

/// The flight for the same key, if one is under way.
fn flight_for(state: &State, want: &Want) -> Option<Arc<Flight>> {
    state
        .flights
        .iter()
        .find(|(key, _)| want.is_for(key))
        .map(|(_, flight)| Arc::clone(flight))
}

/// Whether an error may come from the end of the runtime that the fetch ran on.
fn is_loss(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Transport | ErrorKind::Internal | ErrorKind::Closed | ErrorKind::Timeout
    )
}
