//! reqwest as the transport of the credentials.

mod answer;
mod failure;
mod head;
mod target;

use std::fmt;

use bytes::Bytes;
use identity_base::BoxFuture;
use identity_base::seam::{
    AddressRule, HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, ServerIdentity,
};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use self::answer::Answer;
use self::head::{Observe, head};
use self::target::Target;

/// reqwest as the HTTP transport of the credentials (`ClientOptions::with_transport`).
///
/// It never follows redirects, never retries, never decodes bodies, and keeps metadata requests away from proxies. Plain http goes to local addresses only;
/// for it names are resolved here, and not by a resolver of the client. It can't pin a server's certificate and can't take roots for a single request:
/// such requests are answered with [`HttpErrorKind::Unsupported`], and the credentials' default transport takes them.
///
/// Time limits are those of each request; resolving, connecting and TLS have one together, the sum of the three. What a server sends is held in reqwest's
/// own buffers, which are not erased; the copy that is handed on is. Connections belong to the runtime that opened them, so use one transport in one runtime.
///
/// ```no_run
/// use std::sync::Arc;
/// use identity_base::seam::HttpClient;
/// use identity_reqwest::ReqwestTransport;
///
/// fn transport() -> Result<Arc<dyn HttpClient>, reqwest::Error> {
///     Ok(Arc::new(ReqwestTransport::new(|builder| builder.tcp_nodelay(true))?))
/// }
/// ```
#[derive(Clone)]
pub struct ReqwestTransport {
    client: Client,
    /// Without any proxy, for metadata endpoints.
    direct: Client,
}

impl ReqwestTransport {
    /// Makes the clients by `configure`, which sets roots, proxies, a resolver and the like, and then sees to what the credentials rely on.
    ///
    /// Don't let it switch on cookies: they can't be switched off again.
    ///
    /// # Errors
    /// reqwest's, when the settings can't be.
    ///
    /// # Panics
    /// reqwest does, when it is built without a provider of cryptography (`rustls-no-provider`) and the process has none.
    pub fn new(configure: impl Fn(ClientBuilder) -> ClientBuilder) -> Result<Self, reqwest::Error> {
        let builder = || {
            configure(Client::builder())
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .no_gzip()
                .no_brotli()
                .no_deflate()
                .no_zstd()
                .connector_layer(Observe)
        };
        Ok(Self {
            client: builder().build()?,
            direct: builder().no_proxy().build()?,
        })
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if Handle::try_current().is_err() {
            return Err(HttpError::before_sending(
                HttpErrorKind::NoRuntime,
                "HTTP needs a tokio runtime with I/O and timers: call this from one that was built with `enable_all`",
            ));
        }
        let target = Target::parse(&request)?;
        let total = request.timeouts.total;
        let within = async {
            let urls = target.urls(&request).await?;
            let client = match request.policy.no_proxy || !target.tls {
                true => &self.direct,
                false => &self.client,
            };
            let mut failed = None;
            for url in urls {
                match head(client, target.request(url, &request), &request.timeouts).await {
                    Ok(response) => return Answer::read(response, &request).await,
                    // The next address may be alive.
                    Err(error) if !error.request_sent && error.kind == HttpErrorKind::Connect => {
                        failed = Some(error);
                    }
                    Err(error) => return Err(error),
                }
            }
            Err(failed
                .unwrap_or_else(|| HttpError::before_sending(HttpErrorKind::Dns, "the host has no address")))
        };
        head::within(total, within).await
    }
}

impl HttpClient for ReqwestTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            supported(&request)?;
            self.exchange(request).await
        })
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

/// Refuses what reqwest has no means for.
fn supported(request: &HttpRequest) -> Result<(), HttpError> {
    let rule = matches!(
        request.policy.addresses,
        AddressRule::HttpsOnly | AddressRule::PlainHttpToLocal
    );
    if rule && matches!(request.policy.server, ServerIdentity::PublicRoots) {
        return Ok(());
    }
    Err(HttpError::before_sending(
        HttpErrorKind::Unsupported,
        "reqwest can't check this server identity for a single request",
    ))
}

/// The request's body, which is not copied.
struct SharedBody(std::sync::Arc<Zeroizing<Vec<u8>>>);

impl AsRef<[u8]> for SharedBody {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}

/// The body as reqwest takes it.
fn body(request: &HttpRequest) -> Option<reqwest::Body> {
    let body = SharedBody(std::sync::Arc::clone(&request.body));
    (!request.body.is_empty()).then(|| Bytes::from_owner(body).into())
}
