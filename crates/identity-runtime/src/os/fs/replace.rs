//! Replacing a file whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use identity_base::seam::{Random as _, WriteOptions};

use crate::crypto::base64url;
use crate::os::SystemRandom;

/// Writes a new file beside `path`, syncs it and renames it over `path`: a reader sees the old contents or the new ones, also after a crash.
pub(super) fn replace(path: &Path, contents: &[u8], options: WriteOptions) -> io::Result<()> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name"))?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if options.create_parents {
        create_directories(directory)?;
    }
    let temporary = directory.join(temporary_name(name)?);
    let written = create_private(&temporary)
        .and_then(|mut file| {
            file.write_all(contents)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The first error is the one to tell.
        drop(fs::remove_file(&temporary));
        return Err(error);
    }
    sync_directory(directory)
}

/// A name that nobody can guess, so that nobody can put a link there first.
fn temporary_name(name: &std::ffi::OsStr) -> io::Result<PathBuf> {
    let mut bytes = [0u8; 12];
    SystemRandom::new().fill(&mut bytes).map_err(io::Error::other)?;
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", base64url(&bytes)));
    Ok(temporary.into())
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // From the first moment on, not by a later change.
        options.mode(0o600);
    }
    options.open(path)
}

fn create_directories(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Makes the rename itself durable, where the platform has that.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    match OpenOptions::new().read(true).open(path)?.sync_all() {
        // Some file systems can't sync a directory; the file itself is safe then.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}
