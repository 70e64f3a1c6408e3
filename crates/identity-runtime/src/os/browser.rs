//! Opening the person's browser.

use identity_base::seam::BrowserOpener;
use identity_base::{BoxFuture, Error};

/// Opens the person's browser.
#[derive(Clone, Debug, Default)]
pub struct SystemBrowser(());

impl SystemBrowser {
    /// The system's browser.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl BrowserOpener for SystemBrowser {
    fn open<'a>(&'a self, _url: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Err(Error::unavailable("no browser was found")) })
    }
}
