//! Tests of keyrings: one that answers, one that refuses, one that hangs.

use std::collections::HashMap;
use std::sync::mpsc;

use identity_base::seam::FileSystem as _;
use identity_runtime::json::Json;
use identity_runtime::os::SystemFs;
use identity_testkit::{TestClock, leak_guard};
use tempfile::TempDir;

use super::*;
use crate::document::Document;
use crate::store::fallback::Fallback;
use crate::store::sealed::Sealing;
use crate::{CacheStatus, TokenCache};

/// What a fake keyring does.
#[derive(Debug, Default)]
struct FakeKeyring {
    items: Mutex<HashMap<String, Vec<u8>>>,
    calls: Mutex<Vec<String>>,
    refuses: Mutex<bool>,
    /// Calls wait here until the sender is dropped.
    hangs: Mutex<Option<mpsc::Receiver<()>>>,
}

impl FakeKeyring {
    fn call(&self, what: &str, item: &str) -> Result<(), String> {
        self.calls.lock().unwrap().push(format!("{what} {item}"));
        let hangs = self.hangs.lock().unwrap().take();
        if let Some(hangs) = hangs {
            assert!(hangs.recv().is_err());
        }
        match *self.refuses.lock().unwrap() {
            true => Err("refused".to_owned()),
            false => Ok(()),
        }
    }

    fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    fn item(&self, name: &str) -> Option<String> {
        let items = self.items.lock().unwrap();
        items
            .get(name)
            .map(|secret| String::from_utf8(secret.clone()).unwrap())
    }
}

impl Backend for Arc<FakeKeyring> {
    fn get(&self, item: &Item) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        self.call("get", &item.name)?;
        Ok(self
            .items
            .lock()
            .unwrap()
            .get(&item.name)
            .cloned()
            .map(Zeroizing::new))
    }

    fn set(&self, item: &Item, secret: &[u8]) -> Result<(), String> {
        self.call("set", &item.name)?;
        self.items
            .lock()
            .unwrap()
            .insert(item.name.clone(), secret.to_vec());
        Ok(())
    }

    fn probe(&self) -> Result<(), String> {
        self.call("probe", "")
    }
}

struct World {
    folder: TempDir,
    clock: TestClock,
    keyring: Arc<FakeKeyring>,
}

impl World {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            clock: TestClock::new(),
            keyring: Arc::default(),
        }
    }

    fn signal(&self) -> FileStore {
        let path = self.folder.path().join("folder/test.nocae");
        let file = SystemFs::new().private_file(&path).unwrap();
        FileStore::new(file, Arc::new(self.clock.clone()))
    }

    fn store(&self) -> KeyringStore {
        KeyringStore {
            keyring: self.caller(),
            item: Item::of_cache("test.nocae"),
            signal: self.signal(),
        }
    }

    fn caller(&self) -> Keyring {
        Keyring::new(Arc::new(Arc::clone(&self.keyring)), Arc::new(self.clock.clone()))
    }

    fn client(&self) -> ClientOptions {
        ClientOptions::default().with_clock(Arc::new(self.clock.clone()))
    }

    fn cache(&self) -> TokenCache {
        TokenCache::with_store(Arc::new(self.store()), &self.client())
    }

    fn hang(&self) -> mpsc::Sender<()> {
        let (sender, receiver) = mpsc::channel();
        *self.keyring.hangs.lock().unwrap() = Some(receiver);
        sender
    }
}

