//! The part of PostgreSQL's protocol that signs in, with a password in clear text as Azure asks for it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Asks whether the connection may be encrypted.
const SSL_REQUEST: u32 = 80_877_103;
/// The longest message that is taken.
const MAX_MESSAGE: usize = 1024 * 1024;

/// A server that lets everybody in with the one password that it takes, and answers every query with nothing. It stops when it is dropped.
pub struct PostgresService {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    wanted: String,
    logins: Vec<(String, String)>,
}

impl PostgresService {
    /// A server on a port of its own.
    ///
    /// # Panics
    /// When the loopback interface can't be used.
    #[expect(clippy::expect_used, reason = "it fails the test")]
    pub async fn start(password: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State {
            wanted: password.to_owned(),
            logins: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                // A client that breaks off is the client's business.
                tokio::spawn(async move { drop(serve(stream, &state).await) });
            }
        });
        Self { address, state, task }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes another password from now on. Connections that are open stay so.
    pub fn change_password(&self, password: &str) {
        lock(&self.state).wanted = password.to_owned();
    }

    /// Each sign-in so far, the refused ones too: user and password.
    #[must_use]
    pub fn logins(&self) -> Vec<(String, String)> {
        lock(&self.state).logins.clone()
    }
}

impl Drop for PostgresService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for PostgresService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresService")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let startup = loop {
        let message = body(&mut stream).await?;
        match message.first_chunk() {
            Some(code) if u32::from_be_bytes(*code) == SSL_REQUEST => stream.write_all(b"N").await?,
            _ => break message,
        }
    };
    let words: Vec<_> = startup
        .get(4..)
        .unwrap_or_default()
        .split(|byte| *byte == 0)
        .collect();
    let user = words
        .chunks_exact(2)
        .find_map(|pair| match pair {
            [b"user", user] => Some(String::from_utf8_lossy(user).into_owned()),
            _ => None,
        })
        .unwrap_or_default();

    send(&mut stream, b'R', &3_u32.to_be_bytes()).await?;
    let (kind, message) = message(&mut stream).await?;
    let password = String::from_utf8_lossy(message.strip_suffix(&[0]).unwrap_or(&message)).into_owned();
    let welcome = {
        let mut state = lock(state);
        state.logins.push((user, password.clone()));
        kind == b'p' && state.wanted == password
    };
    if !welcome {
        let text = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0";
        return send(&mut stream, b'E', text).await;
    }
    send(&mut stream, b'R', &0_u32.to_be_bytes()).await?;
    for setting in [
        "client_encoding\0UTF8\0",
        "server_version\x0016.0\0",
        "standard_conforming_strings\0on\0",
    ] {
        send(&mut stream, b'S', setting.as_bytes()).await?;
    }
    send(&mut stream, b'K', &[0; 8]).await?;
    send(&mut stream, b'Z', b"I").await?;
    loop {
        match self::message(&mut stream).await?.0 {
            b'X' => return Ok(()),
            b'Q' => {
                send(&mut stream, b'I', b"").await?;
                send(&mut stream, b'Z', b"I").await?;
            }
            b'S' => send(&mut stream, b'Z', b"I").await?,
            _ => {}
        }
    }
}

async fn message(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await?;
    Ok((kind, body(stream).await?))
}

/// A length that counts itself, and what it announces.
async fn body(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let length = usize::try_from(stream.read_u32().await?).unwrap_or(usize::MAX);
    if !(4..=MAX_MESSAGE).contains(&length) {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length.saturating_sub(4)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

async fn send(stream: &mut TcpStream, kind: u8, content: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(content.len().saturating_add(4)).unwrap_or(u32::MAX);
    let mut message = vec![kind];
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(content);
    stream.write_all(&message).await
}
