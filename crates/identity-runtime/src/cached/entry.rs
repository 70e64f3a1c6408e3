//! One entry of the cache: its token, its fetches under way, its last failure.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
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
    /// Counts the changes of the slot, so that copies of it elsewhere can tell that they are old.
    pub(crate) version: AtomicU64,
    /// Whether it was used since the eviction looked last.
    pub(crate) used: AtomicBool,
    /// From when (elapsed milliseconds) the next background refresh may start.
    pub(crate) refresh_due: AtomicU64,
    /// What the entry counts for in the cache's size.
    pub(crate) bytes: AtomicUsize,
    pub(crate) state: Mutex<State>,
}

/// The rare part of an entry.
#[derive(Default)]
pub(crate) struct State {
    /// Fetches under way, one for each key.
    pub(crate) flights: Vec<(FlightKey, Arc<Flight>)>,
    /// The last failure.
    pub(crate) negative: Option<Box<Negative>>,
    /// The handles' copies of the token, to be wiped when it changes.
    pub(crate) copies: Vec<Weak<dyn Copies>>,
    /// Whether the entry was taken out of the cache; who still holds it looks it up anew.
    pub(crate) removed: bool,
}

/// What tells the flights of one entry apart, and their failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FlightKey {
    /// The canonical claims; `None` for requests without.
    pub(crate) claims: Option<Box<str>>,
    /// Whether a chain asks. It is in a hurry, and its failures are others than those of callers who have nobody else to ask.
    pub(crate) within_chain: bool,
}

/// A failure that is remembered for a while.
#[derive(Debug)]
pub(crate) struct Negative {
    pub(crate) error: Error,
    pub(crate) key: FlightKey,
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
    /// The clock's tick in which the token was last found usable, with no refresh due. Within one tick one look at the times is enough.
    checked: AtomicU64,
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
            checked: AtomicU64::new(0),
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

    /// Whether the token was found fresh in this tick already.
    #[inline]
    pub(crate) fn is_checked(&self, tick: u64) -> bool {
        self.checked.load(Ordering::Relaxed) == tick
    }

    /// Notes that the token was found fresh. `tick` is to be read before the time that was compared.
    #[inline]
    pub(crate) fn set_checked(&self, tick: u64) {
        self.checked.store(tick, Ordering::Relaxed);
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

/// Copies of a token outside of its entry.
pub(crate) trait Copies: Send + Sync {
    /// Drops them.
    fn wipe(&self);
}

impl State {
    /// Remembers a handle's copies.
    pub(crate) fn add_copies(&mut self, copies: Weak<dyn Copies>) {
        // Those of handles that are gone make room first: a program may take a handle for every request it makes.
        if self.copies.len() == self.copies.capacity() {
            self.copies.retain(|copies| copies.strong_count() > 0);
            self.copies.reserve(self.copies.len().max(1));
        }
        self.copies.push(copies);
    }

    /// Drops the handles' copies of the token. To be called after the slot and its version changed.
    pub(crate) fn wipe_copies(&mut self) {
        self.copies
            .retain(|copies| copies.upgrade().map(|copies| copies.wipe()).is_some());
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("flights", &self.flights)
            .field("removed", &self.removed)
            .finish_non_exhaustive()
    }
}

impl Entry {
    pub(crate) fn new(key: Key, hash: u64) -> Self {
        Self {
            key,
            hash,
            slot: ArcSwapOption::const_empty(),
            version: AtomicU64::new(0),
            used: AtomicBool::new(true),
            refresh_due: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            state: Mutex::new(State::default()),
        }
    }

    /// Changes the token.
    pub(crate) fn set(&self, slot: Option<Arc<Slot>>) {
        self.slot.store(slot);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Marks the entry as used; writes only if that is news, so that hits don't contend.
    #[inline]
    pub(crate) fn touch(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }
}
