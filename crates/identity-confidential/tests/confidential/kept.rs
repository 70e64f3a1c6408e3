//! Tokens that outlive the process: what the next one finds, and what nobody finds.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use identity_base::{
    AccessToken, Authority, BoxFuture, Error, ErrorKind, Scopes, Secret, TokenCredential, TokenRequest,
};
use identity_cache::document::{EntryMap, TokensToAdd};
use identity_cache::{CacheStatus, Environment};
use identity_confidential::{
    AssertionSource, ClientAssertionCredential, ClientSecretCredential, ClientSecretCredentialBuilder,
    TokenCachePersistenceOptions, TokenCaches,
};
use identity_runtime::os::SystemFs;
use identity_testkit::{HttpStep, TestClock, leak_guard};
use serde_json::json;

use crate::certificates;
use crate::world::{CLIENT, OTHER_SCOPE, OTHER_TENANT, SCOPE, TENANT, World, run};

const OTHER_CLIENT: &str = "55555555-5555-5555-5555-555555555555";
const HOUR: Duration = Duration::from_secs(3599);

/// What a new process makes of the same settings, over caches that stand for the same store.
fn restarted(world: &World, caches: &TokenCaches) -> ClientSecretCredential {
    builder(world, TENANT, CLIENT)
        .with_token_caches(caches)
        .build()
        .unwrap()
}

fn builder(world: &World, tenant: &str, client: &str) -> ClientSecretCredentialBuilder {
    let secret = world.guard.secret("client_secret");
    ClientSecretCredential::builder(tenant, client, secret).with_options(&world.options())
}

async fn get(
    world: &World,
    credential: &dyn TokenCredential,
    request: TokenRequest<'_>,
) -> Result<String, Error> {
    let token = credential.get_token_with(request).await;
    world.guard.check(credential);
    token.map(|token| token.secret().to_owned())
}

#[test]
fn the_next_process_needs_no_request() {
    certificates::run(async |world| {
        let caches = TokenCaches::in_memory();
        let token = world.answer("token");
        let first = restarted(world, &caches);
        let fetched = first.get_token(&[SCOPE]).await.unwrap();
        assert_eq!(fetched.secret(), token);
        let again = restarted(world, &caches);
        let found = again.get_token(&[SCOPE]).await.unwrap();
        assert_eq!(found.secret(), token);
        assert_eq!(found.expires_on(), fetched.expires_on() - millis_of(&fetched));
        // The application's token, whatever it proves itself by.
        let certificate = certificates::from_bytes(world)
            .with_token_caches(&caches)
            .build()
            .unwrap();
        assert_eq!(world.token(&certificate, SCOPE).await.unwrap(), token);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let source = AssertionSource::from_async_fn(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok(Secret::new("an id token")) }
        });
        let assertion = ClientAssertionCredential::builder(TENANT, CLIENT, source)
            .with_options(&world.options())
            .with_token_caches(&caches)
            .build()
            .unwrap();
        assert_eq!(world.token(&assertion, SCOPE).await.unwrap(), token);
        assert_eq!(calls.load(Ordering::SeqCst), 0);
        assert_eq!(world.http.calls(), 1);
        // Each of them keeps what it fetched.
        let other = world.answer("other");
        assert_eq!(world.token(&certificate, OTHER_SCOPE).await.unwrap(), other);
        assert_eq!(world.token(&assertion, OTHER_SCOPE).await.unwrap(), other);
        assert_eq!(world.token(&again, OTHER_SCOPE).await.unwrap(), other);
        assert_eq!(world.http.calls(), 2);
    });
}

/// The document counts in seconds.
fn millis_of(token: &AccessToken) -> Duration {
    let since = token
        .expires_on()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    Duration::from_nanos(u64::from(since.subsec_nanos()))
}

