//! The ways on which a secret can get out.

use std::fmt;
use std::path::{Path, PathBuf};

/// A way on which a secret can get out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Channel {
    /// `tracing`: events, and the fields of spans.
    Tracing,
    /// `log`.
    Log,
    /// `{:?}`.
    Debug,
    /// `{:#?}`.
    DebugPretty,
    /// `{}`.
    Display,
    /// An error that is another one's source.
    ErrorSource,
    /// The text of a panic.
    Panic,
    /// The standard output of a child.
    Stdout,
    /// The standard error output of a child.
    Stderr,
    /// The arguments of a child, which every user of the machine can read.
    Argv,
    /// The environment of a child.
    Environ,
    /// A URL, path and query included, or a host name that was looked up.
    Url,
    /// A header that isn't meant for secrets.
    Header,
    /// A file, or its name.
    File,
    /// A label of a metric.
    Metric,
    /// Any other text that the guard was shown.
    Text,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Tracing,
        Self::Log,
        Self::Debug,
        Self::DebugPretty,
        Self::Display,
        Self::ErrorSource,
        Self::Panic,
        Self::Stdout,
        Self::Stderr,
        Self::Argv,
        Self::Environ,
        Self::Url,
        Self::Header,
        Self::File,
        Self::Metric,
        Self::Text,
    ];
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tracing => "tracing",
            Self::Log => "log",
            Self::Debug => "Debug",
            Self::DebugPretty => "Debug with {:#?}",
            Self::Display => "Display",
            Self::ErrorSource => "the source of an error",
            Self::Panic => "the text of a panic",
            Self::Stdout => "standard output of a child",
            Self::Stderr => "standard error of a child",
            Self::Argv => "arguments of a child",
            Self::Environ => "environment of a child",
            Self::Url => "a URL",
            Self::Header => "a header",
            Self::File => "a file",
            Self::Metric => "a metric",
            Self::Text => "a text",
        })
    }
}

/// Something that recorded what code under test let out: the fakes of this kit implement it, and a fake of a test's own can.
pub trait LeakSource: Send + Sync {
    /// Hands over everything that was recorded so far, each time from the start.
    fn evidence(&self, sink: &mut EvidenceSink);
}

/// Takes what a [`LeakSource`] recorded.
#[derive(Debug)]
pub struct EvidenceSink {
    allowed_headers: Vec<String>,
    allowed_files: Vec<PathBuf>,
    items: Vec<Evidence>,
}

/// A text, and where it was.
pub(super) struct Evidence {
    pub(super) channel: Channel,
    pub(super) place: String,
    pub(super) text: Vec<u8>,
}

impl EvidenceSink {
    pub(super) const fn new(allowed_headers: Vec<String>, allowed_files: Vec<PathBuf>) -> Self {
        Self {
            allowed_headers,
            allowed_files,
            items: Vec::new(),
        }
    }

    /// Takes a text that must not hold a secret. `place` is for the report.
    pub fn add(&mut self, channel: Channel, place: impl Into<String>, text: impl Into<Vec<u8>>) {
        self.items.push(Evidence {
            channel,
            place: place.into(),
            text: text.into(),
        });
    }

    /// Takes a header, unless it is one that may hold a secret.
    pub fn header(&mut self, place: &str, name: &str, value: impl Into<Vec<u8>>) {
        if !self
            .allowed_headers
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
        {
            self.add(Channel::Header, format!("{place}, header {name}"), value);
        }
    }

    /// Takes a file's name, and its contents unless the file may hold a secret.
    pub fn file(&mut self, path: &Path, contents: impl Into<Vec<u8>>) {
        self.add(
            Channel::File,
            "the name of a file",
            path.to_string_lossy().into_owned(),
        );
        if !self.allowed_files.iter().any(|allowed| allowed == path) {
            self.add(Channel::File, path.display().to_string(), contents);
        }
    }

    pub(super) fn into_items(self) -> Vec<Evidence> {
        self.items
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence")
            .field("channel", &self.channel)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}
