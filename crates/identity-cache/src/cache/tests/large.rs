//! Caches that have grown.

use super::*;

/// Adds tokens of `bytes` in all, which live as long as said.
fn fill(document: &mut Document, name: &str, bytes: usize, lifetime: Duration) {
    let environment = Environment::of(&Authority::public());
    let token = Secret::new("x".repeat(64 * 1024));
    for number in 0..bytes / (64 * 1024) {
        let scopes = Scopes::parse([format!("{name}{number}")]).unwrap();
        let tokens = TokensToAdd::new(&environment, "t", "filler", &scopes, &token, lifetime);
        document.add(&tokens, now());
    }
}

const MEBIBYTE: usize = 1 << 20;

#[test]
fn nothing_is_written_that_could_not_be_read_again() {
    block_on(async {
        let place = Place::new();
        let client = place
            .client()
            .with_clock(Arc::new(identity_testkit::TestClock::new()));
        let cache = TokenCache::persistent(&place.options(), false, &client).unwrap();
        let hour = Duration::from_secs(3600);
        cache.update(|document| add(document, "s")).await;
        let written = fs::metadata(place.path()).unwrap();
        cache
            .update(|document| fill(document, "a", 17 * MEBIBYTE, hour))
            .await;
        let status = cache.status();
        assert!(
            matches!(&status, CacheStatus::ReadOnly(_, why) if why.contains("too large")),
            "{status:?}"
        );
        // It goes on with all of it, and others with what was there.
        let filled = |document: &Document| {
            has(document, "s") && document.len(crate::document::EntryMap::AccessToken) > 200
        };
        assert!(cache.read(filled).await);
        assert_eq!(fs::metadata(place.path()).unwrap().len(), written.len());
        assert!(place.cache().read(|document| has(document, "s")).await);
    });
}

#[test]
fn what_is_expired_makes_room() {
    block_on(async {
        let place = Place::new();
        let clock = identity_testkit::TestClock::new();
        let client = place.client().with_clock(Arc::new(clock.clone()));
        let cache = TokenCache::persistent(&place.options(), false, &client).unwrap();
        cache
            .update(|document| {
                add(document, "s");
                fill(document, "short", 9 * MEBIBYTE, Duration::from_secs(60));
            })
            .await;
        clock.advance(Duration::from_secs(120));
        cache
            .update(|document| fill(document, "long", 9 * MEBIBYTE, Duration::from_secs(3600)))
            .await;
        assert_eq!(cache.status(), CacheStatus::Kept(StoreKind::UnencryptedFile));
        let other = place.cache();
        assert!(other.read(|document| has(document, "s")).await);
        assert_eq!(
            other
                .read(|document| document.len(crate::document::EntryMap::AccessToken))
                .await,
            1 + 9 * MEBIBYTE / (64 * 1024)
        );
    });
}
