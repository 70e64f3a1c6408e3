//! What becomes of a fetch's result.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use identity_base::seam::Now;
use identity_base::{AccessToken, Error, ErrorKind, Event, EventKind, FetchToken, Fetched};

use super::core::{Core, closed};
use super::entry::{Entry, FlightKey, Negative, Slot, State};
use super::flight::{Flight, Landing};
use super::policy::{MAX_RETRY_AFTER, REFRESH_FLOOR, REFRESH_RETRY, Times, is_remembered, negative_delay};
use super::sync::lock;
use crate::trace::TARGET;

/// Takes the result of one flight into the cache, before any waiter sees it.
#[derive(Debug)]
pub(crate) struct Arrival<F: FetchToken> {
    core: Arc<Core<F>>,
    entry: Arc<Entry>,
    key: FlightKey,
    /// Whether the result replaces the cached token even if it expires no later: the old one was rejected or challenged.
    forced: bool,
    sent: OnceLock<Now>,
}

impl<F: FetchToken> Arrival<F> {
    pub(crate) fn new(core: &Arc<Core<F>>, entry: &Arc<Entry>, key: FlightKey, forced: bool) -> Self {
        Self {
            core: Arc::clone(core),
            entry: Arc::clone(entry),
            key,
            forced,
            sent: OnceLock::new(),
        }
    }

    /// Notes when the fetch began, from which lifetimes count.
    pub(crate) fn sent_at(&self, now: Now) {
        self.sent.get_or_init(|| now);
    }

    /// The token with its times.
    fn plan(&self, fetched: &Fetched, sent: Now) -> Result<(AccessToken, Times), Error> {
        // The upper half of the key's hash: stable for the key in this process, different for others and in other processes.
        let jitter = (self.entry.hash >> 32) as u32;
        let times = Times::plan(sent, fetched.expiry, fetched.refresh, jitter)?;
        let token = AccessToken::from_parts(&fetched.token, times.expires_wall, Some(times.refresh_wall))?;
        Ok((token, times))
    }

    /// Stores a token, unless a newer one is there.
    fn keep(&self, state: &mut State, token: &AccessToken, times: Times, sent: Now, now: Now) {
        if state.removed || self.core.is_closed() {
            return;
        }
        let current = self
            .entry
            .slot
            .load_full()
            .filter(|slot| slot.times.is_usable(now));
        let replaces = match &current {
            None => true,
            Some(current) if current.sent.elapsed > sent.elapsed => false,
            Some(current) => self.forced || times.outlasts(&current.times, now),
        };
        if replaces {
            self.core
                .store(&self.entry, state, &Slot::new(token.clone(), times, sent, false));
        }
        // A source that keeps giving the same token has a cache of its own; asking it over and over gives nothing.
        let wait = if replaces {
            REFRESH_FLOOR
        } else {
            REFRESH_RETRY.max(times.remaining(now) / 2)
        };
        self.postpone_refresh(now, wait);
    }

    fn postpone_refresh(&self, now: Now, wait: Duration) {
        let due = now
            .elapsed
            .saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self.entry.refresh_due.store(due, Ordering::Relaxed);
    }

    /// Remembers a failure for a while.
    fn remember(&self, state: &mut State, error: &Error, now: Now) {
        if !self.core.fetcher.policy().negative_cache || !is_remembered(error.kind()) {
            return;
        }
        let generation = self.core.fetcher.generation();
        let previous = state
            .negative
            .take()
            .filter(|last| last.key == self.key && last.generation == generation);
        let delay = negative_delay(previous.map(|last| last.delay), error);
        let until = now
            .elapsed
            .saturating_add(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        state.negative = Some(Box::new(Negative {
            error: error.clone(),
            key: self.key.clone(),
            generation,
            until,
            delay,
        }));
    }

    fn report(&self, flight: &Flight, result: &Result<AccessToken, Error>, latency: Duration) {
        let name = self.core.fetcher.name();
        let kind = match (result, flight.background) {
            (Ok(_), false) => EventKind::Fetched,
            (Ok(_), true) => EventKind::Refreshed,
            (Err(_), false) => EventKind::FetchFailed,
            (Err(_), true) => EventKind::RefreshFailed,
        };
        let event = Event::new(name, kind).with_latency(latency);
        match result {
            Ok(_) => {
                // In a chain it is the chain that tells, once, who answered and who didn't.
                match self.key.within_chain {
                    true => tracing::debug!(
                        target: TARGET,
                        credential = name,
                        background = flight.background,
                        "token obtained"
                    ),
                    false => tracing::info!(
                        target: TARGET,
                        credential = name,
                        background = flight.background,
                        "token obtained"
                    ),
                }
                self.core.observe(event);
            }
            Err(error) => {
                match self.key.within_chain {
                    true => tracing::debug!(
                        target: TARGET,
                        credential = name,
                        background = flight.background,
                        error = %error,
                        "no token obtained"
                    ),
                    false => tracing::warn!(
                        target: TARGET,
                        credential = name,
                        background = flight.background,
                        error = %error,
                        "no token obtained"
                    ),
                }
                self.core.observe(event.with_error(error.kind()));
            }
        }
    }
}

impl<F: FetchToken> Landing for Arrival<F> {
    fn land(&self, flight: &Arc<Flight>, result: Result<Fetched, Error>) -> Result<AccessToken, Error> {
        let now = self.core.clock.now();
        let sent = self.sent.get().copied().unwrap_or(now);
        let planned = result
            .and_then(|fetched| self.plan(&fetched, sent))
            .map_err(|error| error.with_credential(self.core.fetcher.name()));
        let mut state = lock(&self.entry.state);
        state.flights.retain(|(_, known)| !Arc::ptr_eq(known, flight));
        if state.flights.is_empty() {
            // Room for four of them would be kept as long as the token is.
            state.flights = Vec::new();
        }
        match &planned {
            Ok((token, times)) => {
                state.negative = None;
                self.keep(&mut state, token, *times, sent, now);
            }
            Err(error) if flight.background => {
                let asked = error
                    .retry_after()
                    .map_or(REFRESH_RETRY, |asked| asked.min(MAX_RETRY_AFTER));
                self.postpone_refresh(now, asked.max(REFRESH_RETRY));
            }
            Err(error) => self.remember(&mut state, error, now),
        }
        drop(state);
        self.core.evict(&self.entry);
        self.core.register.close(flight.id);
        let result = planned.map(|(token, _)| token);
        self.report(flight, &result, now.since(sent));
        match result {
            // A cancelled fetch tells who closed it.
            Err(error) if self.core.is_closed() && error.kind() != ErrorKind::Closed => {
                Err(closed().with_credential(self.core.fetcher.name()))
            }
            result => result,
        }
    }

    fn abandon(&self, flight: &Arc<Flight>) {
        lock(&self.entry.state)
            .flights
            .retain(|(_, known)| !Arc::ptr_eq(known, flight));
        self.core.register.close(flight.id);
    }
}
