//! What a cached token costs in allocations: nothing.

use std::sync::Arc;
use std::time::Duration;

use entra_identity::{CacheOptions, Cached, TokenCredential, TokenHandle};
use identity_testkit::{
    FetchStep, ScriptedFetch, ScriptedHttp, TestClock, assert_future_is_ready_on_first_poll, block_on,
};

use crate::support::sealed;

/// How many allocations `work` makes on this thread.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

/// A credential with `keys` cached tokens, and a scope of one of them.
fn filled(keys: usize, most: usize) -> Arc<dyn TokenCredential> {
    let fetch = ScriptedFetch::new().respond_with(|_, _| FetchStep::numbered(Duration::from_secs(3600)));
    let cache = CacheOptions::new()
        .with_max_entries(most)
        .with_max_bytes(usize::MAX);
    let options = sealed(&ScriptedHttp::new(), &TestClock::new()).with_cache(cache);
    let credential: Arc<dyn TokenCredential> = Arc::new(Cached::new(fetch.clone(), &options));
    block_on(async {
        for key in 0..keys {
            credential.get_token(&[&scope(key)]).await.unwrap();
        }
    });
    assert_eq!(fetch.calls(), keys);
    credential
}

fn scope(key: usize) -> String {
    format!("api://{key}/.default")
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(Box::new(7))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn a_cached_token_costs_none() {
    for (keys, most) in [(1, 20_000), (100, 20_000), (10_000, 20_000), (10_000, 10_000)] {
        let credential = filled(keys, most);
        for key in [0, keys / 2, keys - 1] {
            let scope = scope(key);
            let scopes = [scope.as_str()];
            let hit = || drop(assert_future_is_ready_on_first_poll(credential.get_token(&scopes)).unwrap());
            // The first hit of a thread may set the thread up.
            hit();
            assert_eq!(
                allocations(|| (0..100).for_each(|_| hit())),
                0,
                "key {key} of {keys}, at most {most}"
            );
        }
    }
}

#[test]
fn a_cached_token_by_handle_costs_none() {
    let credential = filled(1, 20_000);
    let handle: TokenHandle = credential.handle(&[&scope(0)]).unwrap();
    let hit = || drop(handle.cached().unwrap());
    hit();
    assert_eq!(allocations(|| (0..100).for_each(|_| hit())), 0);
}
