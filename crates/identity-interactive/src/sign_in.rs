//! The way of every user flow: silently if possible, else by a sign-in, one at a time.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use identity_base::{
    BoxFuture, Error, ErrorKind, FetchPolicy, FetchToken, Fetched, KeyBuilder, OwnedRequest, Secret, TenantId,
};
use identity_cache::AuthenticationRecord;
use identity_cache::flow::Served;
use identity_runtime::entra::TokenResponse;
use identity_runtime::time::timeout;
use tokio::sync::Mutex as AsyncMutex;

use crate::account::Binding;
use crate::application::Application;

/// What looking into the cache and exchanging a refresh token may take beside the sign-in itself.
const SILENT_TIME: Duration = Duration::from_secs(60);

/// How a person signs in.
pub(crate) trait SignIn: fmt::Debug + Send + Sync + 'static {
    /// The credential's type name.
    const NAME: &'static str;
    /// The grant, for cache keys.
    const GRANT: &'static str;
    /// Whether a person is asked, so that it never happens in the background.
    const ASKS: bool;

    /// The longest that a sign-in takes, its redemption included.
    fn total(&self) -> Duration;

    /// Signs in and redeems.
    fn sign_in(
        &self,
        application: &Application,
        tenant: &TenantId,
        request: &OwnedRequest,
    ) -> impl Future<Output = Result<SignedIn, Error>> + Send;
}

/// What a sign-in brought.
pub(crate) struct SignedIn {
    pub(crate) response: TokenResponse,
    /// What the id token has to repeat.
    pub(crate) nonce: Option<Secret>,
    pub(crate) grant_type: &'static str,
    /// The name that was signed in with, where the program knows it.
    pub(crate) username: Option<String>,
    /// Tells the person how it went.
    pub(crate) farewell: Option<Farewell>,
}

/// Tells the person how it went.
pub(crate) type Farewell = Box<dyn FnOnce(Result<(), Error>) -> BoxFuture<'static, ()> + Send + Sync>;

/// Fetches tokens for a person.
pub(crate) struct UserFetch<S: SignIn> {
    pub(crate) application: Application,
    pub(crate) flow: S,
    /// Held while a person is asked: nobody is asked twice at once.
    turn: AsyncMutex<()>,
    served: Served,
}

impl<S: SignIn> UserFetch<S> {
    pub(crate) fn new(application: Application, flow: S) -> Self {
        Self {
            application,
            flow,
            turn: AsyncMutex::new(()),
            served: Served::default(),
        }
    }

    /// Signs in if need be; who signed in, and whether that is another account than before.
    pub(crate) async fn authenticate(
        &self,
        request: &OwnedRequest,
    ) -> Result<(AuthenticationRecord, bool), Error> {
        self.application.check_open()?;
        let before = self.application.bound.record();
        // Its token isn't handed out here, so it may be served from the cache later.
        let required = match self.application.silent(request, |_| true).await {
            Ok(_) => match self.application.bound.record() {
                Some(record) => return Ok((record, false)),
                None => Error::new(ErrorKind::AuthenticationRequired, "a person has to sign in"),
            },
            Err(error) if error.kind() == ErrorKind::AuthenticationRequired => error,
            Err(error) => return Err(error),
        };
        let clock = self.application.options().clock();
        let limit = self.flow.total();
        let (record, _) = timeout(&**clock, limit, self.ask(request, &required, Binding::Any))
            .await
            .unwrap_or_else(|| {
                let text = format!("no sign-in within {} s", limit.as_secs());
                Err(Error::new(ErrorKind::Timeout, text))
            })?;
        let changed = before.is_some_and(|before| before.home_account_id() != record.home_account_id());
        Ok((record, changed))
    }

    /// Asks a person, unless somebody else did meanwhile.
    async fn ask(
        &self,
        request: &OwnedRequest,
        required: &Error,
        binding: Binding,
    ) -> Result<(AuthenticationRecord, Fetched), Error> {
        let sign_ins = self.application.bound.sign_ins();
        let _turn = self.turn.lock().await;
        if self.application.bound.sign_ins() != sign_ins
            && let Ok(silent) = self
                .application
                .silent(request, |token| self.served.is_new(token))
                .await
            && let Some(record) = self.application.bound.record()
        {
            return Ok((record, silent.into_fetched()));
        }
        // What the service wants for the sign-in, unless the caller said so already.
        let request = match (request.claims(), required.claims()) {
            (None, Some(claims)) => request.clone().with_claims(claims),
            _ => request.clone(),
        };
        let tenant = self.application.tenant(&request)?;
        let mut signed_in = self.flow.sign_in(&self.application, &tenant, &request).await?;
        let outcome = self
            .application
            .accept(&tenant, &request, &signed_in, binding)
            .await;
        if let Some(farewell) = signed_in.farewell.take() {
            farewell(outcome.as_ref().map(|_| ()).map_err(Clone::clone)).await;
        }
        Ok((outcome?, signed_in.response.into_fetched()))
    }
}

impl<S: SignIn> FetchToken for UserFetch<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        self.application.cache_identity(key, S::GRANT);
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let required = match self
            .application
            .silent(request, |token| self.served.is_new(token))
            .await
        {
            Ok(silent) => return Ok(self.served.hand_out(silent.into_fetched())),
            Err(error) if error.kind() == ErrorKind::AuthenticationRequired => error,
            Err(error) => return Err(error),
        };
        if self.application.disable_automatic || (S::ASKS && request.is_background()) {
            return Err(required);
        }
        let (_, fetched) = self.ask(request, &required, Binding::Same).await?;
        Ok(self.served.hand_out(fetched))
    }

    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.application.resolve_tenant(requested)
    }

    fn policy(&self) -> FetchPolicy {
        FetchPolicy::new()
            .with_total(self.flow.total().saturating_add(SILENT_TIME))
            .with_single_use(S::ASKS)
            .with_attended(S::ASKS)
            .with_negative_cache(!S::ASKS)
    }

    async fn close(&self) {
        self.application.close().await;
    }
}

impl<S: SignIn> fmt::Debug for UserFetch<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserFetch")
            .field("application", &self.application)
            .field("flow", &self.flow)
            .finish_non_exhaustive()
    }
}
