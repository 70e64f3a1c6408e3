//! The leak guard: secrets that a test hands out are recognised wherever they must not be.
//!
//! Every secret of a test is a canary, `CNRY` and 40 random characters, so that it is found in any text and in no text by chance. The guard
//! looks for each canary, and for every 12 characters of it, as they are and in the [encodings](Encoding) in which they travel, in all
//! [channels](Channel) it watches:
//!
//! - **by itself**: `tracing` at every level with the fields of spans, `log`, and the texts of panics, on every thread of the process;
//! - **from fakes it is given** ([`LeakGuard::watch`]): URLs, headers, argv and environments of children, files, metrics;
//! - **from values it is shown** ([`LeakGuard::check`], [`LeakGuard::check_error`] and the like): `Debug`, `{:#?}`, `Display`, error sources, the
//!   output of children, files below a folder, a request journal.
//!
//! ```
//! use identity_testkit::{HttpStep, ScriptedHttp, leak_guard};
//!
//! leak_guard::run(async |guard| {
//!     let secret = guard.secret("client_secret");
//!     let http = ScriptedHttp::new().then(HttpStep::token(guard.secret("access_token").expose(), 3599));
//!     guard.watch(&http);
//!     // … a credential made of `secret` and `http` …
//!     guard.check(&secret);
//! });
//! ```
//!
//! # Threads
//!
//! [`run`] installs a `tracing` subscriber for its thread, [`run_threads`] one for each worker thread of its runtime as well. Threads that
//! neither knows (of the standard library, or of a runtime that the test made) are covered by a subscriber for the whole process, which shows
//! what it sees to every live guard. To have such a thread's events in [`LeakGuard::logs`] of one guard alone, install
//! [`LeakGuard::dispatch`] there: `tracing::dispatcher::with_default(&guard.dispatch(), || …)`. A test that installs a subscriber of its own
//! for a thread hides that thread from the guard.
//!
//! What isn't bound to a thread, panics and `log`, is shown to every guard of the process too. That does no harm where tests run beside each
//! other, since no two know the same canary; fixed values that [`LeakGuard::know`] is given may be found in a neighbour.
//!
//! # What it can't see
//!
//! What this process itself prints to its outputs (show the guard the output of a child instead), and canaries that were encrypted,
//! compressed or split into less than 12 characters.

mod channel;
mod check;
mod encoding;
mod files;
mod log;
mod panics;
mod report;
mod run;
mod scan;
mod sources;
mod store;
mod subscriber;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use identity_base::Secret;

pub use channel::{Channel, EvidenceSink, LeakSource};
pub use encoding::Encoding;
pub use report::Hit;
pub use run::{run, run_sync, run_threads, run_virtual};
pub use subscriber::{LogKind, LogRecord};

use store::Store;

/// Headers whose purpose is to carry a secret.
const ALLOWED_HEADERS: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "x-identity-header",
    "secret",
];
/// The fewest characters by which a value can be told from other text.
const MIN_CHARACTERS: usize = 8;

/// All guards that live, for what isn't bound to one of them.
static GUARDS: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

/// Knows the secrets of one test, collects what the test lets out, and fails it when a secret is in there.
///
/// Clones are the same guard. The check is made by [`finish`](Self::finish), which [`run`] calls, or else when the last clone is dropped; a test
/// that panics for another reason is checked too.
#[derive(Clone)]
pub struct LeakGuard(Arc<Inner>);

struct Inner {
    secrets: Mutex<Vec<Known>>,
    store: Mutex<Store>,
    sources: Mutex<Vec<Box<dyn LeakSource>>>,
    folders: Mutex<Vec<PathBuf>>,
    allowed: Mutex<Allowed>,
    logs: Mutex<Vec<LogRecord>>,
}

/// A secret and what it is called in reports.
#[derive(Clone)]
pub(crate) struct Known {
    name: String,
    value: Secret,
}

/// Where secrets may be.
struct Allowed {
    headers: Vec<String>,
    files: Vec<PathBuf>,
}

