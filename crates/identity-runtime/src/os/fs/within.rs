//! Reading a file of a directory that is looked at after it was opened.

use std::io;
use std::path::{Component, Path};

use identity_base::seam::{FileContents, FileKind, FileMetadata, ReadOptions};

/// Opens the directory and looks at it, opens the file below it and looks at that, then reads. A link in the directory's place is not followed.
pub(super) fn read(
    directory: &Path,
    name: &str,
    options: ReadOptions,
) -> io::Result<(FileContents, FileMetadata)> {
    // A name that leads elsewhere would make all of this pointless.
    let mut components = Path::new(name).components();
    if !matches!(components.next(), Some(Component::Normal(only)) if only == name)
        || components.next().is_some()
    {
        return Err(invalid("the name is not that of a file in a directory"));
    }
    platform::read(directory, name, options)
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

fn is_directory(metadata: &FileMetadata) -> io::Result<()> {
    match metadata.kind == FileKind::Directory {
        true => Ok(()),
        false => Err(invalid("it is not in a directory")),
    }
}

#[cfg(unix)]
mod platform {
    use std::fs::File;

    use rustix::fs::{CWD, Mode, OFlags, openat};
    use rustix::io::Errno;

    use super::super::{describe, open, read_open};
    use super::*;

    pub(super) fn read(
        directory: &Path,
        name: &str,
        options: ReadOptions,
    ) -> io::Result<(FileContents, FileMetadata)> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(CWD, directory, flags, Mode::empty()).map_err(|error| match error {
            Errno::LOOP | Errno::NOTDIR => invalid("it is not in a directory"),
            other => other.into(),
        })?;
        let opened = File::from(opened);
        let found = describe(&opened.metadata()?);
        is_directory(&found)?;
        let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        flags.set(OFlags::NOFOLLOW, options.no_follow);
        let file = openat(&opened, name, flags, Mode::empty()).map_err(|error| match error {
            Errno::LOOP if options.no_follow => open::is_a_link(),
            other => other.into(),
        })?;
        Ok((read_open(File::from(file), options)?, found))
    }
}

/// Elsewhere there is no opening below a directory in std: the directory has to be the same before and after.
#[cfg(not(unix))]
mod platform {
    use super::super::{describe, read as read_path};
    use super::*;

    pub(super) fn read(
        directory: &Path,
        name: &str,
        options: ReadOptions,
    ) -> io::Result<(FileContents, FileMetadata)> {
        let look = || std::fs::symlink_metadata(directory).map(|metadata| describe(&metadata));
        let before = look()?;
        is_directory(&before)?;
        let contents = read_path(&directory.join(name), options)?;
        let after = look()?;
        match before == after {
            true => Ok((contents, after)),
            false => Err(invalid("the directory was changed while it was read from")),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::super::describe;
    use super::*;

    const OPTIONS: ReadOptions = ReadOptions::new().max_bytes(100).no_follow(true);

    #[expect(clippy::disallowed_methods, reason = "the test prepares a real file")]
    fn file(path: PathBuf, contents: &str) {
        std::fs::write(path, contents).unwrap();
    }

    #[test]
    fn the_file_is_read_with_what_the_directory_is() {
        let scratch = tempfile::tempdir().unwrap();
        file(scratch.path().join("a.key"), "inside");
        let ((contents, metadata), directory) = read(scratch.path(), "a.key", OPTIONS).unwrap();
        assert_eq!(&**contents, b"inside");
        assert_eq!((metadata.kind, metadata.len), (FileKind::File, 6));
        assert_eq!(directory.kind, FileKind::Directory);
        assert_eq!(directory, describe(&std::fs::metadata(scratch.path()).unwrap()));
        assert!(directory.owner.is_some() && directory.mode.is_some() && directory.identity.is_some());
    }

    #[test]
    fn links_special_files_and_other_names_are_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let keys = scratch.path().join("keys");
        std::fs::create_dir(&keys).unwrap();
        file(scratch.path().join("outside"), "outside");
        file(keys.join("a.key"), "inside");
        file(keys.join("large.key"), &"x".repeat(101));
        symlink(scratch.path().join("outside"), keys.join("link.key")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, keys.join("fifo.key"), rustix::fs::Mode::RUSR).unwrap();
        for (name, kind, words) in [
            ("link.key", io::ErrorKind::InvalidInput, "it is a symbolic link"),
            (
                "fifo.key",
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            ),
            ("large.key", io::ErrorKind::FileTooLarge, "more than 100 bytes"),
            ("none.key", io::ErrorKind::NotFound, ""),
            ("../outside", io::ErrorKind::InvalidInput, "the name is not that"),
            ("..", io::ErrorKind::InvalidInput, "the name is not that"),
            (".", io::ErrorKind::InvalidInput, "the name is not that"),
            ("", io::ErrorKind::InvalidInput, "the name is not that"),
            ("a.key/", io::ErrorKind::InvalidInput, "the name is not that"),
            (
                "/etc/hostname",
                io::ErrorKind::InvalidInput,
                "the name is not that",
            ),
        ] {
            let error = read(&keys, name, OPTIONS).unwrap_err();
            assert!(
                error.kind() == kind && error.to_string().contains(words),
                "{name}: {error:?}"
            );
        }
        let link = scratch.path().join("link");
        symlink(&keys, &link).unwrap();
        for directory in [link, keys.join("a.key")] {
            let error = read(&directory, "a.key", OPTIONS).unwrap_err();
            assert_eq!(error.to_string(), "it is not in a directory", "{directory:?}");
        }
    }
}
