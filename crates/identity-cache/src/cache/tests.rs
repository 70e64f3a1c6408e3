//! Tests of transactions, on real files and with a store that fails as it is told.

mod broken;
mod large;
mod overtaken;
mod refused;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use identity_base::{Authority, Scopes, Secret};
use identity_runtime::ClientOptions;
use identity_testkit::leak_guard;
use tempfile::TempDir;

use super::*;
use crate::Environment;
use crate::document::{AccessTokenQuery, TokensToAdd};

/// A folder of a cache named `test`, without a keyring.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn options(&self) -> TokenCachePersistenceOptions {
        TokenCachePersistenceOptions::new()
            .with_name("test")
            .with_directory(self.0.path().join("folder"))
            .with_allow_unencrypted_storage(true)
    }

    fn client(&self) -> ClientOptions {
        ClientOptions::default().with_env(Arc::new(identity_testkit::TestEnv::new()))
    }

    fn cache(&self) -> TokenCache {
        TokenCache::persistent(&self.options(), false, &self.client()).unwrap()
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("folder/test.nocae")
    }
}

/// Under the guard, which has this thread's log to itself.
fn block_on<F: Future>(future: F) -> F::Output {
    leak_guard::run(async |_guard| future.await)
}

fn read(path: &Path) -> String {
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

fn now() -> SystemTime {
    identity_testkit::TestClock::new().wall()
}

/// Adds an application's token for a scope.
fn add(document: &mut Document, scope: &str) {
    let environment = Environment::of(&Authority::public());
    let (scopes, token) = (
        Scopes::parse([scope]).unwrap(),
        Secret::new(format!("token of {scope}")),
    );
    let hour = Duration::from_secs(3600);
    document.add(
        &TokensToAdd::new(&environment, "t", "c", &scopes, &token, hour),
        now(),
    );
}

fn has(document: &Document, scope: &str) -> bool {
    let environment = Environment::of(&Authority::public());
    let scopes = Scopes::parse([scope]).unwrap();
    document
        .access_token(&AccessTokenQuery::of_app(&environment, "t", "c", &scopes), now())
        .is_some()
}

#[test]
fn a_cache_in_memory_lasts_as_long_as_its_clones() {
    block_on(async {
        let cache = TokenCache::in_memory();
        let clone = cache.clone();
        cache.update(|document| add(document, "s")).await;
        assert!(clone.read(|document| has(document, "s")).await);
        assert_eq!(cache.status(), CacheStatus::InMemory);
        clone.close().await;
        assert!(!cache.read(|document| has(document, "s")).await);
    });
}

#[test]
fn another_cache_on_the_same_file_sees_what_was_written() {
    block_on(async {
        let place = Place::new();
        let (one, other) = (place.cache(), place.cache());
        assert_eq!(one.status(), CacheStatus::Unused(StoreKind::UnencryptedFile));
        assert!(!other.read(|document| has(document, "s")).await);
        assert!(
            !place.0.path().join("folder").exists(),
            "nothing is made by reading"
        );

        one.update(|document| add(document, "s")).await;
        assert!(other.read(|document| has(document, "s")).await);
        other.update(|document| add(document, "t")).await;
        assert!(
            one.read(|document| has(document, "s") && has(document, "t"))
                .await
        );
        assert_eq!(one.status(), CacheStatus::Kept(StoreKind::UnencryptedFile));
        assert!(read(&place.path()).starts_with("{\n    \"AccessToken\": {\n"));

        let third = place.cache();
        third.close().await;
        assert!(
            third.read(|document| has(document, "s")).await,
            "closing forgets, and deletes nothing"
        );
    });
}

#[test]
fn tokens_for_continuous_access_are_kept_apart() {
    block_on(async {
        let place = Place::new();
        let caches = crate::TokenCaches::new(Some(&place.options()), &place.client()).unwrap();
        caches.get(true).update(|document| add(document, "s")).await;
        assert!(!caches.get(false).read(|document| has(document, "s")).await);
        assert!(place.path().with_file_name("test.cae").exists());
        assert!(!place.path().exists());
        caches.close().await;
        assert!(crate::TokenCaches::new(None, &place.client()).is_ok());
    });
}

#[test]
fn a_transaction_writes_once_and_only_what_changed() {
    block_on(async {
        let place = Place::new();
        let cache = place.cache();
        cache.update(|_| ()).await;
        assert!(!place.path().exists(), "nothing changed");
        cache
            .update(|document| {
                add(document, "s");
                add(document, "t");
            })
            .await;
        let before = fs::metadata(place.path()).unwrap().modified().unwrap();
        let found = cache.update(|document| has(document, "t")).await;
        assert!(found);
        assert_eq!(fs::metadata(place.path()).unwrap().modified().unwrap(), before);
    });
}

#[test]
fn changes_of_careless_writers_are_seen_although_size_and_time_stay() {
    block_on(async {
        let place = Place::new();
        let (one, other) = (place.cache(), place.cache());
        one.update(|document| add(document, "aaa")).await;
        assert!(other.read(|document| has(document, "aaa")).await);
        // In place, at once, of the same length, and with the time set back.
        let changed = read(&place.path()).replace("aaa", "bbb");
        let time = fs::metadata(place.path()).unwrap().modified().unwrap();
        fs::write(place.path(), changed).unwrap();
        fs::File::options()
            .write(true)
            .open(place.path())
            .unwrap()
            .set_modified(time)
            .unwrap();
        assert!(other.read(|document| has(document, "bbb")).await);
    });
}

#[test]
fn the_file_of_older_tools_is_read_and_never_written() {
    block_on(async {
        let place = Place::new();
        place.cache().update(|document| add(document, "s")).await;
        let bare = place.path().with_file_name("test");
        fs::rename(place.path(), &bare).unwrap();
        let contents = read(&bare);
        let cache = TokenCache::unsuffixed(&place.options(), &place.client()).unwrap();
        assert!(cache.read(|document| has(document, "s")).await);
        cache.update(|document| add(document, "t")).await;
        assert!(
            cache
                .read(|document| has(document, "s") && has(document, "t"))
                .await
        );
        assert_eq!(read(&bare), contents);
        assert!(matches!(cache.status(), CacheStatus::ReadOnly(..)));
    });
}

#[test]
fn a_sealed_cache_shows_nothing_and_opens_with_its_key_alone() {
    block_on(async {
        let place = Place::new();
        let sealed = |key: [u8; 32]| {
            let options = place
                .options()
                .with_allow_unencrypted_storage(false)
                .with_sealing_key(crate::SealingKey::new(key));
            TokenCache::persistent(&options, false, &place.client()).unwrap()
        };
        sealed([1; 32]).update(|document| add(document, "s")).await;
        let path = place.path().with_file_name("test.nocae.sealed");
        let contents = fs::read(&path).unwrap();
        assert!(contents.starts_with(b"ENTRAID\x01"));
        assert!(!contents.windows(5).any(|window| window == b"token"));
        let cache = sealed([1; 32]);
        assert!(cache.read(|document| has(document, "s")).await);
        assert_eq!(cache.status(), CacheStatus::Kept(StoreKind::SealedFile));

        let cache = sealed([2; 32]);
        assert!(!cache.read(|document| has(document, "s")).await);
        assert!(matches!(cache.status(), CacheStatus::MemoryOnly(_)));
        cache.update(|document| add(document, "t")).await;
        assert_eq!(
            fs::read(path.with_file_name("test.nocae.sealed.damaged")).unwrap(),
            contents
        );
        assert!(
            sealed([2; 32])
                .read(|document| has(document, "t") && !has(document, "s"))
                .await
        );

        // A later version, and the file of another cache.
        let mut newer = contents.clone();
        newer[7] = 2;
        fs::write(&path, &newer).unwrap();
        let cache = sealed([1; 32]);
        cache.update(|document| add(document, "t")).await;
        assert!(matches!(cache.status(), CacheStatus::MemoryOnly(_)));
        assert_eq!(fs::read(&path).unwrap(), newer, "left as it is");
        fs::write(&path, &contents).unwrap();
        fs::rename(&path, path.with_file_name("test.cae.sealed")).unwrap();
        let options = place.options().with_sealing_key(crate::SealingKey::new([1; 32]));
        let other = TokenCache::persistent(&options, true, &place.client()).unwrap();
        assert!(!other.read(|document| has(document, "s")).await);
    });
}

#[test]
fn without_encryption_nothing_is_kept_unless_that_is_allowed() {
    let place = Place::new();
    let options = place.options().with_allow_unencrypted_storage(false);
    let error = TokenCache::persistent(&options, false, &place.client()).unwrap_err();
    assert_eq!(error.kind(), identity_base::ErrorKind::InvalidConfiguration);
    assert!(error.hint().unwrap().contains("unencrypted"));
    assert!(
        TokenCache::persistent(
            &options.clone().with_sealing_key_in_keyring(),
            false,
            &place.client()
        )
        .is_err()
    );
    assert!(TokenCache::persistent(&options.with_name("../x"), false, &place.client()).is_err());

    let homeless = TokenCachePersistenceOptions::new().with_allow_unencrypted_storage(true);
    let error = TokenCache::persistent(&homeless, false, &place.client()).unwrap_err();
    assert!(error.message().contains("HOME"), "{error}");
    let client = ClientOptions::default().with_env(Arc::new(identity_testkit::env([(
        "HOME",
        place.0.path().to_str().unwrap(),
    )])));
    block_on(async {
        let cache = TokenCache::persistent(&homeless, false, &client).unwrap();
        cache.update(|document| add(document, "s")).await;
        assert!(place.0.path().join(".IdentityService/msal.cache.nocae").exists());
    });
    let client = client.with_file_system(Arc::new(NoPrivateFiles));
    assert!(TokenCache::persistent(&homeless, false, &client).is_err());
}

/// A file system that can't keep private files.
#[derive(Debug)]
struct NoPrivateFiles;

impl identity_base::seam::FileSystem for NoPrivateFiles {
    fn read<'a>(
        &'a self,
        _path: &'a Path,
        _options: identity_base::seam::ReadOptions,
    ) -> identity_base::BoxFuture<'a, std::io::Result<identity_base::seam::FileContents>> {
        unreachable!()
    }

    fn read_blocking(
        &self,
        _path: &Path,
        _options: identity_base::seam::ReadOptions,
    ) -> std::io::Result<identity_base::seam::FileContents> {
        unreachable!()
    }

    fn metadata<'a>(
        &'a self,
        _path: &'a Path,
        _no_follow: bool,
    ) -> identity_base::BoxFuture<'a, std::io::Result<identity_base::seam::FileMetadata>> {
        unreachable!()
    }

    fn write<'a>(
        &'a self,
        _path: &'a Path,
        _contents: &'a [u8],
        _options: identity_base::seam::WriteOptions,
    ) -> identity_base::BoxFuture<'a, std::io::Result<()>> {
        unreachable!()
    }

    fn list<'a>(&'a self, _path: &'a Path) -> identity_base::BoxFuture<'a, std::io::Result<Vec<PathBuf>>> {
        unreachable!()
    }

    fn remove<'a>(&'a self, _path: &'a Path) -> identity_base::BoxFuture<'a, std::io::Result<()>> {
        unreachable!()
    }
}
