//! Real files in a real directory, through the real file system; and owners, which a test can't change, in a faked one.

use std::path::Path;

#[cfg(unix)]
use identity_base::BoxFuture;
use identity_base::ErrorKind;
#[cfg(unix)]
use identity_base::seam::{FileContents, WriteOptions};
use identity_runtime::os::SystemFs;
use identity_testkit::{LeakGuard, MemoryFs, leak_guard};

use super::*;
use crate::platform::Platform;

/// A directory like the agent's.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "the test prepares a real file")]
    fn file(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    fn directory(&self) -> KeyDirectory {
        KeyDirectory {
            spelling: self.0.path().to_str().unwrap().to_owned(),
            is_platforms: false,
            separator: '/',
        }
    }

    async fn read(&self, guard: &LeakGuard, name: &str) -> Result<String, String> {
        read_from(guard, &SystemFs::new(), &self.directory(), name).await
    }
}

async fn read_from(
    guard: &LeakGuard,
    files: &dyn FileSystem,
    directory: &KeyDirectory,
    name: &str,
) -> Result<String, String> {
    let challenge = format!("Basic realm={}/{name}", directory.spelling);
    let headers = http::HeaderMap::from_iter([(http::header::WWW_AUTHENTICATE, challenge.parse().unwrap())]);
    let name = super::super::challenge::key_name(&headers, &directory.spelling, Platform::Linux).unwrap();
    let result = read(files, directory, &name).await;
    guard.check_result(&result);
    result.map(|key| key.expose().to_owned()).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
        error.message().to_owned()
    })
}

#[test]
fn the_keys_text_is_read_without_its_line_end() {
    leak_guard::run(async |guard| {
        let scratch = Scratch::new();
        let key = guard.secret("key");
        for text in [
            key.expose().to_owned(),
            format!("{}\n", key.expose()),
            format!(" {}\r\n", key.expose()),
        ] {
            scratch.file("a.key", text.as_bytes());
            assert_eq!(scratch.read(&guard, "a.key").await.unwrap(), key.expose());
        }
        scratch.file("max.key", &[b'x'; 4096]);
        assert_eq!(scratch.read(&guard, "max.key").await.unwrap().len(), 4096);
    });
}

#[test]
fn files_that_are_no_keys_are_refused() {
    leak_guard::run(async |guard| {
        let scratch = Scratch::new();
        for (contents, why) in [
            (&b""[..], "it is empty"),
            (b" \r\n\t", "it is empty"),
            (&[b'x'; 4097], "more than 4096 bytes"),
            (b"a\r\nX-Injected: y", "characters that a header can't have"),
            (b"a b", "characters that a header can't have"),
            (b"a\0b", "characters that a header can't have"),
            (b"\xff\xfe", "characters that a header can't have"),
            ("é".as_bytes(), "characters that a header can't have"),
        ] {
            scratch.file("a.key", contents);
            let error = scratch.read(&guard, "a.key").await.unwrap_err();
            assert!(
                error.contains(why) && error.contains("the key file is invalid"),
                "{why}: {error}"
            );
        }
        let error = scratch.read(&guard, "missing.key").await.unwrap_err();
        assert!(error.contains("does not exist"), "{error}");
    });
}

#[cfg(unix)]
#[test]
fn links_fifos_devices_and_directories_are_refused_without_waiting() {
    use std::os::unix::fs::symlink;
    leak_guard::run(async |guard| {
        let scratch = Scratch::new();
        let outside = Scratch::new();
        let secret = guard.secret("outside");
        let target = outside.file("shadow", secret.expose().as_bytes());
        symlink(&target, scratch.path("link.key")).unwrap();
        symlink("/dev/zero", scratch.path("device.key")).unwrap();
        symlink(scratch.file("inside.key", b"x"), scratch.path("inner.key")).unwrap();
        std::fs::create_dir(scratch.path("directory.key")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, scratch.path("fifo.key"), rustix::fs::Mode::RUSR).unwrap();
        for (name, why) in [
            ("link.key", "it is a symbolic link"),
            ("device.key", "it is a symbolic link"),
            ("inner.key", "it is a symbolic link"),
            ("directory.key", "it is not a regular file"),
            ("fifo.key", "it is not a regular file"),
        ] {
            let error = scratch.read(&guard, name).await.unwrap_err();
            assert!(error.contains(why), "{name}: {error}");
        }
    });
}