#[test]
fn a_token_is_asked_for_anew_when_a_refresh_is_due() {
    let cases = [
        // Lifetime, advice, and after how many seconds a refresh is due.
        (3600, None, 3000),
        (600, None, 400),
        (86_400, None, 43_200),
        (86_400, Some(3000), 3000),
    ];
    for (lifetime, advice, due) in cases {
        run(async |world| {
            let caches = TokenCaches::in_memory();
            let answer = |name: &str| {
                let token = world.guard.secret(name);
                let mut body =
                    json!({"token_type": "Bearer", "expires_in": lifetime, "access_token": token.expose()});
                if let Some(advice) = advice {
                    body["refresh_in"] = json!(advice);
                }
                world.http.push(HttpStep::json(200, &body));
                token.expose().to_owned()
            };
            let first = answer("first");
            assert_eq!(
                world.token(&restarted(world, &caches), SCOPE).await.unwrap(),
                first
            );
            world.clock.advance(Duration::from_secs(due - 2));
            assert_eq!(
                world.token(&restarted(world, &caches), SCOPE).await.unwrap(),
                first,
                "{lifetime} {advice:?}"
            );
            world.clock.advance(Duration::from_secs(2));
            let second = answer("second");
            assert_eq!(
                world.token(&restarted(world, &caches), SCOPE).await.unwrap(),
                second,
                "{lifetime} {advice:?}"
            );
            assert_eq!(
                world.token(&restarted(world, &caches), SCOPE).await.unwrap(),
                second
            );
            world.clock.advance(Duration::from_secs(lifetime));
            let third = answer("third");
            assert_eq!(
                world.token(&restarted(world, &caches), SCOPE).await.unwrap(),
                third
            );
            let cache = caches.get(false);
            let kept = cache.read(|document| document.len(EntryMap::AccessToken)).await;
            assert_eq!(kept, 1, "each takes the place of the one before");
        });
    }
}

#[test]
fn only_a_plain_wish_is_answered_and_every_answer_is_kept() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let first = world.answer("first");
        let token = restarted(world, &caches).get_token(&[SCOPE]).await.unwrap();
        assert_eq!(token.secret(), first);
        let claims = TokenRequest::new(SCOPE).claims(r#"{"access_token": {}}"#);
        let rejected = TokenRequest::new(SCOPE).rejected(&token);
        let longer = TokenRequest::new(SCOPE).min_remaining(HOUR + Duration::from_secs(1));
        for (name, wish) in [("claims", claims), ("rejected", rejected), ("longer", longer)] {
            let answer = world.answer(name);
            let credential = restarted(world, &caches);
            assert_eq!(get(world, &credential, wish).await.unwrap(), answer, "{name}");
            assert_eq!(
                world.token(&restarted(world, &caches), SCOPE).await.unwrap(),
                answer,
                "{name}"
            );
        }
        let shorter = TokenRequest::new(SCOPE).min_remaining(HOUR - Duration::from_secs(9));
        assert!(
            get(world, &restarted(world, &caches), shorter).await.is_ok(),
            "no request"
        );
    });
}

#[test]
fn a_refresh_in_the_background_asks_the_service_and_keeps_the_answer() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        world.answer("first");
        let credential = restarted(world, &caches);
        world.token(&credential, SCOPE).await.unwrap();
        let neighbour = restarted(world, &caches);
        let soon = TokenRequest::new(SCOPE).min_remaining(HOUR * 2);
        let newer = world.answer("newer");
        assert_eq!(get(world, &neighbour, soon).await.unwrap(), newer);
        world.clock.advance(Duration::from_secs(3100));
        let refreshed = world.answer("refreshed");
        // The cached one at once, and the refresh beside it.
        world.token(&credential, SCOPE).await.unwrap();
        while world.http.calls() < 3 || world.http.in_flight() > 0 {
            tokio::task::yield_now().await;
        }
        credential.get_token(&[SCOPE]).await.unwrap();
        assert_eq!(
            world.token(&restarted(world, &caches), SCOPE).await.unwrap(),
            refreshed
        );
    });
}

