//! Handles: the token of one entry, kept at hand for each lane of threads.
//!
//! A hit takes the lane's copy: a lock that nobody else wants, a version to compare, one clock reading. Whoever finds the lane taken goes the ordinary way, so
//! nobody ever waits.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use identity_base::{
    AccessToken, Event, EventKind, FetchToken, HandleSource, RequestScopes, Scopes, TokenCredential,
    TokenFuture, TokenRequest,
};

use super::Cached;
use super::entry::{Copies, Entry};
use super::lane;
use super::sync::{Mutex, lock};

/// A handle on one entry. When the entry was evicted it goes the ordinary way.
pub(crate) struct EntryHandle<F: FetchToken> {
    credential: Cached<F>,
    entry: Arc<Entry>,
    scopes: Scopes,
    lanes: Arc<Lanes>,
}

struct Lanes([Lane; lane::COUNT]);

/// A lane's copy. On cache lines of its own, since that is the point of lanes.
#[derive(Default)]
#[repr(align(128))]
struct Lane(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    token: Option<AccessToken>,
    /// The entry's version when the copy was made.
    version: u64,
    /// The clock's tick in which the token was last found fresh.
    tick: u64,
}

impl<F: FetchToken> EntryHandle<F> {
    pub(crate) fn new(credential: Cached<F>, entry: Arc<Entry>, scopes: Scopes) -> Arc<Self> {
        let lanes = Arc::new(Lanes(Default::default()));
        let weak = Arc::downgrade(&lanes);
        let copies: std::sync::Weak<dyn Copies> = weak;
        lock(&entry.state).add_copies(copies);
        Arc::new(Self {
            credential,
            entry,
            scopes,
            lanes,
        })
    }

    /// Looks the token up and keeps a copy, if the lane is free.
    #[cold]
    #[inline(never)]
    fn look_up(&self) -> Option<AccessToken> {
        let core = &self.credential.core;
        // Read before the slot, so that a change in between makes the copy an old one.
        let version = self.entry.version.load(Ordering::Acquire);
        let tick = core.clock.tick();
        let slot = self.entry.slot.load();
        let Some(slot) = slot.as_ref() else {
            // Evicted, or never fetched.
            return core.hit(RequestScopes::from(&self.scopes), false);
        };
        if !core.check(&self.entry, slot, tick) {
            return None;
        }
        self.entry.touch();
        // Not while a refresh is due: each hit has to see whether it may start.
        if slot.is_checked(tick)
            && let Some(Ok(mut kept)) = self.lanes.0.get(lane::current()).map(|lane| lane.0.try_lock())
        {
            if kept.version != version || kept.token.is_none() {
                *kept = Kept {
                    token: Some(slot.peek().with_own_count()),
                    version,
                    tick,
                };
            }
            kept.tick = tick;
        }
        self.observe();
        Some(slot.token())
    }

    #[inline]
    fn observe(&self) {
        let core = &self.credential.core;
        if let Some(observer) = &core.observer {
            observer.event(&Event::new(core.fetcher.name(), EventKind::Hit));
        }
    }
}

impl<F: FetchToken> HandleSource for EntryHandle<F> {
    #[inline]
    fn cached(&self) -> Option<AccessToken> {
        if let Some(Ok(kept)) = self.lanes.0.get(lane::current()).map(|lane| lane.0.try_lock()) {
            let fresh = kept.version == self.entry.version.load(Ordering::Acquire)
                && kept.tick == self.credential.core.clock.tick();
            if let (true, Some(token)) = (fresh, &kept.token) {
                let token = token.clone();
                drop(kept);
                self.observe();
                return Some(token);
            }
        }
        self.look_up()
    }

    fn fetch(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        self.credential.get_token_with(request)
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}

impl Copies for Lanes {
    fn wipe(&self) {
        self.0.iter().for_each(|lane| lock(&lane.0).token = None);
    }
}

impl<F: FetchToken> fmt::Debug for EntryHandle<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntryHandle")
            .field("credential", &self.credential)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use identity_testkit::{FetchStep, ScriptedFetch, TestClock, block_on};

