//! From a target to a stream that speaks HTTP with it: name, TCP, proxy, TLS.

mod race;
mod socks;
mod tcp;
mod tunnel;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use identity_base::Foreign;
use identity_base::seam::{ConnectPolicy, HttpError, HttpErrorKind, Resolver, ServerIdentity};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::failure;
use crate::limits::{Limits, Stage};
use crate::proxy::{ProxyScheme, ProxyServer};
use crate::target::Target;
use crate::tls::{self, Tls};
pub(crate) use tcp::{Socket, TcpIo};

/// Anything that bytes go through.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A new connection.
pub(crate) struct Dialed {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) socket: Socket,
    /// Whether the server chose HTTP/2.
    #[cfg(feature = "http2")]
    pub(crate) http2: bool,
}

/// Makes connections.
pub(crate) struct Connector<'a> {
    pub(crate) resolver: &'a dyn Resolver,
    pub(crate) tls: &'a Tls,
    pub(crate) target: &'a Target,
    pub(crate) policy: &'a ConnectPolicy,
    pub(crate) proxy: Option<&'a ProxyServer>,
}

impl Connector<'_> {
    /// Connects. Not a byte of any request has been sent when this fails.
    pub(crate) async fn dial(&self, limits: &mut Limits) -> Result<Dialed, HttpError> {
        if self.target.tls {
            self.tls.warm_up(&self.policy.server);
        }
        let (stream, socket) = match self.proxy {
            Some(proxy) => self.through(proxy, limits).await?,
            None => self.directly(limits).await?,
        };
        if !self.target.tls {
            return Ok(Dialed {
                stream,
                socket,
                #[cfg(feature = "http2")]
                http2: false,
            });
        }
        let name = match &self.policy.server {
            ServerIdentity::Roots {
                server_name: Some(name),
                ..
            } => name,
            _ => self.target.host.as_str(),
        };
        let config = within_tls(limits, self.tls.config(&self.policy.server)).await?;
        let stream = within_tls(limits, handshake(config, name, stream)).await?;
        Ok(Dialed {
            #[cfg(feature = "http2")]
            http2: stream.get_ref().1.alpn_protocol() == Some(b"h2"),
            stream: Box::new(stream),
            socket,
        })
    }

    async fn directly(&self, limits: &mut Limits) -> Result<(Box<dyn Stream>, Socket), HttpError> {
        let rule = self.policy.addresses;
        let addresses = self.resolve(&self.target.host, self.target.port, limits).await?;
        self.target
            .check_addresses(rule, addresses.iter().map(SocketAddr::ip))?;
        let socket = self.race(&addresses, "the server", limits).await?;
        self.target
            .check_addresses(rule, [socket.peer().ip()].into_iter())?;
        Ok((Box::new(TcpIo::new(&socket)), socket))
    }

    async fn through(
        &self,
        proxy: &ProxyServer,
        limits: &mut Limits,
    ) -> Result<(Box<dyn Stream>, Socket), HttpError> {
        let addresses = self.resolve(&proxy.host, proxy.port, limits).await?;
        let socket = self.race(&addresses, "the proxy", limits).await?;
        let mut stream: Box<dyn Stream> = Box::new(TcpIo::new(&socket));
        if proxy.scheme == ProxyScheme::Https {
            let config = within_tls(limits, self.tls.config(&ServerIdentity::PublicRoots)).await?;
            // CONNECT is spoken in HTTP/1.1 here.
            let mut config = (*config).clone();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            let tunnel = within_tls(limits, handshake(Arc::new(config), &proxy.host, stream)).await;
            stream = Box::new(tunnel.map_err(|mut error| {
                error.message = format!("to the proxy: {}", error.message).into();
                error
            })?);
        }
        let opened = match proxy.scheme {
            ProxyScheme::Http | ProxyScheme::Https => {
                limits
                    .within(Stage::Proxy, tunnel::open(&mut stream, self.target, proxy))
                    .await
            }
            ProxyScheme::Socks5 => {
                limits
                    .within(Stage::Proxy, socks::open(&mut stream, self.target, proxy))
                    .await
            }
        };
        opened.map_err(|timed_out| timed_out.into_error(false))??;
        Ok((stream, socket))
    }

    async fn resolve(
        &self,
        host: &str,
        port: u16,
        limits: &mut Limits,
    ) -> Result<Vec<SocketAddr>, HttpError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let shown = Foreign::new(host, 255);
        let answer = limits
            .within(Stage::Resolve, self.resolver.resolve(host))
            .await
            .map_err(|timed_out| timed_out.into_error(false))?;
        match answer {
            Ok(addresses) if addresses.is_empty() => Err(HttpError::before_sending(
                HttpErrorKind::Dns,
                format!("the name {shown} has no address"),
            )),
            Ok(addresses) => Ok(addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, port))
                .collect()),
            Err(error) => Err(HttpError::before_sending(
                HttpErrorKind::Dns,
                format!("the name {shown} can't be resolved"),
            )
            .with_source(error)),
        }
    }

    async fn race(
        &self,
        addresses: &[SocketAddr],
        whom: &str,
        limits: &mut Limits,
    ) -> Result<Socket, HttpError> {
        let clock = Arc::clone(&limits.clock);
        let limit = limits.timeouts.connect;
        let race = race::connect(addresses, &*clock, limit, Socket::connect);
        let connected = limits
            .within(Stage::Total, race)
            .await
            .map_err(|timed_out| timed_out.into_error(false))?;
        connected.map_err(|error| match failure::find::<tcp::NoDriver>(&error).is_some() {
            true => failure::no_runtime(),
            false => failure::of_connecting(error, whom, limit),
        })
    }
}

async fn within_tls<T>(
    limits: &mut Limits,
    work: impl Future<Output = Result<T, HttpError>>,
) -> Result<T, HttpError> {
    limits
        .within(Stage::Tls, work)
        .await
        .map_err(|timed_out| timed_out.into_error(false))?
}

async fn handshake(
    config: Arc<ClientConfig>,
    name: &str,
    stream: Box<dyn Stream>,
) -> Result<TlsStream<Box<dyn Stream>>, HttpError> {
    let fail = |kind, message: Cow<'static, str>| HttpError::before_sending(kind, message);
    let name = name.strip_suffix('.').unwrap_or(name);
    let Ok(server) = ServerName::try_from(name.to_owned()) else {
        return Err(fail(
            HttpErrorKind::Tls,
            "the host is not a name that a certificate can be for".into(),
        ));
    };
    let connected = TlsConnector::from(config).connect(server, stream).await;
    connected.map_err(|error| match failure::find::<rustls::Error>(&error) {
        Some(error) => {
            let name = Foreign::new(name, 255);
            let message = format!("no secure connection to {name}: {}", tls::describe(error));
            // No source: it would show what the server presented.
            fail(HttpErrorKind::Tls, message.into())
        }
        None => fail(
            HttpErrorKind::Reset,
            "the connection broke in the TLS handshake".into(),
        )
        .with_source(error),
    })
}
