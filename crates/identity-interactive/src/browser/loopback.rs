//! Listening on the loopback interface.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use identity_base::Error;
use tokio::net::{TcpListener, TcpSocket};

use super::redirect::{Host, Redirect};

/// How many free ports are tried until one is free in both families.
const MAX_TRIES: usize = 16;
/// What a system says of a family of addresses that it doesn't know.
const FAMILY_NOT_SUPPORTED: i32 = if cfg!(windows) {
    10_047
} else if cfg!(any(target_os = "linux", target_os = "android")) {
    97
} else {
    47
};
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
                free(|| Self::bind_port(redirect.host, 0, false)).map_err(|error| unavailable(None, error))
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
            sockets.extend(if_there_is_one(listen(SocketAddr::new(v6, port), is_fixed))?);
        }
        Ok(Self { sockets, port })
    }
}

/// Tries until a port is free in both families.
fn free<T>(mut bind: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..MAX_TRIES {
        match bind() {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            other => return other,
        }
    }
    Err(last)
}

/// The listener of the other family; none on a machine without that family, where nobody else can listen either.
fn if_there_is_one<T>(listener: io::Result<T>) -> io::Result<Option<T>> {
    match listener {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if has_no_family(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the machine doesn't know a family of addresses at all. Other failures, too many open files for example, say nothing of what others can do.
fn has_no_family(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
    ) || error.raw_os_error() == Some(FAMILY_NOT_SUPPORTED)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(kind: io::ErrorKind) -> io::Result<u16> {
        Err(kind.into())
    }

    #[test]
    fn a_port_that_is_taken_in_one_family_is_left_for_another_one() {
        let mut tries = 0;
        let found = free(|| {
            tries += 1;
            if tries < 16 {
                failing(io::ErrorKind::AddrInUse)
            } else {
                Ok(7)
            }
        });
        assert_eq!((found.unwrap(), tries), (7, 16));
        let mut tries = 0;
        let error = free(|| {
            tries += 1;
            failing(io::ErrorKind::AddrInUse)
        });
        assert_eq!((error.unwrap_err().kind(), tries), (io::ErrorKind::AddrInUse, 16));
        let mut tries = 0;
        let error = free(|| {
            tries += 1;
            failing(io::ErrorKind::PermissionDenied)
        });
        assert_eq!(
            (error.unwrap_err().kind(), tries),
            (io::ErrorKind::PermissionDenied, 1)
        );
    }

    #[test]
    fn only_a_machine_without_a_family_goes_without_it() {
        assert_eq!(if_there_is_one(Ok(7)).unwrap(), Some(7));
        for known in [
            io::Error::from(io::ErrorKind::AddrNotAvailable),
            io::Error::from_raw_os_error(FAMILY_NOT_SUPPORTED),
        ] {
            assert_eq!(if_there_is_one::<u16>(Err(known)).unwrap(), None);
        }
        // Too many open files, no memory, taken, forbidden.
        for number in [24, 23, 12, 98, 13] {
            let error = io::Error::from_raw_os_error(number);
            assert!(if_there_is_one::<u16>(Err(error)).is_err(), "{number}");
        }
    }

    #[test]
    fn both_families_have_the_same_port_for_themselves() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listeners = Listeners::bind(&Redirect::parse(None).unwrap()).unwrap();
            for socket in &listeners.sockets {
                let address = socket.local_addr().unwrap();
                assert!(address.ip().is_loopback() && address.port() == listeners.port);
                assert!(
                    std::net::TcpListener::bind(address).is_err(),
                    "nobody shares {address}"
                );
            }
            let fixed = Redirect::parse(Some(&format!("http://localhost:{}", listeners.port))).unwrap();
            assert!(Listeners::bind(&fixed).unwrap_err().is_unavailable());
        });
    }
}
