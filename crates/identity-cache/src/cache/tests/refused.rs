//! Caches that others could have put there.

use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::process::Command;

use super::broken::used;
use super::*;

/// A folder for the cache, with nothing in it.
fn empty() -> Place {
    let place = Place::new();
    let folder = place.path();
    fs::DirBuilder::new()
        .mode(0o700)
        .create(folder.parent().unwrap())
        .unwrap();
    place
}

/// Neither reading nor writing touches what is there; the program goes on in memory, and is told why.
#[track_caller]
fn refused(place: &Place, why: &str) {
    let describe = |place: &Place| {
        let of = |path: &Path| {
            let metadata = fs::symlink_metadata(path).unwrap();
            (
                metadata.ino(),
                metadata.mode(),
                metadata.uid(),
                metadata.len(),
                metadata.nlink(),
            )
        };
        let mut names: Vec<_> = fs::read_dir(place.path().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        names.sort();
        names
            .into_iter()
            .map(|path| (of(&path), path))
            .collect::<Vec<_>>()
    };
    let before = describe(place);
    let status = block_on(used(place));
    assert!(
        matches!(&status, CacheStatus::MemoryOnly(text) if text.contains(why)),
        "{why}: {status:?}"
    );
    assert_eq!(describe(place), before, "{why}");
}

#[test]
fn a_fifo_is_not_waited_for() {
    let place = empty();
    let made = Command::new("mkfifo")
        .args(["-m", "600"])
        .arg(place.path())
        .status();
    assert!(made.unwrap().success());
    refused(&place, "not a regular file");
}

#[test]
fn a_folder_a_second_name_and_a_dangling_link_are_none_of_ours() {
    let place = empty();
    fs::create_dir(place.path()).unwrap();
    refused(&place, "not a regular file");
    fs::remove_dir(place.path()).unwrap();

    symlink("nowhere", place.path()).unwrap();
    refused(&place, "symbolic link");
    assert!(!place.path().with_file_name("nowhere").exists());
    fs::remove_file(place.path()).unwrap();

    block_on(async { place.cache().update(|document| add(document, "s")).await });
    fs::hard_link(place.path(), place.path().with_file_name("second")).unwrap();
    refused(&place, "more than one name");
}

#[test]
fn whoever_else_has_a_right_to_it_makes_it_useless() {
    let place = empty();
    block_on(async { place.cache().update(|document| add(document, "s")).await });
    for mode in [0o640, 0o620, 0o604, 0o602, 0o666] {
        fs::set_permissions(place.path(), fs::Permissions::from_mode(mode)).unwrap();
        refused(&place, "chmod 600");
    }
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o600)).unwrap();
    let folder = place.path();
    let folder = folder.parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o707)).unwrap();
    refused(&place, "chmod 700");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(block_on(async {
        place.cache().read(|document| has(document, "s")).await
    }));
}

#[test]
fn what_belongs_to_somebody_else_is_not_used() {
    let place = empty();
    block_on(async { place.cache().update(|document| add(document, "s")).await });
    if fs::metadata(place.path()).unwrap().uid() == 0 {
        chown(place.path(), Some(1234), None).unwrap();
        refused(&place, "belongs to another user");
        chown(place.path(), Some(0), None).unwrap();
        chown(place.path().parent().unwrap(), Some(1234), None).unwrap();
        refused(&place, "belongs to another user");
        return;
    }
    // Without the right to give files away: a folder of the system's.
    let options = place.options().with_directory("/etc");
    let cache = TokenCache::persistent(&options, false, &place.client()).unwrap();
    block_on(async {
        cache.update(|document| add(document, "t")).await;
        assert!(cache.read(|document| has(document, "t")).await);
    });
    let status = cache.status();
    assert!(
        matches!(&status, CacheStatus::MemoryOnly(why) if why.contains("another user")),
        "{status:?}"
    );
}

#[test]
fn what_turns_bad_while_it_is_used_is_not_used_any_more() {
    let place = empty();
    let cache = place.cache();
    block_on(async {
        cache.update(|document| add(document, "s")).await;
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o644)).unwrap();
        let contents = fs::read(place.path()).unwrap();
        cache.update(|document| add(document, "t")).await;
        assert!(
            matches!(cache.status(), CacheStatus::MemoryOnly(_)),
            "{:?}",
            cache.status()
        );
        assert_eq!(fs::read(place.path()).unwrap(), contents);
        assert!(
            cache
                .read(|document| has(document, "s") && has(document, "t"))
                .await
        );
        // Once it is repaired, what could not be written is written.
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o600)).unwrap();
        cache.update(|document| add(document, "u")).await;
        assert_eq!(cache.status(), CacheStatus::Kept(StoreKind::UnencryptedFile));
        let all = |document: &Document| ["s", "t", "u"].iter().all(|scope| has(document, scope));
        assert!(place.cache().read(all).await);
    });
}
