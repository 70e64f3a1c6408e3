//! Files.

mod open;
#[cfg(unix)]
mod private;
#[cfg(not(unix))]
#[path = "fs/private_elsewhere.rs"]
mod private;
mod replace;
mod within;

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use identity_base::BoxFuture;
use identity_base::seam::{
    FileContents, FileKind, FileMetadata, FileSystem, PrivateFile, ReadOptions, WriteOptions,
};
use zeroize::Zeroizing;

use super::buffer::Buffer;
use super::off_thread::off_thread;

/// The most entries that are listed of one directory.
const MAX_ENTRIES: usize = 10_000;
/// How much is read at first of a file that doesn't tell its length, as those of `/proc`.
const FIRST_READ: usize = 4096;

/// The system's files.
///
/// Reading never blocks on a FIFO or device, tells what the file was after it was opened, and stops at the cap. Writing replaces a file whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFs(());

impl SystemFs {
    /// The system's files.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl FileSystem for SystemFs {
    fn read<'a>(
        &'a self,
        path: &'a Path,
        options: ReadOptions,
    ) -> BoxFuture<'a, io::Result<(Zeroizing<Vec<u8>>, FileMetadata)>> {
        let path = path.to_owned();
        Box::pin(off_thread(move || read(&path, options)))
    }

    fn read_blocking(
        &self,
        path: &Path,
        options: ReadOptions,
    ) -> io::Result<(Zeroizing<Vec<u8>>, FileMetadata)> {
        read(path, options)
    }

    fn read_in<'a>(
        &'a self,
        directory: &'a Path,
        name: &'a str,
        options: ReadOptions,
    ) -> BoxFuture<'a, io::Result<(FileContents, FileMetadata)>> {
        let (directory, name) = (directory.to_owned(), name.to_owned());
        Box::pin(off_thread(move || within::read(&directory, &name, options)))
    }

    fn run_blocking<'a>(&'a self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(off_thread(move || {
            work();
            Ok(())
        }))
    }

    fn metadata<'a>(&'a self, path: &'a Path, no_follow: bool) -> BoxFuture<'a, io::Result<FileMetadata>> {
        let path = path.to_owned();
        Box::pin(off_thread(move || {
            let metadata = match no_follow {
                true => fs::symlink_metadata(&path)?,
                false => fs::metadata(&path)?,
            };
            Ok(describe(&metadata))
        }))
    }

    fn write<'a>(
        &'a self,
        path: &'a Path,
        contents: &'a [u8],
        options: WriteOptions,
    ) -> BoxFuture<'a, io::Result<()>> {
        let (path, contents) = (path.to_owned(), Zeroizing::new(contents.to_owned()));
        Box::pin(off_thread(move || replace::replace(&path, &contents, options)))
    }

    fn list<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<PathBuf>>> {
        let path = path.to_owned();
        Box::pin(off_thread(move || {
            fs::read_dir(&path)?
                .take(MAX_ENTRIES)
                .map(|entry| Ok(entry?.path()))
                .collect()
        }))
    }

    fn remove<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<()>> {
        let path = path.to_owned();
        Box::pin(off_thread(move || fs::remove_file(&path)))
    }

    fn private_file(&self, path: &Path) -> Option<Arc<dyn PrivateFile>> {
        Some(Arc::new(private::SystemPrivateFile::new(path)?))
    }
}

/// Opens, looks, then reads: in this order, so that what was looked at is what is read.
fn read(path: &Path, options: ReadOptions) -> io::Result<FileContents> {
    read_open(open::open(path, options.no_follow)?, options)
}

/// Looks at an open file, then reads it.
fn read_open(mut file: fs::File, options: ReadOptions) -> io::Result<FileContents> {
    let metadata = describe(&file.metadata()?);
    if options.no_follow && metadata.kind == FileKind::Symlink {
        return Err(open::is_a_link());
    }
    if options.regular_only && metadata.kind != FileKind::File {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    if metadata.kind == FileKind::File && metadata.len > options.max_bytes {
        return Err(too_large(options.max_bytes));
    }
    let expected = usize::try_from(metadata.len).unwrap_or(FIRST_READ);
    let contents = read_capped(&mut file, expected, options.max_bytes)?;
    Ok((contents, metadata))
}

/// Reads to the end, at most `cap` bytes.
fn read_capped(file: &mut fs::File, expected: usize, cap: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    // One more than expected, so that the end shows without another round.
    let mut buffer = Buffer::with_room(expected.clamp(FIRST_READ, usize::MAX - 1) + 1);
    loop {
        match file.read(buffer.room()) {
            Ok(0) => return Ok(buffer.into_bytes()),
            Ok(read) => buffer.advance(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if buffer.len() as u64 > cap {
            return Err(too_large(cap));
        }
    }
}

fn too_large(cap: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("the file has more than {cap} bytes"),
    )
}

/// What the system knows of a file.
fn describe(metadata: &fs::Metadata) -> FileMetadata {
    let kind = metadata.file_type();
    let kind = if kind.is_file() {
        FileKind::File
    } else if kind.is_dir() {
        FileKind::Directory
    } else if kind.is_symlink() {
        FileKind::Symlink
    } else {
        FileKind::Other
    };
    let mut described = FileMetadata::new(kind, metadata.len());
    described.modified = metadata.modified().ok();
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        described.owner = Some(metadata.uid());
        described.mode = Some(metadata.mode() & 0o7777);
        described.identity = Some(metadata.ino());
        described.links = Some(metadata.nlink());
    }
    described
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
