//! An HTTP proxy that leads tunnels elsewhere than they were asked for, so that a program can use the names of the public cloud in a test.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Answers `CONNECT`, whatever the host is, with a tunnel to one place of the loopback interface. Its drop ends it; tunnels end with their connections.
///
/// ```
/// use std::io::{Read as _, Write as _};
/// use std::net::{TcpListener, TcpStream};
/// use identity_testkit::TunnelProxy;
///
/// let service = TcpListener::bind("127.0.0.1:0")?;
/// let proxy = TunnelProxy::start(service.local_addr()?)?;
/// let mut client = TcpStream::connect(proxy.url().trim_start_matches("http://"))?;
/// client.write_all(b"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\nHost: login.microsoftonline.com:443\r\n\r\n")?;
/// service.accept()?.0.write_all(b"here")?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert_eq!(answer, "HTTP/1.1 200 OK\r\n\r\nhere");
/// assert_eq!(proxy.hosts(), ["login.microsoftonline.com:443"]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TunnelProxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
}

impl TunnelProxy {
    /// Starts one on a free port of loopback, in threads of its own.
    ///
    /// # Errors
    /// The system's, when it gives no port.
    pub fn start(place: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Self {
            address: listener.local_addr()?,
            asked: Arc::default(),
            is_over: Arc::default(),
        };
        let (asked, is_over) = (Arc::clone(&proxy.asked), Arc::clone(&proxy.is_over));
        thread::spawn(move || {
            for client in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let asked = Arc::clone(&asked);
                thread::spawn(move || client.and_then(|client| tunnel(client, place, &asked)));
            }
        });
        Ok(proxy)
    }

    /// For `HTTPS_PROXY`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The hosts, each with its port, that tunnels were asked for: each once, sorted.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

impl Drop for TunnelProxy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener.
        drop(TcpStream::connect(self.address));
    }
}

fn tunnel(client: TcpStream, place: SocketAddr, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    // A client says nothing after the head of its request before it is answered, so the buffer takes nothing of the tunnel's.
    let mut head = BufReader::new(client.try_clone()?);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let host = line
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split(' ').next())
        .ok_or(io::ErrorKind::InvalidData)?;
    asked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(host.to_owned());
    while line != "\r\n" {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            return Ok(());
        }
    }
    let service = TcpStream::connect(place)?;
    (&client).write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (from, to) = (client.try_clone()?, service.try_clone()?);
    thread::spawn(move || carry(&from, &to));
    carry(&service, &client);
    Ok(())
}

/// Until one side is done. What a broken connection leaves behind is for its ends to notice.
fn carry(mut from: &TcpStream, mut to: &TcpStream) {
    drop(io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Write));
}
