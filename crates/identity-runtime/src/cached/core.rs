//! The heart of the token engine: looking up, fetching, refreshing, closing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use foldhash::fast::RandomState;
use identity_base::seam::{Clock, Now};
use identity_base::{
    AccessToken, Error, ErrorKind, Event, EventKind, FetchToken, Observer, OwnedRequest, RequestScopes,
};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::entry::{Entry, FlightKey, Slot};
use super::front::Front;
use super::key::hash_request;
use super::landing::Arrival;
use super::options::CacheOptions;
use super::policy::REFRESH_RETRY;
use super::register::Register;
use super::sync::{Mutex, lock};
use super::table::Table;
use crate::time::timeout;

#[derive(Debug)]
pub(crate) struct Core<F: FetchToken> {
    pub(crate) fetcher: F,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(super) options: CacheOptions,
    pub(super) hasher: RandomState,
    pub(super) front: Front,
    /// Made when the front is full.
    pub(super) table: OnceLock<Table>,
    /// Serialises insertions and removals, so that a key is inserted once, and what was removed is nowhere.
    pub(super) inserting: Mutex<()>,
    pub(super) count: AtomicUsize,
    pub(super) bytes: AtomicUsize,
    pub(super) closed: AtomicBool,
    pub(crate) register: Register,
    /// Fetches at once.
    permits: Semaphore,
    queued: AtomicUsize,
}

/// A request on its way to a fetch: what the fetch needs, and what decides whether a cached token will do.
#[derive(Debug)]
pub(crate) struct Want {
    pub(crate) request: OwnedRequest,
    /// The claims in canonical form: what tells flights apart.
    pub(crate) claims: Option<Box<str>>,
    pub(crate) rejected: Option<AccessToken>,
    pub(crate) min_remaining: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
}

impl Want {
    /// What tells its flight apart.
    fn key(&self) -> FlightKey {
        FlightKey {
            claims: self.claims.clone(),
            within_chain: self.request.is_within_chain(),
        }
    }

    /// Whether this is the token that must not come back.
    pub(crate) fn rejects(&self, token: &AccessToken) -> bool {
        self.rejected
            .as_ref()
            .is_some_and(|rejected| rejected.is_same(token))
    }

    /// Whether a flight with this key, or its failure, answers it.
    pub(crate) fn is_for(&self, key: &FlightKey) -> bool {
        key.claims == self.claims && key.within_chain == self.request.is_within_chain()
    }
}

impl<F: FetchToken> Core<F> {
    pub(crate) fn new(
        fetcher: F,
        clock: Arc<dyn Clock>,
        observer: Option<Arc<dyn Observer>>,
        options: CacheOptions,
    ) -> Self {
        Self {
            fetcher,
            clock,
            observer,
            options,
            hasher: RandomState::default(),
            front: Front::new(),
            table: OnceLock::new(),
            inserting: Mutex::new(()),
            count: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            register: Register::default(),
            permits: Semaphore::new(options.max_flights.clamp(1, Semaphore::MAX_PERMITS)),
            queued: AtomicUsize::new(0),
        }
    }

    /// The cached answer to a plain request in the credential's own tenant. No lock, no allocation.
    #[inline]
    pub(crate) fn hit(self: &Arc<Self>, scopes: RequestScopes<'_>, cae: bool) -> Option<AccessToken> {
        let at_front = self.front.with(scopes, None, cae, |item| {
            item.slot.as_ref().and_then(|slot| self.serve(&item.entry, slot))
        });
        match at_front {
            Some(answer) => answer,
            None => self.hit_table(scopes, cae),
        }
    }

    fn hit_table(self: &Arc<Self>, scopes: RequestScopes<'_>, cae: bool) -> Option<AccessToken> {
        let table = self.table.get()?;
        let hash = hash_request(&self.hasher, scopes, None, cae);
        table
            .with(hash, scopes, None, cae, |entry| self.serve_entry(entry))
            .flatten()
    }

    /// The entry's token, if it is usable.
    #[inline]
    pub(crate) fn serve_entry(self: &Arc<Self>, entry: &Arc<Entry>) -> Option<AccessToken> {
        let slot = entry.slot.load();
        self.serve(entry, slot.as_ref()?)
    }

    #[inline]
    fn serve(self: &Arc<Self>, entry: &Arc<Entry>, slot: &Slot) -> Option<AccessToken> {
        let tick = self.clock.tick();
        if !slot.is_checked(tick) && !self.check(entry, slot, tick) {
            return None;
        }
        entry.touch();
        if let Some(observer) = &self.observer {
            observer.event(&Event::new(self.fetcher.name(), EventKind::Hit));
        }
        Some(slot.token())
    }

    /// Whether the token is usable now. Starts a refresh if one is due; until then the result holds for the rest of the clock's tick.
    #[inline(never)]
    pub(crate) fn check(self: &Arc<Self>, entry: &Arc<Entry>, slot: &Slot, tick: u64) -> bool {
        let now = self.clock.now();
        if !slot.times.is_usable(now) {
            return false;
        }
        match slot.times.is_soft(now) {
            true => self.refresh(entry, now),
            false => slot.set_checked(tick),
        }
        true
    }

    /// The cached answer to a request with special wishes.
    pub(crate) fn hit_carefully(self: &Arc<Self>, want: &Want) -> Option<AccessToken> {
        let entry = self.find(
            RequestScopes::from(want.request.scopes()),
            want.request.tenant(),
            want.request.is_cae_enabled(),
        )?;
        let token = self.suits(&entry, want, self.clock.now())?;
        self.observe(Event::new(self.fetcher.name(), EventKind::Hit));
        Some(token)
    }

