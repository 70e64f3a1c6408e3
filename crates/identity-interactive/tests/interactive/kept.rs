//! Tokens that are kept in a file: how often it is written, and what a broken one costs.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use identity_base::seam::{
    FileContents, FileLock, FileMetadata, FileSystem, PrivateFile, ReadOptions, WriteOptions,
};
use identity_base::{BoxFuture, TokenCredential};
use identity_interactive::{DeviceCodeCredential, DeviceCodeCredentialBuilder, TokenCachePersistenceOptions};
use identity_runtime::os::SystemFs;
use identity_testkit::{HttpStep, leak_guard};
use serde_json::json;
use std::io;
use zeroize::Zeroizing;

use crate::answers::{Answer, device_code};
use crate::world::{CLIENT, OTHER_SCOPE, SCOPE, TENANT, World};

/// The real file system, counting how often private files are replaced.
#[derive(Clone, Debug, Default)]
struct Counting {
    files: SystemFs,
    writes: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct CountingFile(Arc<dyn PrivateFile>, Arc<AtomicUsize>);

#[derive(Debug)]
struct CountingLock(Box<dyn FileLock>, Arc<AtomicUsize>);

impl FileSystem for Counting {
    fn read<'a>(&'a self, path: &'a Path, options: ReadOptions) -> BoxFuture<'a, io::Result<FileContents>> {
        self.files.read(path, options)
    }

    fn read_blocking(&self, path: &Path, options: ReadOptions) -> io::Result<FileContents> {
        self.files.read_blocking(path, options)
    }

    fn metadata<'a>(&'a self, path: &'a Path, no_follow: bool) -> BoxFuture<'a, io::Result<FileMetadata>> {
        self.files.metadata(path, no_follow)
    }

    fn write<'a>(
        &'a self,
        path: &'a Path,
        contents: &'a [u8],
        options: WriteOptions,
    ) -> BoxFuture<'a, io::Result<()>> {
        self.files.write(path, contents, options)
    }

    fn list<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<PathBuf>>> {
        self.files.list(path)
    }

    fn remove<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<()>> {
        self.files.remove(path)
    }

    fn private_file(&self, path: &Path) -> Option<Arc<dyn PrivateFile>> {
        let file = self.files.private_file(path)?;
        Some(Arc::new(CountingFile(file, Arc::clone(&self.writes))))
    }
}

impl PrivateFile for CountingFile {
    fn metadata(&self) -> BoxFuture<'_, io::Result<Option<FileMetadata>>> {
        self.0.metadata()
    }

    fn read(&self, max_bytes: u64) -> BoxFuture<'_, io::Result<Option<FileContents>>> {
        self.0.read(max_bytes)
    }

    fn try_lock(&self) -> BoxFuture<'_, io::Result<Box<dyn FileLock>>> {
        Box::pin(async {
            let lock = self.0.try_lock().await?;
            Ok(Box::new(CountingLock(lock, Arc::clone(&self.1))) as Box<dyn FileLock>)
        })
    }
}

impl FileLock for CountingLock {
    fn replace(
        self: Box<Self>,
        contents: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'static, io::Result<FileMetadata>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.replace(contents)
    }

    fn set_aside(&self, ending: &'static str) -> BoxFuture<'_, io::Result<()>> {
        self.0.set_aside(ending)
    }
}

fn builder(world: &World, files: &Counting, folder: &Path) -> DeviceCodeCredentialBuilder {
    let persistence = TokenCachePersistenceOptions::new()
        .with_name("people")
        .with_directory(folder)
        .with_allow_unencrypted_storage(true);
    DeviceCodeCredential::builder()
        .with_options(&world.options().with_file_system(Arc::new(files.clone())))
        .with_tenant_id(TENANT)
        .with_client_id(CLIENT)
        .with_cache_persistence(persistence)
        .with_prompt(|_| ())
}

/// Waits with time passing in small steps, while real files are worked on.
async fn passing<T: Send + 'static>(world: &World, future: impl Future<Output = T> + Send + 'static) -> T {
    let task = tokio::spawn(future);
    while !task.is_finished() {
        world.clock.advance(Duration::from_millis(5));
        tokio::task::yield_now().await;
    }
    task.await.unwrap()
}

async fn token(world: &World, credential: &DeviceCodeCredential, scope: &'static str) -> String {
    let credential = credential.clone();
    let asking = async move { credential.get_token(&[scope]).await };
    passing(world, asking).await.unwrap().secret().to_owned()
}

async fn close(world: &World, credential: DeviceCodeCredential) {
    passing(world, async move { credential.close().await }).await;
}

