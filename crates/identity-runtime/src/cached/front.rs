//! The front: the first few keys of a credential with their tokens, in one snapshot.
//!
//! Most credentials serve one to four sets of scopes. A hit on one of them is one snapshot load, a comparison of texts and an expiry check; key and token come
//! together, so no second load is needed.

use std::sync::Arc;

use arc_swap::ArcSwap;
use identity_base::RequestScopes;

use super::entry::{Entry, Slot};
use super::sync::{Mutex, lock};

/// How many keys the front holds. Comparing more texts in turn costs as much as hashing.
pub(crate) const FRONT: usize = 4;

#[derive(Debug)]
pub(crate) struct Front {
    snapshot: ArcSwap<Vec<Item>>,
    /// The members; also serialises the writers of the snapshot.
    members: Mutex<Vec<Arc<Entry>>>,
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) entry: Arc<Entry>,
    pub(crate) slot: Option<Arc<Slot>>,
}

impl Front {
    pub(crate) fn new() -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(Vec::new()),
            members: Mutex::new(Vec::new()),
        }
    }

    /// Calls `found` with the item of a request, if it is here.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        scopes: RequestScopes<'_>,
        tenant: Option<&str>,
        cae: bool,
        found: impl FnOnce(&Item) -> R,
    ) -> Option<R> {
        let items = self.snapshot.load();
        items
            .iter()
            .find(|item| item.entry.key.matches(scopes, tenant, cae))
            .map(found)
    }

    /// Whether the entry is here.
    pub(crate) fn contains(&self, entry: &Arc<Entry>) -> bool {
        lock(&self.members)
            .iter()
            .any(|member| Arc::ptr_eq(member, entry))
    }

    /// Adds an entry if there is room; whether there was.
    pub(crate) fn add(&self, entry: &Arc<Entry>) -> bool {
        let mut members = lock(&self.members);
        let room = members.len() < FRONT;
        if room {
            members.push(Arc::clone(entry));
            self.publish(&members);
        }
        room
    }

    /// Takes an entry out; whether it was here.
    pub(crate) fn remove(&self, entry: &Arc<Entry>) -> bool {
        let mut members = lock(&self.members);
        let before = members.len();
        members.retain(|member| !Arc::ptr_eq(member, entry));
        let removed = members.len() < before;
        if removed {
            self.publish(&members);
        }
        removed
    }

    /// Shows the members' current tokens.
    pub(crate) fn refresh(&self) {
        self.publish(&lock(&self.members));
    }

    /// The members.
    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        lock(&self.members).clone()
    }

    fn publish(&self, members: &[Arc<Entry>]) {
        let items = members.iter().map(|entry| Item {
            entry: Arc::clone(entry),
            slot: entry.slot.load_full(),
        });
        self.snapshot.store(Arc::new(items.collect()));
    }
}
