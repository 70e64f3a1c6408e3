//! Opening a browser.

use std::fmt;

use crate::{BoxFuture, Error};

/// Opens a web page for a person. The URL is `https`, printable ASCII, and holds no secret.
pub trait BrowserOpener: fmt::Debug + Send + Sync {
    /// Opens `url` and returns once the browser was told.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) when there is no browser.
    fn open<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), Error>>;
}
