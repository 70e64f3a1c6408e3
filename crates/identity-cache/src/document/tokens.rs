//! The tokens of one answer.

use std::fmt;
use std::time::Duration;

use identity_base::{Scopes, Secret};
use identity_runtime::entra::TokenResponse;
use identity_runtime::json::Json;

use super::add::object;
use super::id_token::{IdClaims, home_account_id};
use super::keys::Components;
use crate::Environment;

/// The tokens of one answer, and what they were asked for with.
#[derive(Clone)]
pub struct TokensToAdd<'a> {
    pub(super) environment: &'a Environment,
    pub(super) realm: &'a str,
    pub(super) client_id: &'a str,
    pub(super) target: String,
    pub(super) access_token: &'a Secret,
    pub(super) lifetime: Duration,
    pub(super) refresh_in: Option<Duration>,
    pub(super) refresh_token: Option<&'a Secret>,
    pub(super) id_token: Option<&'a Secret>,
    pub(super) client_info: Option<&'a str>,
    pub(super) family_id: Option<&'a str>,
    pub(super) grant_type: Option<&'a str>,
    pub(super) username: Option<&'a str>,
    pub(super) components: Components,
}

impl<'a> TokensToAdd<'a> {
    /// An access token alone. `realm` is the tenant in the path of the token endpoint, `lifetime` counts from the time of [`Document::add`](crate::Document::add).
    #[must_use]
    pub fn new(
        environment: &'a Environment,
        realm: &'a str,
        client_id: &'a str,
        scopes: &Scopes,
        access_token: &'a Secret,
        lifetime: Duration,
    ) -> Self {
        Self {
            environment,
            realm,
            client_id,
            target: scopes.sorted().collect::<Vec<_>>().join(" "),
            access_token,
            lifetime,
            refresh_in: None,
            refresh_token: None,
            id_token: None,
            client_info: None,
            family_id: None,
            grant_type: None,
            username: None,
            components: Components::default(),
        }
    }

    /// All that an answer holds. The scopes that the service granted go before those that were asked for.
    #[must_use]
    pub fn from_response(
        environment: &'a Environment,
        realm: &'a str,
        client_id: &'a str,
        scopes: &Scopes,
        response: &'a TokenResponse,
    ) -> Self {
        let tokens = Self::new(
            environment,
            realm,
            client_id,
            scopes,
            &response.token,
            response.lifetime,
        );
        Self {
            target: response.scope.as_deref().map_or(tokens.target, sorted),
            refresh_in: response.refresh_in,
            refresh_token: response.refresh_token.as_ref(),
            id_token: response.id_token.as_ref(),
            client_info: response.client_info.as_deref(),
            family_id: response.foci.as_deref(),
            ..tokens
        }
    }

    /// Sets the scopes that were granted, as the service spells them.
    #[must_use]
    pub fn with_granted_scope(mut self, scope: &str) -> Self {
        self.target = sorted(scope);
        self
    }

    /// Sets after how long a refresh is advised.
    #[must_use]
    pub const fn with_refresh_in(mut self, refresh_in: Duration) -> Self {
        self.refresh_in = Some(refresh_in);
        self
    }

    /// Adds a refresh token.
    #[must_use]
    pub const fn with_refresh_token(mut self, refresh_token: &'a Secret) -> Self {
        self.refresh_token = Some(refresh_token);
        self
    }

    /// Adds an id token.
    #[must_use]
    pub const fn with_id_token(mut self, id_token: &'a Secret) -> Self {
        self.id_token = Some(id_token);
        self
    }

    /// Adds the client info, base64url of JSON.
    #[must_use]
    pub const fn with_client_info(mut self, client_info: &'a str) -> Self {
        self.client_info = Some(client_info);
        self
    }

    /// Sets the family of applications that may share the refresh token (`foci`).
    #[must_use]
    pub const fn with_family_id(mut self, family_id: &'a str) -> Self {
        self.family_id = Some(family_id);
        self
    }

    /// Sets the grant that the tokens were got with.
    #[must_use]
    pub const fn with_grant_type(mut self, grant_type: &'a str) -> Self {
        self.grant_type = Some(grant_type);
        self
    }

    /// Sets the user name that was signed in with, for answers whose id token has none.
    #[must_use]
    pub const fn with_username(mut self, username: &'a str) -> Self {
        self.username = Some(username);
        self
    }

    /// Sets the parameters that make the access token another one.
    #[must_use]
    pub fn with_components(mut self, components: Components) -> Self {
        self.components = components;
        self
    }

    /// The account that the tokens are for; none for an application's own.
    #[must_use]
    pub fn home_account_id(&self) -> Option<String> {
        home_account_id(self.client_info, self.claims().as_ref())
    }

    pub(super) fn claims(&self) -> Option<IdClaims> {
        self.id_token.and_then(|token| IdClaims::of(token.expose()))
    }
}

impl TokensToAdd<'_> {
    /// What entries of all tokens begin with.
    pub(super) fn credential(&self, kind: &str, secret: &Secret, account: Option<&str>) -> Json {
        let mut entry = object([("credential_type", kind), ("secret", secret.expose())]);
        entry.set("home_account_id", account.map_or(Json::Null, Json::from));
        entry.set("environment", Json::from(self.environment.as_str()));
        entry
    }
}

impl fmt::Debug for TokensToAdd<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokensToAdd")
            .field("environment", &self.environment)
            .field("realm", &self.realm)
            .field("client_id", &self.client_id)
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("has_id_token", &self.id_token.is_some())
            .finish_non_exhaustive()
    }
}

fn sorted(scope: &str) -> String {
    let mut scopes: Vec<_> = scope.split_ascii_whitespace().collect();
    scopes.sort_unstable();
    scopes.join(" ")
}
