//! Caches that can't be read or written.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use identity_testkit::{LeakGuard, TestClock};

use super::*;

/// Uses a cache that can't be read, and says how it is kept.
pub(super) async fn used(place: &Place) -> CacheStatus {
    let cache = place.cache();
    assert!(!cache.read(|document| has(document, "s")).await);
    cache.update(|document| add(document, "t")).await;
    assert!(
        cache.read(|document| has(document, "t")).await,
        "it goes on in memory"
    );
    cache.status()
}

fn good(place: &Place) -> Vec<u8> {
    block_on(async { place.cache().update(|document| add(document, "s")).await });
    fs::read(place.path()).unwrap()
}

fn warnings(guard: &LeakGuard) -> usize {
    guard
        .logs()
        .iter()
        .filter(|record| format!("{record:?}").contains("kept in memory"))
        .count()
}

#[test]
fn what_others_could_have_put_there_is_neither_read_nor_written() {
    let place = Place::new();
    let contents = good(&place);
    let refused = |what: &str| {
        let status = block_on(used(&place));
        assert!(
            matches!(&status, CacheStatus::MemoryOnly(why) if why.contains(what)),
            "{what}: {status:?}"
        );
    };
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o644)).unwrap();
    refused("chmod 600");
    assert_eq!(fs::read(place.path()).unwrap(), contents);
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o600)).unwrap();

    let aside = place.path().with_file_name("aside");
    fs::rename(place.path(), &aside).unwrap();
    symlink("aside", place.path()).unwrap();
    refused("symbolic link");
    assert_eq!(fs::read(&aside).unwrap(), contents, "the target is untouched");
    fs::remove_file(place.path()).unwrap();

    fs::write(place.path(), vec![b' '; 17 * 1024 * 1024]).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o600)).unwrap();
    refused("16777216 bytes");
    assert_eq!(fs::metadata(place.path()).unwrap().len(), 17 * 1024 * 1024);
}

#[test]
fn every_cut_and_many_flipped_bits_are_a_miss_at_most() {
    let place = Place::new();
    let contents = good(&place);
    let try_it = async |broken: &[u8]| {
        fs::write(place.path(), broken).unwrap();
        let clock = TestClock::new();
        let client = place.client().with_clock(Arc::new(clock));
        TokenCache::persistent(&place.options(), false, &client).unwrap()
    };
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock, async |_guard| {
        for length in (0..contents.len()).step_by(23) {
            let cache = try_it(&contents[..length]).await;
            cache.update(|document| add(document, "t")).await;
            assert!(cache.read(|document| has(document, "t")).await);
            assert!(
                Document::parse(&fs::read(place.path()).unwrap()).is_ok(),
                "cut at {length}"
            );
        }
        for bit in (0..contents.len() * 8).step_by(61) {
            let mut flipped = contents.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let cache = try_it(&flipped).await;
            cache.update(|document| add(document, "t")).await;
            assert!(cache.read(|document| has(document, "t")).await, "bit {bit}");
        }
    });
}

#[test]
fn damage_is_said_once_and_kept_aside_once() {
    leak_guard::run(async |guard| {
        let place = Place::new();
        fs::create_dir_all(place.path().parent().unwrap()).unwrap();
        let secret = guard.secret("refresh_token");
        fs::write(place.path(), format!("{{\"{}\"", secret.expose())).unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o600)).unwrap();
        let cache = place.cache();
        for _ in 0..3 {
            assert!(!cache.read(|document| has(document, "s")).await);
        }
        assert!(matches!(cache.status(), CacheStatus::MemoryOnly(_)));
        guard.check(&cache);
        cache.update(|document| add(document, "t")).await;
        assert_eq!(cache.status(), CacheStatus::Kept(StoreKind::UnencryptedFile));
        assert_eq!(warnings(&guard), 1);
        let aside = place.path().with_file_name("test.nocae.damaged");
        assert!(read(&aside).contains(secret.expose()));
        assert_eq!(fs::metadata(&aside).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(place.cache().read(|document| has(document, "t")).await);
    });
}

