//! The client-credentials grant: tokens for the application itself.

use identity_base::{Error, FetchToken, Fetched, KeyBuilder, OwnedRequest};
use identity_runtime::Cached;

use crate::application::Application;

const GRANT: &str = "client_credentials";

/// Fetches tokens for an application that proves itself in whatever way.
#[derive(Debug)]
pub(crate) struct ClientCredentials {
    application: Application,
}

impl ClientCredentials {
    /// The credential of this application.
    pub(crate) fn cached(application: Application) -> Cached<Self> {
        let options = application.options().clone();
        Cached::new(Self { application }, &options)
    }
}

impl FetchToken for ClientCredentials {
    fn name(&self) -> &'static str {
        self.application.name()
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        self.application.cache_identity(key, GRANT);
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let grant = self.application.grant(GRANT, request)?;
        Ok(self
            .application
            .send_by_region(request, grant)
            .await?
            .into_fetched())
    }

    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.application.resolve_tenant(requested)
    }

    fn generation(&self) -> u64 {
        self.application.generation()
    }
}

/// Makes a struct around a `Cached` a credential: everything is forwarded.
macro_rules! forward_credential {
    ($credential:ident) => {
        impl identity_base::TokenCredential for $credential {
            #[inline]
            fn get_token_with(
                &self,
                request: identity_base::TokenRequest<'_>,
            ) -> identity_base::TokenFuture<'_> {
                self.0.get_token_with(request)
            }

            #[inline]
            fn get_token(&self, scopes: &[&str]) -> identity_base::TokenFuture<'_> {
                self.0.get_token(scopes)
            }

            fn handle(&self, scopes: &[&str]) -> Option<identity_base::TokenHandle> {
                self.0.handle(scopes)
            }

            fn close(&self) -> identity_base::CloseFuture<'_> {
                self.0.close()
            }

            fn name(&self) -> &'static str {
                self.0.name()
            }
        }
    };
}
pub(crate) use forward_credential;
