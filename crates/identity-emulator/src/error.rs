//! Why an emulator did not start.

use std::error::Error;
use std::{fmt, io};

/// An emulator could not be started. `Display` says what was wrong; `source` has the cause where there is one.
#[derive(Debug)]
pub struct StartError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StartError {
    pub(crate) fn config(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            source: None,
        }
    }

    pub(crate) fn caused(what: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            what: what.into(),
            source: Some(Box::new(source)),
        }
    }

    /// Whether the operating system refused something, such as a port that is taken.
    pub fn is_io(&self) -> bool {
        self.io().is_some()
    }

    pub(crate) fn is_address_in_use(&self) -> bool {
        self.io()
            .is_some_and(|error| error.kind() == io::ErrorKind::AddrInUse)
    }

    fn io(&self) -> Option<&io::Error> {
        self.source.as_ref()?.downcast_ref()
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the identity emulator did not start: {}", self.what)
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