#[test]
fn a_newer_document_is_left_as_it_is() {
    let place = Place::new();
    good(&place);
    let newer = r#"{"Version": 2, "AccessToken": {}}"#;
    fs::write(place.path(), newer).unwrap();
    let status = block_on(used(&place));
    assert!(
        matches!(&status, CacheStatus::MemoryOnly(why) if why.contains("newer")),
        "{status:?}"
    );
    assert_eq!(read(&place.path()), newer);
}

#[test]
fn what_could_not_be_written_is_written_with_the_next_change() {
    let place = Place::new();
    good(&place);
    let clock = TestClock::new();
    let client = place.client().with_clock(Arc::new(clock.clone()));
    let cache = TokenCache::persistent(&place.options(), false, &client).unwrap();
    leak_guard::run_virtual(&clock, async |_guard| {
        let lock = identity_base::seam::FileSystem::private_file(
            &identity_runtime::os::SystemFs::new(),
            &place.path(),
        )
        .unwrap()
        .try_lock()
        .await
        .unwrap();
        let begun = clock.wall();
        cache.update(|document| add(document, "t")).await;
        let waited = clock.wall().duration_since(begun).unwrap();
        assert!((5000..5100).contains(&waited.as_millis()), "{waited:?}");
        assert!(
            matches!(cache.status(), CacheStatus::ReadOnly(..)),
            "{:?}",
            cache.status()
        );
        assert!(
            cache
                .read(|document| has(document, "s") && has(document, "t"))
                .await
        );
        assert!(!place.cache().read(|document| has(document, "t")).await);
        // Who has the lock writes something else; both are seen.
        let mut theirs = Document::parse(&fs::read(place.path()).unwrap()).unwrap();
        add(&mut theirs, "theirs");
        let contents = theirs.to_text().as_bytes().to_vec();
        lock.replace(contents.into()).await.unwrap();
        assert!(
            cache
                .read(|document| has(document, "t") && has(document, "theirs"))
                .await
        );
        cache.update(|document| add(document, "u")).await;
        assert_eq!(cache.status(), CacheStatus::Kept(StoreKind::UnencryptedFile));
        let other = place.cache();
        assert!(
            other
                .read(|document| has(document, "t") && has(document, "u"))
                .await
        );
    });
}

#[test]
fn a_damaged_file_does_not_take_what_is_in_memory_along() {
    block_on(async {
        let place = Place::new();
        let cache = place.cache();
        cache.update(|document| add(document, "s")).await;
        fs::write(place.path(), "{").unwrap();
        cache.update(|document| add(document, "t")).await;
        assert!(
            place
                .cache()
                .read(|document| has(document, "s") && has(document, "t"))
                .await
        );
    });
}

#[test]
fn a_removed_file_is_an_empty_cache() {
    block_on(async {
        let place = Place::new();
        let cache = place.cache();
        cache.update(|document| add(document, "s")).await;
        fs::remove_file(place.path()).unwrap();
        assert!(!cache.read(|document| has(document, "s")).await);
    });
}

#[test]
fn a_dropped_update_is_all_or_nothing() {
    block_on(async {
        let place = Place::new();
        let cache = place.cache();
        let mut called = false;
        for polls in 0..40 {
            let mut update = Box::pin(cache.update(|document| {
                called = true;
                add(document, "s");
            }));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            for _ in 0..polls {
                if update.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(update);
        }
        // Whatever was cut off, the cache works and the lock is free.
        cache.update(|document| add(document, "t")).await;
        let other = place.cache();
        assert!(other.read(|document| has(document, "t")).await);
        assert_eq!(other.read(|document| has(document, "s")).await, called);
    });
}

#[test]
fn damage_is_waited_for_once() {
    let place = Place::new();
    good(&place);
    fs::write(place.path(), "{").unwrap();
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock, async |_guard| {
        let client = place.client().with_clock(Arc::new(clock.clone()));
        let cache = TokenCache::persistent(&place.options(), false, &client).unwrap();
        assert!(!cache.read(|document| has(document, "s")).await);
        assert_eq!(clock.sleeps().len(), 3, "a careless writer may be at work");
        for _ in 0..5 {
            assert!(!cache.read(|document| has(document, "s")).await);
        }
        assert_eq!(clock.sleeps().len(), 3);
        // Other damage may pass.
        fs::write(place.path(), "{\"").unwrap();
        assert!(!cache.read(|document| has(document, "s")).await);
        assert_eq!(clock.sleeps().len(), 6);
    });
}
