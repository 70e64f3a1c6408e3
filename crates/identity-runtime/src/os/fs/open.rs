//! Opening a file so that nothing can be played on the reader.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens for reading: never waits for a FIFO's writer, never makes a terminal the controlling one, and refuses a symbolic link if asked to.
#[cfg(unix)]
pub(super) fn open(path: &Path, no_follow: bool) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    flags.set(OFlags::NOFOLLOW, no_follow);
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(|error| {
            match no_follow && error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
                true => is_a_link(),
                false => error,
            }
        })
}

/// Opens for reading. With `no_follow` a reparse point itself is opened; the caller sees that it is a link.
#[cfg(windows)]
pub(super) fn open(path: &Path, no_follow: bool) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;

    /// `FILE_FLAG_OPEN_REPARSE_POINT`.
    const OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    let mut options = OpenOptions::new();
    options.read(true);
    if no_follow {
        options.custom_flags(OPEN_REPARSE_POINT);
    }
    options.open(path)
}

/// Opens for reading.
#[cfg(not(any(unix, windows)))]
pub(super) fn open(path: &Path, no_follow: bool) -> io::Result<File> {
    if no_follow && std::fs::symlink_metadata(path)?.file_type().is_symlink() {
        return Err(is_a_link());
    }
    OpenOptions::new().read(true).open(path)
}

/// The error for a symbolic link where none is allowed.
pub(super) fn is_a_link() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is a symbolic link")
}
