//! One request at a time for each key, shared by all who wait for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use identity_base::Error;
use identity_base::seam::Clock;
use tokio::sync::Mutex as Turn;

use crate::time::timeout;

/// How long somebody else's request is waited for. Then another is sent: whoever has the turn may be polled no longer, or on a runtime that stands still.
const PATIENCE: Duration = Duration::from_secs(2);

/// The requests under way, by what they ask about. Those about different things never wait for each other.
#[derive(Debug)]
pub(super) struct Flights<K, T>(Mutex<HashMap<K, Weak<Flight<T>>>>);

/// One request and its result. Whoever has the turn sends it; who leaves in the middle passes the turn on.
type Flight<T> = Turn<Option<Result<T, Error>>>;

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, T: Clone> Flights<K, T> {
    /// The result of the request under way for `key`, or of `ask` when there is none. Failures are shared as well.
    pub(super) async fn join(
        &self,
        clock: &dyn Clock,
        key: K,
        ask: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        loop {
            let flight = self.flight(key.clone());
            let Some(mut outcome) = timeout(clock, PATIENCE, flight.lock()).await else {
                // All who waited for it have one new flight together.
                self.end(&flight);
                continue;
            };
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            let result = ask.await;
            *outcome = Some(result.clone());
            drop(outcome);
            self.end(&flight);
            return result;
        }
    }

    fn flight(&self, key: K) -> Arc<Flight<T>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key).and_then(Weak::upgrade) {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::new(Turn::new(None));
        flights.insert(key, Arc::downgrade(&flight));
        flight
    }

    /// Takes a flight out, so that who comes from now on asks anew.
    fn end(&self, ended: &Arc<Flight<T>>) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flights.retain(|_, flight| !std::ptr::eq(flight.as_ptr(), Arc::as_ptr(ended)));
    }
}
