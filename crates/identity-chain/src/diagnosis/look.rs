//! Looking at the world through the seams.

use std::path::Path;
use std::time::{Duration, SystemTime};

use identity_base::Foreign;
use identity_base::seam::{Env, FileMetadata, FileSystem, Now};
use identity_runtime::ClientOptions;

use super::display::span;

/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// What the inspections look through.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    pub(crate) options: &'a ClientOptions,
    /// Whether tools may be started and requests be sent.
    pub(crate) may_ask: bool,
}

impl Look<'_> {
    pub(crate) fn env(&self) -> &dyn Env {
        &**self.options.env()
    }

    pub(crate) fn files(&self) -> &dyn FileSystem {
        &**self.options.file_system()
    }

    pub(crate) fn now(&self) -> Now {
        self.options.clock().now()
    }

    /// Which of these variables are set to something, in order.
    pub(crate) fn set(&self, names: &[&'static str]) -> Vec<&'static str> {
        names
            .iter()
            .copied()
            .filter(|name| self.env().var(name).is_some())
            .collect()
    }

    /// A file in words: its path, its age, its permissions.
    pub(crate) fn file(&self, path: &Path, metadata: &FileMetadata) -> String {
        let mut text = shown(path);
        if let Some(modified) = metadata.modified {
            let age = self.now().system_time().duration_since(modified);
            text.push_str(&match age {
                Ok(age) => format!(", changed {} ago", span(age)),
                Err(_) => ", changed in the future".to_owned(),
            });
        }
        if let Some(mode) = metadata.mode {
            text.push_str(&format!(", mode {:04o}", mode & 0o7777));
        }
        text
    }
}

/// Whether others than the owner may read or change a file.
pub(crate) fn is_exposed(metadata: &FileMetadata) -> bool {
    metadata.mode.is_some_and(|mode| mode & OTHERS != 0)
}

/// A path, made safe to show.
pub(crate) fn shown(path: &Path) -> String {
    Foreign::path(&path.to_string_lossy(), 300).to_string()
}

/// A time, to the second.
pub(crate) fn time(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time)
        .ok()
        .and_then(|time| jiff::Timestamp::from_second(time.as_second()).ok())
        .map_or_else(
            || "a time that no calendar has".to_owned(),
            |time| time.to_string(),
        )
}

/// How long it is from `now` to `then`; `None` when that has passed.
pub(crate) fn until(now: Now, then: SystemTime) -> Option<Duration> {
    then.duration_since(now.system_time())
        .ok()
        .filter(|left| !left.is_zero())
}
