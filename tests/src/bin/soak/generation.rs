//! A credential in use, and what its callers know of its tokens.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use entra_identity::{AccessToken, TokenCredential};

use crate::ledger::count;
use crate::stage::HOT;
use crate::world::World;

/// So long before its end a token counts as unusable here: its last tenth isn't used, and a call takes a while.
const MARGIN_MILLIS: i64 = 6_000;

/// One credential of a flow, from its making to its end.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) credential: Arc<dyn TokenCredential>,
    hot: Vec<Hot>,
    /// Whether it was closed, so that it may say so.
    closed: AtomicBool,
    /// How many fetches it still lives for.
    left: AtomicI64,
}

/// What is known of a token that is used all the time.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    /// Until when the cached token can be used at least, in milliseconds since 1970.
    usable_until: AtomicI64,
    last: Mutex<Option<AccessToken>>,
}

impl Hot {
    pub(crate) fn usable_until(&self) -> i64 {
        self.usable_until.load(Ordering::Acquire)
    }

    /// The token that came last.
    pub(crate) fn last(&self) -> Option<AccessToken> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes a token that was fetched for everybody.
    pub(crate) fn note(&self, token: &AccessToken) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        self.usable_until
            .fetch_max(token.expires_on_millis() - MARGIN_MILLIS, Ordering::AcqRel);
    }
}

impl Generation {
    fn new(credential: Arc<dyn TokenCredential>, fetches: u64) -> Self {
        Self {
            credential,
            hot: (0..HOT).map(|_| Hot::default()).collect(),
            closed: AtomicBool::new(false),
            left: AtomicI64::new(i64::try_from(fetches).unwrap_or(i64::MAX)),
        }
    }

    pub(crate) fn hot(&self, number: u64) -> Option<&Hot> {
        self.hot.get(usize::try_from(number).ok()?)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Counts so many fetches.
    pub(crate) fn wear(&self, fetches: i64) {
        self.left.fetch_sub(fetches, Ordering::Relaxed);
    }

    /// Whether it has lived its life.
    pub(crate) fn is_worn(&self) -> bool {
        self.left.load(Ordering::Relaxed) <= 0
    }

    /// Closes the credential, as a program does that goes on without it.
    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.credential.close().await;
    }
}

/// The place of a flow's credential.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    current: Mutex<Option<Arc<Generation>>>,
    /// One credential is made at a time.
    making: tokio::sync::Mutex<()>,
    made: AtomicU64,
}

impl Lane {
    fn get(&self) -> Option<Arc<Generation>> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The flow's credential; a new one if there is none.
    pub(crate) async fn current(&self, world: &World, flow: usize) -> Option<Arc<Generation>> {
        match self.get() {
            Some(current) => Some(current),
            None => self.renew(world, flow, None).await,
        }
    }

    /// Makes a new credential in place of `old`, unless somebody else did.
    pub(crate) async fn renew(
        &self,
        world: &World,
        flow: usize,
        old: Option<&Arc<Generation>>,
    ) -> Option<Arc<Generation>> {
        let _turn = self.making.lock().await;
        let current = self.get();
        match (&current, old) {
            (Some(current), None) => return Some(Arc::clone(current)),
            (Some(current), Some(old)) if !Arc::ptr_eq(current, old) => return Some(Arc::clone(current)),
            _ => {}
        }
        let plan = *world.flows.get(flow)?;
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let made = match world.stage.options(flow, plan.chained, &world.ledger) {
            Ok(options) => plan.make(&world.stage, &options, number).await,
            Err(error) => Err(error),
        };
        let credential = match made {
            Ok(credential) => credential,
            Err(error) => {
                world.judge_error(flow, &error, false, true);
                return None;
            }
        };
        if let Some(counts) = world.ledger.of(flow) {
            count(&counts.credentials);
        }
        let new = Arc::new(Generation::new(credential, plan.fetches));
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&new));
        // Every other one is merely dropped.
        if let Some(old) = current
            && number.is_multiple_of(2)
        {
            old.close().await;
        }
        Some(new)
    }

    /// Ends the flow's credential.
    pub(crate) async fn end(&self) {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(current) = current {
            current.close().await;
        }
    }
}