#[test]
fn a_token_that_was_handed_out_does_not_come_back() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        world.answer("first");
        world.token(&restarted(world, &caches), SCOPE).await.unwrap();
        let credential = restarted(world, &caches);
        world.token(&credential, SCOPE).await.unwrap();
        // A wall clock that is behind makes no token live longer that is over by the clock that can't be set.
        world.clock.jump_elapsed(HOUR);
        let second = world.answer("second");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), second);
    });
}

#[test]
fn nobody_elses_token_is_ever_found() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let own = world.answer("own");
        let first = restarted(world, &caches);
        assert_eq!(world.token(&first, SCOPE).await.unwrap(), own);
        let government = world.options().with_authority(Authority::us_government());
        let others = [
            builder(world, TENANT, OTHER_CLIENT),
            builder(world, OTHER_TENANT, CLIENT),
            builder(world, TENANT, CLIENT).with_options(&government),
        ];
        for (number, other) in others.into_iter().enumerate() {
            let credential = other.with_token_caches(&caches).build().unwrap();
            let answer = world.answer(&format!("of other {number}"));
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer, "{number}");
        }
        let answer = world.answer("of another tenant");
        let allowing = builder(world, TENANT, CLIENT)
            .with_additionally_allowed_tenants(["*"])
            .with_token_caches(&caches)
            .build()
            .unwrap();
        let elsewhere = TokenRequest::new(SCOPE).tenant_id("66666666-6666-6666-6666-666666666666");
        assert_eq!(get(world, &allowing, elsewhere).await.unwrap(), answer);
        assert_eq!(world.token(&allowing, SCOPE).await.unwrap(), own);
        let both = TokenRequest::new(&[SCOPE, OTHER_SCOPE]);
        let answer = world.answer("of more scopes");
        assert_eq!(get(world, &allowing, both).await.unwrap(), answer);
    });
}

#[test]
fn a_users_token_is_never_found_and_none_is_made() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let (environment, scopes) = (
            Environment::of(&Authority::public()),
            Scopes::parse([SCOPE]).unwrap(),
        );
        let users = world.guard.secret("of a user");
        // {"uid": "user", "utid": "home"}
        let info = "eyJ1aWQiOiAidXNlciIsICJ1dGlkIjogImhvbWUifQ";
        let tokens =
            TokensToAdd::new(&environment, TENANT, CLIENT, &scopes, &users, HOUR).with_client_info(info);
        let now = world.clock.wall();
        caches
            .get(false)
            .update(|document| document.add(&tokens, now))
            .await;
        let own = world.guard.secret("own");
        world.http.push(HttpStep::json(
            200,
            &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": own.expose(), "client_info": info,
                "refresh_token": "never asked for", "id_token": "a.b.c"}),
        ));
        for _ in 0..2 {
            let credential = restarted(world, &caches);
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), own.expose());
        }
        let cache = caches.get(false);
        let kept = cache
            .read(|document| {
                [EntryMap::AccessToken, EntryMap::RefreshToken, EntryMap::IdToken]
                    .map(|map| document.len(map))
            })
            .await;
        assert_eq!(kept, [2, 0, 0]);
    });
}

#[test]
fn tokens_for_continuous_access_evaluation_are_kept_apart() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let with_cae = || TokenRequest::new(SCOPE).enable_cae(true);
        let (plain, cae) = (world.answer("plain"), world.answer("cae"));
        assert_eq!(
            world.token(&restarted(world, &caches), SCOPE).await.unwrap(),
            plain
        );
        for _ in 0..2 {
            let credential = restarted(world, &caches);
            assert_eq!(get(world, &credential, with_cae()).await.unwrap(), cae);
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), plain);
        }
        for is_cae in [false, true] {
            let cache = caches.get(is_cae);
            assert_eq!(
                cache.read(|document| document.len(EntryMap::AccessToken)).await,
                1
            );
        }
    });
}

