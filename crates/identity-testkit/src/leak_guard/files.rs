//! Files that code under test left behind.

use std::fs;
use std::io;
use std::path::Path;

use super::{Channel, EvidenceSink};

/// Hands every file below `folder` to the sink. What can't be read is a find of its own kind: the test would prove nothing.
pub(super) fn collect(folder: &Path, sink: &mut EvidenceSink) {
    if let Err(error) = below(folder, sink)
        && !std::thread::panicking()
    {
        panic!("the leak guard can't look at {}: {error}", folder.display());
    }
}

fn below(folder: &Path, sink: &mut EvidenceSink) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            sink.add(
                Channel::File,
                "the name of a folder",
                path.to_string_lossy().into_owned(),
            );
            below(&path, sink)?;
        } else if kind.is_file() {
            sink.file(&path, read(&path)?);
        } else if kind.is_symlink() {
            sink.file(&path, fs::read_link(&path)?.to_string_lossy().into_owned());
        } else {
            sink.add(
                Channel::File,
                "the name of a special file",
                path.to_string_lossy().into_owned(),
            );
        }
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the guard looks at real files, beside the seam under test"
)]
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}
