//! SOCKS5 (RFC 1928), with user and password (RFC 1929).

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;

use identity_base::seam::{HttpError, HttpErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::Stream;
use crate::proxy::ProxyServer;
use crate::target::Target;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;

/// Asks the proxy behind `stream` for a connection to `target`; the proxy looks the name up.
pub(super) async fn open(
    stream: &mut Box<dyn Stream>,
    target: &Target,
    proxy: &ProxyServer,
) -> Result<(), HttpError> {
    let credentials = proxy.user_and_password();
    let offer: &[u8] = match credentials {
        Some(_) => &[VERSION, 2, NO_AUTHENTICATION, USER_AND_PASSWORD],
        None => &[VERSION, 1, NO_AUTHENTICATION],
    };
    send(stream, offer).await?;
    match (read::<2>(stream).await?, credentials) {
        ([VERSION, NO_AUTHENTICATION], _) => {}
        ([VERSION, USER_AND_PASSWORD], Some((user, password))) => sign_in(stream, user, password).await?,
        ([VERSION, _], Some(_)) => return Err(refused("the SOCKS proxy takes no user and password")),
        ([VERSION, _], None) => return Err(refused("the SOCKS proxy asks for user and password")),
        _ => return Err(refused("the proxy doesn't speak SOCKS5")),
    }
    send(stream, &request(target)?).await?;
    let [version, reply, _, kind] = read::<4>(stream).await?;
    if version != VERSION {
        return Err(refused("the proxy doesn't speak SOCKS5"));
    }
    match reply {
        0 => {}
        // Network or host unreachable, refused, timed out: as if it had been tried without a proxy.
        3..=6 => {
            return Err(HttpError::before_sending(
                HttpErrorKind::Connect,
                format!("the SOCKS proxy got no connection to the server (reply {reply})"),
            ));
        }
        _ => {
            return Err(refused(format!(
                "the SOCKS proxy refused the connection (reply {reply})"
            )));
        }
    }
    // The address that the proxy connects from, which nobody needs.
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(read::<1>(stream).await?[0]),
        _ => return Err(refused("the proxy doesn't speak SOCKS5")),
    };
    let mut rest = vec![0; length + 2];
    stream.read_exact(&mut rest).await.map_err(broken)?;
    Ok(())
}

async fn sign_in(stream: &mut Box<dyn Stream>, user: &str, password: &str) -> Result<(), HttpError> {
    let too_long = |_| refused("user or password is too long for a SOCKS proxy");
    let mut message = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
    message.push(1);
    for text in [user, password] {
        message.push(u8::try_from(text.len()).map_err(too_long)?);
        message.extend_from_slice(text.as_bytes());
    }
    send(stream, &message).await?;
    match read::<2>(stream).await? {
        [_, 0] => Ok(()),
        _ => Err(refused("the SOCKS proxy refused the user and password")),
    }
}

fn request(target: &Target) -> Result<Vec<u8>, HttpError> {
    let mut request = vec![VERSION, 1, 0];
    match target.host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        Err(_) => {
            let length = u8::try_from(target.host.len())
                .map_err(|_| refused("the host's name is too long for a SOCKS proxy"))?;
            request.extend_from_slice(&[3, length]);
            request.extend_from_slice(target.host.as_bytes());
        }
    }
    request.extend_from_slice(&target.port.to_be_bytes());
    Ok(request)
}

async fn send(stream: &mut Box<dyn Stream>, data: &[u8]) -> Result<(), HttpError> {
    stream.write_all(data).await.map_err(broken)?;
    stream.flush().await.map_err(broken)
}

async fn read<const N: usize>(stream: &mut Box<dyn Stream>) -> Result<[u8; N], HttpError> {
    let mut data = [0; N];
    stream.read_exact(&mut data).await.map_err(broken)?;
    Ok(data)
}

fn refused(message: impl Into<Cow<'static, str>>) -> HttpError {
    HttpError::before_sending(HttpErrorKind::Proxy, message)
}

fn broken(error: io::Error) -> HttpError {
    HttpError::before_sending(HttpErrorKind::Connect, "the connection to the proxy broke").with_source(error)
}
