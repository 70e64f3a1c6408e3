//! Files as they really are, in a temporary directory.

use super::*;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::time::Duration;

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
        fs::write(&path, contents).unwrap();
        path
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn a_file_is_read_with_what_it_is() {
    let scratch = Scratch::new();
    let path = scratch.file("a", b"contents");
    let (contents, metadata) = run(SystemFs::new().read(&path, ReadOptions::new())).unwrap();
    assert_eq!(&**contents, b"contents");
    assert_eq!((metadata.kind, metadata.len), (FileKind::File, 8));
    assert_eq!(metadata.links, Some(1));
    assert_eq!(metadata.identity, Some(fs::metadata(&path).unwrap().ino()));
    assert!(metadata.modified.is_some() && metadata.owner.is_some() && metadata.mode.is_some());
}

#[test]
fn the_cap_holds_to_the_byte_and_files_without_a_length_are_read_whole() {
    let scratch = Scratch::new();
    let path = scratch.file("a", &[7; 10_000]);
    let read = |cap| SystemFs::new().read_blocking(&path, ReadOptions::new().max_bytes(cap));
    assert_eq!(read(10_000).unwrap().0.len(), 10_000);
    assert_eq!(read(9_999).unwrap_err().kind(), io::ErrorKind::FileTooLarge);

    // Files of /proc say they are empty, whatever they hold.
    let (contents, metadata) = SystemFs::new()
        .read_blocking(Path::new("/proc/self/maps"), ReadOptions::new())
        .unwrap();
    assert!(!contents.is_empty() && metadata.len == 0);
    let capped =
        SystemFs::new().read_blocking(Path::new("/proc/self/maps"), ReadOptions::new().max_bytes(10));
    assert_eq!(capped.unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    let mut grown = open::open(&path, false).unwrap();
    let contents = read_capped(&mut grown, 0, 10_000).unwrap();
    assert_eq!(contents.len(), 10_000, "the buffer grew twice");
}

#[test]
fn a_missing_file_is_not_found() {
    let missing = SystemFs::new().read_blocking(&Scratch::new().path("a"), ReadOptions::new());
    assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_link_is_followed_only_if_it_may_be() {
    let scratch = Scratch::new();
    let (target, link) = (scratch.file("target", b"x"), scratch.path("link"));
    symlink(&target, &link).unwrap();
    let fs = SystemFs::new();
    assert!(fs.read_blocking(&link, ReadOptions::new()).is_ok());
    let error = fs
        .read_blocking(&link, ReadOptions::new().no_follow(true))
        .unwrap_err();
    assert_eq!(error.to_string(), "it is a symbolic link");
    assert_eq!(run(fs.metadata(&link, true)).unwrap().kind, FileKind::Symlink);
    assert_eq!(run(fs.metadata(&link, false)).unwrap().kind, FileKind::File);
}

#[test]
fn a_fifo_and_a_directory_are_refused_without_waiting() {
    let scratch = Scratch::new();
    let fifo = scratch.path("fifo");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
    )
    .unwrap();
    let fs = SystemFs::new();
    // Without O_NONBLOCK this would wait for a writer for ever.
    for path in [&fifo, &scratch.0.path().to_owned(), &PathBuf::from("/dev/zero")] {
        let error = fs.read_blocking(path, ReadOptions::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path:?}");
    }
    let mut any = ReadOptions::new().max_bytes(100);
    any.regular_only = false;
    assert!(fs.read_blocking(&fifo, any).unwrap().0.is_empty());
    assert_eq!(
        fs.read_blocking(Path::new("/dev/zero"), any).unwrap_err().kind(),
        io::ErrorKind::FileTooLarge
    );
}

#[test]
fn a_file_is_replaced_whole_and_private() {
    let scratch = Scratch::new();
    let path = scratch.file("a", b"old");
    let before = fs::metadata(&path).unwrap().ino();
    // A reader that has the old file open keeps it.
    let mut old = open::open(&path, true).unwrap();
    run(SystemFs::new().write(&path, b"new", WriteOptions::new())).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o600);
    assert_ne!(metadata.ino(), before);
    assert_eq!(
        &**SystemFs::new()
            .read_blocking(&path, ReadOptions::new())
            .unwrap()
            .0,
        b"new"
    );
    let mut kept = String::new();
    old.read_to_string(&mut kept).unwrap();
    assert_eq!(kept, "old");
    assert_eq!(
        run(SystemFs::new().list(scratch.0.path())).unwrap(),
        [path],
        "no temporary file is left"
    );
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let directory = scratch.path("directory");
    fs::create_dir(&directory).unwrap();
    // A directory that isn't empty can't be replaced by a file.
    fs::create_dir(directory.join("x")).unwrap();
    run(SystemFs::new().write(&directory, b"new", WriteOptions::new())).unwrap_err();
    assert_eq!(run(SystemFs::new().list(scratch.0.path())).unwrap(), [directory]);
    let no_name = run(SystemFs::new().write(Path::new("/"), b"", WriteOptions::new()));
    assert_eq!(no_name.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn missing_directories_are_made_private_if_asked_for() {
    let scratch = Scratch::new();
    let path = scratch.path("x/y/file");
    let write = |options| run(SystemFs::new().write(&path, b"1", options));
    assert_eq!(
        write(WriteOptions::new()).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    write(WriteOptions::new().create_parents(true)).unwrap();
    assert_eq!(fs::metadata(scratch.path("x")).unwrap().mode() & 0o777, 0o700);
    run(SystemFs::new().remove(&path)).unwrap();
    assert!(!path.exists());
}

#[test]
fn a_write_that_was_begun_is_finished_though_nobody_waits() {
    let scratch = Scratch::new();
    let path = scratch.path("a");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let fs = SystemFs::new();
        let mut write = fs.write(&path, b"whole", WriteOptions::new());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(write.as_mut().poll(&mut context).is_pending());
    });
    // Waits for the blocking pool.
    runtime.shutdown_timeout(Duration::from_secs(10));
    assert_eq!(fs::metadata(&path).unwrap().len(), 5);
}
