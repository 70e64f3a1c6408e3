//! What is known of the hosts that are asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity_base::seam::Random;
use tokio::sync::Semaphore;

use super::breaker::{Breaker, Entry};
use super::budget::Budget;
use super::throttle::Throttle;

/// More hosts than this are not remembered; credentials ask a handful.
const MAX_HOSTS: usize = 256;
/// How many requests may wait for their turn at one host.
const MAX_WAITING: usize = 10_000;

/// Budgets, breakers and waits for each host. Clones of one [`ClientOptions`](crate::ClientOptions) share one.
///
/// A child process starts with none: turns that its parent's requests have taken would never be given back there.
#[derive(Debug, Default)]
pub struct Hosts(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    process: u32,
    hosts: HashMap<String, Arc<Host>>,
}

impl Hosts {
    /// What is known of `host`; `max_concurrent` counts when it is new.
    pub(super) fn host(&self, host: &str, max_concurrent: usize) -> Arc<Host> {
        self.host_in(std::process::id(), host, max_concurrent)
    }

    fn host_in(&self, process: u32, host: &str, max_concurrent: usize) -> Arc<Host> {
        let mut known = lock(&self.0);
        if std::mem::replace(&mut known.process, process) != process {
            known.hosts.clear();
        }
        let hosts = &mut known.hosts;
        if let Some(known) = hosts.get(host) {
            return Arc::clone(known);
        }
        if hosts.len() >= MAX_HOSTS {
            hosts.retain(|_, host| Arc::strong_count(host) > 1);
        }
        let new = Arc::new(Host::new(max_concurrent));
        hosts.insert(host.to_owned(), Arc::clone(&new));
        new
    }
}

/// One host.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) turns: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    budget: Budget,
    breaker: Breaker,
    throttle: Throttle,
    waiting: usize,
}

impl Host {
    fn new(max_concurrent: usize) -> Self {
        Self {
            turns: Semaphore::new(max_concurrent.max(1)),
            state: Mutex::new(State {
                budget: Budget::new(),
                breaker: Breaker::default(),
                throttle: Throttle::default(),
                waiting: 0,
            }),
        }
    }

    /// How long requests of this kind were asked to wait, if they still have to.
    pub(super) fn throttled(&self, key: u128, now: u64) -> Option<Duration> {
        match lock(&self.state).throttle.wait(key, now) {
            0 => None,
            wait => Some(Duration::from_millis(wait)),
        }
    }

    pub(super) fn remember_throttle(&self, key: u128, wait: Duration, now: u64) {
        let until = now.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        lock(&self.state).throttle.remember(key, until, now);
    }

    pub(super) fn count_first_attempt(&self) {
        lock(&self.state).budget.refill();
    }

    pub(super) fn take_repetition(&self, after_timeout: bool) -> bool {
        lock(&self.state).budget.take(after_timeout)
    }

    /// Enters the queue for a turn; `None` when it is full.
    pub(super) fn queue(&self) -> Option<Waiting<'_>> {
        let mut state = lock(&self.state);
        if state.waiting >= MAX_WAITING {
            return None;
        }
        state.waiting += 1;
        Some(Waiting(self))
    }

    /// Asks the breaker; the attempt's outcome has to be told to what comes back.
    pub(super) fn attempt(&self, key: u128, now: u64) -> Result<Attempt<'_>, Duration> {
        let entry = lock(&self.state).breaker.enter(now)?;
        Ok(Attempt {
            host: self,
            entry,
            key,
            told: false,
        })
    }
}

/// A place in the queue.
pub(super) struct Waiting<'a>(&'a Host);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.waiting = state.waiting.saturating_sub(1);
    }
}

/// An attempt under way. Dropped without an outcome, it counts as given up.
pub(super) struct Attempt<'a> {
    host: &'a Host,
    entry: Entry,
    key: u128,
    told: bool,
}

impl Attempt<'_> {
    pub(super) fn succeeded(mut self, now: u64) {
        self.told = true;
        lock(&self.host.state).breaker.succeeded(now);
    }

    pub(super) fn failed(mut self, now: u64, random: &dyn Random) {
        self.told = true;
        lock(&self.host.state)
            .breaker
            .failed(self.entry, self.key, now, random);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.told {
            lock(&self.host.state).breaker.abandoned(self.entry);
        }
    }
}

/// The state is plain numbers: one that a panic left behind is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_process_starts_with_none() {
        let hosts = Hosts::default();
        let parents = hosts.host_in(1, "h", 1);
        assert!(Arc::ptr_eq(&parents, &hosts.host_in(1, "h", 1)));
        assert!(!Arc::ptr_eq(&parents, &hosts.host_in(2, "h", 1)));
    }

    #[test]
    fn hosts_are_shared_by_name_and_bounded() {
        let hosts = Hosts::default();
        let kept = hosts.host("kept", 1);
        assert!(Arc::ptr_eq(&kept, &hosts.host("kept", 1)));
        for n in 0..1000 {
            hosts.host(&format!("h{n}"), 1);
        }
        assert!(lock(&hosts.0).hosts.len() <= MAX_HOSTS);
        assert!(
            Arc::ptr_eq(&kept, &hosts.host("kept", 1)),
            "a host in use is never forgotten"
        );
    }

    #[test]
    fn the_queue_is_bounded_and_places_are_given_back() {
        let hosts = Hosts::default();
        let host = hosts.host("h", 1);
        let places: Vec<_> = (0..MAX_WAITING).map(|_| host.queue().unwrap()).collect();
        assert!(host.queue().is_none());
        drop(places);
        assert!(host.queue().is_some());
    }
}
