//! One entry of the cache: its token, its fetches under way, its last failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use identity_base::seam::Now;
use identity_base::{AccessToken, Error};

use super::flight::Flight;
use super::key::Key;
use super::lane;
use super::policy::Times;
use super::sync::Mutex;

/// An entry. The slot is read without a lock; everything else is rare and behind one.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) hash: u64,
    /// The current token.
    pub(crate) slot: ArcSwapOption<Slot>,
    /// Whether it was used since the eviction looked last.
    pub(crate) used: AtomicBool,
    /// From when (elapsed milliseconds) the next background refresh may start.
    pub(crate) refresh_due: AtomicU64,
    /// What the entry counts for in the cache's size.
    pub(crate) bytes: AtomicUsize,
    pub(crate) state: Mutex<State>,
}

/// The rare part of an entry.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Fetches under way, one for each canonical claims (`None` for requests without).
    pub(crate) flights: Vec<(Option<Box<str>>, Arc<Flight>)>,
    /// The last failure.
    pub(crate) negative: Option<Box<Negative>>,
    /// Whether the entry was taken out of the cache; who still holds it looks it up anew.
    pub(crate) removed: bool,
}

/// A failure that is remembered for a while.
#[derive(Debug)]
pub(crate) struct Negative {
    pub(crate) error: Error,
    pub(crate) claims: Option<Box<str>>,
    pub(crate) generation: u64,
    /// Until when, in elapsed milliseconds.
    pub(crate) until: u64,
    pub(crate) delay: Duration,
}

/// A token with its times. Never changed, only replaced.
#[derive(Debug)]
pub(crate) struct Slot {
    token: AccessToken,
    /// For entries at the front: copies with reference counts of their own, one for each lane of threads.
    lanes: Box<[AccessToken]>,
    pub(crate) times: Times,
    /// When its request was sent.
    pub(crate) sent: Now,
}

impl Slot {
    pub(crate) fn new(token: AccessToken, times: Times, sent: Now, striped: bool) -> Self {
        let lanes = if striped {
            (0..lane::COUNT).map(|_| token.with_own_count()).collect()
        } else {
            Box::default()
        };
        Self {
            token,
            lanes,
            times,
            sent,
        }
    }

    /// A clone of the token.
    #[inline]
    pub(crate) fn token(&self) -> AccessToken {
        match self.lanes.is_empty() {
            true => self.token.clone(),
            false => self.lanes.get(lane::current()).unwrap_or(&self.token).clone(),
        }
    }

    /// A look at the token.
    pub(crate) const fn peek(&self) -> &AccessToken {
        &self.token
    }

    /// The same with or without lanes.
    pub(crate) fn restriped(&self, striped: bool) -> Self {
        Self::new(self.token.clone(), self.times, self.sent, striped)
    }
}

impl Entry {
    pub(crate) fn new(key: Key, hash: u64) -> Self {
        Self {
            key,
            hash,
            slot: ArcSwapOption::const_empty(),
            used: AtomicBool::new(true),
            refresh_due: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            state: Mutex::new(State::default()),
        }
    }

    /// Marks the entry as used; writes only if that is news, so that hits don't contend.
    #[inline]
    pub(crate) fn touch(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }
}
