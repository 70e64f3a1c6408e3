//! Listening on the loopback interface.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use identity_base::Error;
use tokio::net::{TcpListener, TcpSocket};

use super::redirect::{Host, Redirect};

/// How many free ports are tried until one is free in both families.
const MAX_TRIES: usize = 16;
/// How many connections wait to be accepted.
const BACKLOG: u32 = 128;

/// The listeners of one sign-in, on one port. Nothing outside this machine reaches them.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) sockets: Vec<TcpListener>,
    pub(super) port: u16,
}

impl Listeners {
    /// Listens where the redirect URI says. For `localhost` both families are taken: a browser may try either, and whoever held the other would get the code.
    ///
    /// # Errors
    /// [`CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable) when the port is taken or forbidden.
    pub(super) fn bind(redirect: &Redirect) -> Result<Self, Error> {
        match redirect.port {
            Some(port) => {
                Self::bind_port(redirect.host, port, true).map_err(|error| unavailable(Some(port), error))
            }
            None => {
                let mut last = io::Error::from(io::ErrorKind::AddrInUse);
                for _ in 0..MAX_TRIES {
                    match Self::bind_port(redirect.host, 0, false) {
                        Ok(listeners) => return Ok(listeners),
                        Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
                        Err(error) => return Err(unavailable(None, error)),
                    }
                }
                Err(unavailable(None, last))
            }
        }
    }

    fn bind_port(host: Host, port: u16, is_fixed: bool) -> io::Result<Self> {
        let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        let first = listen(
            SocketAddr::new(if host == Host::V6 { v6 } else { v4 }, port),
            is_fixed,
        )?;
        let port = first.local_addr()?.port();
        let mut sockets = vec![first];
        if host == Host::Localhost {
            match listen(SocketAddr::new(v6, port), is_fixed) {
                Ok(second) => sockets.push(second),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
                // A machine without IPv6: nobody else can listen there either.
                Err(_) => {}
            }
        }
        Ok(Self { sockets, port })
    }
}

fn listen(address: SocketAddr, is_fixed: bool) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // On Unix this doesn't share a port that is listened to; it only takes one over whose last connections are being closed, as after the last sign-in. On
    // Windows it would share, so it stays off there.
    #[cfg(unix)]
    socket.set_reuseaddr(is_fixed)?;
    let _ = is_fixed;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn unavailable(port: Option<u16>, error: io::Error) -> Error {
    let message = match port {
        Some(port) => format!("the redirect URI's port {port} can't be listened to"),
        None => "no port of the loopback interface can be listened to".to_owned(),
    };
    Error::unavailable(message)
        .with_hint("end the program that holds the port, or use a redirect URI without one")
        .with_source(error)
}