impl LeakGuard {
    /// A guard without secrets, which watches from now on.
    ///
    /// # Panics
    /// When somebody else has installed a subscriber or logger for the whole process: the guard would be blind.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        subscriber::install_for_process();
        log::install_for_process();
        panics::install_for_process();
        let inner = Arc::new(Inner {
            secrets: Mutex::default(),
            store: Mutex::default(),
            sources: Mutex::default(),
            folders: Mutex::default(),
            allowed: Mutex::new(Allowed {
                headers: ALLOWED_HEADERS.map(str::to_owned).into(),
                files: Vec::new(),
            }),
            logs: Mutex::default(),
        });
        let mut guards = lock(&GUARDS);
        guards.retain(|guard| guard.strong_count() > 0);
        guards.push(Arc::downgrade(&inner));
        drop(guards);
        Self(inner)
    }

    /// A new secret of letters and digits, known to the guard as `name`.
    #[must_use]
    pub fn secret(&self, name: &str) -> Secret {
        self.know(name, encoding::canary(encoding::LETTERS_AND_DIGITS))
    }

    /// A new secret that also has characters which forms, URLs, JSON and shells escape, known to the guard as `name`.
    #[must_use]
    pub fn secret_with_symbols(&self, name: &str) -> Secret {
        self.know(name, encoding::canary(encoding::WITH_SYMBOLS))
    }

    /// Makes a secret known that isn't from here: a token that a service gave, a private key, a value that a recording needs.
    ///
    /// # Panics
    /// When it has less than 8 characters, which would be found anywhere.
    #[track_caller]
    pub fn know(&self, name: &str, value: impl Into<Secret>) -> Secret {
        let value = value.into();
        assert!(
            value.expose().chars().count() >= MIN_CHARACTERS,
            "the secret `{name}` is too short to be recognised: it needs {MIN_CHARACTERS} characters"
        );
        lock(&self.0.secrets).push(Known {
            name: name.to_owned(),
            value: value.clone(),
        });
        value
    }

    /// Looks, at the end, at everything that `source` recorded: a scripted client, runner, resolver, browser, observer or file system.
    pub fn watch<S: LeakSource + Clone + 'static>(&self, source: &S) -> &Self {
        lock(&self.0.sources).push(Box::new(source.clone()));
        self
    }

    /// Looks, at the end, at all files below `folder`, their names included.
    pub fn watch_folder(&self, folder: impl Into<PathBuf>) -> &Self {
        lock(&self.0.folders).push(folder.into());
        self
    }

    /// Lets secrets stand in this file: a certificate, a token file, the token cache itself.
    pub fn allow_file(&self, path: impl Into<PathBuf>) -> &Self {
        lock(&self.0.allowed).files.push(path.into());
        self
    }

    /// Lets secrets stand in this header. `authorization`, `proxy-authorization`, `x-identity-header` and `secret` are allowed already.
    pub fn allow_header(&self, name: &str) -> &Self {
        lock(&self.0.allowed).headers.push(name.to_ascii_lowercase());
        self
    }

    /// The `tracing` subscriber of this guard alone, for a thread that the test starts.
    #[must_use]
    pub fn dispatch(&self) -> tracing::Dispatch {
        subscriber::dispatch(&self.0)
    }

    /// What was logged so far, for tests of the logging itself.
    #[must_use]
    pub fn logs(&self) -> Vec<LogRecord> {
        lock(&self.0.logs).clone()
    }

    /// How many texts the guard has seen in `channel`: to make sure that it is not blind.
    #[must_use]
    pub fn seen(&self, channel: Channel) -> usize {
        self.collect();
        lock(&self.0.store).seen(channel)
    }

    /// Looks at everything now and hands the finds over: they don't fail the test any more. For tests that a leak is found.
    #[must_use]
    pub fn take_hits(&self) -> Vec<Hit> {
        self.collect();
        let secrets = lock(&self.0.secrets).clone();
        lock(&self.0.store).take_hits(&secrets)
    }

    /// Looks at everything now.
    ///
    /// # Panics
    /// When a secret is where it must not be; the message says where, which one and in which encoding, without showing it.
    #[track_caller]
    pub fn finish(&self) {
        let hits = self.take_hits();
        assert!(hits.is_empty(), "{}", report::Report(&hits));
    }

    /// Gets the recordings of what it watches.
    fn collect(&self) {
        self.0.collect();
    }

    /// Replaces every known secret in `text` by its name.
    fn masked(&self, text: &str) -> String {
        scan::Scanner::new(&lock(&self.0.secrets)).masked(text.as_bytes())
    }
}

impl Inner {
    fn note(&self, channel: Channel, place: impl Into<String>, text: impl Into<Vec<u8>>) {
        let mut store = lock(&self.store);
        if store.add(channel, place.into(), text.into()) {
            // Much was collected: look at it now, and keep the finds alone.
            let secrets = lock(&self.secrets).clone();
            store.scan(&secrets);
        }
    }

    fn collect(&self) {
        let allowed = lock(&self.allowed);
        let mut sink = EvidenceSink::new(allowed.headers.clone(), allowed.files.clone());
        drop(allowed);
        for source in lock(&self.sources).iter() {
            source.evidence(&mut sink);
        }
        for folder in lock(&self.folders).iter() {
            files::collect(folder, &mut sink);
        }
        // What was looked at once may be looked at again: the recordings are whole each time, so they replace each other.
        lock(&self.store).set_recordings(sink.into_items());
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.collect();
        let secrets = lock(&self.secrets).clone();
        let hits = lock(&self.store).take_hits(&secrets);
        if hits.is_empty() {
            return;
        }
        let report = report::Report(&hits);
        if std::thread::panicking() {
            report::print(&report);
        } else {
            panic!("{report}");
        }
    }
}

impl Default for LeakGuard {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LeakGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeakGuard")
            .field("secrets", &lock(&self.0.secrets).len())
            .finish_non_exhaustive()
    }
}

/// All guards that live. They are handed out with the list unlocked: dropping the last reference looks at it.
fn live() -> Vec<Arc<Inner>> {
    lock(&GUARDS).iter().filter_map(Weak::upgrade).collect()
}

/// A test that panicked elsewhere must not blind the guard.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
