//! Reading the key that proves to the agent that we may read files of its group.

use std::io;
use std::path::{Path, PathBuf};

use identity_base::seam::{FileKind, FileMetadata, FileSystem, ReadOptions};
use identity_base::{Error, Secret};
use zeroize::Zeroizing;

use super::challenge::KeyName;
use super::refused;

/// The longest key that is read. The agent's are far shorter; more means that the file is something else.
const MAX_KEY_BYTES: u64 = 4096;
/// User ids from here on are people's on all Linux distributions; below are the system's, of which the agent's own is one.
const FIRST_PERSON: u32 = 1000;

/// The one directory from which keys are read.
#[derive(Clone, Debug)]
pub(super) struct KeyDirectory {
    /// As the agent spells it.
    pub(super) spelling: String,
    /// Whether it is the platform's own, so that the system must own it. A directory that the program named is the program's responsibility.
    pub(super) is_platforms: bool,
    pub(super) separator: char,
}

/// Reads the key file `name`. Nothing outside of the directory is opened and no link is followed. What file and directory are is looked at after they were
/// opened; before that the directory is looked at as well, so that nothing is opened in one that is no good, and the error can say what it is.
pub(super) async fn read(
    files: &dyn FileSystem,
    directory: &KeyDirectory,
    name: &KeyName,
) -> Result<Secret, Error> {
    let place = Path::new(&directory.spelling);
    let found = files
        .metadata(place, true)
        .await
        .map_err(|error| unreadable(place, &error))?;
    check_directory(directory, &found)?;
    let path = PathBuf::from(format!(
        "{}{}{}",
        directory.spelling,
        directory.separator,
        name.as_str()
    ));
    let options = ReadOptions::new().max_bytes(MAX_KEY_BYTES).no_follow(true);
    let ((contents, metadata), opened) = files
        .read_in(place, name.as_str(), options)
        .await
        .map_err(|error| unreadable(&path, &error))?;
    // It may have become another one since.
    check_directory(directory, &opened)?;
    if metadata.kind != FileKind::File {
        return Err(invalid("it is not a regular file"));
    }
    key(contents)
}

/// The directory itself must not be a link, nor such that somebody else could put files there.
fn check_directory(directory: &KeyDirectory, found: &FileMetadata) -> Result<(), Error> {
    let path = Path::new(&directory.spelling);
    if found.kind != FileKind::Directory {
        return Err(invalid(format!("{} is not a directory", path.display())));
    }
    if found.mode.is_some_and(|mode| mode & 0o002 != 0) {
        return Err(invalid(format!("everybody may write to {}", path.display())));
    }
    if directory.is_platforms && found.owner.is_some_and(|owner| owner >= FIRST_PERSON) {
        return Err(invalid(format!(
            "{} belongs to a person, not to the system",
            path.display()
        )));
    }
    Ok(())
}

/// The file's content without the line's end, if it can stand in a header.
fn key(contents: Zeroizing<Vec<u8>>) -> Result<Secret, Error> {
    let key = contents.trim_ascii();
    if key.is_empty() {
        return Err(invalid("it is empty"));
    }
    if !key.iter().all(u8::is_ascii_graphic) {
        return Err(invalid("it has characters that a header can't have"));
    }
    // Printable ASCII, so this can't fail.
    let key = std::str::from_utf8(key).map_err(|_| invalid("it is not text"))?;
    Ok(Secret::new(key))
}

fn invalid(why: impl std::fmt::Display) -> Error {
    refused(format!("the key file is invalid: {why}"))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => invalid(format!("{path} does not exist"))
            .with_hint("check that the agent runs: `azcmagent show`"),
        io::ErrorKind::PermissionDenied => invalid(format!("no permission to read {path}"))
            .with_hint("add the user that runs this program to the agent's group: `sudo usermod -aG himds USER`, then start it anew"),
        io::ErrorKind::FileTooLarge => invalid(format!("{path} has more than {MAX_KEY_BYTES} bytes")),
        // The seam's own words for links and special files.
        io::ErrorKind::InvalidInput => invalid(format!("{path}: {error}")),
        kind => invalid(format!("{path} can't be read: {kind}")),
    }
}

#[cfg(test)]
mod tests;
