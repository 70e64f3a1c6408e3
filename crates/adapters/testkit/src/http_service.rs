//! An HTTP service that answers what a function says.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::ServerCertificate;

/// A request, read to its end.
pub type Request = http::Request<Bytes>;
/// An answer.
pub type Reply = http::Response<Bytes>;
type Handler = dyn Fn(Request) -> identity_base::BoxFuture<'static, Reply> + Send + Sync;

/// An HTTP/1.1 service on a port of its own. It stops when it is dropped.
pub struct HttpService {
    address: SocketAddr,
    certificate: Option<ServerCertificate>,
    task: JoinHandle<()>,
}

impl HttpService {
    /// Without TLS.
    ///
    /// # Panics
    /// When the loopback interface can't be used.
    pub async fn plain<F, Fut>(handler: F) -> Self
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        Self::start(None, handler).await
    }

    /// With TLS, for `localhost`.
    ///
    /// # Panics
    /// When the loopback interface can't be used.
    pub async fn tls<F, Fut>(handler: F) -> Self
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        Self::start(Some(ServerCertificate::generate()), handler).await
    }

    #[expect(clippy::expect_used, reason = "it fails the test")]
    async fn start<F, Fut>(certificate: Option<ServerCertificate>, handler: F) -> Self
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback");
        let address = listener.local_addr().expect("an address");
        let handler: Arc<Handler> = Arc::new(move |request| Box::pin(handler(request)));
        let acceptor = certificate
            .as_ref()
            .map(|certificate| TlsAcceptor::from(certificate.config()));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, acceptor) = (Arc::clone(&handler), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(stream, handler).await,
                        // A client that does not trust us leaves here.
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, handler).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            certificate,
            task,
        }
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        match self.certificate {
            None => format!("http://{}", self.address),
            Some(_) => format!("https://localhost:{}", self.address.port()),
        }
    }

    /// What clients have to trust, as PEM; empty without TLS.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.certificate
            .as_ref()
            .map_or("", ServerCertificate::authority_pem)
    }
}

impl Drop for HttpService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, handler: Arc<Handler>) {
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let handler = Arc::clone(&handler);
        async move {
            let (parts, body) = request.into_parts();
            let Ok(body) = body.collect().await else {
                let mut reply = http::Response::new(Full::default());
                *reply.status_mut() = http::StatusCode::BAD_REQUEST;
                return Ok::<_, Infallible>(reply);
            };
            let request = Request::from_parts(parts, body.to_bytes());
            Ok(handler(request).await.map(Full::new))
        }
    });
    // A connection that breaks is the client's to notice.
    let _ended = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
