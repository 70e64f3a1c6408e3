//! Tests with real files.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use identity_base::seam::{FileSystem as _, PrivateFile};
use identity_testkit::block_on;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;
use crate::os::SystemFs;

struct Place {
    folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("private").join("cache");
        Self { folder, path }
    }

    fn file(&self) -> std::sync::Arc<dyn PrivateFile> {
        SystemFs::new().private_file(&self.path).unwrap()
    }

    fn lock_path(&self) -> PathBuf {
        self.path.with_file_name("cache.lockfile")
    }

    fn put(&self, contents: &str, mode: u32) {
        self.put_at(&self.path, contents, mode);
    }

    fn put_at(&self, path: &Path, contents: &str, mode: u32) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(path.parent().unwrap()).unwrap();
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .unwrap();
        file.write_all(contents.as_bytes()).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn age_lock(&self, age: Duration) {
        let file = OpenOptions::new().write(true).open(self.lock_path()).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }
}

async fn write(place: &Place, contents: &[u8]) -> io::Result<FileMetadata> {
    let lock = place.file().try_lock().await?;
    lock.replace(Zeroizing::new(contents.to_vec())).await
}

async fn read(place: &Place) -> io::Result<Option<Vec<u8>>> {
    let read = place.file().read(1024).await?;
    Ok(read.map(|(contents, _)| contents.to_vec()))
}

async fn refusal(place: &Place) -> String {
    let error = read(place).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
    error.to_string()
}

#[test]
fn a_file_is_written_for_its_owner_alone_and_read_back() {
    block_on(async {
        let place = Place::new();
        assert_eq!(read(&place).await.unwrap(), None);
        assert!(place.file().metadata().await.unwrap().is_none());
        assert!(!place.path.parent().unwrap().exists(), "reading makes no folder");

        let written = write(&place, b"one").await.unwrap();
        assert_eq!(read(&place).await.unwrap().as_deref(), Some(&b"one"[..]));
        assert_eq!((written.mode, written.links), (Some(0o600), Some(1)));
        assert_eq!(place.file().metadata().await.unwrap(), Some(written.clone()));
        let folder = fs::metadata(place.path.parent().unwrap()).unwrap();
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);

        let replaced = write(&place, b"two").await.unwrap();
        assert_ne!(written, replaced);
        assert!(replaced.modified.unwrap() > written.modified.unwrap());
        let names: Vec<_> = fs::read_dir(place.path.parent().unwrap()).unwrap().collect();
        assert_eq!(
            names.len(),
            1,
            "neither lock nor unfinished files stay: {names:?}"
        );
    });
}

