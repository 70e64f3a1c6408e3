//! What is kept: entries come, are replaced and go, within the limits.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use identity_base::{Event, EventKind, FetchToken, OwnedRequest, RequestScopes};

use super::core::Core;
use super::entry::{Entry, Slot, State};
use super::key::Key;
use super::sync::lock;
use super::table::Table;

/// What one entry costs besides its texts: entry, slot, token, header and table place. Used for the byte limit only.
const ENTRY_OVERHEAD: usize = 420;

impl<F: FetchToken> Core<F> {
    /// The entry of a key, made if need be.
    pub(crate) fn entry(&self, request: &OwnedRequest) -> Arc<Entry> {
        let find = || {
            self.find(
                RequestScopes::from(request.scopes()),
                request.tenant(),
                request.is_cae_enabled(),
            )
        };
        if let Some(entry) = find() {
            return entry;
        }
        let inserting = lock(&self.inserting);
        if let Some(entry) = find() {
            return entry;
        }
        let key = Key::new(request.scopes(), request.tenant(), request.is_cae_enabled());
        let hash = key.hash_with(&self.hasher);
        let entry = Arc::new(Entry::new(key, hash));
        // It counts without a token, too: keys may come from outside, and be long.
        let bytes = ENTRY_OVERHEAD + entry.key.heap_bytes();
        entry.bytes.store(bytes, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.place(&entry);
        drop(inserting);
        self.evict(&entry);
        entry
    }

    /// Puts a new entry to the front if there is room, or if a member there has no usable token any more; else into the table.
    fn place(&self, entry: &Arc<Entry>) {
        if self.front.add(entry) {
            return;
        }
        let table = self.table.get_or_init(Table::new);
        let now = self.clock.now();
        let stale = self.front.entries().into_iter().find(|member| {
            is_idle(member)
                && member
                    .slot
                    .load()
                    .as_ref()
                    .is_none_or(|slot| !slot.times.is_usable(now))
        });
        match stale {
            Some(stale) => {
                // First into the table, so that it is found all the time.
                table.insert(&stale);
                self.front.remove(&stale);
                if !self.front.add(entry) {
                    table.insert(entry);
                }
            }
            None => table.insert(entry),
        }
    }

    /// Evicts until the limits hold again; `spare` stays.
    pub(crate) fn evict(&self, spare: &Arc<Entry>) {
        loop {
            // While an entry is on its way from the front to the table it must not be taken out of one of them alone.
            let inserting = lock(&self.inserting);
            if self.count.load(Ordering::Relaxed) <= self.options.max_entries
                && self.bytes.load(Ordering::Relaxed) <= self.options.max_bytes
            {
                return;
            }
            let may_go = |entry: &Entry| !std::ptr::eq(entry, &raw const **spare) && is_idle(entry);
            let victim = self.table.get().and_then(|table| table.victim(may_go));
            let victim = victim.or_else(|| self.front.entries().into_iter().find(|entry| may_go(entry)));
            let Some(victim) = victim else { return };
            self.remove(&victim);
            drop(inserting);
            self.observe(Event::new(self.fetcher.name(), EventKind::Evicted));
        }
    }

    /// Takes an entry out and wipes it. The lock of insertions is held meanwhile.
    fn remove(&self, entry: &Arc<Entry>) {
        let mut state = lock(&entry.state);
        if std::mem::replace(&mut state.removed, true) {
            return;
        }
        entry.set(None);
        state.wipe_copies();
        drop(state);
        if !self.front.remove(entry)
            && let Some(table) = self.table.get()
        {
            table.remove(entry);
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.bytes
            .fetch_sub(entry.bytes.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Puts a token into an entry, whose lock is held, unless the entry was removed.
    pub(crate) fn store(&self, entry: &Arc<Entry>, state: &mut State, slot: &Slot) {
        let bytes = ENTRY_OVERHEAD + entry.key.heap_bytes() + slot.peek().secret().len();
        let before = entry.bytes.swap(bytes, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes.fetch_sub(before, Ordering::Relaxed);
        let at_front = self.front.contains(entry);
        entry.set(Some(Arc::new(slot.restriped(at_front))));
        if at_front {
            self.front.refresh();
        }
        state.wipe_copies();
    }

    /// Ends all use: tokens are wiped, new calls fail.
    pub(crate) fn shut(&self) {
        self.closed.store(true, Ordering::Release);
        self.clear();
    }

    /// Wipes all tokens. Fetches under way answer their callers and leave nothing behind.
    pub(crate) fn clear(&self) {
        let _inserting = lock(&self.inserting);
        let entries = self
            .front
            .entries()
            .into_iter()
            .chain(self.table.get().into_iter().flat_map(Table::entries));
        entries.for_each(|entry| self.remove(&entry));
    }
}

/// Whether nothing is being fetched for the entry.
fn is_idle(entry: &Entry) -> bool {
    lock(&entry.state).flights.is_empty()
}
