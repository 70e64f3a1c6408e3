//! A server that answers byte by byte as told.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Uri;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::gate::Gate;
use crate::watched::Watched;

/// What a server does on a connection. After the last step it closes it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// Reads one whole request.
    Request,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes again and again until the client closes.
    Flood(Vec<u8>),
    /// Waits at the gate.
    Wait(Gate),
    /// Closes with a reset in place of the usual farewell (only on a plain connection).
    Reset,
    /// Reads until the client closes.
    Hang,
}

impl Step {
    /// Sends this text.
    #[must_use]
    pub fn send(text: &str) -> Self {
        Self::Send(text.as_bytes().to_vec())
    }

    /// Sends a whole answer with this status and body.
    #[must_use]
    pub fn answer(status: u16, body: &str) -> Self {
        Self::send(&format!(
            "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }
}

/// What a server has seen. Clones are the same journal.
#[derive(Clone)]
pub struct Journal(Arc<Watched<Vec<Seen>>>);

#[derive(Clone, Default)]
struct Seen {
    received: Vec<u8>,
    ended: bool,
}

impl Journal {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Watched::new(Vec::new())))
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.read(Vec::len)
    }

    /// All that came over all connections, in their order, as text.
    #[must_use]
    pub fn received(&self) -> String {
        self.0.read(|all| {
            all.iter()
                .map(|seen| String::from_utf8_lossy(&seen.received).into_owned())
                .collect()
        })
    }

    /// Waits until there were `count` connections.
    pub async fn until_connections(&self, count: usize) {
        self.0.until(|all| all.len() >= count).await;
    }

    /// Waits until `text` has come over some connection.
    pub async fn until_received(&self, text: &str) {
        let text = text.as_bytes();
        let has = |seen: &Seen| seen.received.windows(text.len()).any(|window| window == text);
        self.0.until(|all| all.iter().any(has)).await;
    }

    /// Waits until `count` connections have ended, by either side.
    pub async fn until_ended(&self, count: usize) {
        self.0
            .until(|all| all.iter().filter(|seen| seen.ended).count() >= count)
            .await;
    }

    /// Notes a new connection; its number, from 0.
    pub fn begin(&self) -> usize {
        self.0.change(|all| {
            all.push(Seen::default());
            all.len() - 1
        })
    }

    /// Notes the end of a connection.
    pub fn end(&self, connection: usize) {
        self.edit(connection, |seen| seen.ended = true);
    }

    fn note(&self, connection: usize, data: &[u8]) {
        self.edit(connection, |seen| seen.received.extend_from_slice(data));
    }

    fn edit(&self, connection: usize, change: impl FnOnce(&mut Seen)) {
        self.0.change(|all| all.get_mut(connection).map(change));
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("connections", &self.connections())
            .finish()
    }
}

/// A plain TCP server on 127.0.0.1. It stops when it is dropped.
#[derive(Debug)]
pub struct RawServer {
    address: SocketAddr,
    journal: Journal,
    task: JoinHandle<()>,
}

impl RawServer {
    /// A server whose nth connection runs the nth script; the last one is for all that follow.
    ///
    /// # Panics
    /// When the loopback interface can't be used.
    pub async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let bound = TcpListener::bind(("127.0.0.1", 0)).await;
        let (listener, address) = match bound.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((address, listener)) => (listener, address),
            Err(error) => panic!("no loopback: {error}"),
        };
        let journal = Journal::new();
        let task = tokio::spawn(accept(listener, scripts, journal.clone()));
        Self {
            address,
            journal,
            task,
        }
    }

    /// A server that answers every request on every connection alike.
    pub async fn answering(status: u16, body: &str) -> Self {
        let once = [Step::Request, Step::answer(status, body)];
        Self::start(vec![once.iter().cycle().take(2000).cloned().collect()]).await
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL of it.
    ///
    /// # Panics
    /// When it isn't one.
    #[must_use]
    pub fn uri(&self, scheme: &str, path: &str) -> Uri {
        match format!("{scheme}://{}{path}", self.address).parse() {
            Ok(uri) => uri,
            Err(error) => panic!("no URL: {error}"),
        }
    }

    /// What it has seen.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, scripts: Vec<Vec<Step>>, journal: Journal) {
    while let Ok((stream, _)) = listener.accept().await {
        let number = journal.begin();
        let script = scripts
            .get(number)
            .or_else(|| scripts.last())
            .cloned()
            .unwrap_or_default();
        let journal = journal.clone();
        tokio::spawn(async move {
            let reset = matches!(script.last(), Some(Step::Reset));
            let mut stream = stream;
            // A client that closes early ends the script.
            drop(play(&mut stream, &script, &journal, number).await);
            if reset {
                drop(TcpStream::set_zero_linger(&stream));
            }
            drop(stream);
            journal.end(number);
        });
    }
}

/// Runs a script on a connection of any kind.
///
/// # Errors
/// When the client closes before its end.
pub async fn play<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    script: &[Step],
    journal: &Journal,
    connection: usize,
) -> io::Result<()> {
    // What came after the end of a request belongs to the next.
    let mut unread = Vec::new();
    for step in script {
        match step {
            Step::Request => read_request(stream, &mut unread, journal, connection).await?,
            Step::Send(bytes) => {
                stream.write_all(bytes).await?;
                stream.flush().await?;
            }
            Step::Flood(bytes) => loop {
                stream.write_all(bytes).await?;
            },
            Step::Wait(gate) => gate.pass().await,
            Step::Reset => {}
            Step::Hang => while read_some(stream, &mut unread, journal, connection).await? > 0 {},
        }
    }
    Ok(())
}

async fn read_request<S: AsyncRead + Unpin>(
    stream: &mut S,
    unread: &mut Vec<u8>,
    journal: &Journal,
    connection: usize,
) -> io::Result<()> {
    loop {
        if let Some(length) = request_length(unread) {
            unread.drain(..length);
            return Ok(());
        }
        if read_some(stream, unread, journal, connection).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn read_some<S: AsyncRead + Unpin>(
    stream: &mut S,
    unread: &mut Vec<u8>,
    journal: &Journal,
    connection: usize,
) -> io::Result<usize> {
    let start = unread.len();
    let count = stream.read_buf(unread).await?;
    journal.note(connection, unread.get(start..).unwrap_or_default());
    Ok(count)
}

/// How long the request at the beginning of `data` is, if it is there whole.
fn request_length(data: &[u8]) -> Option<usize> {
    let head = data.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(data.get(..head)?).to_ascii_lowercase();
    let body = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok())
        .unwrap_or(0);
    (data.len() >= head + body).then_some(head + body)
}
