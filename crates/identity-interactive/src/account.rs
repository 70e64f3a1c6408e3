//! The account that a credential is bound to.

use std::sync::{Mutex, MutexGuard, PoisonError};

use identity_base::{Error, ErrorKind, OwnedRequest, TenantId};
use identity_cache::AuthenticationRecord;
use identity_cache::document::TokensToAdd;

use crate::application::{Application, realm};
use crate::id_token;
use crate::sign_in::SignedIn;

/// Who signed in, if anybody did.
#[derive(Debug)]
pub(crate) struct Bound(Mutex<State>);

#[derive(Debug)]
struct State {
    record: Option<AuthenticationRecord>,
    /// Counts sign-ins.
    sign_ins: u64,
}

/// Which account a sign-in may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Any: the program asked for a sign-in.
    Any,
    /// The one that signed in before: a token request must not change whose tokens come out.
    Same,
}

impl Bound {
    pub(crate) const fn new(record: Option<AuthenticationRecord>) -> Self {
        Self(Mutex::new(State { record, sign_ins: 0 }))
    }

    pub(crate) fn record(&self) -> Option<AuthenticationRecord> {
        self.lock().record.clone()
    }

    /// Changes with each sign-in.
    pub(crate) fn sign_ins(&self) -> u64 {
        self.lock().sign_ins
    }

    fn bind(&self, record: AuthenticationRecord) {
        let mut state = self.lock();
        state.record = Some(record);
        state.sign_ins = state.sign_ins.wrapping_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Application {
    /// Checks that a sign-in is what was asked for, keeps its tokens and binds its account.
    ///
    /// # Errors
    /// [`ErrorKind::IdentityMismatch`] for an id token that is for somebody else than asked, or another account under [`Binding::Same`];
    /// [`ErrorKind::AuthenticationFailed`] when the answer doesn't tell who signed in.
    pub(crate) async fn accept(
        &self,
        tenant: &TenantId,
        request: &OwnedRequest,
        signed_in: &SignedIn,
        binding: Binding,
    ) -> Result<AuthenticationRecord, Error> {
        let response = &signed_in.response;
        id_token::check(
            response,
            &id_token::Expected {
                application: self,
                tenant,
                nonce: signed_in.nonce.as_ref(),
            },
        )?;
        let record = AuthenticationRecord::from_response(response)?;
        let before = self.bound.record().filter(|_| binding == Binding::Same);
        if before.is_some_and(|before| before.home_account_id() != record.home_account_id()) {
            return Err(Error::new(
                ErrorKind::IdentityMismatch,
                "another account signed in than the one before",
            )
            .with_hint("sign in with the same account, or call `authenticate` to change it"));
        }
        let tokens = TokensToAdd::from_response(
            self.environment(),
            realm(tenant, record.home_account_id()),
            self.client_id().as_str(),
            request.scopes(),
            response,
        )
        .with_grant_type(signed_in.grant_type);
        let tokens = match &signed_in.username {
            Some(username) => tokens.with_username(username),
            None => tokens,
        };
        let now = response.sent.system_time();
        let cache = self.caches().get(request.is_cae_enabled());
        cache.update(|document| document.add(&tokens, now)).await;
        self.bound.bind(record.clone());
        Ok(record)
    }
}
