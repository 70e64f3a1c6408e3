//! Bounded memory, bounded fetches.

use std::sync::Arc;

use identity_base::{Event, EventKind, Observer};
use identity_testkit::poll::settle;
use identity_testkit::{FetchStep, Gate, block_on};

use super::*;

#[derive(Debug, Default)]
struct Evictions(std::sync::atomic::AtomicUsize);

impl Observer for Evictions {
    fn event(&self, event: &Event<'_>) {
        if event.kind == EventKind::Evicted {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

fn cached_keys(credential: &Cached<ScriptedFetch>, keys: usize) -> Vec<usize> {
    (0..keys)
        .filter(|n| credential.get_token(&[&format!("scope{n}")]).try_now().is_ok())
        .collect()
}

#[test]
fn the_entry_limit_holds_and_the_used_ones_stay() {
    let (fetch, clock, seen) = (
        ScriptedFetch::new(),
        TestClock::new(),
        Arc::new(Evictions::default()),
    );
    let cache = CacheOptions::new().with_max_entries(100);
    let options = ClientOptions::default()
        .with_clock(Arc::new(clock))
        .with_cache(cache)
        .with_observer(Arc::clone(&seen) as Arc<dyn Observer>);
    let credential = Cached::new(fetch.clone(), &options);
    block_on(async {
        for n in 0..1000 {
            credential.get_token(&[&format!("scope{n}")]).await.unwrap();
            hit(credential.get_token(&["scope0"]));
        }
        let cached = cached_keys(&credential, 1000);
        assert!(cached.len() <= 100 && cached.len() >= 90, "{}", cached.len());
        assert!(cached.contains(&0) && cached.contains(&999));
    });
    assert_eq!(seen.0.load(std::sync::atomic::Ordering::Relaxed), 900);
    assert_eq!(fetch.calls(), 1000);
}

#[test]
fn the_byte_limit_holds() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new().respond_with(|_, _| FetchStep::token("x".repeat(1000), HOUR));
    let credential = limited(&fetch, &clock, CacheOptions::new().with_max_bytes(100_000));
    block_on(async {
        for n in 0..500 {
            credential.get_token(&[&format!("scope{n}")]).await.unwrap();
        }
        let cached = cached_keys(&credential, 500).len();
        assert!((50..=100).contains(&cached), "{cached}");
    });
}

#[test]
fn even_one_entry_is_enough() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = limited(&fetch, &clock, CacheOptions::new().with_max_entries(0));
    block_on(async {
        for n in 0..20 {
            credential.get_token(&[&format!("scope{n}")]).await.unwrap();
        }
        assert_eq!(cached_keys(&credential, 20), [19]);
    });
}

#[test]
fn a_key_that_is_being_fetched_is_not_evicted() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new().then(FetchStep::token("t", HOUR).at(&gate));
    let credential = limited(&fetch, &clock, CacheOptions::new().with_max_entries(2));
    block_on(async {
        let waiting = callers(&credential, 3);
        gate.arrivals(1).await;
        for n in 0..50 {
            credential.get_token(&[&format!("scope{n}")]).await.unwrap();
        }
        settle().await;
        gate.open();
        for task in waiting {
            assert_eq!(task.await.unwrap().unwrap().secret(), "t");
        }
        assert_eq!(hit(credential.get_token(SCOPE)).secret(), "t");
    });
    assert_eq!(fetch.calls(), 51);
}

#[test]
fn fetches_at_once_are_limited_and_so_is_their_queue() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new().respond_with({
        let gate = gate.clone();
        move |_, _| FetchStep::numbered(HOUR).at(&gate)
    });
    let credential = limited(
        &fetch,
        &clock,
        CacheOptions::new().with_max_flights(3).with_max_queued(5),
    );
    block_on(async {
        let ask = |n: usize| {
            let credential = credential.clone();
            tokio::spawn(async move { credential.get_token(&[&format!("scope{n}")]).await })
        };
        let tasks: Vec<_> = (0..10).map(ask).collect();
        gate.arrivals(3).await;
        settle().await;
        assert_eq!(fetch.in_flight(), 3);
        gate.open();
        let mut overloaded = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(
                        (error.kind(), error.is_transient()),
                        (ErrorKind::Overloaded, true)
                    );
                    overloaded += 1;
                }
            }
        }
        assert_eq!((overloaded, fetch.calls(), fetch.most_at_once()), (2, 8, 3));
    });
}

#[test]
fn the_wait_for_leave_counts_as_time_that_is_spent() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new().respond_with({
        let clock = clock.clone();
        move |_, _| FetchStep::numbered(HOUR).after(clock.clone(), seconds(20))
    });
    let credential = limited(&fetch, &clock, CacheOptions::new().with_max_flights(1));
    let began = clock.wall();
    clock.block_on(async {
        let ask = |n: usize| {
            let credential = credential.clone();
            tokio::spawn(async move { credential.get_token(&[&format!("scope{n}")]).await })
        };
        let tasks: Vec<_> = (0..3).map(ask).collect();
        let mut errors = Vec::new();
        for task in tasks {
            errors.extend(task.await.unwrap().err());
        }
        // The first is done after 20 s, and the total of 30 s cuts the others short: the second in the middle.
        assert_eq!(errors.len(), 2);
        assert!(errors.iter().all(|error| error.kind() == ErrorKind::Timeout));
    });
    assert_eq!(clock.wall().duration_since(began).unwrap(), seconds(30));
}

#[test]
fn a_handle_outlives_the_eviction_of_its_entry() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = limited(&fetch, &clock, CacheOptions::new().with_max_entries(1));
    let handle = credential.handle(SCOPE).unwrap();
    block_on(async {
        let first = handle.token().await.unwrap();
        credential.get_token(&["other"]).await.unwrap();
        assert!(handle.cached().is_none(), "evicted");
        let second = handle.token().await.unwrap();
        assert!(!second.is_same(&first) && handle.cached().unwrap().is_same(&second));
    });
}

#[test]
fn what_is_evicted_while_others_come_is_gone_and_comes_again() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = limited(&fetch, &clock, CacheOptions::new().with_max_entries(4));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let credential = &credential;
            scope.spawn(move || {
                for n in 0..20_000 {
                    drop(credential.handle(&[&format!("scope{}", (n * 7 + thread) % 12)]));
                }
            });
        }
    });
    let core = &credential.core;
    let table = core
        .table
        .get()
        .map(super::super::table::Table::entries)
        .unwrap_or_default();
    let entries: Vec<_> = core.front.entries().into_iter().chain(table).collect();
    for entry in &entries {
        // Whoever finds one that was taken out looks again, and would find it again.
        assert!(!super::super::sync::lock(&entry.state).removed, "{:?}", entry.key);
    }
    assert_eq!(
        entries.len(),
        core.count.load(std::sync::atomic::Ordering::Relaxed)
    );
}

#[test]
fn keys_without_a_token_count_as_well() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new().respond_with(|_, _| FetchStep::error(refused()));
    let credential = limited(&fetch, &clock, CacheOptions::new().with_max_bytes(100_000));
    block_on(async {
        for n in 0..200 {
            let scope = format!("{}{n}", "x".repeat(2000));
            credential.get_token(&[&scope]).await.unwrap_err();
            drop(credential.handle(&[&format!("{scope}/handle")]));
        }
    });
    let core = &credential.core;
    let kept = core.count.load(std::sync::atomic::Ordering::Relaxed);
    assert!((10..=50).contains(&kept), "{kept}");
    credential.clear();
    assert_eq!(core.bytes.load(std::sync::atomic::Ordering::Relaxed), 0);
}
