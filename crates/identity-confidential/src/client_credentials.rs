//! The client-credentials grant: tokens for the application itself.

#[cfg(feature = "cache")]
use identity_base::FetchPolicy;
use identity_base::{Error, FetchToken, Fetched, KeyBuilder, OwnedRequest};
use identity_runtime::Cached;

use crate::application::Application;
#[cfg(feature = "cache")]
use crate::kept::CACHE_TIME;

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
        let application = &self.application;
        #[cfg(feature = "cache")]
        let tenant = application.tenant(request)?;
        #[cfg(feature = "cache")]
        if let Some(kept) = application.kept()
            && let Some(fetched) = kept
                .find(application.client_id(), &tenant, request, application.options())
                .await
        {
            return Ok(fetched);
        }
        let grant = application.grant(GRANT, request)?;
        let response = application.send_by_region(request, grant).await?;
        #[cfg(feature = "cache")]
        if let Some(kept) = application.kept() {
            return Ok(kept
                .add(application.client_id(), &tenant, request, response)
                .await);
        }
        Ok(response.into_fetched())
    }

    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.application.resolve_tenant(requested)
    }

    #[cfg(feature = "cache")]
    fn policy(&self) -> FetchPolicy {
        let policy = FetchPolicy::new();
        match self.application.kept() {
            Some(_) => policy.with_total(policy.total.saturating_add(CACHE_TIME)),
            None => policy,
        }
    }

    fn generation(&self) -> u64 {
        self.application.generation()
    }

    #[cfg(feature = "cache")]
    async fn close(&self) {
        if let Some(kept) = self.application.kept() {
            kept.close().await;
        }
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