fn run(test: impl AsyncFnOnce(&World, &Path)) {
    // It has to be there yet when the guard looks into it at the end.
    let folder = tempfile::tempdir().unwrap();
    leak_guard::run(async |guard| {
        let world = World::new(identity_testkit::TestClock::new(), &guard);
        test(&world, folder.path()).await;
        world.http.assert_done();
    });
}

#[test]
fn a_sign_in_is_one_write_and_so_is_a_renewal() {
    run(async |world, folder| {
        let files = Counting::default();
        let writes = || files.writes.load(Ordering::SeqCst);
        let credential = builder(world, &files, &folder.join("cache")).build().unwrap();
        world.http.push(device_code(world, 900, 1));
        // Account, id token, access token, refresh token and the application's family: five entries, which the peer writes one by one.
        let first = Answer::new(world, "first", "refresh").member("foci", "1");
        world.http.push(first.step());
        assert_eq!(token(world, &credential, SCOPE).await, first.token());
        assert_eq!(writes(), 1);
        let second = Answer::new(world, "second", "rotated").member("foci", "1");
        world.http.push(second.step());
        assert_eq!(token(world, &credential, OTHER_SCOPE).await, second.token());
        assert_eq!(writes(), 2);
        // What is found is not written down again.
        let later = builder(world, &files, &folder.join("cache"))
            .with_authentication_record(credential.authentication_record().unwrap())
            .with_disable_automatic_authentication(true)
            .build()
            .unwrap();
        assert_eq!(token(world, &later, SCOPE).await, first.token());
        assert_eq!(token(world, &later, OTHER_SCOPE).await, second.token());
        close(world, credential).await;
        assert_eq!(writes(), 2);
    });
}

#[test]
fn a_cache_that_is_broken_or_locked_stops_nobody() {
    type Breaks = fn(&Path);
    let broken: [(&str, Breaks); 9] = [
        ("corrupt", |file| {
            std::fs::write(file, "{\"AccessToken\": ").unwrap()
        }),
        ("no document", |file| std::fs::write(file, [0xff; 100]).unwrap()),
        ("newer", |file| std::fs::write(file, "{\"Version\": 9}").unwrap()),
        ("for all to read", |file| {
            std::fs::write(file, "{}").unwrap();
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("a link", |file| symlink("elsewhere", file).unwrap()),
        ("a folder", |file| std::fs::create_dir(file).unwrap()),
        ("too long", |file| {
            std::fs::File::create(file).unwrap().set_len(17 << 20).unwrap();
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }),
        ("locked", |file| {
            let lock = file.with_file_name("people.nocae.lockfile");
            std::fs::write(lock, format!("{} other", std::process::id())).unwrap();
        }),
        ("no folder", |file| {
            std::fs::remove_dir(file.parent().unwrap()).unwrap();
            std::fs::write(file.parent().unwrap(), "").unwrap();
        }),
    ];
    for (what, breaks) in broken {
        run(async |world, folder| {
            let folder = folder.join("cache");
            std::fs::create_dir(&folder).unwrap();
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
            breaks(&folder.join("people.nocae"));
            let credential = builder(world, &Counting::default(), &folder).build().unwrap();
            world.http.push(device_code(world, 900, 1));
            let first = Answer::new(world, "first", "refresh");
            world.http.push(first.step());
            assert_eq!(token(world, &credential, SCOPE).await, first.token(), "{what}");
            // The refresh token is there for the next one, in memory if nowhere else.
            let second = Answer::new(world, "second", "rotated");
            world.http.push(second.step());
            assert_eq!(
                token(world, &credential, OTHER_SCOPE).await,
                second.token(),
                "{what}"
            );
            assert_eq!(world.form(2)["refresh_token"], first.refresh_token(), "{what}");
            close(world, credential).await;
        });
    }
}

#[test]
fn an_answer_that_brings_no_refresh_token_is_one_write_too() {
    run(async |world, folder| {
        let files = Counting::default();
        let credential = builder(world, &files, &folder.join("cache")).build().unwrap();
        world.http.push(device_code(world, 900, 1));
        let mut answer = Answer::new(world, "first", "refresh");
        answer.body.as_object_mut().unwrap().remove("refresh_token");
        world.http.push(HttpStep::json(200, &answer.json()));
        assert_eq!(token(world, &credential, SCOPE).await, answer.token());
        assert_eq!(files.writes.load(Ordering::SeqCst), 1);
        assert_eq!(answer.json()["refresh_token"], json!(null));
    });
}
