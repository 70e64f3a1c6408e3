//! Whether somebody else could have put a program where it is.
//!
//! A folder that everybody may write to is never run from, the sticky bit or not: with it, as `/tmp` has it, nobody can replace another's file, but anybody
//! can be the first to put an `az` there. Above the program's folder the bit is as good as no permission, if what lies there belongs to this user or to root.

use std::path::{Path, PathBuf};

/// Whether programs of this folder may be run.
pub(super) fn is_safe_folder(folder: &Path) -> bool {
    followed(folder).is_some_and(|folder| folder.is_dir() && !is_open(&folder))
}

/// Whether this program may be run: neither everybody may write to it, nor to the folder that it really is in.
pub(super) fn is_safe_program(program: &Path) -> bool {
    followed(program)
        .is_some_and(|program| !is_open(&program) && program.parent().is_some_and(|folder| !is_open(folder)))
}

#[cfg(unix)]
use unix::{followed, is_open};

#[cfg(unix)]
mod unix {
    use super::{Path, PathBuf};
    use std::ffi::OsString;
    use std::fs::{self, Metadata};
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Component;

    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    /// As many links as the system follows.
    const MAX_LINKS: usize = 40;

    /// Whether everybody may write to it. What can't be looked at counts as open.
    pub(super) fn is_open(path: &Path) -> bool {
        !fs::metadata(path).is_ok_and(|metadata| !others_write(&metadata))
    }

    fn others_write(metadata: &Metadata) -> bool {
        metadata.mode() & OTHERS_WRITE != 0
    }

    /// An absolute path without its links, followed part by part as the system does. `None` when a part isn't there, or when everybody could put something
    /// else in its place.
    pub(super) fn followed(path: &Path) -> Option<PathBuf> {
        let mut at = PathBuf::from("/");
        let mut left: Vec<OsString> = parts(path);
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == ".." {
                at.pop();
                continue;
            }
            let folder = fs::metadata(&at).ok()?;
            let next = at.join(part);
            let metadata = fs::symlink_metadata(&next).ok()?;
            if others_write(&folder) && (folder.mode() & STICKY == 0 || !is_ours(&metadata)) {
                return None;
            }
            if !metadata.is_symlink() {
                at = next;
                continue;
            }
            links += 1;
            if links > MAX_LINKS {
                return None;
            }
            let target = fs::read_link(&next).ok()?;
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            left.extend(parts(&target));
        }
        Some(at)
    }

    /// The names of a path, the first one last.
    fn parts(path: &Path) -> Vec<OsString> {
        let names = path.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        });
        let mut names: Vec<_> = names.collect();
        names.reverse();
        names
    }

    /// Whether nobody but this user, or who may do everything anyway, can have put it there.
    fn is_ours(metadata: &Metadata) -> bool {
        let owner = metadata.uid();
        owner == 0 || owner == rustix::process::geteuid().as_raw()
    }
}

/// Permissions of other systems have no safe interface here.
#[cfg(not(unix))]
fn is_open(_path: &Path) -> bool {
    false
}

#[cfg(not(unix))]
fn followed(path: &Path) -> Option<PathBuf> {
    path.exists().then(|| path.to_owned())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "permissions are those of real files")]

    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    struct Scratch(tempfile::TempDir);

    impl Scratch {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn folder(&self, name: &str, mode: u32) -> PathBuf {
            let path = self.path(name);
            fs::create_dir_all(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        }

        fn file(&self, name: &str, mode: u32) -> PathBuf {
            let path = self.path(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        }
    }

    #[test]
    fn a_folder_that_everybody_may_write_to_is_not_safe() {
        let scratch = Scratch::new();
        for (mode, safe) in [
            (0o755, true),
            (0o700, true),
            (0o775, true),
            (0o777, false),
            (0o703, false),
            (0o1777, false),
            (0o1755, true),
        ] {
            let folder = scratch.folder("bin", mode);
            let program = scratch.file("bin/az", 0o755);
            assert_eq!(is_safe_folder(&folder), safe, "{mode:o}");
            assert_eq!(is_safe_program(&program), safe, "{mode:o}");
        }
        assert!(!is_safe_folder(&scratch.path("missing")));
        let file = scratch.file("file", 0o755);
        assert!(!is_safe_folder(&file));
    }

    #[test]
    fn a_program_that_everybody_may_write_to_is_not_safe() {
        let scratch = Scratch::new();
        scratch.folder("bin", 0o755);
        for (mode, safe) in [(0o755, true), (0o775, true), (0o777, false), (0o702, false)] {
            let program = scratch.file("bin/az", mode);
            assert_eq!(is_safe_program(&program), safe, "{mode:o}");
            // Nor by a link, whose own permissions mean nothing.
            let link = scratch.path("bin/link");
            symlink("az", &link).unwrap();
            assert_eq!(is_safe_program(&link), safe, "{mode:o}");
            fs::remove_file(link).unwrap();
        }
    }

    #[test]
    fn where_a_link_leads_is_what_counts() {
        let scratch = Scratch::new();
        scratch.folder("bin", 0o755);
        scratch.folder("open", 0o777);
        scratch.folder("sticky", 0o1777);
        scratch.file("open/az", 0o755);
        scratch.file("sticky/az", 0o755);
        scratch.file("bin/az", 0o755);
        for (name, target, safe) in [
            ("to-open", "../open/az", false),
            ("to-sticky", "../sticky/az", false),
            ("to-safe", "az", true),
            ("again", "to-safe", true),
            ("again-open", "to-open", false),
            ("dangling", "missing", false),
            ("loop", "loop", false),
            // The link in the middle could be replaced by anybody, wherever it leads today.
            ("through-open", "../open/back", false),
        ] {
            symlink(target, scratch.path("bin").join(name)).unwrap();
            if name == "through-open" {
                symlink("../bin/az", scratch.path("open/back")).unwrap();
            }
            assert_eq!(is_safe_program(&scratch.path("bin").join(name)), safe, "{name}");
        }
        symlink("open", scratch.path("link")).unwrap();
        assert!(!is_safe_folder(&scratch.path("link")));
        symlink("bin", scratch.path("link-to-bin")).unwrap();
        assert!(is_safe_folder(&scratch.path("link-to-bin")));
    }

    #[test]
    fn above_the_folder_nobody_can_exchange_it() {
        let scratch = Scratch::new();
        scratch.folder("open/bin", 0o755);
        scratch.folder("open", 0o777);
        assert!(!is_safe_folder(&scratch.path("open/bin")));
        // A sticky one lets only the owner exchange what is in there, and that is this user.
        scratch.folder("open", 0o1777);
        assert!(is_safe_folder(&scratch.path("open/bin")));
    }
}