/// Runs a test with real files. They are worked on in other threads, which virtual time doesn't wait for.
fn run_on_disk(test: impl AsyncFnOnce(&World, &Path)) {
    // It has to be there yet when the guard looks into it at the end.
    let folder = tempfile::tempdir().unwrap();
    leak_guard::run(async |guard| {
        let world = World::new(TestClock::new(), &guard);
        for ending in ["nocae", "cae"] {
            guard.allow_file(folder.path().join("cache").join(format!("jobs.{ending}")));
        }
        guard.watch_folder(folder.path());
        test(&world, folder.path()).await;
        world.http.assert_done();
    });
}

fn on_disk(world: &World, folder: &Path) -> ClientSecretCredentialBuilder {
    let persistence = TokenCachePersistenceOptions::new()
        .with_name("jobs")
        .with_directory(folder.join("cache"))
        .with_allow_unencrypted_storage(true);
    builder(world, TENANT, CLIENT)
        .with_options(&world.options().with_file_system(Arc::new(SystemFs::new())))
        .with_cache_persistence(persistence)
}

/// Waits, while real files are worked on. Time passes for short waits alone, such as that for a lock: the long ones are limits.
async fn passing<T>(world: &World, mut future: BoxFuture<'_, T>) -> T {
    loop {
        let polled = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(done) = polled {
            return done;
        }
        let next = world.clock.next_deadline();
        if next.is_some_and(|next| next <= Duration::from_millis(100)) {
            world.clock.advance_to_next_sleeper();
        }
        tokio::task::yield_now().await;
    }
}

async fn token(world: &World, credential: &ClientSecretCredential, request: TokenRequest<'_>) -> String {
    passing(world, Box::pin(get(world, credential, request)))
        .await
        .unwrap()
}

#[test]
fn what_is_written_is_what_msal_writes() {
    run_on_disk(async |world, folder| {
        let (plain, cae) = (world.answer("plain"), world.answer("cae"));
        let first = on_disk(world, folder).build().unwrap();
        assert_eq!(token(world, &first, TokenRequest::new(SCOPE)).await, plain);
        let sent = unix_seconds(world);
        let file = folder.join("cache/jobs.nocae");
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let text = std::fs::read(&file).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let (key, entry) = document["AccessToken"]
            .as_object()
            .unwrap()
            .iter()
            .next()
            .unwrap();
        assert_eq!(
            *key,
            format!("-login.microsoftonline.com-accesstoken-{CLIENT}-{TENANT}-{SCOPE}")
        );
        let cached_at: u64 = entry["cached_at"].as_str().unwrap().parse().unwrap();
        assert!(cached_at <= sent && sent - cached_at < 60);
        let until = (cached_at + 3599).to_string();
        let expected = json!({
            "credential_type": "AccessToken", "secret": plain, "home_account_id": null, "environment": "login.microsoftonline.com",
            "client_id": CLIENT, "target": SCOPE, "realm": TENANT, "token_type": "Bearer", "cached_at": cached_at.to_string(),
            "expires_on": until, "extended_expires_on": until,
        });
        assert_eq!(*entry, expected);
        let metadata = json!({format!("appmetadata-login.microsoftonline.com-{CLIENT}"):
            {"client_id": CLIENT, "environment": "login.microsoftonline.com"}});
        assert_eq!(document["AppMetadata"], metadata);
        let maps: Vec<_> = document.as_object().unwrap().keys().collect();
        assert_eq!(maps, ["AccessToken", "AppMetadata"]);

        let with_cae = || TokenRequest::new(SCOPE).enable_cae(true);
        assert_eq!(token(world, &first, with_cae()).await, cae);
        assert!(folder.join("cache/jobs.cae").exists());
        assert_eq!(std::fs::read(&file).unwrap(), text, "the other file is untouched");

        let again = on_disk(world, folder).build().unwrap();
        assert_eq!(token(world, &again, TokenRequest::new(SCOPE)).await, plain);
        assert_eq!(token(world, &again, with_cae()).await, cae);
        assert_eq!(world.http.calls(), 2);
        passing(world, Box::pin(async { again.close().await })).await;
        assert_eq!(std::fs::read(&file).unwrap(), text, "what is found isn't written");
    });
}