#[cfg(unix)]
#[test]
fn a_directory_that_is_a_link_or_open_to_everybody_is_refused() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    leak_guard::run(async |guard| {
        let scratch = Scratch::new();
        scratch.file("a.key", b"x");
        let elsewhere = tempfile::tempdir().unwrap();
        let link = elsewhere.path().join("tokens");
        symlink(scratch.0.path(), &link).unwrap();
        let directory = KeyDirectory {
            spelling: link.to_str().unwrap().to_owned(),
            ..scratch.directory()
        };
        let error = read_from(&guard, &SystemFs::new(), &directory, "a.key")
            .await
            .unwrap_err();
        assert!(error.contains("is not a directory"), "{error}");

        assert!(scratch.read(&guard, "a.key").await.is_ok());
        std::fs::set_permissions(scratch.0.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let error = scratch.read(&guard, "a.key").await.unwrap_err();
        assert!(error.contains("everybody may write"), "{error}");
    });
}

#[cfg(unix)]
#[test]
fn a_file_that_is_swapped_for_a_link_again_and_again_is_never_followed() {
    use std::os::unix::fs::symlink;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    leak_guard::run(async |guard| {
        let scratch = Scratch::new();
        let outside = Scratch::new();
        let target = outside.file("shadow", b"OUTSIDE");
        let (good, evil, key) = (scratch.path("good"), scratch.path("evil"), scratch.path("a.key"));
        let stop = Arc::new(AtomicBool::new(false));
        scratch.file("a.key", b"INSIDE");
        let swapper = std::thread::spawn({
            let stop = Arc::clone(&stop);
            #[expect(clippy::disallowed_methods, reason = "the attacker works on real files")]
            move || {
                while !stop.load(Ordering::Relaxed) {
                    symlink(&target, &evil).unwrap();
                    std::fs::rename(&evil, &key).unwrap();
                    std::fs::write(&good, b"INSIDE").unwrap();
                    std::fs::rename(&good, &key).unwrap();
                }
            }
        });
        let mut seen = [0u32; 2];
        // Until both were met, however the threads take turns.
        while seen.contains(&0) || seen.iter().sum::<u32>() < 2_000 {
            assert!(!swapper.is_finished(), "the attacker gave up");
            match scratch.read(&guard, "a.key").await {
                Ok(key) => {
                    assert_eq!(key, "INSIDE");
                    seen[0] += 1;
                }
                Err(error) => {
                    assert!(
                        error.contains("symbolic link") || error.contains("does not exist"),
                        "{error}"
                    );
                    seen[1] += 1;
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
        swapper.join().unwrap();
    });
}

/// The real file system; once the directory was looked at, `swap` puts another in its place.
#[cfg(unix)]
struct Swapping<F> {
    files: SystemFs,
    swap: std::sync::Mutex<Option<F>>,
}

#[cfg(unix)]
impl<F> std::fmt::Debug for Swapping<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Swapping")
    }
}

#[cfg(unix)]
impl<F: FnOnce() + Send> FileSystem for Swapping<F> {
    fn metadata<'a>(&'a self, path: &'a Path, no_follow: bool) -> BoxFuture<'a, io::Result<FileMetadata>> {
        Box::pin(async move {
            let found = self.files.metadata(path, no_follow).await;
            if let Some(swap) = self.swap.lock().unwrap().take() {
                swap();
            }
            found
        })
    }

    fn read_in<'a>(
        &'a self,
        directory: &'a Path,
        name: &'a str,
        options: ReadOptions,
    ) -> BoxFuture<'a, io::Result<(FileContents, FileMetadata)>> {
        self.files.read_in(directory, name, options)
    }

    fn read<'a>(&'a self, _: &'a Path, _: ReadOptions) -> BoxFuture<'a, io::Result<FileContents>> {
        panic!("a key is read below its directory, not by its path")
    }

    fn read_blocking(&self, _: &Path, _: ReadOptions) -> io::Result<FileContents> {
        panic!("a key is read below its directory, not by its path")
    }

    fn write<'a>(&'a self, _: &'a Path, _: &'a [u8], _: WriteOptions) -> BoxFuture<'a, io::Result<()>> {
        panic!("nothing is written")
    }

    fn list<'a>(&'a self, _: &'a Path) -> BoxFuture<'a, io::Result<Vec<PathBuf>>> {
        panic!("nothing is listed")
    }

    fn remove<'a>(&'a self, _: &'a Path) -> BoxFuture<'a, io::Result<()>> {
        panic!("nothing is removed")
    }
}

