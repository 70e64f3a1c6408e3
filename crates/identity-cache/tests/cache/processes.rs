//! Several processes on one file, some of them killed. The workers are this test program, started again.
#![expect(
    clippy::disallowed_methods,
    reason = "real processes on a real file, in real time, are what is tested"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use identity_base::{Authority, Scopes, Secret};
use identity_cache::document::{Document, TokensToAdd};
use identity_cache::{CacheStatus, Environment, TokenCache, TokenCachePersistenceOptions};
use identity_runtime::ClientOptions;
use identity_runtime::crypto::base64url;
use identity_testkit::block_on;
use tempfile::TempDir;

/// What a worker is told: the folder, its name, and how often it signs in.
const WORKER: &str = "IDENTITY_CACHE_TEST_WORKER";
/// Each worker signs so many accounts in, again and again.
const ACCOUNTS: usize = 5;

fn cache(folder: &Path) -> TokenCache {
    let options = TokenCachePersistenceOptions::new()
        .with_name("test")
        .with_directory(folder)
        .with_allow_unencrypted_storage(true);
    let client = ClientOptions::default().with_env(Arc::new(identity_testkit::TestEnv::new()));
    TokenCache::persistent(&options, false, &client).unwrap()
}

/// A user's sign-in: account, id token, access token, refresh token, application.
fn sign_in(document: &mut Document, user: &str, number: usize) {
    let environment = Environment::of(&Authority::public());
    let scopes = Scopes::parse(["https://vault.azure.net/.default"]).unwrap();
    let info = base64url(format!(r#"{{"uid": "{user}", "utid": "tenant"}}"#).as_bytes());
    let [access, refresh, id] = ["at", "rt", "id"].map(|kind| Secret::new(format!("{kind}-{user}-{number}")));
    let tokens = TokensToAdd::new(
        &environment,
        "tenant",
        "client",
        &scopes,
        &access,
        Duration::from_secs(3600),
    )
    .with_refresh_token(&refresh)
    .with_id_token(&id)
    .with_client_info(&info)
    .with_grant_type("authorization_code");
    document.add(&tokens, SystemTime::now());
}

fn refresh_token(document: &Document, user: &str) -> Option<String> {
    let environment = Environment::of(&Authority::public());
    document
        .refresh_tokens(&environment, &format!("{user}.tenant"), "client")
        .first()
        .map(|token| token.token().expose().to_owned())
}

fn start(folder: &Path, name: &str, times: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::worker", "--nocapture"])
        .env(WORKER, format!("{}|{name}|{times}", folder.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The other processes. Started by the tests below; on its own there is nothing for it to do.
#[test]
fn worker() {
    let Ok(told) = std::env::var(WORKER) else { return };
    let mut told = told.split('|');
    let folder = told.next().unwrap().to_owned();
    let name = told.next().unwrap();
    let times: usize = told.next().unwrap().parse().unwrap();
    block_on(async {
        let cache = cache(Path::new(&folder));
        for number in 0..times {
            let user = format!("{name}-{}", number % ACCOUNTS);
            cache.update(|document| sign_in(document, &user, number)).await;
            assert!(
                matches!(cache.status(), CacheStatus::Kept(_)),
                "{:?}",
                cache.status()
            );
            let found = cache.read(|document| refresh_token(document, &user)).await;
            assert_eq!(
                found,
                Some(format!("rt-{user}-{number}")),
                "nobody else signs this user in"
            );
            if number == 0 {
                println!("\nat work");
            }
        }
    });
}

/// Waits until a worker has signed in once.
fn at_work(child: &mut Child) {
    let output = BufReader::new(child.stdout.take().unwrap());
    assert!(
        output.lines().any(|line| line.unwrap() == "at work"),
        "the worker failed"
    );
}

/// Somebody else, who tries all the time to read whatever is in the folder, until the file `stop` is there. Only root can be somebody else; for others the
/// modes have to do.
fn stranger(folder: &Path, stop: &Path) -> Option<Child> {
    const TRY_ALL: &str = r#"tries=0
        while [ ! -e "$2" ]; do
            for file in "$1"/* "$1"/.[!.]*; do true < "$file" && echo "read $file"; done
            tries=$((tries + 1))
            sleep 0.01
        done
        echo "tries $tries""#;
    let nobody = 65_534;
    (fs::metadata(folder).unwrap().uid() == 0).then(|| {
        Command::new("/bin/sh")
            .args(["-c", TRY_ALL, "stranger"])
            .args([folder, stop])
            .current_dir("/")
            .uid(nobody)
            .gid(nobody)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    })
}

/// What a stranger could read.
fn could_read(stranger: Option<Child>) -> Vec<String> {
    let Some(stranger) = stranger else {
        return Vec::new();
    };
    let output = stranger.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let tries = text.lines().find_map(|line| line.strip_prefix("tries "));
    let tries: usize = tries.unwrap().parse().unwrap();
    assert!(tries > 20, "it came to it {tries} times");
    let read = text.lines().filter(|line| line.starts_with("read "));
    read.map(str::to_owned).collect()
}

/// Looks at the file all the time: it has to be whole, and its owner's alone.
fn watch(folder: &Path, is_over: &AtomicBool) -> usize {
    let mut looks = 0;
    while !is_over.load(Ordering::Relaxed) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap();
            // Files vanish between two looks.
            let Ok(metadata) = entry.metadata() else { continue };
            assert_eq!(metadata.permissions().mode() & 0o077, 0, "{name}");
            if name == "test.nocae"
                && let Ok(contents) = fs::read(entry.path())
            {
                assert!(Document::parse(&contents).is_ok());
                looks += 1;
            }
        }
    }
    looks
}

#[test]
fn eight_processes_lose_nothing() {
    const PROCESSES: usize = 8;
    const TIMES: usize = 200;
    let place = TempDir::new().unwrap();
    // Everybody may come in and look around, as into the folder that other programs make.
    let folder = place.path().join("folder");
    fs::create_dir(&folder).unwrap();
    for open in [place.path(), &folder] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let stop = place.path().join("stop");
    let stranger = stranger(&folder, &stop);
    let folder = folder.as_path();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(folder, &is_over));
        let children: Vec<_> = (0..PROCESSES)
            .map(|number| start(folder, &format!("p{number}"), TIMES))
            .collect();
        let outcomes: Vec<_> = children
            .into_iter()
            .map(|child| child.wait_with_output().unwrap())
            .collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(watcher.join().unwrap() > 0);
        for outcome in outcomes {
            assert!(
                outcome.status.success(),
                "{}",
                String::from_utf8_lossy(&outcome.stdout)
            );
        }
    });
    block_on(async {
        let cache = cache(folder);
        assert_eq!(
            cache.read(|document| document.accounts(None).len()).await,
            PROCESSES * ACCOUNTS
        );
        for process in 0..PROCESSES {
            for last in TIMES - ACCOUNTS..TIMES {
                let user = format!("p{process}-{}", last % ACCOUNTS);
                let found = cache.read(|document| refresh_token(document, &user)).await;
                assert_eq!(found, Some(format!("rt-{user}-{last}")));
            }
        }
    });
    fs::write(&stop, "").unwrap();
    assert_eq!(could_read(stranger), [""; 0], "nobody else read anything");
    let names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["test.nocae"], "neither lock nor unfinished files stay");
}

#[test]
fn two_hundred_killed_processes_harm_nothing() {
    const ROUNDS: u64 = 50;
    const AT_ONCE: usize = 4;
    let folder = TempDir::new().unwrap();
    let mut known = BTreeSet::new();
    let mut random: u64 = 0x9E37_79B9;
    for round in 0..ROUNDS {
        let mut children: Vec<_> = (0..AT_ONCE)
            .map(|number| start(folder.path(), &format!("p{number}"), usize::MAX))
            .collect();
        children.iter_mut().for_each(at_work);
        for child in &mut children {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
            std::thread::sleep(Duration::from_micros((random >> 33) % 8000));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let contents = fs::read(folder.path().join("test.nocae")).unwrap();
        let document = Document::parse(&contents).unwrap();
        let accounts: BTreeSet<_> = document
            .accounts(None)
            .into_iter()
            .map(|account| account.home_account_id)
            .collect();
        assert!(known.is_subset(&accounts), "no account is lost");
        known = accounts;
        block_on(async {
            let cache = cache(folder.path());
            cache
                .update(|document| sign_in(document, "parent", usize::try_from(round).unwrap()))
                .await;
            assert!(
                matches!(cache.status(), CacheStatus::Kept(_)),
                "{:?}",
                cache.status()
            );
        });
    }
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "what killed processes left was cleared away");
}
