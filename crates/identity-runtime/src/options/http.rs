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
                ingredients: Ingredients::of(options),
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
    ingredients: Ingredients,
    built_in: OnceLock<Result<Arc<dyn HttpClient>, HttpError>>,
}

impl Client {
    fn built_in(&self) -> Result<&Arc<dyn HttpClient>, HttpError> {
        self.built_in
            .get_or_init(|| self.ingredients.build())
            .as_ref()
            .map_err(Clone::clone)
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

#[cfg(feature = "hyper")]
pub(super) use built_in::Ingredients;
#[cfg(not(feature = "hyper"))]
pub(super) use none::Ingredients;

/// The client over hyper.
#[cfg(feature = "hyper")]
mod built_in {
    use std::fmt;
    use std::sync::Arc;

    use identity_base::Error;
    use identity_base::seam::{Clock, Env, FileSystem, HttpClient, HttpError, HttpErrorKind, Resolver};
    use identity_transport::{HyperTransport, HyperTransportBuilder};

    use crate::ClientOptions;

    /// What the client is made of.
    pub(in crate::options) struct Ingredients {
        env: Arc<dyn Env>,
        file_system: Arc<dyn FileSystem>,
        clock: Arc<dyn Clock>,
        resolver: Option<Arc<dyn Resolver>>,
        extra_roots: Vec<Arc<[u8]>>,
        /// Whether all of it is as by default, so that the whole process can share one client.
        ordinary: bool,
    }

    impl Ingredients {
        pub(in crate::options) fn of(options: &ClientOptions) -> Self {
            Self {
                env: Arc::clone(&options.env),
                file_system: Arc::clone(&options.file_system),
                clock: Arc::clone(&options.clock),
                resolver: options.resolver.clone(),
                extra_roots: options.extra_roots.clone(),
                ordinary: !options.special_transport,
            }
        }

        pub(in crate::options) fn build(&self) -> Result<Arc<dyn HttpClient>, HttpError> {
            let builder = self.builder().map_err(|error| {
                HttpError::before_sending(HttpErrorKind::Unsupported, error.message().to_owned())
                    .with_source(error)
            })?;
            Ok(match self.ordinary {
                true => Arc::new(HyperTransport::shared_default(|| builder.build())),
                false => Arc::new(builder.build()),
            })
        }

        /// Fails when an extra root is no certificate.
        pub(in crate::options) fn check(&self) -> Result<(), Error> {
            self.builder().map(|_| ())
        }

        fn builder(&self) -> Result<HyperTransportBuilder, Error> {
            let mut builder = HyperTransport::builder()
                .env(Arc::clone(&self.env))
                .file_system(Arc::clone(&self.file_system))
                .clock(Arc::clone(&self.clock));
            if let Some(resolver) = &self.resolver {
                builder = builder.resolver(Arc::clone(resolver));
            }
            for pem in &self.extra_roots {
                builder = builder.extra_root_pem(pem)?;
            }
            Ok(builder)
        }
    }

    impl fmt::Debug for Ingredients {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Ingredients")
                .field("extra_roots", &self.extra_roots.len())
                .field("ordinary", &self.ordinary)
                .finish_non_exhaustive()
        }
    }
}

/// Without the feature `hyper` there is no built-in client.
#[cfg(not(feature = "hyper"))]
mod none {
    use std::sync::Arc;

    use identity_base::Error;
    use identity_base::seam::{HttpClient, HttpError, HttpErrorKind};

    use crate::ClientOptions;

    #[derive(Debug)]
    pub(in crate::options) struct Ingredients;

    impl Ingredients {
        pub(in crate::options) fn of(_options: &ClientOptions) -> Self {
            Self
        }

        pub(in crate::options) fn build(&self) -> Result<Arc<dyn HttpClient>, HttpError> {
            Err(HttpError::before_sending(
                HttpErrorKind::Unsupported,
                "there is no HTTP transport: none was given that supports this request, and the crate was built without its feature `hyper`",
            ))
        }

        #[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
        pub(in crate::options) fn check(&self) -> Result<(), Error> {
            Ok(())
        }
    }
}
