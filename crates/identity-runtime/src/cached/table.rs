//! The entries beyond the front: an open-addressing table in shards that are replaced whole.
//!
//! Readers take a snapshot of a shard and never wait; a writer copies one shard, a few hundred pointers at most, and puts the copy in place.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arc_swap::ArcSwap;
use identity_base::RequestScopes;

use super::entry::Entry;
use super::sync::{Mutex, lock};

/// A power of two. At the default limit of 10,000 entries a shard holds some 160.
const SHARDS: usize = 64;

#[derive(Debug)]
pub(crate) struct Table {
    shards: Box<[Shard]>,
    /// Where the eviction looks next.
    hand: Mutex<usize>,
}

#[derive(Debug)]
struct Shard {
    snapshot: ArcSwap<Buckets>,
    /// Serialises the writers of this shard.
    writer: Mutex<()>,
}

/// An entry with its hash beside it, so that looking for another one doesn't touch it.
type Place = (u64, Arc<Entry>);

/// A table with linear probing, at most half full. A power of two long, never empty.
#[derive(Debug, Default)]
struct Buckets {
    places: Box<[Option<Place>]>,
    len: usize,
}

impl Table {
    pub(crate) fn new() -> Self {
        let shard = || Shard {
            snapshot: ArcSwap::from_pointee(Buckets::default()),
            writer: Mutex::new(()),
        };
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            hand: Mutex::new(0),
        }
    }

    #[inline]
    fn shard(&self, hash: u64) -> Option<&Shard> {
        // The high bits choose the shard, the low ones the place in it.
        self.shards.get((hash >> 58) as usize % SHARDS)
    }

    /// Calls `found` with the entry of a request, if there is one.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        hash: u64,
        scopes: RequestScopes<'_>,
        tenant: Option<&str>,
        cae: bool,
        found: impl FnOnce(&Arc<Entry>) -> R,
    ) -> Option<R> {
        let buckets = self.shard(hash)?.snapshot.load();
        let mask = buckets.places.len().wrapping_sub(1);
        let mut place = hash as usize;
        for _ in 0..buckets.places.len() {
            let (known, entry) = buckets.places.get(place & mask)?.as_ref()?;
            if *known == hash && entry.key.matches(scopes, tenant, cae) {
                return Some(found(entry));
            }
            place = place.wrapping_add(1);
        }
        None
    }

    /// Adds an entry whose key isn't there yet.
    pub(crate) fn insert(&self, entry: &Arc<Entry>) {
        let Some(shard) = self.shard(entry.hash) else {
            return;
        };
        let _writer = lock(&shard.writer);
        let old = shard.snapshot.load();
        let entries = old.entries().chain([entry]);
        shard.snapshot.store(Arc::new(Buckets::of(entries, old.len + 1)));
    }

    /// Takes an entry out.
    pub(crate) fn remove(&self, entry: &Arc<Entry>) {
        let Some(shard) = self.shard(entry.hash) else {
            return;
        };
        let _writer = lock(&shard.writer);
        let old = shard.snapshot.load();
        let entries = old.entries().filter(|known| !Arc::ptr_eq(known, entry));
        shard.snapshot.store(Arc::new(Buckets::of(entries, old.len)));
    }

    /// All entries.
    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        self.shards
            .iter()
            .flat_map(|shard| shard.snapshot.load().entries().cloned().collect::<Vec<_>>())
            .collect()
    }

    /// Chooses the entry to evict: the next one that wasn't used since the last look and isn't being fetched. Second chance: a look clears the mark.
    pub(crate) fn victim(&self, is_idle: impl Fn(&Entry) -> bool) -> Option<Arc<Entry>> {
        let mut hand = lock(&self.hand);
        // Twice round: the first may do nothing but clear marks.
        for _ in 0..2 * SHARDS {
            let shard = self.shards.get(*hand % SHARDS)?;
            let buckets = shard.snapshot.load();
            let unused = |entry: &&Arc<Entry>| !entry.used.swap(false, Ordering::Relaxed) && is_idle(entry);
            let victim = buckets.entries().find(unused).cloned();
            if victim.is_some() {
                return victim;
            }
            *hand = hand.wrapping_add(1);
        }
        None
    }
}

impl Buckets {
    fn of<'a>(entries: impl Iterator<Item = &'a Arc<Entry>>, at_most: usize) -> Self {
        let size = (at_most * 2).next_power_of_two().max(4);
        let mut places = vec![None; size];
        let mut len = 0;
        for entry in entries {
            let mut place = entry.hash as usize;
            // At most half full, so there is a free place.
            while let Some(Some(_)) = places.get(place & (size - 1)) {
                place = place.wrapping_add(1);
            }
            if let Some(free) = places.get_mut(place & (size - 1)) {
                *free = Some((entry.hash, Arc::clone(entry)));
                len += 1;
            }
        }
        Self {
            places: places.into(),
            len,
        }
    }

    fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.places.iter().flatten().map(|(_, entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use identity_base::Scopes;

    use super::super::key::{Key, hash_request};
    use super::*;

    fn entry(name: &str, hash: u64) -> Arc<Entry> {
        Arc::new(Entry::new(
            Key::new(&Scopes::parse([name]).unwrap(), None, false),
            hash,
        ))
    }

    fn finds(table: &Table, name: &str, hash: u64) -> bool {
        table.with(hash, name.into(), None, false, |_| ()).is_some()
    }

    #[test]
    fn every_entry_is_found_until_it_is_removed() {
        let hasher = foldhash::fast::RandomState::default();
        let table = Table::new();
        let names: Vec<String> = (0..5000).map(|n| format!("scope{n}")).collect();
        let hash = |name: &str| hash_request(&hasher, name.into(), None, false);
        for name in &names {
            assert!(!finds(&table, name, hash(name)));
            table.insert(&entry(name, hash(name)));
        }
        assert!(names.iter().all(|name| finds(&table, name, hash(name))));
        assert_eq!(table.entries().len(), 5000);
        for entry in table.entries().iter().step_by(2) {
            table.remove(entry);
        }
        assert_eq!(table.entries().len(), 2500);
    }

    #[test]
    fn equal_hashes_are_told_apart_by_the_key() {
        let table = Table::new();
        for name in ["a", "b", "c"] {
            table.insert(&entry(name, 7));
        }
        assert!(
            finds(&table, "a", 7)
                && finds(&table, "c", 7)
                && !finds(&table, "d", 7)
                && !finds(&table, "a", 8)
        );
    }

    #[test]
    fn the_least_used_idle_entry_is_the_victim() {
        let table = Table::new();
        for (name, hash) in [("a", 1), ("b", 2), ("c", 3)] {
            table.insert(&entry(name, hash));
        }
        for entry in table.entries() {
            entry
                .used
                .store(entry.key.matches("b".into(), None, false), Ordering::Relaxed);
        }
        let victim = table
            .victim(|entry| !entry.key.matches("a".into(), None, false))
            .unwrap();
        assert!(
            victim.key.matches("c".into(), None, false),
            "b was used, a is busy"
        );
        assert!(table.victim(|_| false).is_none());
    }
}