fn unix_seconds(world: &World) -> u64 {
    let since = world
        .clock
        .wall()
        .duration_since(std::time::SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

#[test]
fn what_python_wrote_is_found() {
    run_on_disk(async |world, folder| {
        let theirs = world.guard.secret("theirs");
        let now = unix_seconds(world);
        let document = json!({"AccessToken": {format!("-login.microsoftonline.com-accesstoken-{CLIENT}-{TENANT}-{SCOPE}"): {
            "credential_type": "AccessToken", "secret": theirs.expose(), "home_account_id": null, "environment": "login.microsoftonline.com",
            "client_id": CLIENT, "target": SCOPE, "realm": TENANT, "token_type": "Bearer", "cached_at": now.to_string(),
            "expires_on": (now + 3599).to_string(), "extended_expires_on": (now + 3599).to_string(),
        }}});
        let file = private_folder(folder).join("jobs.nocae");
        std::fs::write(&file, document.to_string()).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let credential = on_disk(world, folder).build().unwrap();
        assert_eq!(
            token(world, &credential, TokenRequest::new(SCOPE)).await,
            theirs.expose()
        );
        assert_eq!(world.http.calls(), 0);
    });
}

fn private_folder(folder: &Path) -> PathBuf {
    let folder = folder.join("cache");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    folder
}

#[test]
fn a_store_that_can_not_be_used_costs_a_warning_only() {
    type Breaks = fn(&Path);
    let broken: [(&str, Breaks); 5] = [
        ("corrupt", |file| {
            std::fs::write(file, "{\"AccessToken\": ").unwrap();
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }),
        ("for all to read", |file| {
            std::fs::write(file, "{}").unwrap();
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("a folder", |file| std::fs::create_dir(file).unwrap()),
        ("locked", |file| {
            let lock = file.with_file_name("jobs.nocae.lockfile");
            std::fs::write(lock, format!("{} other", std::process::id())).unwrap();
        }),
        ("no folder", |file| {
            std::fs::remove_dir(file.parent().unwrap()).unwrap();
            std::fs::write(file.parent().unwrap(), "").unwrap();
        }),
    ];
    for (what, breaks) in broken {
        run_on_disk(async |world, folder| {
            breaks(&private_folder(folder).join("jobs.nocae"));
            let credential = on_disk(world, folder).build().unwrap();
            for scope in [SCOPE, OTHER_SCOPE] {
                let answer = world.answer(scope);
                assert_eq!(
                    token(world, &credential, TokenRequest::new(scope)).await,
                    answer,
                    "{what}"
                );
            }
            let warnings = world
                .guard
                .logs()
                .iter()
                .filter(|record| format!("{record:?}").contains("kept in memory"))
                .count();
            assert_eq!(warnings, 1, "{what}");
        });
    }
}

#[test]
fn nothing_is_written_without_encryption_unless_that_is_allowed() {
    run_on_disk(async |world, folder| {
        let persistence = || {
            TokenCachePersistenceOptions::new()
                .with_name("jobs")
                .with_directory(folder.join("cache"))
        };
        let strict = on_disk(world, folder)
            .with_cache_persistence(persistence())
            .build();
        match strict {
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidConfiguration),
            // With a keyring compiled in, it is found at the first use whether there is one.
            Ok(credential) => {
                let answer = world.answer("token");
                assert_eq!(token(world, &credential, TokenRequest::new(SCOPE)).await, answer);
            }
        }
        assert!(!folder.join("cache/jobs.nocae").exists());
        let error = on_disk(world, folder)
            .with_cache_persistence(persistence().with_name("../x"))
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        world.guard.check_error(&error);
    });
}

#[test]
fn closing_forgets_what_is_in_memory() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        world.answer("token");
        let credential = restarted(world, &caches);
        world.token(&credential, SCOPE).await.unwrap();
        credential.close().await;
        let cache = caches.get(false);
        assert!(cache.read(|document| document.is_empty()).await);
        assert_eq!(cache.status(), CacheStatus::InMemory);
    });
}
