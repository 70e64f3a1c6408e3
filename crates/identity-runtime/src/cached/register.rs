//! All flights of a credential, for closing it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;

use super::flight::Flight;
use super::sync::{Mutex, lock};

#[derive(Debug, Default)]
pub(crate) struct Register {
    open: Mutex<Open>,
    /// Told when a flight ends.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    flights: HashMap<u64, Arc<Flight>>,
}

impl Register {
    /// Opens a flight with a number of its own.
    pub(crate) fn open(&self, make: impl FnOnce(u64) -> Arc<Flight>) -> Arc<Flight> {
        let mut open = lock(&self.open);
        let flight = make(open.next);
        open.next += 1;
        open.flights.insert(flight.id, Arc::clone(&flight));
        flight
    }

    /// A flight ended.
    pub(crate) fn close(&self, id: u64) {
        let ended = lock(&self.open).flights.remove(&id);
        drop(ended);
        self.ended.notify_waiters();
    }

    /// Waits until no flight is under way.
    pub(crate) async fn empty(&self) {
        loop {
            let ended = self.ended.notified();
            if lock(&self.open).flights.is_empty() {
                return;
            }
            ended.await;
        }
    }

    /// The flights under way.
    pub(crate) fn flights(&self) -> Vec<Arc<Flight>> {
        lock(&self.open).flights.values().cloned().collect()
    }
}
