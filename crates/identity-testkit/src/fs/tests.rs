//! Tests of the file system in memory: it must fail where a real one does.

use std::time::Duration;

use super::*;
use crate::poll::{PollOnce as _, block_on};

fn read(fs: &MemoryFs, path: &str) -> io::Result<(Vec<u8>, FileMetadata)> {
    let (contents, metadata) = fs.read_blocking(Path::new(path), ReadOptions::new())?;
    Ok((contents.to_vec(), metadata))
}

fn kind_of<T>(result: io::Result<T>) -> io::ErrorKind {
    result.err().unwrap().kind()
}

#[test]
fn a_file_has_contents_and_metadata() {
    let clock = TestClock::new();
    let fs = MemoryFs::with_clock(&clock);
    fs.put("/a/b", "text");
    let (contents, metadata) = read(&fs, "/a/./x/../b").unwrap();
    assert_eq!(contents, b"text");
    assert_eq!(
        (metadata.kind, metadata.len, metadata.mode),
        (FileKind::File, 4, Some(0o600))
    );
    assert_eq!(
        (metadata.modified, metadata.owner),
        (Some(clock.wall()), Some(1000))
    );
    assert_eq!(fs.paths(), [Path::new("/a"), Path::new("/a/b")]);
}

#[test]
fn replacing_changes_the_identity_and_overwriting_does_not() {
    let clock = TestClock::new();
    let fs = MemoryFs::with_clock(&clock);
    fs.put("/f", "1");
    let first = read(&fs, "/f").unwrap().1;
    clock.advance(Duration::from_secs(1));
    fs.overwrite("/f", "2");
    let second = read(&fs, "/f").unwrap().1;
    assert_eq!(first.identity, second.identity);
    assert_ne!(first.modified, second.modified);
    fs.put("/f", "3")
        .set_modified("/f", second.modified.unwrap())
        .set_owner("/f", 0);
    let third = read(&fs, "/f").unwrap().1;
    assert_ne!(second.identity, third.identity);
    assert_eq!((third.modified, third.owner), (second.modified, Some(0)));
}

#[test]
fn what_cannot_be_read_fails_as_on_a_real_system() {
    let fs = MemoryFs::new();
    fs.put("/f", "12345")
        .put_directory("/d")
        .put_special("/fifo")
        .put("/secret", "x")
        .set_mode("/secret", 0o200);
    assert_eq!(kind_of(read(&fs, "/none")), io::ErrorKind::NotFound);
    assert_eq!(kind_of(read(&fs, "/f/below")), io::ErrorKind::NotADirectory);
    assert_eq!(kind_of(read(&fs, "/d")), io::ErrorKind::InvalidInput);
    assert_eq!(kind_of(read(&fs, "/fifo")), io::ErrorKind::InvalidInput);
    assert_eq!(kind_of(read(&fs, "/secret")), io::ErrorKind::PermissionDenied);
    let capped = |max| fs.read_blocking(Path::new("/f"), ReadOptions::new().max_bytes(max));
    assert_eq!(kind_of(capped(4)), io::ErrorKind::FileTooLarge);
    assert!(capped(5).is_ok());
}

#[test]
fn links_are_followed_unless_forbidden_and_loops_end() {
    let fs = MemoryFs::new();
    // As Kubernetes mounts a projected token.
    fs.put("/run/..2026/token", "t")
        .put_symlink("/run/..data", "..2026")
        .put_symlink("/run/token", "..data/token");
    assert_eq!(read(&fs, "/run/token").unwrap().0, b"t");
    let options = ReadOptions::new().no_follow(true);
    let no_follow = |path| fs.read_blocking(Path::new(path), options);
    assert_eq!(kind_of(no_follow("/run/token")), io::ErrorKind::InvalidInput);
    assert!(
        no_follow("/run/..data/token").is_ok(),
        "only the last component counts"
    );
    block_on(async {
        let look = |no_follow| fs.metadata(Path::new("/run/token"), no_follow);
        assert_eq!(look(true).await.unwrap().kind, FileKind::Symlink);
        assert_eq!(look(false).await.unwrap().kind, FileKind::File);
    });
    fs.put_symlink("/x", "/y")
        .put_symlink("/y", "x")
        .put_symlink("/dangling", "/nowhere");
    assert!(read(&fs, "/x").is_err());
    assert_eq!(kind_of(read(&fs, "/dangling")), io::ErrorKind::NotFound);
}

