//! The bus of a session that never answers.
#![cfg(all(target_os = "linux", feature = "keyring"))]

use std::os::unix::net::UnixListener;
use std::sync::Arc;

use identity_cache::{CacheStatus, TokenCache, TokenCachePersistenceOptions, TokenCaches};
use identity_runtime::ClientOptions;
use identity_testkit::{TestClock, env, leak_guard};

#[test]
fn a_bus_that_never_answers_costs_one_time_limit_and_no_thread_is_waited_for() {
    let folder = tempfile::TempDir::new().unwrap();
    let socket = folder.path().join("bus");
    let listener = UnixListener::bind(&socket).unwrap();
    let clock = TestClock::new();
    leak_guard::run(async |_guard| {
        let address = format!("unix:path={}", socket.display());
        let client = ClientOptions::default()
            .with_env(Arc::new(env([("DBUS_SESSION_BUS_ADDRESS", address.as_str())])))
            .with_clock(Arc::new(clock.clone()));
        let options = TokenCachePersistenceOptions::new().with_directory(folder.path().join("cache"));
        let cache = TokenCache::persistent(&options, false, &client).unwrap();
        let updating = tokio::spawn({
            let cache = cache.clone();
            async move {
                cache
                    .update(|document| document.drop_expired(std::time::SystemTime::UNIX_EPOCH))
                    .await
            }
        });
        assert_eq!(
            updating.await.unwrap(),
            0,
            "an unchanged, missing cache needs no keyring"
        );

        let allowed = options.with_allow_unencrypted_storage(true);
        let cache = TokenCache::persistent(&allowed, false, &client).unwrap();
        let reading = tokio::spawn({
            let cache = cache.clone();
            async move { cache.read(|document| document.is_empty()).await }
        });
        clock.sleepers(1).await;
        let connection = listener.accept().unwrap();
        clock.advance(std::time::Duration::from_secs(5));
        assert!(reading.await.unwrap());
        assert!(
            matches!(cache.status(), CacheStatus::Kept(_)),
            "the file instead: {:?}",
            cache.status()
        );
        // The thread still waits for an answer; the runtime ends nevertheless.
        drop(connection);
    });
}

#[test]
fn the_caches_of_a_credential_wait_for_a_hanging_keyring_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let socket = folder.path().join("bus");
    let listener = UnixListener::bind(&socket).unwrap();
    let clock = TestClock::new();
    leak_guard::run(async |_guard| {
        let address = format!("unix:path={}", socket.display());
        let client = ClientOptions::default()
            .with_env(Arc::new(env([("DBUS_SESSION_BUS_ADDRESS", address.as_str())])))
            .with_clock(Arc::new(clock.clone()));
        let options = TokenCachePersistenceOptions::new()
            .with_directory(folder.path().join("cache"))
            .with_allow_unencrypted_storage(true);
        let caches = TokenCaches::with_unsuffixed(&options, &client).unwrap();
        let reading = tokio::spawn({
            let caches = caches.clone();
            async move {
                for cache in [caches.get(false), caches.get(true), caches.unsuffixed().unwrap()] {
                    assert!(cache.read(|document| document.is_empty()).await);
                    assert!(
                        matches!(cache.status(), CacheStatus::Kept(_)),
                        "{:?}",
                        cache.status()
                    );
                }
            }
        });
        clock.sleepers(1).await;
        clock.advance(std::time::Duration::from_secs(5));
        reading.await.unwrap();
        drop(listener);
    });
}

/// What a process is told whose keyring hangs: the bus, and the folder of its cache.
const WORKER: &str = "IDENTITY_CACHE_TEST_BUS";

/// That process. Started by the test below; on its own there is nothing for it to do.
#[test]
#[expect(clippy::disallowed_methods, reason = "a process is told by its environment")]
fn worker() {
    let Ok(told) = std::env::var(WORKER) else { return };
    let (bus, folder) = told.split_once('|').unwrap();
    let client = ClientOptions::default().with_env(Arc::new(env([("DBUS_SESSION_BUS_ADDRESS", bus)])));
    let options = TokenCachePersistenceOptions::new()
        .with_directory(folder)
        .with_allow_unencrypted_storage(true);
    let cache = TokenCache::persistent(&options, false, &client).unwrap();
    identity_testkit::block_on(cache.read(|document| assert!(document.is_empty())));
    println!("\nread");
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a real process and its end, in real time, are what is tested"
)]
fn a_process_ends_although_its_keyring_hangs() {
    use std::io::BufRead as _;
    let folder = tempfile::TempDir::new().unwrap();
    let socket = folder.path().join("bus");
    let _listener = UnixListener::bind(&socket).unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "keyring::worker", "--nocapture"])
        .env(
            WORKER,
            format!(
                "unix:path={}|{}",
                socket.display(),
                folder.path().join("cache").display()
            ),
        )
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(child.stdout.take().unwrap());
    // To the end of the output, which is the end of the process.
    let mut lines = output.lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "read"), "the call was given up");
    let given_up = std::time::Instant::now();
    assert!(lines.all(|_| true) && child.wait().unwrap().success());
    let took = given_up.elapsed();
    assert!(
        took < std::time::Duration::from_secs(2),
        "nobody waits for the thread: {took:?}"
    );
}
