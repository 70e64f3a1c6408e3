//! A browser that only remembers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use identity_base::seam::BrowserOpener;
use identity_base::{BoxFuture, Error};

use crate::watched::Watched;

/// A [`BrowserOpener`] that records the URLs, and may do what a person would. Clones are the same browser.
///
/// ```
/// use identity_base::seam::BrowserOpener;
/// use identity_testkit::{RecordingBrowser, block_on};
/// let browser = RecordingBrowser::new();
/// block_on(browser.open("https://login.example/authorize?state=1")).unwrap();
/// assert_eq!(browser.query_value(0, "state").as_deref(), Some("1"));
/// ```
#[derive(Clone)]
pub struct RecordingBrowser(Arc<Inner>);

struct Inner {
    behave: Mutex<Option<Behave>>,
    urls: Watched<Vec<String>>,
}

type Behave = Arc<dyn Fn(&str) -> Result<(), Error> + Send + Sync>;

impl RecordingBrowser {
    /// A browser that opens every page.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            behave: Mutex::new(None),
            urls: Watched::new(Vec::new()),
        }))
    }

    /// Calls `behave` with each URL once it is recorded: it may start a task that signs in, or fail as a machine without a browser does.
    #[must_use]
    pub fn behaving(self, behave: impl Fn(&str) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        *self.0.behave.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(behave));
        self
    }

    /// The URLs that were opened, in order.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.0.urls.read(Clone::clone)
    }

    /// A decoded query parameter of the URL at `index`.
    #[must_use]
    pub fn query_value(&self, index: usize, name: &str) -> Option<String> {
        let urls = self.urls();
        let (_, query) = urls.get(index)?.split_once('?')?;
        let query = query.split('#').next().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// Waits until `count` pages were opened.
    pub async fn opened(&self, count: usize) {
        self.0.urls.until(|urls| urls.len() >= count).await;
    }
}

impl BrowserOpener for RecordingBrowser {
    fn open<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.0.urls.change(|urls| urls.push(url.to_owned()));
            let behave = self
                .0
                .behave
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            behave.map_or(Ok(()), |behave| behave(url))
        })
    }
}

impl Default for RecordingBrowser {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RecordingBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingBrowser")
            .field("opened", &self.urls().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::block_on;

    #[test]
    fn pages_are_recorded_also_when_opening_fails() {
        let browser = RecordingBrowser::new().behaving(|_| Err(Error::unavailable("no browser")));
        assert!(
            block_on(browser.open("https://h/?a=%26b#c"))
                .unwrap_err()
                .is_unavailable()
        );
        block_on(browser.opened(1));
        assert_eq!(browser.query_value(0, "a").as_deref(), Some("&b"));
        assert_eq!(
            (browser.query_value(0, "b"), browser.query_value(1, "a")),
            (None, None)
        );
    }
}
