//! CONNECT: a tunnel through an HTTP proxy.

use std::borrow::Cow;

use identity_base::seam::{HttpError, HttpErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::Stream;
use crate::proxy::ProxyServer;
use crate::target::Target;

/// The most bytes of a proxy's answer.
const MAX_ANSWER: usize = 16 * 1024;

/// Asks the proxy behind `stream` for a connection to `target`.
pub(super) async fn open(
    stream: &mut Box<dyn Stream>,
    target: &Target,
    proxy: &ProxyServer,
) -> Result<(), HttpError> {
    let place = place(target);
    let authorization = proxy.basic_authorization();
    let mut request = Zeroizing::new(Vec::with_capacity(
        128 + 2 * place.len() + authorization.as_ref().map_or(0, |value| value.len()),
    ));
    for part in ["CONNECT ", &place, " HTTP/1.1\r\nHost: ", &place, "\r\n"] {
        request.extend_from_slice(part.as_bytes());
    }
    if let Some(value) = &authorization {
        for part in ["Proxy-Authorization: ", value.as_str(), "\r\n"] {
            request.extend_from_slice(part.as_bytes());
        }
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;

    let head = read_head(stream).await?;
    match status(&head) {
        None => Err(refused("the proxy's answer is not HTTP")),
        Some(200..=299) => Ok(()),
        Some(407) if authorization.is_some() => {
            Err(refused("the proxy refused the user and password (status 407)"))
        }
        Some(407) => Err(refused("the proxy asks for user and password (status 407)")),
        // The proxy works, the server behind it was not reached: as if it had been tried without a proxy.
        Some(code @ (502..=504)) => Err(HttpError::before_sending(
            HttpErrorKind::Connect,
            format!("the proxy got no connection to the server (status {code})"),
        )),
        Some(code) => Err(refused(format!(
            "the proxy refused the connection (status {code})"
        ))),
    }
}

/// The target for a proxy: always with its port.
fn place(target: &Target) -> String {
    if target.host.contains(':') {
        format!("[{}]:{}", target.host, target.port)
    } else {
        format!("{}:{}", target.host, target.port)
    }
}

/// Reads up to the empty line, and makes sure that nothing follows: the server speaks TLS, where the client has the first word.
async fn read_head(stream: &mut Box<dyn Stream>) -> Result<Vec<u8>, HttpError> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            return if end + 4 == head.len() {
                Ok(head)
            } else {
                Err(refused("the proxy's answer has a body, so it is no tunnel"))
            };
        }
        if head.len() >= MAX_ANSWER {
            return Err(refused("the proxy's answer is too long"));
        }
        if stream.read_buf(&mut head).await.map_err(broken)? == 0 {
            return Err(broken(std::io::ErrorKind::UnexpectedEof.into()));
        }
    }
}

/// The status of an HTTP/1 answer.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|b| *b == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let (version, rest) = line.split_once(' ')?;
    let code = rest.split(' ').next().filter(|code| code.len() == 3)?;
    matches!(version, "HTTP/1.1" | "HTTP/1.0").then(|| code.parse().ok())?
}

fn refused(message: impl Into<Cow<'static, str>>) -> HttpError {
    HttpError::before_sending(HttpErrorKind::Proxy, message)
}

fn broken(error: std::io::Error) -> HttpError {
    HttpError::before_sending(HttpErrorKind::Connect, "the connection to the proxy broke").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_strictly() {
        assert_eq!(status(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 407\r\n\r\n"), Some(407));
        for bad in [
            &b"HTTP/2 200\r\n\r\n"[..],
            b"200 OK\r\n\r\n",
            b"HTTP/1.1 2000 x\r\n\r\n",
            b"HTTP/1.1  200\r\n\r\n",
            b"SSH-2.0-x\r\n\r\n",
            b"\r\n\r\n",
            b"\xff\xff\r\n\r\n",
        ] {
            assert_eq!(status(bad), None, "{bad:?}");
        }
    }
}