#[test]
fn writing_replaces_a_link_and_makes_parents_only_if_asked() {
    let fs = MemoryFs::new();
    fs.put("/target", "old").put_symlink("/d/link", "/target");
    let write = |path: &'static str, create: bool| {
        block_on(fs.write(
            Path::new(path),
            b"new",
            WriteOptions::new().create_parents(create),
        ))
    };
    write("/d/link", false).unwrap();
    assert_eq!(
        (fs.contents("/target").unwrap(), fs.contents("/d/link").unwrap()),
        (b"old".to_vec(), b"new".to_vec())
    );
    assert_eq!(fs.mode("/d/link"), Some(0o600));
    assert_eq!(kind_of(write("/no/such/f", false)), io::ErrorKind::NotFound);
    write("/no/such/f", true).unwrap();
    assert_eq!(
        (fs.contents("/no/such/f").unwrap(), fs.mode("/no")),
        (b"new".to_vec(), Some(0o700))
    );
    assert_eq!(kind_of(write("/d", false)), io::ErrorKind::IsADirectory);
    assert_eq!(kind_of(write("/target/f", true)), io::ErrorKind::NotADirectory);
    fs.set_mode("/d", 0o500);
    assert_eq!(kind_of(write("/d/f", false)), io::ErrorKind::PermissionDenied);
}

#[test]
fn directories_are_listed_and_files_removed() {
    let fs = MemoryFs::new();
    fs.put("/d/a", "").put("/d/b/c", "").put_symlink("/link", "d");
    block_on(async {
        assert_eq!(
            fs.list(Path::new("/d")).await.unwrap(),
            [Path::new("/d/a"), Path::new("/d/b")]
        );
        assert_eq!(
            fs.list(Path::new("/link")).await.unwrap(),
            [Path::new("/link/a"), Path::new("/link/b")]
        );
        assert_eq!(
            kind_of(fs.list(Path::new("/d/a")).await),
            io::ErrorKind::NotADirectory
        );
        assert_eq!(
            kind_of(fs.list(Path::new("/none")).await),
            io::ErrorKind::NotFound
        );
        assert_eq!(
            kind_of(fs.remove(Path::new("/d")).await),
            io::ErrorKind::IsADirectory
        );
        fs.remove(Path::new("/link")).await.unwrap();
        fs.remove(Path::new("/d/a")).await.unwrap();
        assert_eq!(
            kind_of(fs.remove(Path::new("/d/a")).await),
            io::ErrorKind::NotFound
        );
    });
    fs.delete("/d");
    assert_eq!(fs.paths(), Vec::<PathBuf>::new());
}

#[test]
fn faults_and_gates_act_on_their_path_and_operation_alone() {
    let fs = MemoryFs::new();
    fs.put("/f", "old").put("/g", "g");
    fs.fail_next(FsOp::Read, "/f", io::ErrorKind::Interrupted)
        .fail_always(FsOp::Write, "/f", io::ErrorKind::StorageFull);
    assert_eq!(kind_of(read(&fs, "/f")), io::ErrorKind::Interrupted);
    assert!(read(&fs, "/f").is_ok() && read(&fs, "/g").is_ok());
    for _ in 0..2 {
        let result = block_on(fs.write(Path::new("/f"), b"new", WriteOptions::new()));
        assert_eq!(kind_of(result), io::ErrorKind::StorageFull);
    }
    assert_eq!(fs.contents("/f").unwrap(), b"old");
    let gate = Gate::closed();
    fs.heal().hold(FsOp::Read, "/f", &gate);
    let mut held = fs.read(Path::new("/f"), ReadOptions::new());
    assert!(held.poll_once().is_pending());
    gate.open();
    assert!(held.poll_once().is_ready());
    assert_eq!(
        (
            fs.count(FsOp::Read, "/f"),
            fs.count(FsOp::Write, "/f"),
            fs.operations().len()
        ),
        (3, 2, 6)
    );
}
