//! Why an emulator did not start.

use std::error::Error;
use std::net::SocketAddr;
use std::{fmt, io};

/// An emulator could not be started. `Display` says what was wrong; `source` has the cause where there is one.
#[derive(Debug)]
pub struct StartError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    is_listening: bool,
}

impl StartError {
    pub(crate) fn config(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            source: None,
            is_listening: false,
        }
    }

    pub(crate) fn caused(what: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            what: what.into(),
            source: Some(Box::new(source)),
            is_listening: false,
        }
    }

    /// An address that can't be listened on.
    pub(crate) fn listening(address: SocketAddr, source: io::Error) -> Self {
        Self {
            is_listening: true,
            ..Self::caused(format!("{address} could not be listened on"), source)
        }
    }

    /// Whether the operating system refused something, such as a port that is taken.
    pub fn is_io(&self) -> bool {
        self.io().is_some()
    }

    /// Whether an address could not be listened on: it is taken, not this machine's, or not for this user. `source` is the [`io::Error`] then.
    pub fn is_listening(&self) -> bool {
        self.is_listening
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
