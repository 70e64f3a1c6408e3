//! The files themselves.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use identity_base::seam::{FileKind, FileMetadata};
use zeroize::Zeroizing;

/// How many symbolic links are followed, as on Linux.
const MAX_LINKS: usize = 40;
/// The owner of what the test puts there.
const OWNER: u32 = 1000;

#[derive(Default)]
pub(super) struct Tree {
    nodes: BTreeMap<PathBuf, Node>,
    next_identity: u64,
}

pub(super) struct Node {
    pub(super) content: Content,
    pub(super) mode: u32,
    pub(super) owner: u32,
    pub(super) modified: SystemTime,
    identity: u64,
}

pub(super) enum Content {
    File(Zeroizing<Vec<u8>>),
    Directory,
    Symlink(PathBuf),
    Special,
}

impl Content {
    pub(super) const fn kind(&self) -> FileKind {
        match self {
            Self::File(_) => FileKind::File,
            Self::Directory => FileKind::Directory,
            Self::Symlink(_) => FileKind::Symlink,
            Self::Special => FileKind::Other,
        }
    }

    const fn mode(&self) -> u32 {
        match self {
            Self::File(_) | Self::Special => 0o600,
            Self::Directory => 0o700,
            Self::Symlink(_) => 0o777,
        }
    }
}

impl Node {
    pub(super) fn metadata(&self) -> FileMetadata {
        let len = match &self.content {
            Content::File(contents) => contents.len() as u64,
            _ => 0,
        };
        let mut metadata = FileMetadata::new(self.content.kind(), len);
        metadata.modified = Some(self.modified);
        metadata.owner = Some(self.owner);
        metadata.mode = Some(self.mode);
        metadata.identity = Some(self.identity);
        metadata.links = Some(1);
        metadata
    }
}

impl Tree {
    /// Puts a node there and makes the directories above it. Nothing is followed.
    pub(super) fn put(&mut self, path: &Path, content: Content, modified: SystemTime) {
        let path = normal(path);
        let missing: Vec<_> = path
            .ancestors()
            .skip(1)
            .filter(|above| !self.nodes.contains_key(*above))
            .collect();
        for above in missing {
            self.insert(above.to_owned(), Content::Directory, modified);
        }
        self.insert(path, content, modified);
    }

    fn insert(&mut self, path: PathBuf, content: Content, modified: SystemTime) {
        self.next_identity += 1;
        let (mode, identity) = (content.mode(), self.next_identity);
        self.nodes.insert(
            path,
            Node {
                content,
                mode,
                owner: OWNER,
                modified,
                identity,
            },
        );
    }

    pub(super) fn delete(&mut self, path: &Path) {
        let path = normal(path);
        self.nodes.retain(|known, _| !known.starts_with(&path));
    }

    /// The node exactly here, nothing followed.
    pub(super) fn node(&self, path: &Path) -> Option<&Node> {
        self.nodes.get(&normal(path))
    }

    pub(super) fn node_mut(&mut self, path: &Path) -> Option<&mut Node> {
        self.nodes.get_mut(&normal(path))
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.nodes
            .keys()
            .filter(|path| path.as_os_str() != "/")
            .cloned()
            .collect()
    }

    /// The node that `path` leads to, links followed, the last one only without `no_follow`.
    pub(super) fn resolve(&self, path: &Path, no_follow: bool) -> io::Result<&Node> {
        let real = self.real_path(path, no_follow)?;
        self.nodes
            .get(&real)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn real_path(&self, path: &Path, no_follow: bool) -> io::Result<PathBuf> {
        let mut left: Vec<_> = normal(path)
            .components()
            .map(|part| part.as_os_str().to_owned())
            .collect();
        left.reverse();
        let mut real = PathBuf::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            let above_is_file = self
                .nodes
                .get(&real)
                .is_some_and(|node| node.content.kind() != FileKind::Directory);
            if above_is_file {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            real.push(part);
            let last = left.is_empty();
            let Some(Node {
                content: Content::Symlink(target),
                ..
            }) = self.nodes.get(&real)
            else {
                continue;
            };
            if last && no_follow {
                break;
            }
            links += 1;
            if links > MAX_LINKS {
                return Err(io::Error::other("too many levels of symbolic links"));
            }
            real.pop();
            let target = normal(&real.join(target));
            left.extend(target.components().rev().map(|part| part.as_os_str().to_owned()));
            real = PathBuf::new();
        }
        Ok(real)
    }

    /// Whether a file can be made at `path`.
    pub(super) fn check_parent(&self, path: &Path, create: bool) -> io::Result<()> {
        let path = normal(path);
        let Some(parent) = path.parent() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the path has no file name",
            ));
        };
        match self.resolve(parent, false) {
            Ok(node) if node.content.kind() != FileKind::Directory => {
                Err(io::ErrorKind::NotADirectory.into())
            }
            Ok(node) if node.mode & 0o222 == 0 => Err(io::ErrorKind::PermissionDenied.into()),
            Err(error) if !(create && error.kind() == io::ErrorKind::NotFound) => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let real = self.real_path(path, false)?;
        let node = self.nodes.get(&real).ok_or(io::ErrorKind::NotFound)?;
        if node.content.kind() != FileKind::Directory {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let children = self.nodes.keys().filter(|known| known.parent() == Some(&real));
        // As `read_dir` does: the names below the path that was asked for.
        Ok(children
            .filter_map(|child| child.file_name())
            .map(|name| path.join(name))
            .collect())
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        let real = self.real_path(path, true)?;
        match self.nodes.get(&real) {
            None => Err(io::ErrorKind::NotFound.into()),
            Some(node) if node.content.kind() == FileKind::Directory => {
                Err(io::ErrorKind::IsADirectory.into())
            }
            Some(_) => {
                self.nodes.remove(&real);
                Ok(())
            }
        }
    }
}

/// The path as an absolute one, without `.` and `..`. Drive letters of Windows stay in front.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir => drop(out.pop()),
            Component::Prefix(_) | Component::Normal(_) => out.push(part),
        }
    }
    out
}
