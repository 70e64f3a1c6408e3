//! A little proxy.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::support::{Authority, HOST, Identity};

/// What it does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    /// Connects to its target, whoever was asked for.
    Tunnel,
    /// The same behind a certificate that nobody trusts.
    TunnelWithWrongCertificate,
    /// Gives this answer and closes.
    Answer(&'static str),
    /// Speaks SOCKS5, asks for `user:password`, and gives this reply.
    Socks { user: Option<&'static str>, reply: u8 },
}

/// The proxy. It stops when it is dropped.
pub(crate) struct ProxyStub {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    heads: Vec<String>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl ProxyStub {
    /// A proxy that always connects to `target`. With `authority` it can speak TLS.
    pub(crate) async fn start(mode: Mode, target: SocketAddr, authority: Option<&Authority>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let identity = match mode {
            Mode::TunnelWithWrongCertificate => Some(Identity::self_signed()),
            _ => authority.map(|authority| authority.issue(|_| {})),
        };
        let acceptor = identity.map(|identity| TlsAcceptor::from(Arc::new(identity.config())));
        let noted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                noted.lock().unwrap().connections += 1;
                let (noted, acceptor) = (Arc::clone(&noted), acceptor.clone());
                tokio::spawn(async move {
                    let mut first = [0];
                    let tls = stream.peek(&mut first).await.is_ok() && first == [0x16];
                    let stream: Box<dyn Stream> = match acceptor.filter(|_| tls) {
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => Box::new(stream),
                            Err(_) => return,
                        },
                        None => Box::new(stream),
                    };
                    // A client that closes early ends it.
                    drop(serve(stream, mode, target, &noted).await);
                });
            }
        });
        Self { address, seen, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `host:port` for a URL: by name if its certificate matters.
    pub(crate) fn place(&self, url: &str) -> String {
        if url.starts_with("https") {
            format!("{HOST}:{}", self.address.port())
        } else {
            self.address.to_string()
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// What was asked for.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.seen.lock().unwrap().heads.clone()
    }
}

impl Drop for ProxyStub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: Box<dyn Stream>,
    mode: Mode,
    target: SocketAddr,
    seen: &Mutex<Seen>,
) -> std::io::Result<()> {
    if let Mode::Socks { user, reply } = mode {
        if !socks(&mut stream, user, reply, seen).await? {
            return Ok(());
        }
    } else {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            // SOCKS has no such end.
            if stream.read_buf(&mut head).await? == 0 || head.first() == Some(&5) {
                break;
            }
        }
        seen.lock()
            .unwrap()
            .heads
            .push(String::from_utf8_lossy(&head).into_owned());
        if let Mode::Answer(answer) = mode {
            stream.write_all(answer.as_bytes()).await?;
            return stream.shutdown().await;
        }
        stream
            .write_all(b"HTTP/1.1 200 Connection established\r\nVia: stub\r\n\r\n")
            .await?;
    }
    stream.flush().await?;
    let mut onward = TcpStream::connect(target).await?;
    copy_bidirectional(&mut stream, &mut onward).await.map(drop)
}

/// The server's side of SOCKS5; whether the client gets through.
async fn socks(
    stream: &mut Box<dyn Stream>,
    user: Option<&str>,
    reply: u8,
    seen: &Mutex<Seen>,
) -> std::io::Result<bool> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await?;
    let mut methods = vec![0; usize::from(head[1])];
    stream.read_exact(&mut methods).await?;
    match user {
        None => stream.write_all(&[5, 0]).await?,
        Some(_) if !methods.contains(&2) => {
            stream.write_all(&[5, 0xff]).await?;
            return Ok(false);
        }
        Some(expected) => {
            stream.write_all(&[5, 2]).await?;
            stream.read_exact(&mut head).await?;
            let mut name = vec![0; usize::from(head[1])];
            stream.read_exact(&mut name).await?;
            let mut password = vec![0; usize::from(stream.read_u8().await?)];
            stream.read_exact(&mut password).await?;
            let given = [name, b":".to_vec(), password].concat();
            let fine = given == expected.as_bytes();
            stream.write_all(&[1, u8::from(!fine)]).await?;
            if !fine {
                return Ok(false);
            }
        }
    }
    let mut request = [0; 5];
    stream.read_exact(&mut request).await?;
    assert_eq!(request[..4], [5, 1, 0, 3]);
    let mut name = vec![0; usize::from(request[4])];
    stream.read_exact(&mut name).await?;
    let port = stream.read_u16().await?;
    seen.lock()
        .unwrap()
        .heads
        .push(format!("{}:{port}", String::from_utf8_lossy(&name)));
    stream
        .write_all(&[5, reply, 0, 3, 3, b'a', b'b', b'c', 1, 2])
        .await?;
    Ok(reply == 0)
}
