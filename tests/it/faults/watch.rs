//! What a credential under test has under way: requests, files, a person. Time may pass only when none of it can end by itself.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use entra_identity::seam::{
    BrowserOpener, FileMetadata, FileSystem, HttpClient, HttpError, HttpRequest, HttpResponse, PrivateFile,
    ReadOptions, WriteOptions,
};
use entra_identity::{BoxFuture, Error};
use zeroize::Zeroizing;

use super::files::{FileFaults, WatchedFile};

/// Counts of what was begun and what is under way. Clones are the same counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    sends: AtomicUsize,
    /// Sends that ended without an answer, those that were given up included.
    unanswered: AtomicUsize,
    sending: AtomicUsize,
    files: AtomicUsize,
    /// A browser was opened, and nothing was sent since.
    person: AtomicBool,
    failures: Mutex<Vec<String>>,
}

impl Watch {
    /// How many requests were begun.
    pub(super) fn sends(&self) -> usize {
        self.0.sends.load(Ordering::SeqCst)
    }

    pub(super) fn unanswered(&self) -> usize {
        self.0.unanswered.load(Ordering::SeqCst)
    }

    pub(super) fn sending(&self) -> usize {
        self.0.sending.load(Ordering::SeqCst)
    }

    /// How many file operations are under way.
    pub(super) fn files(&self) -> usize {
        self.0.files.load(Ordering::SeqCst)
    }

    /// Whether a person was asked and has not answered.
    pub(super) fn person(&self) -> bool {
        self.0.person.load(Ordering::SeqCst)
    }

    pub(super) fn person_is_done(&self) {
        self.0.person.store(false, Ordering::SeqCst);
    }

    /// How requests failed, as the transport said.
    pub(super) fn failures(&self) -> Vec<String> {
        self.0
            .failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Counts a file operation until it is dropped.
    pub(super) fn file(&self) -> impl Drop + use<> {
        self.0.files.fetch_add(1, Ordering::SeqCst);
        FileUnderWay(self.clone())
    }
}

struct FileUnderWay(Watch);

impl Drop for FileUnderWay {
    fn drop(&mut self) {
        self.0.0.files.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A request that is under way; counts it out however it ends.
struct Sending<'a> {
    watch: &'a Watch,
    answered: bool,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.watch.0.sending.fetch_sub(1, Ordering::SeqCst);
        self.watch
            .0
            .unanswered
            .fetch_add(usize::from(!self.answered), Ordering::SeqCst);
    }
}

/// The real transport, with its requests counted. What goes to the first of a pair is sent to the second: hosts that only the real cloud has.
pub(super) struct WatchedHttp {
    pub(super) inner: Arc<dyn HttpClient>,
    pub(super) watch: Watch,
    pub(super) instead: [(&'static str, String); 2],
}

impl HttpClient for WatchedHttp {
    fn send(&self, mut request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            let elsewhere = self
                .instead
                .iter()
                .find(|(host, _)| request.uri.host() == Some(*host));
            if let Some((_, to)) = elsewhere {
                let path = request.uri.path_and_query().map_or("/", |path| path.as_str());
                request.uri = format!("{to}{path}").parse().unwrap();
            }
            let counts = &self.watch.0;
            counts.sends.fetch_add(1, Ordering::SeqCst);
            counts.sending.fetch_add(1, Ordering::SeqCst);
            counts.person.store(false, Ordering::SeqCst);
            let mut sending = Sending {
                watch: &self.watch,
                answered: false,
            };
            let answer = self.inner.send(request).await;
            sending.answered = answer.is_ok();
            if let Err(error) = &answer {
                let mut failures = counts.failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.push(format!("{:?}: {error}", error.kind));
            }
            answer
        })
    }
}

impl fmt::Debug for WatchedHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// A browser whose person is waited for.
#[derive(Debug)]
pub(super) struct WatchedBrowser {
    pub(super) inner: Arc<dyn BrowserOpener>,
    pub(super) watch: Watch,
}

impl BrowserOpener for WatchedBrowser {
    fn open<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.watch.0.person.store(true, Ordering::SeqCst);
            let opened = self.inner.open(url).await;
            if opened.is_err() {
                self.watch.person_is_done();
            }
            opened
        })
    }
}

/// The real files, with the operations counted and the planned faults.
#[derive(Debug)]
pub(super) struct WatchedFiles {
    pub(super) inner: Arc<dyn FileSystem>,
    pub(super) watch: Watch,
    pub(super) faults: FileFaults,
}

impl FileSystem for WatchedFiles {
    fn read<'a>(
        &'a self,
        path: &'a Path,
        options: ReadOptions,
    ) -> BoxFuture<'a, io::Result<(Zeroizing<Vec<u8>>, FileMetadata)>> {
        Box::pin(async move {
            let _under_way = self.watch.file();
            self.faults.meet("read", path)?;
            self.inner.read(path, options).await
        })
    }

    fn read_blocking(
        &self,
        path: &Path,
        options: ReadOptions,
    ) -> io::Result<(Zeroizing<Vec<u8>>, FileMetadata)> {
        self.faults.meet("read", path)?;
        self.inner.read_blocking(path, options)
    }

    fn metadata<'a>(&'a self, path: &'a Path, no_follow: bool) -> BoxFuture<'a, io::Result<FileMetadata>> {
        Box::pin(async move {
            let _under_way = self.watch.file();
            self.inner.metadata(path, no_follow).await
        })
    }

    fn write<'a>(
        &'a self,
        path: &'a Path,
        contents: &'a [u8],
        options: WriteOptions,
    ) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            let _under_way = self.watch.file();
            self.inner.write(path, contents, options).await
        })
    }

    fn list<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<PathBuf>>> {
        Box::pin(async move {
            let _under_way = self.watch.file();
            self.inner.list(path).await
        })
    }

    fn remove<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<()>> {
        self.inner.remove(path)
    }

    fn private_file(&self, path: &Path) -> Option<Arc<dyn PrivateFile>> {
        let inner = self.inner.private_file(path)?;
        Some(Arc::new(WatchedFile {
            inner,
            path: path.to_owned(),
            watch: self.watch.clone(),
            faults: self.faults.clone(),
        }))
    }
}