#[test]
fn what_others_could_have_put_there_is_refused() {
    block_on(async {
        let place = Place::new();
        for (mode, word) in [(0o644, "chmod 600"), (0o620, "chmod 600"), (0o604, "chmod 600")] {
            place.put("x", mode);
            assert!(refusal(&place).await.contains(word));
        }
        place.put("x", 0o600);
        fs::hard_link(&place.path, place.path.with_file_name("other")).unwrap();
        assert!(refusal(&place).await.contains("more than one name"));
        fs::remove_file(&place.path).unwrap();

        symlink("other", &place.path).unwrap();
        assert!(refusal(&place).await.contains("symbolic link"));
        assert_eq!(fs::read(place.path.with_file_name("other")).unwrap(), b"x");
        fs::remove_file(&place.path).unwrap();

        rustix::fs::mknodat(
            rustix::fs::CWD,
            &place.path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        assert!(refusal(&place).await.contains("not a regular file"));
        fs::remove_file(&place.path).unwrap();

        fs::create_dir(&place.path).unwrap();
        assert!(refusal(&place).await.contains("not a regular file"));
    });
}

#[test]
fn a_folder_that_others_can_change_is_refused() {
    block_on(async {
        let place = Place::new();
        place.put("x", 0o600);
        let folder = place.path.parent().unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(refusal(&place).await.contains("chmod 700"));
        assert!(place.file().try_lock().await.is_err());
        // As others who share the cache make it.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(read(&place).await.unwrap().is_some());

        let link = place.folder.path().join("link");
        symlink(folder, &link).unwrap();
        let through_link = SystemFs::new().private_file(&link.join("cache")).unwrap();
        assert_eq!(
            through_link.read(10).await.unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        assert!(through_link.try_lock().await.is_err());
    });
}

#[test]
fn files_of_another_owner_are_refused() {
    block_on(async {
        if !rustix::process::geteuid().is_root() {
            // Without the right to give files away: somebody else's file that is there on every system.
            let foreign = SystemFs::new().private_file(Path::new("/etc/passwd")).unwrap();
            assert_eq!(
                foreign.read(1 << 20).await.unwrap_err().kind(),
                io::ErrorKind::InvalidInput
            );
            return;
        }
        let place = Place::new();
        place.put("x", 0o600);
        std::os::unix::fs::chown(&place.path, Some(1234), None).unwrap();
        assert!(refusal(&place).await.contains("another user"));
        std::os::unix::fs::chown(&place.path, Some(0), None).unwrap();
        std::os::unix::fs::chown(place.path.parent().unwrap(), Some(1234), None).unwrap();
        assert!(refusal(&place).await.contains("another user"));

        let home = place.folder.path().join("home");
        fs::create_dir(&home).unwrap();
        std::os::unix::fs::chown(&home, Some(1234), None).unwrap();
        let file = SystemFs::new()
            .private_file(&home.join(".IdentityService/cache"))
            .unwrap();
        assert!(file.try_lock().await.unwrap_err().to_string().contains("HOME"));
        assert!(
            !home.join(".IdentityService").exists(),
            "root leaves nothing in a user's home"
        );
    });
}

#[test]
fn long_files_are_not_read() {
    block_on(async {
        let place = Place::new();
        place.put(&"x".repeat(1025), 0o600);
        assert_eq!(
            read(&place).await.unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
    });
}

#[test]
fn a_lock_excludes_others_in_both_ways_and_is_removed() {
    block_on(async {
        let place = Place::new();
        let held = place.file().try_lock().await.unwrap();
        let content = fs::read_to_string(place.lock_path()).unwrap();
        assert!(
            content.starts_with(&format!("{} ", std::process::id())),
            "{content}"
        );
        assert_eq!(
            place.file().try_lock().await.unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        let as_locker = OpenOptions::new().write(true).open(place.lock_path()).unwrap();
        assert!(as_locker.try_lock().is_err(), "those who lock respect it");
        let as_maker = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(place.lock_path());
        assert!(as_maker.is_err(), "those who make it respect it");
        drop(held);
        assert!(!place.lock_path().exists());
        drop(place.file().try_lock().await.unwrap());
    });
}

#[test]
fn locks_of_peers_are_respected_until_their_holder_is_dead() {
    block_on(async {
        let place = Place::new();
        let alive = std::process::id();
        let would_block = async || match place.file().try_lock().await {
            Ok(_) => false,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        };
        // Made a moment ago, not signed yet.
        place.put_at(&place.lock_path(), "", 0o644);
        assert!(would_block().await);
        place.age_lock(Duration::from_secs(2));
        assert!(!would_block().await, "nobody takes so long to sign");
        // Signed by a live process that only made the file.
        place.put_at(&place.lock_path(), &format!("{alive} python"), 0o644);
        place.age_lock(Duration::from_secs(20));
        assert!(would_block().await);
        place.age_lock(Duration::from_secs(100));
        assert!(!would_block().await, "nobody holds it for so long");
        // Signed by a dead one: no process has the highest id that fits.
        place.put_at(&place.lock_path(), &format!("{} python", i32::MAX), 0o644);
        assert!(would_block().await);
        place.age_lock(Duration::from_secs(2));
        assert!(!would_block().await);
        // One of ours that was killed is free at once.
        place.put_at(&place.lock_path(), &format!("{alive} program\n"), 0o600);
        assert!(!would_block().await);
        // A peer that locks.
        place.put_at(&place.lock_path(), &format!("{} python", i32::MAX), 0o644);
        place.age_lock(Duration::from_secs(100));
        let peer = OpenOptions::new().write(true).open(place.lock_path()).unwrap();
        peer.lock().unwrap();
        assert!(would_block().await);
        drop(peer);
        assert!(!would_block().await);
    });
}

#[test]
fn a_lock_that_is_no_file_of_ours_is_not_followed() {
    block_on(async {
        let place = Place::new();
        place.put("x", 0o600);
        symlink("cache", place.lock_path()).unwrap();
        let error = place.file().try_lock().await.unwrap_err();
        assert_ne!(error.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(fs::read(&place.path).unwrap(), b"x");
    });
}

#[test]
fn nothing_is_written_without_the_lock() {
    block_on(async {
        let place = Place::new();
        write(&place, b"old").await.unwrap();
        let lock = place.file().try_lock().await.unwrap();
        fs::remove_file(place.lock_path()).unwrap();
        place.put_at(&place.lock_path(), "1 other", 0o600);
        assert!(lock.replace(Zeroizing::new(b"new".to_vec())).await.is_err());
        assert_eq!(read(&place).await.unwrap().as_deref(), Some(&b"old"[..]));
        assert!(place.lock_path().exists(), "the other's lock is not removed");
    });
}

#[test]
fn a_dropped_replacement_is_done_nevertheless_with_the_lock_held() {
    block_on(async {
        let place = Place::new();
        let lock = place.file().try_lock().await.unwrap();
        let mut replacing = lock.replace(Zeroizing::new(b"new".to_vec()));
        // Begun, then dropped.
        let waker = std::task::Waker::noop();
        let first = replacing
            .as_mut()
            .poll(&mut std::task::Context::from_waker(waker));
        assert!(first.is_pending());
        drop(replacing);
        while place.lock_path().exists() {
            tokio::task::yield_now().await;
        }
        assert_eq!(read(&place).await.unwrap().as_deref(), Some(&b"new"[..]));
    });
}

#[test]
fn what_a_killed_writer_left_is_removed_and_damage_is_kept_once() {
    block_on(async {
        let place = Place::new();
        let left = place.path.with_file_name(".cache.AAAA.tmp");
        place.put_at(&left, "half", 0o600);
        place.put("damaged", 0o600);
        let lock = place.file().try_lock().await.unwrap();
        lock.set_aside(".damaged").await.unwrap();
        lock.replace(Zeroizing::new(b"good".to_vec())).await.unwrap();
        assert!(!left.exists());
        let aside = place.path.with_file_name("cache.damaged");
        assert_eq!(fs::read(&aside).unwrap(), b"damaged");
        let lock = place.file().try_lock().await.unwrap();
        lock.set_aside(".damaged").await.unwrap();
        drop(lock);
        assert_eq!(fs::read(&aside).unwrap(), b"damaged", "the first one stays");
        assert_eq!(read(&place).await.unwrap().as_deref(), Some(&b"good"[..]));
    });
}
