//! The journal: every request and connection, for tests to look at.

mod golden;
mod record;
mod requests;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::call::Listener;

pub(crate) use record::Entry;
pub use record::{Outcome, RecordedRequest};
pub use requests::Requests;

/// What was seen, the newest last.
#[derive(Debug)]
pub(crate) struct Journal {
    records: Mutex<Kept>,
    limit: usize,
    connections: AtomicU64,
    tls: Counts,
    plain: Counts,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    opened: AtomicU64,
    closed: AtomicU64,
    handshakes_failed: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    records: VecDeque<RecordedRequest>,
    /// How many were recorded since the last clearing, those pushed out by the limit included.
    total: u64,
}

/// Counts of the connections to one port since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connections {
    /// Taken from the listener.
    pub opened: u64,
    /// Of those, still there.
    pub open: u64,
    /// Of those, ended in the TLS handshake.
    pub handshakes_failed: u64,
}

impl Journal {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            records: Mutex::default(),
            limit,
            connections: AtomicU64::new(0),
            tls: Counts::default(),
            plain: Counts::default(),
            changed: Notify::new(),
        }
    }

    /// Notes a request that has just been read.
    pub(crate) fn begin(&self, make: impl FnOnce(u64) -> RecordedRequest) -> Entry {
        let mut kept = self.lock();
        kept.total += 1;
        let record = make(kept.total);
        kept.records.push_back(record.clone());
        if kept.records.len() > self.limit {
            kept.records.pop_front();
        }
        drop(kept);
        self.changed.notify_waiters();
        Entry::new(record)
    }

    pub(crate) fn requests(&self) -> Requests {
        let kept = self.lock();
        let lost = kept
            .total
            .saturating_sub(u64::try_from(kept.records.len()).unwrap_or(u64::MAX));
        Requests::new(kept.records.iter().cloned().collect(), lost)
    }

    /// Waits until `enough` says so of all requests.
    pub(crate) async fn wait(&self, enough: impl Fn(&Requests) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if enough(&self.requests()) {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Kept::default();
    }

    pub(crate) fn connection_opened(&self, listener: Listener) -> ConnectionGuard<'_> {
        let number = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let counts = self.counts(listener);
        counts.opened.fetch_add(1, Ordering::SeqCst);
        ConnectionGuard { counts, number }
    }

    pub(crate) fn connections(&self, listener: Listener) -> Connections {
        let counts = self.counts(listener);
        let closed = counts.closed.load(Ordering::SeqCst);
        let opened = counts.opened.load(Ordering::SeqCst);
        Connections {
            opened,
            open: opened.saturating_sub(closed),
            handshakes_failed: counts.handshakes_failed.load(Ordering::SeqCst),
        }
    }

    fn counts(&self, listener: Listener) -> &Counts {
        match listener {
            Listener::Tls => &self.tls,
            Listener::Plain => &self.plain,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is being served; counts it out when it ends, however it ends.
pub(crate) struct ConnectionGuard<'a> {
    counts: &'a Counts,
    pub(crate) number: u64,
}

impl ConnectionGuard<'_> {
    pub(crate) fn handshake_failed(&self) {
        self.counts.handshakes_failed.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for ConnectionGuard<'_> {
    fn drop(&mut self) {
        self.counts.closed.fetch_add(1, Ordering::SeqCst);
    }
}
