//! Browsers that don't behave: what comes to a program's listener before the right answer does.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use entra_identity::seam::BrowserOpener;
use entra_identity::{BoxFuture, Error};
use identity_emulator::EmulatedBrowser;

use super::plan::Injected;
use super::stage::Stage;

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hostile {
    WrongState,
    NoState,
    StateTwice,
    Get,
    Slow,
    Huge,
    WrongHost,
    WrongOrigin,
    Noise,
}

/// How many clients begin a request and never end it.
const CLIENTS: usize = 64;

/// A browser in which something else than the right answer comes first.
#[derive(Clone)]
struct Misused {
    inner: EmulatedBrowser,
    how: Hostile,
    /// How many hostile requests the listener dealt with, or holds.
    met: Arc<AtomicUsize>,
}

/// Before the right answer something else comes, from the next sign-in on.
pub(super) fn before(stage: &Stage, how: Hostile) -> Injected {
    let met = Arc::new(AtomicUsize::new(0));
    stage.replace_browser(Arc::new(Misused {
        inner: stage.emulator.browser(),
        how,
        met: Arc::clone(&met),
    }));
    Injected::new(move |_| met.load(Ordering::SeqCst), |_| ())
}

/// No browser can be opened from now on.
pub(super) fn none(stage: &Stage) -> Injected {
    let met = Arc::new(AtomicUsize::new(0));
    stage.replace_browser(Arc::new(Missing(Arc::clone(&met))));
    Injected::new(move |_| met.load(Ordering::SeqCst), |_| ())
}

#[derive(Debug)]
struct Missing(Arc<AtomicUsize>);

impl BrowserOpener for Missing {
    fn open<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            self.0.fetch_add(1, Ordering::SeqCst);
            Err(Error::unavailable("there is no browser on this machine"))
        })
    }
}

impl BrowserOpener for Misused {
    fn open<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        let (browser, url) = (self.clone(), url.to_owned());
        // The listener is served by the runtime that waits here, so all of this goes on elsewhere.
        std::thread::spawn(move || {
            let held = browser.misuse(&url);
            identity_testkit::block_on(browser.inner.open(&url)).unwrap();
            // The clients that never end go when the person has long been done.
            std::thread::park_timeout(Duration::from_millis(200));
            drop(held);
        });
        Box::pin(async { Ok(()) })
    }
}

impl Misused {
    /// Sends it, reads what is answered, and hands back the connections that stay open.
    fn misuse(&self, url: &str) -> Vec<TcpStream> {
        let (port, state) = (port(url), state(url));
        let good = format!("code=planted&state={state}");
        let host = format!("localhost:{port}");
        let post = |host: &str, more: &str, body: &str| {
            format!(
                "POST / HTTP/1.1\r\nHost: {host}\r\n{more}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            )
        };
        let request = match self.how {
            Hostile::WrongState => post(&host, "", "code=planted&state=another"),
            Hostile::NoState => post(&host, "", "code=planted"),
            Hostile::StateTwice => post(&host, "", &format!("{good}&state=another")),
            Hostile::Get => format!("GET /?{good} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
            Hostile::Huge => format!(
                "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{good}",
                1_u64 << 30
            ),
            Hostile::WrongHost => post(&format!("evil.example:{port}"), "", &good),
            Hostile::WrongOrigin => post(&host, "Origin: https://evil.example\r\n", &good),
            Hostile::Noise => "\u{16}\u{3}\u{1}\u{0}\u{1}garbage\r\n\r\n".to_owned(),
            Hostile::Slow => return self.slow(port),
        };
        let mut connection = connect(port);
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A reset is an answer as well.
        let _end = connection.read_to_end(&mut answer);
        self.met.fetch_add(1, Ordering::SeqCst);
        vec![connection]
    }

    fn slow(&self, port: u16) -> Vec<TcpStream> {
        let clients = (0..CLIENTS).map(|_| {
            let mut connection = connect(port);
            // The listener may have had enough of them.
            let _sent = connection.write_all(b"POST / HTTP/1.1\r\nHost: ");
            self.met.fetch_add(1, Ordering::SeqCst);
            connection
        });
        clients.collect()
    }
}

fn connect(port: u16) -> TcpStream {
    let connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    connection
}

fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(known, _)| *known == name).unwrap().1.to_owned()
}

/// The port of the listener, in the address to which the person is sent back.
fn port(url: &str) -> u16 {
    let back = parameter(url, "redirect_uri")
        .replace("%3A", ":")
        .replace("%2F", "/");
    let (_, port) = back.trim_end_matches('/').rsplit_once(':').unwrap();
    port.parse().unwrap()
}

/// The state, as it is in the address: base64 for addresses needs no escapes.
fn state(url: &str) -> String {
    parameter(url, "state")
}

impl std::fmt::Debug for Misused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Misused")
            .field("how", &self.how)
            .finish_non_exhaustive()
    }
}