fn add(document: &mut Document) {
    document.put(
        crate::document::EntryMap::Account,
        "key",
        Json::parse(br#"{"home_account_id": "u.t"}"#).unwrap(),
    );
}

async fn accounts(cache: &TokenCache) -> usize {
    cache.read(|document| document.accounts(None).len()).await
}

#[test]
fn the_item_has_the_contents_and_the_signal_file_the_time() {
    leak_guard::run(async |_guard| {
        let world = World::new();
        let (one, other) = (world.cache(), world.cache());
        assert_eq!(accounts(&other).await, 0);
        assert_eq!(
            world.keyring.calls(),
            0,
            "without a signal there is nothing to ask for"
        );
        one.update(add).await;
        assert_eq!(one.status(), CacheStatus::Kept(StoreKind::Keyring));
        let item = world.keyring.item("test.nocae").unwrap();
        assert!(item.starts_with("{\n    \"Account\": {"), "{item}");
        let signal = world.folder.path().join("folder/test.nocae");
        assert_eq!(std::fs::metadata(&signal).unwrap().len(), 0);
        assert!(!signal.with_file_name("test.nocae.lockfile").exists());
        assert_eq!(accounts(&other).await, 1);
    });
}

#[test]
fn a_keyring_that_refuses_is_left_alone_for_a_while() {
    leak_guard::run(async |guard| {
        let world = World::new();
        world.cache().update(add).await;
        *world.keyring.refuses.lock().unwrap() = true;
        let cache = world.cache();
        assert_eq!(accounts(&cache).await, 0);
        let status = cache.status();
        assert!(
            matches!(&status, CacheStatus::MemoryOnly(why) if why.contains("refused")),
            "{status:?}"
        );
        let calls = world.keyring.calls();
        cache.update(add).await;
        assert_eq!(accounts(&cache).await, 1, "in memory");
        assert_eq!(world.keyring.calls(), calls, "no further call");
        guard.check(&cache);
        *world.keyring.refuses.lock().unwrap() = false;
        world.clock.advance(breaker::PAUSE);
        assert_eq!(accounts(&cache).await, 1);
        assert_eq!(cache.status(), CacheStatus::Kept(StoreKind::Keyring));
    });
}

#[test]
fn a_keyring_that_hangs_costs_five_seconds_once() {
    leak_guard::run(async |_guard| {
        let world = World::new();
        world.cache().update(add).await;
        let release = world.hang();
        let cache = world.cache();
        let reading = tokio::spawn({
            let cache = cache.clone();
            async move { accounts(&cache).await }
        });
        world.clock.sleepers(1).await;
        world.clock.advance(call::CALL_LIMIT);
        assert_eq!(reading.await.unwrap(), 0);
        for _ in 0..10 {
            cache.update(add).await;
        }
        assert_eq!(world.clock.sleeping(), 0, "nothing is waited for any more");
        drop(release);
    });
}

#[test]
fn a_keyring_that_hangs_while_it_writes_does_not_keep_the_lock() {
    leak_guard::run(async |_guard| {
        let world = World::new();
        let cache = world.cache();
        let release = world.hang();
        let writing = tokio::spawn({
            let cache = cache.clone();
            async move { cache.update(add).await }
        });
        world.clock.sleepers(1).await;
        world.clock.advance(call::CALL_LIMIT);
        writing.await.unwrap();
        assert!(
            matches!(cache.status(), CacheStatus::MemoryOnly(_)),
            "{:?}",
            cache.status()
        );
        assert!(!world.folder.path().join("folder/test.nocae.lockfile").exists());
        drop(release);
        // What could not be written is written with the next change.
        world.clock.advance(breaker::PAUSE);
        cache
            .update(|document| document.put(crate::document::EntryMap::IdToken, "k", Json::Null))
            .await;
        assert_eq!(accounts(&world.cache()).await, 1);
    });
}

#[test]
fn at_most_two_calls_hang_at_once() {
    leak_guard::run(async |_guard| {
        let world = World::new();
        let keyring = world.caller();
        let mut releases = Vec::new();
        for _ in 0..2 {
            releases.push(world.hang());
            let calling = tokio::spawn({
                let keyring = keyring.clone();
                async move { keyring.call(|backend| backend.probe()).await.is_err() }
            });
            world.clock.sleepers(1).await;
            // The fake takes what makes it hang before the next one is put there.
            while world.keyring.hangs.lock().unwrap().is_some() {
                tokio::task::yield_now().await;
            }
            world.clock.advance(call::CALL_LIMIT);
            assert!(calling.await.unwrap());
            world.clock.advance(breaker::PAUSE);
        }
        let error = keyring.call(|backend| backend.probe()).await.unwrap_err();
        assert!(error.message.contains("earlier calls"), "{error}");
        drop(releases);
    });
}

#[test]
fn a_file_is_used_where_there_is_no_keyring_if_that_is_allowed() {
    leak_guard::run(async |_guard| {
        let world = World::new();
        let fallback = || {
            let store = Fallback::new(world.store(), world.signal());
            TokenCache::with_store(Arc::new(store), &world.client())
        };
        let with_keyring = fallback();
        with_keyring.update(add).await;
        assert_eq!(with_keyring.status(), CacheStatus::Kept(StoreKind::Keyring));
        *world.keyring.refuses.lock().unwrap() = true;
        let without = fallback();
        without.update(add).await;
        assert_eq!(without.status(), CacheStatus::Kept(StoreKind::UnencryptedFile));
        let file = world.folder.path().join("folder/test.nocae");
        assert!(std::fs::metadata(file).unwrap().len() > 0);
    });
}

#[test]
fn garbage_in_the_item_is_a_miss_and_replaced() {
    leak_guard::run(async |_guard| {
        let world = World::new();
        world.cache().update(add).await;
        for garbage in [vec![], b"{".to_vec(), vec![0xff; 100]] {
            world
                .keyring
                .items
                .lock()
                .unwrap()
                .insert("test.nocae".to_owned(), garbage);
            let cache = world.cache();
            assert_eq!(accounts(&cache).await, 0);
            cache.update(add).await;
            assert_eq!(accounts(&world.cache()).await, 1);
        }
        let long = vec![b' '; 17 * 1024 * 1024];
        world
            .keyring
            .items
            .lock()
            .unwrap()
            .insert("test.nocae".to_owned(), long);
        let cache = world.cache();
        assert_eq!(accounts(&cache).await, 0);
        assert!(matches!(cache.status(), CacheStatus::MemoryOnly(_)));
    });
}

#[test]
fn a_sealing_key_is_made_once_and_read_back() {
    leak_guard::run(async |_guard| {
        let world = World::new();
        let source = || {
            let random = Arc::clone(world.client().random());
            key::KeyInKeyring::new(world.caller(), Item::of_key("test"), random)
        };
        let (one, other) = (source(), source());
        let key = one.key().await.unwrap();
        assert!(key == other.key().await.unwrap());
        let calls = world.keyring.calls();
        assert!(key == one.key().await.unwrap());
        assert_eq!(world.keyring.calls(), calls, "remembered");
        let item = world.keyring.item("test.key").unwrap();
        assert_eq!(item.len(), 44);
        assert!(!format!("{one:?} {key:?}").contains(&item));

        let sealed = Sealing::new(Arc::new(source()), Arc::clone(world.client().random()), "test");
        let store = crate::store::protected::ProtectedStore::new(world.signal(), Arc::new(sealed));
        let cache = TokenCache::with_store(Arc::new(store), &world.client());
        cache.update(add).await;
        assert_eq!(cache.status(), CacheStatus::Kept(StoreKind::SealedFile));

        let bad = "x".repeat(44).into_bytes();
        world
            .keyring
            .items
            .lock()
            .unwrap()
            .insert("test.key".to_owned(), bad.clone());
        let error = source().key().await.unwrap_err();
        assert!(error.message.contains("test.key"), "{error}");
        assert_eq!(
            world.keyring.item("test.key").unwrap().into_bytes(),
            bad,
            "never replaced"
        );
    });
}

#[test]
fn items_are_named_as_the_peers_name_them() {
    let item = Item::of_cache("labcache.nocae");
    assert_eq!(item.name, "labcache.nocae");
    assert_eq!(
        item.attribute,
        ("MsalClientID", "Microsoft.Developer.IdentityService")
    );
    assert_eq!(item.label, "MSALCache");
}
