//! The token file, whole, changing and broken.

use std::time::UNIX_EPOCH;

use super::*;
use identity_base::{ClientId, TenantId};
use identity_testkit::{FsOp, LeakGuard, MemoryFs, TestClock, leak_guard};

const PATH: &str = "/var/run/secrets/token";

struct World {
    clock: TestClock,
    fs: MemoryFs,
    file: FederatedTokenFile,
}

impl World {
    fn new() -> Self {
        let clock = TestClock::new();
        let fs = MemoryFs::with_clock(&clock);
        let options = ClientOptions::default()
            .with_clock(Arc::new(clock.clone()))
            .with_file_system(Arc::new(fs.clone()));
        let file = FederatedTokenFile::new(PATH, &options);
        Self { clock, fs, file }
    }

    fn token(&self) -> Result<String, Error> {
        identity_testkit::block_on(self.file.token()).map(|token| token.expose().to_owned())
    }

    fn renewed(&self) -> Result<String, Error> {
        let context = AssertionContext::new(
            TenantId::parse("t").unwrap(),
            ClientId::parse("c").unwrap(),
            String::new(),
        );
        let token = identity_testkit::block_on(self.file.assertion(&context.renewed(None)));
        token.map(|token| token.expose().to_owned())
    }

    fn reads(&self) -> usize {
        self.fs.count(FsOp::Read, PATH)
    }
}

/// Runs a test under the leak guard.
fn guarded(test: impl FnOnce(&LeakGuard)) {
    leak_guard::run_sync(|guard| test(&guard));
}

#[test]
fn the_token_is_trimmed_and_read_again_only_when_the_file_changes() {
    let world = World::new();
    world.fs.put(PATH, " a.b.c\r\n\n");
    for _ in 0..3 {
        assert_eq!(world.token().unwrap(), "a.b.c");
    }
    assert_eq!(world.reads(), 1);
    world.clock.advance(Duration::from_secs(1));
    world.fs.overwrite(PATH, "d.e.f");
    assert_eq!(world.token().unwrap(), "d.e.f");
    assert_eq!(world.reads(), 2);
}

#[test]
fn a_file_that_took_its_place_in_the_same_moment_is_seen() {
    let world = World::new();
    world.fs.put(PATH, "a");
    assert_eq!(world.token().unwrap(), "a");
    // Same length, same time, another inode.
    world.fs.put(PATH, "b");
    assert_eq!(world.token().unwrap(), "b");
}

#[test]
fn after_ten_minutes_the_file_is_read_again_whatever_it_says() {
    let world = World::new();
    world.fs.put(PATH, "a");
    world.token().unwrap();
    world.clock.advance(MAX_AGE - Duration::from_secs(1));
    world.token().unwrap();
    assert_eq!(world.reads(), 1);
    world.clock.advance(Duration::from_secs(1));
    world.token().unwrap();
    assert_eq!(world.reads(), 2);
}

#[test]
fn a_refused_token_is_read_again_at_once() {
    let world = World::new();
    world.fs.put(PATH, "a");
    world.token().unwrap();
    assert_eq!(world.renewed().unwrap(), "a");
    assert_eq!(world.reads(), 2);
    world.fs.delete(PATH);
    assert!(
        world.renewed().unwrap_err().is_unavailable(),
        "the refused one is not served again"
    );
}

#[test]
fn in_the_middle_of_a_replacement_the_last_whole_token_serves() {
    let world = World::new();
    world.fs.put(PATH, "a");
    world.token().unwrap();
    for broken in ["missing", "empty"] {
        match broken {
            "missing" => world.fs.delete(PATH),
            _ => world.fs.put(PATH, "\n"),
        };
        assert_eq!(world.token().unwrap(), "a", "{broken}");
    }
    world.clock.advance(MAX_AGE);
    assert!(world.token().unwrap_err().is_unavailable(), "but not for ever");
}

#[test]
fn a_file_that_holds_no_token_is_an_error_that_names_it() {
    guarded(|guard| {
        let world = World::new();
        let check = |kind: ErrorKind, part: &str| {
            let error = world.token().unwrap_err();
            guard.check_error(&error);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(
                error.message().contains(PATH) && error.message().contains(part),
                "{error}"
            );
        };
        check(ErrorKind::CredentialUnavailable, "doesn't exist");
        world.fs.put(PATH, " \n");
        check(ErrorKind::CredentialUnavailable, "is empty");
        world.fs.put(PATH, "a".repeat(64 * 1024 + 1));
        check(ErrorKind::CredentialUnavailable, "larger than 64 KiB");
        world.fs.put_directory(PATH);
        check(ErrorKind::CredentialUnavailable, "can't be read");
        world.fs.put_special(PATH);
        check(ErrorKind::CredentialUnavailable, "can't be read");
        for bad in [
            format!("{} two", guard.secret("token").expose()),
            "é".to_owned(),
            "a\0b".to_owned(),
        ] {
            world.fs.put(PATH, bad);
            check(ErrorKind::InvalidConfiguration, "holds no token");
        }
        world.fs.put(PATH, vec![0xff, 0xfe]);
        check(ErrorKind::InvalidConfiguration, "holds no token");
        world.fs.put(PATH, "a".repeat(64 * 1024));
        assert!(world.token().is_ok());
    });
}

#[test]
fn the_generation_counts_different_tokens() {
    let world = World::new();
    assert_eq!(world.file.generation(), 0);
    world.fs.put(PATH, "a");
    world.token().unwrap();
    assert_eq!(world.file.generation(), 1);
    world.fs.put(PATH, "a");
    world.token().unwrap();
    assert_eq!(world.file.generation(), 1, "the same token in a new file");
    world.fs.put(PATH, "b");
    world.token().unwrap();
    assert_eq!(world.file.generation(), 2);
}

#[test]
fn where_the_platform_tells_no_time_the_file_counts_as_changed() {
    let with_time = FileMetadata::new(identity_base::seam::FileKind::File, 1);
    assert!(!is_unchanged(&with_time, &with_time));
    let mut known = with_time.clone();
    known.modified = Some(UNIX_EPOCH);
    assert!(is_unchanged(&known, &known.clone()));
    assert!(!is_unchanged(&known, &with_time));
}
