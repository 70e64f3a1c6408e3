//! Where a request goes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::HeaderValue;
use http::header::HOST;
use identity_base::seam::{HttpError, HttpErrorKind, HttpRequest};
use reqwest::{Request, Url};

use super::{body, head};

/// The checked URL of a request.
pub(super) struct Target {
    url: Url,
    /// Whether the scheme is https.
    pub(super) tls: bool,
}

impl Target {
    /// # Errors
    /// [`HttpErrorKind::Protocol`] for anything but an http or https URL without user information; [`HttpErrorKind::AddressRefused`] when no address of it
    /// would do.
    pub(super) fn parse(request: &HttpRequest) -> Result<Self, HttpError> {
        let refuse = |message: &'static str| HttpError::before_sending(HttpErrorKind::Protocol, message);
        // No source: it might show the URL.
        let url = Url::parse(&request.uri.to_string()).map_err(|_| refuse("the URL is not absolute"))?;
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(refuse("the URL's scheme is neither https nor http")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("the URL holds user information, which is not allowed"));
        }
        let possible = request
            .policy
            .addresses
            .allows(IpAddr::V4(Ipv4Addr::LOCALHOST), tls);
        if !possible {
            return Err(HttpError::before_sending(
                HttpErrorKind::AddressRefused,
                "plain http is not allowed here; use an https URL",
            ));
        }
        Ok(Self { url, tls })
    }

    /// The URLs to try in turn. With https it is the one, and the certificate proves who answers. With plain http the addresses are checked, so they
    /// stand in place of the name.
    pub(super) async fn urls(&self, request: &HttpRequest) -> Result<Vec<Url>, HttpError> {
        if self.tls {
            return Ok(vec![self.url.clone()]);
        }
        let addresses = self.addresses(request).await?;
        for address in &addresses {
            if !request.policy.addresses.allows(address.ip(), false) {
                return Err(HttpError::before_sending(
                    HttpErrorKind::AddressRefused,
                    format!(
                        "plain http is allowed to this machine and its platform only, not to {}; use an https URL",
                        address.ip()
                    ),
                ));
            }
        }
        let at = |address: &SocketAddr| {
            let mut url = self.url.clone();
            url.set_ip_host(address.ip()).ok()?;
            Some(url)
        };
        Ok(addresses.iter().filter_map(at).collect())
    }

    async fn addresses(&self, request: &HttpRequest) -> Result<Vec<SocketAddr>, HttpError> {
        let port = self.url.port_or_known_default().unwrap_or(80);
        let host = self.url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let failed = |error| {
            HttpError::before_sending(HttpErrorKind::Dns, "the host's name does not resolve")
                .with_source(error)
        };
        let lookup = async {
            let found = tokio::net::lookup_host((bare, port)).await.map_err(failed)?;
            Ok(found.collect())
        };
        head::resolved_within(request.timeouts.resolve, lookup).await
    }

    /// The request as reqwest takes it, to one of the [`urls`](Self::urls).
    pub(super) fn request(&self, url: Url, ours: &HttpRequest) -> Request {
        let mut request = Request::new(ours.method.clone(), url);
        *request.headers_mut() = ours.headers.clone();
        if !self.tls
            && let Some(authority) = ours.uri.authority()
            && let Ok(value) = HeaderValue::from_str(authority.as_str())
        {
            request.headers_mut().insert(HOST, value);
        }
        *request.body_mut() = body(ours);
        request
    }
}