#[cfg(unix)]
#[test]
fn a_directory_that_becomes_another_after_it_was_looked_at_is_refused() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    leak_guard::run(async |guard| {
        let open_to_all = |path: &Path| {
            std::fs::create_dir(path).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
        };
        for (is_link, why) in [
            (true, "it is not in a directory"),
            (false, "everybody may write to"),
        ] {
            let scratch = Scratch::new();
            let (keys, aside, evil) = (scratch.path("keys"), scratch.path("aside"), scratch.path("evil"));
            std::fs::create_dir(&keys).unwrap();
            scratch.file("keys/a.key", b"INSIDE");
            open_to_all(&evil);
            scratch.file("evil/a.key", b"OUTSIDE");
            let directory = KeyDirectory {
                spelling: keys.to_str().unwrap().to_owned(),
                ..scratch.directory()
            };
            let swap = move || {
                std::fs::rename(&keys, aside).unwrap();
                match is_link {
                    true => symlink(evil, keys).unwrap(),
                    false => std::fs::rename(evil, keys).unwrap(),
                }
            };
            let files = Swapping {
                files: SystemFs::new(),
                swap: Some(swap).into(),
            };
            let error = read_from(&guard, &files, &directory, "a.key").await.unwrap_err();
            assert!(error.contains(why) && !error.contains("OUTSIDE"), "{error}");
        }
    });
}

#[test]
fn the_agents_own_directory_has_to_belong_to_the_system() {
    leak_guard::run(async |guard| {
        let directory = KeyDirectory {
            spelling: Platform::Linux
                .arc_key_directory(&std::collections::HashMap::new())
                .unwrap(),
            is_platforms: true,
            separator: '/',
        };
        let files = MemoryFs::new();
        files.put(Path::new(&directory.spelling).join("a.key"), "key");
        for (owner, is_fine) in [(0, true), (999, true), (1000, false), (65_534, false)] {
            files.set_owner(&directory.spelling, owner);
            let result = read_from(&guard, &files, &directory, "a.key").await;
            assert_eq!(result.is_ok(), is_fine, "{owner}: {result:?}");
        }
        let given = KeyDirectory {
            is_platforms: false,
            ..directory
        };
        assert!(
            read_from(&guard, &files, &given, "a.key").await.is_ok(),
            "a directory of the program's choice is its own matter"
        );
    });
}

#[test]
fn a_key_that_may_not_be_read_says_what_to_do() {
    leak_guard::run(async |guard| {
        let files = MemoryFs::new();
        files.put("/keys/a.key", "key").set_mode("/keys/a.key", 0);
        let directory = KeyDirectory {
            spelling: "/keys".to_owned(),
            is_platforms: false,
            separator: '/',
        };
        let error = read_from(&guard, &files, &directory, "a.key").await.unwrap_err();
        assert!(error.contains("no permission to read /keys/a.key"), "{error}");
        files.fail_always(
            identity_testkit::FsOp::Metadata,
            "/keys",
            io::ErrorKind::PermissionDenied,
        );
        let error = read_from(&guard, &files, &directory, "a.key").await.unwrap_err();
        assert!(error.contains("no permission to read /keys"), "{error}");
    });
}
