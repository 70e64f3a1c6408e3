//! The part of SQL Server's protocol (TDS 7.4) that signs in with a token.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const LOGIN: u8 = 0x10;
const ANSWER: u8 = 0x04;
/// The last packet of a message.
const END_OF_MESSAGE: u8 = 1;
/// Version 16, no encryption, and a token is wanted.
const PRELOGIN: &[u8] = &[
    0, 0, 16, 0, 6, 1, 0, 22, 0, 1, 6, 0, 23, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, 2, 1,
];
/// The feature of a login that carries a token.
const FEDERATED: u8 = 0x02;
const NO_MORE_FEATURES: u8 = 0xff;

/// A server that takes the one token it is told, or sends clients on to another server. It stops when it is dropped.
pub struct SqlServerService {
    address: SocketAddr,
    logins: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl SqlServerService {
    /// A server on a port of its own.
    ///
    /// # Panics
    /// When the loopback interface can't be used.
    pub async fn start(token: &str) -> Self {
        Self::with(Answer::Welcome(token.to_owned())).await
    }

    /// A server that sends everybody on to `other`.
    ///
    /// # Panics
    /// When the loopback interface can't be used.
    pub async fn routing_to(other: SocketAddr) -> Self {
        Self::with(Answer::Route(other)).await
    }

    #[expect(clippy::expect_used, reason = "it fails the test")]
    async fn with(answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback");
        let address = listener.local_addr().expect("an address");
        let logins = Arc::new(Mutex::new(Vec::new()));
        let (shared, answer) = (Arc::clone(&logins), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (logins, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                // A client that breaks off is the client's business.
                tokio::spawn(async move { drop(serve(stream, &logins, &answer).await) });
            }
        });
        Self {
            address,
            logins,
            task,
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The tokens of the sign-ins so far, the refused ones too.
    #[must_use]
    pub fn logins(&self) -> Vec<String> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for SqlServerService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for SqlServerService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlServerService")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

enum Answer {
    Welcome(String),
    Route(SocketAddr),
}

async fn serve(mut stream: TcpStream, logins: &Mutex<Vec<String>>, answer: &Answer) -> std::io::Result<()> {
    message(&mut stream).await?;
    send(&mut stream, PRELOGIN).await?;
    let (kind, login) = message(&mut stream).await?;
    let token = token(&login).filter(|_| kind == LOGIN).unwrap_or_default();
    logins
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(token.clone());
    match answer {
        Answer::Route(other) => send(&mut stream, &[routing(*other), welcome(), done()].concat()).await?,
        Answer::Welcome(wanted) if *wanted == token => {
            send(&mut stream, &[welcome(), done()].concat()).await?;
        }
        Answer::Welcome(_) => return send(&mut stream, &[refusal(), done()].concat()).await,
    }
    loop {
        // Every batch is answered by nothing.
        message(&mut stream).await?;
        send(&mut stream, &done()).await?;
    }
}

/// The token of a login: a feature with a 32-bit length, one byte of options, and another 32-bit length before the text in UTF-16.
fn token(login: &[u8]) -> Option<String> {
    let word = |at: usize| -> Option<usize> {
        usize::try_from(u32::from_le_bytes(*login.get(at..)?.first_chunk()?)).ok()
    };
    let half = |at: usize| -> Option<usize> {
        Some(usize::from(u16::from_le_bytes(*login.get(at..)?.first_chunk()?)))
    };
    // The offset of the extension stands at 56; what is there is the offset of the features.
    let mut at = word(half(56)?)?;
    loop {
        let feature = *login.get(at)?;
        if feature == NO_MORE_FEATURES {
            return None;
        }
        let length = word(at.checked_add(1)?)?;
        if feature == FEDERATED {
            let size = word(at.checked_add(6)?)?;
            let text = login.get(at.checked_add(10)?..)?.get(..size)?;
            let units: Vec<u16> = text
                .chunks_exact(2)
                .map(|pair| {
                    u16::from_le_bytes([
                        pair.first().copied().unwrap_or(0),
                        pair.last().copied().unwrap_or(0),
                    ])
                })
                .collect();
            return String::from_utf16(&units).ok();
        }
        at = at.checked_add(5)?.checked_add(length)?;
    }
}

/// A message that may come in several packets.
async fn message(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut whole = Vec::new();
    loop {
        let mut header = [0; 8];
        stream.read_exact(&mut header).await?;
        let [kind, status, high, low, ..] = header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let mut packet = vec![0; length.saturating_sub(header.len())];
        stream.read_exact(&mut packet).await?;
        whole.extend_from_slice(&packet);
        if status & END_OF_MESSAGE != 0 {
            return Ok((kind, whole));
        }
    }
}

async fn send(stream: &mut TcpStream, content: &[u8]) -> std::io::Result<()> {
    let length = u16::try_from(content.len().saturating_add(8)).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    let mut packet = vec![ANSWER, END_OF_MESSAGE, high, low, 0, 0, 1, 0];
    packet.extend_from_slice(content);
    stream.write_all(&packet).await
}

/// LOGINACK of TDS 7.4.
fn welcome() -> Vec<u8> {
    let body = [&[1, 0x74, 0, 0, 4, 4][..], &utf16("test"), &[16, 0, 0, 0]].concat();
    with_length(0xad, &body)
}

/// ERROR 18456.
fn refusal() -> Vec<u8> {
    let text = "Login failed.";
    let mut body = 18456_u32.to_le_bytes().to_vec();
    body.extend_from_slice(&[1, 14]);
    body.extend_from_slice(&u16::try_from(text.len()).unwrap_or_default().to_le_bytes());
    body.extend_from_slice(&utf16(text));
    // No server name, no procedure, line 1.
    body.extend_from_slice(&[0, 0, 1, 0, 0, 0]);
    with_length(0xaa, &body)
}

/// ENVCHANGE 20.
fn routing(other: SocketAddr) -> Vec<u8> {
    let host = other.ip().to_string();
    let mut value = vec![0];
    value.extend_from_slice(&other.port().to_le_bytes());
    value.extend_from_slice(&u16::try_from(host.len()).unwrap_or_default().to_le_bytes());
    value.extend_from_slice(&utf16(&host));
    let mut body = vec![20];
    body.extend_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_le_bytes());
    body.extend_from_slice(&value);
    body.extend_from_slice(&[0, 0]);
    with_length(0xe3, &body)
}

fn done() -> Vec<u8> {
    let mut token = vec![0xfd];
    token.extend_from_slice(&[0; 12]);
    token
}

fn with_length(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut token = vec![kind];
    token.extend_from_slice(&u16::try_from(body.len()).unwrap_or_default().to_le_bytes());
    token.extend_from_slice(body);
    token
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
