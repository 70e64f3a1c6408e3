//! The HTTP client of [`ClientOptions`](crate::ClientOptions), made when it is first needed.

use std::sync::{Arc, OnceLock};

use identity_base::BoxFuture;
use identity_base::seam::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse};

use crate::ClientOptions;

/// Makes one client for all clones of the options.
#[derive(Debug, Default)]
pub(super) struct LazyClient(OnceLock<Arc<Client>>);

impl LazyClient {
    pub(super) fn get(&self, options: &ClientOptions) -> Arc<dyn HttpClient> {
        let client = self.0.get_or_init(|| {
            Arc::new(Client {
                given: options.transport.clone(),
                built_in: OnceLock::new(),
            })
        });
        Arc::clone(client) as _
    }
}

/// The client that was given, if any, and the built-in one for what it doesn't support.
#[derive(Debug)]
struct Client {
    given: Option<Arc<dyn HttpClient>>,
    built_in: OnceLock<Result<Arc<dyn HttpClient>, HttpError>>,
}

impl Client {
    fn built_in(&self) -> Result<&Arc<dyn HttpClient>, HttpError> {
        self.built_in.get_or_init(build).as_ref().map_err(Clone::clone)
    }
}

impl HttpClient for Client {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            if let Some(given) = &self.given {
                match given.send(request.clone()).await {
                    Err(error) if error.kind == HttpErrorKind::Unsupported && !error.request_sent => {}
                    answer => return answer,
                }
            }
            self.built_in()?.send(request).await
        })
    }
}

/// Without the feature `hyper` there is no built-in client.
fn build() -> Result<Arc<dyn HttpClient>, HttpError> {
    Err(HttpError::before_sending(
        HttpErrorKind::Unsupported,
        "no HTTP transport: none was given, and the crate was built without its feature `hyper`",
    ))
}
