//! A browser whose person is a script.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use identity_base::seam::BrowserOpener;
use identity_base::{BoxFuture, Error};

use crate::call::{Call, Listener};
use crate::emulator::Emulator;
use crate::journal::{Outcome as Finished, RecordedRequest};
use crate::routes::authorize::{Outcome, Redirect, ResponseMode, decide};
use crate::routes::{self, Route};
use crate::world::World;

/// How long a page of the application may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest page that is kept.
const MAX_PAGE_BYTES: u64 = 1024 * 1024;

/// Stands in for the person's browser: it opens the emulator's sign-in page, does what the next [`SignIn`](crate::SignIn) says, and carries the answer back to
/// the program's listener, all by itself.
///
/// Faults don't apply to what it opens; the journal shows it. It goes nowhere but to the emulator, by its own address or that of
/// [`issuer_base`](crate::Builder::issuer_base), and to the loopback interface.
///
/// ```
/// use std::sync::Arc;
/// use identity_base::seam::BrowserOpener;
/// use identity_emulator::Emulator;
///
/// let emulator = Emulator::builder().start_blocking()?;
/// let opener: Arc<dyn BrowserOpener> = Arc::new(emulator.browser());
/// # let _ = opener;
/// # Ok::<_, identity_emulator::StartError>(())
/// ```
#[derive(Clone)]
pub struct EmulatedBrowser {
    world: Arc<World>,
    shown: Arc<Mutex<Vec<String>>>,
}

impl Emulator {
    /// A browser for the person who signs in here.
    pub fn browser(&self) -> EmulatedBrowser {
        EmulatedBrowser {
            world: self.shared(),
            shown: Arc::default(),
        }
    }
}

impl EmulatedBrowser {
    /// What the application's listener answered, heads included, in order.
    pub fn shown(&self) -> Vec<String> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What comes of the page at `url`: an answer for the application, if there is one, and the origin that carries it.
    fn visit(&self, url: &str) -> Result<(Option<Redirect>, String), String> {
        let request = Request::get(url)
            .body(())
            .map_err(|_| format!("{url:?} is no address"))?;
        let (parts, ()) = request.into_parts();
        let authority = parts.uri.authority().map_or("", |authority| authority.as_str());
        let origin = format!("https://{authority}");
        let is_here = origin == self.world.authority() || Some(&origin) == self.world.issuer_base.as_ref();
        if parts.uri.scheme_str() != Some("https") || !is_here {
            return Err(format!("{origin} is not this emulator"));
        }
        let found = routes::find(Listener::Tls, "GET", parts.uri.path());
        if found.route() != Route::Authorize {
            return Err(format!("{} is not the page to sign in", parts.uri.path()));
        }
        let call = Call::new(Listener::Tls, 0, &parts, Bytes::new(), &found);
        let entry = self
            .world
            .journal
            .begin(|number| RecordedRequest::new(number, &self.world.clock, call));
        let decided = decide(&self.world, entry.call());
        let (status, aadsts) = match &decided {
            Ok(_) => (200, None),
            Err(refusal) => (400, Some(refusal.code())),
        };
        entry.finish(Finished::Answered { status, aadsts });
        match decided {
            Ok(Outcome::Redirect(redirect)) => Ok((Some(redirect), origin)),
            Ok(Outcome::Nothing) => Ok((None, origin)),
            Err(refusal) => Err(format!("the page says AADSTS{}", refusal.code())),
        }
    }

    /// Carries an answer to the application's listener, in a thread of its own as a browser is a process of its own.
    fn carry(&self, redirect: Redirect, origin: String) -> Result<(), String> {
        let browser = self.clone();
        thread::Builder::new()
            .name("emulated-browser".to_owned())
            .spawn(move || {
                // An application that went away shows nothing.
                if let Ok(page) = browser.send(&redirect, &origin) {
                    let mut shown = browser.shown.lock().unwrap_or_else(PoisonError::into_inner);
                    shown.push(page);
                }
            })
            .map(drop)
            .map_err(|error| format!("no thread could be started: {error}"))
    }

    fn send(&self, redirect: &Redirect, origin: &str) -> Result<String, String> {
        let rest = redirect
            .uri
            .strip_prefix("http://")
            .ok_or("only addresses on the loopback interface are opened")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_loopback = ["localhost:", "127.0.0.1:", "[::1]:"]
            .iter()
            .any(|name| host.to_ascii_lowercase().starts_with(name));
        if !is_loopback {
            return Err("only addresses on the loopback interface are opened".to_owned());
        }
        let encoded = redirect.encoded();
        let request = match redirect.mode {
            ResponseMode::FormPost => format!(
                "POST /{path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{encoded}",
                encoded.len()
            ),
            ResponseMode::Query => {
                format!("GET /{path}?{encoded} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            }
            // A browser keeps a fragment to itself.
            ResponseMode::Fragment => {
                format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            }
        };
        let failed = |error: std::io::Error| error.to_string();
        let mut stream = TcpStream::connect(host).map_err(failed)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
        stream.write_all(request.as_bytes()).map_err(failed)?;
        let mut page = Vec::new();
        stream
            .take(MAX_PAGE_BYTES)
            .read_to_end(&mut page)
            .map_err(failed)?;
        Ok(String::from_utf8_lossy(&page).into_owned())
    }
}

impl BrowserOpener for EmulatedBrowser {
    fn open<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let opened = match self.visit(url) {
                Ok((Some(redirect), origin)) => self.carry(redirect, origin),
                Ok((None, _)) => Ok(()),
                Err(problem) => Err(problem),
            };
            opened.map_err(Error::unavailable)
        })
    }
}

impl fmt::Debug for EmulatedBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatedBrowser")
            .field("shown", &self.shown().len())
            .finish_non_exhaustive()
    }
}