    /// The entry's token, if it meets all wishes of the request.
    pub(crate) fn suits(self: &Arc<Self>, entry: &Arc<Entry>, want: &Want, now: Now) -> Option<AccessToken> {
        let slot = entry.slot.load_full()?;
        let rejected = want.rejects(slot.peek());
        if want.claims.is_some() || rejected || !slot.times.is_usable(now) {
            return None;
        }
        // What was fetched just now is the longest to be had; asking again would only make a loop of requests.
        let is_short = want
            .min_remaining
            .is_some_and(|least| slot.times.until_expiry(now) < least);
        if is_short && now.since(slot.sent) >= super::policy::REFRESH_FLOOR {
            return None;
        }
        if slot.times.is_soft(now) {
            self.refresh(entry, now);
        }
        entry.touch();
        Some(slot.token())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Tells the observer. That is somebody else's code: its panic must not reach those who only want a token.
    pub(crate) fn observe(&self, event: Event<'_>) {
        if let Some(observer) = &self.observer {
            drop(catch_unwind(AssertUnwindSafe(|| observer.event(&event))));
        }
    }

    /// The entry of a key, if there is one.
    pub(super) fn find(
        &self,
        scopes: RequestScopes<'_>,
        tenant: Option<&str>,
        cae: bool,
    ) -> Option<Arc<Entry>> {
        self.front
            .with(scopes, tenant, cae, |item| Arc::clone(&item.entry))
            .or_else(|| {
                let hash = hash_request(&self.hasher, scopes, tenant, cae);
                self.table.get()?.with(hash, scopes, tenant, cae, Arc::clone)
            })
    }

    /// Starts a background refresh if one is due: one per key, not sooner than the last one allows, and only where there is a runtime to run it on.
    #[cold]
    fn refresh(self: &Arc<Self>, entry: &Arc<Entry>, now: Now) {
        let due = entry.refresh_due.load(Ordering::Relaxed);
        let Ok(handle) = Handle::try_current() else { return };
        let next = now
            .elapsed
            .saturating_add(u64::try_from(REFRESH_RETRY.as_millis()).unwrap_or(u64::MAX));
        if now.elapsed < due
            || entry
                .refresh_due
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        let Ok(scopes) = entry.key.scopes() else { return };
        let mut request = OwnedRequest::new(scopes)
            .with_cae(entry.key.cae())
            .with_background(true);
        if let Some(tenant) = entry.key.tenant() {
            request = request.with_tenant(tenant);
        }
        let want = Want {
            request,
            claims: None,
            rejected: None,
            min_remaining: None,
            deadline: None,
        };
        let mut state = lock(&entry.state);
        if self.is_closed() || state.removed || state.flights.iter().any(|(key, _)| key.claims.is_none()) {
            return;
        }
        let flight = self.depart(entry, &mut state, &want, &handle);
        drop(state);
        let waiter = flight.join();
        drop(handle.spawn(async move { drop(waiter.await) }));
    }

    /// Begins a flight.
    pub(crate) fn depart(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        state: &mut super::entry::State,
        want: &Want,
        handle: &Handle,
    ) -> Arc<super::flight::Flight> {
        let policy = self.fetcher.policy();
        let forced = want.claims.is_some() || want.rejected.is_some();
        // The rejected one itself, not the cached one, which may be another that is merely over.
        let superseded = want.rejected.clone().or_else(|| {
            let slot = entry.slot.load();
            slot.as_ref().filter(|_| forced).map(|slot| slot.peek().clone())
        });
        let request = want.request.clone().with_superseded(superseded);
        let arrival = Arc::new(Arrival::new(self, entry, want.key(), forced));
        let (core, log) = (Arc::clone(self), Arc::clone(&arrival));
        let fetch = Box::pin(async move {
            // The wait for leave counts: who asks for a token doesn't care what the time is spent on.
            let fetched = async {
                let _permit = core.permit().await?;
                log.sent_at(core.clock.now());
                core.fetcher.fetch(&request).await
            };
            match timeout(&*core.clock, policy.total, fetched).await {
                Some(result) => result,
                None => Err(Error::new(
                    ErrorKind::Timeout,
                    format!("no token within {} s", policy.total.as_secs()),
                )),
            }
        });
        let flight = self.register.open(|id| {
            super::flight::Flight::new(
                id,
                handle.clone(),
                want.request.is_background(),
                policy,
                arrival,
                fetch,
            )
        });
        state.flights.push((want.key(), Arc::clone(&flight)));
        flight
    }

    /// Waits for leave to fetch.
    async fn permit(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Error> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let place = Queued::take(&self.queued, self.options.max_queued)?;
        let permit = self.permits.acquire().await.map_err(|_| closed())?;
        drop(place);
        Ok(permit)
    }
}

/// A place in the queue for a permit; given back when dropped.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn take(queued: &'a AtomicUsize, limit: usize) -> Result<Self, Error> {
        let place = Self(queued);
        if queued.fetch_add(1, Ordering::Relaxed) >= limit {
            return Err(Error::new(
                ErrorKind::Overloaded,
                format!("{limit} fetches of other tokens wait already"),
            )
            .with_hint("ask for fewer different tokens at once, or raise `CacheOptions::max_queued`"));
        }
        Ok(place)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the credential was closed")
        .with_hint("make a new credential; closing one closes all its clones")
}