    use super::*;
    use crate::ClientOptions;

    const SCOPE: &[&str] = &["scope"];

    fn handle(fetch: &ScriptedFetch, clock: &TestClock) -> Arc<EntryHandle<ScriptedFetch>> {
        let credential = Cached::new(
            fetch.clone(),
            &ClientOptions::default().with_clock(Arc::new(clock.clone())),
        );
        let request = identity_base::OwnedRequest::new(Scopes::parse(SCOPE).unwrap());
        let entry = credential.core.entry(&request);
        EntryHandle::new(credential, entry, request.scopes().clone())
    }

    fn copies(handle: &EntryHandle<ScriptedFetch>) -> usize {
        handle
            .lanes
            .0
            .iter()
            .filter(|lane| lock(&lane.0).token.is_some())
            .count()
    }

    #[test]
    fn a_replaced_token_is_gone_from_the_handle_at_once_and_never_served() {
        let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
        let handle = handle(&fetch, &clock);
        let old = block_on(handle.fetch(SCOPE.into())).unwrap();
        assert!(handle.cached().unwrap().is_same(&old) && handle.cached().unwrap().is_same(&old));
        assert_eq!(copies(&handle), 1);
        let new = block_on(handle.fetch(TokenRequest::new(SCOPE).rejected(&old))).unwrap();
        assert_eq!(copies(&handle), 0);
        assert!(handle.cached().unwrap().is_same(&new));
    }

    #[test]
    fn handles_that_are_gone_leave_nothing_behind() {
        let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
        let first = handle(&fetch, &clock);
        block_on(first.fetch(SCOPE.into())).unwrap();
        first.cached().unwrap();
        for _ in 0..10_000 {
            drop(first.credential.handle(SCOPE).unwrap());
        }
        assert!(lock(&first.entry.state).copies.len() < 100);
        block_on(first.credential.close());
        assert_eq!(copies(&first), 0, "the one that is there is still known");
    }

    #[test]
    fn closing_wipes_the_handles_copies() {
        let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
        let handle = handle(&fetch, &clock);
        block_on(handle.fetch(SCOPE.into())).unwrap();
        handle.cached().unwrap();
        block_on(handle.credential.close());
        assert_eq!(copies(&handle), 0);
        assert!(handle.cached().is_none());
    }

    #[test]
    fn a_handle_looks_at_both_clocks_whenever_one_moves() {
        let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
        let handle = handle(&fetch, &clock);
        block_on(handle.fetch(SCOPE.into())).unwrap();
        handle.cached().unwrap();
        clock.jump_elapsed(Duration::from_secs(3600));
        assert!(handle.cached().is_none());
    }

    #[test]
    fn a_handle_that_is_used_in_the_soft_window_refreshes() {
        let (fetch, clock) = (
            ScriptedFetch::new().then(FetchStep::token("old", Duration::from_secs(3600))),
            TestClock::new(),
        );
        let handle = handle(&fetch, &clock);
        block_on(async {
            handle.fetch(SCOPE.into()).await.unwrap();
            handle.cached().unwrap();
            clock.advance(Duration::from_secs(3050));
            assert_eq!(handle.cached().unwrap().secret(), "old");
            fetch.finished(2).await;
            identity_testkit::poll::settle().await;
            assert_ne!(handle.cached().unwrap().secret(), "old");
        });
    }

    #[test]
    fn a_taken_lane_makes_nobody_wait() {
        let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
        let handle = handle(&fetch, &clock);
        block_on(handle.fetch(SCOPE.into())).unwrap();
        let _taken: Vec<_> = handle.lanes.0.iter().map(|lane| lock(&lane.0)).collect();
        assert!(handle.cached().is_some());
    }
}
