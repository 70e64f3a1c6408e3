//! What tests need to begin with: an authorization code of a user's sign-in, a user's token for an API.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::Value;

use crate::model::{App, Tenant, User};
use crate::sessions::Authorization;
use crate::token::{Proof, Subject, user_claims};
use crate::world::World;

/// The user of requests that name none.
const DEFAULT_USER: &str = "ada@contoso.test";

/// A sign-in that has happened: what [`Emulator::mint_code`](crate::Emulator::mint_code) makes a code for.
///
/// ```
/// use identity_emulator::{CodeRequest, Emulator, User};
///
/// let emulator = Emulator::builder().start_blocking()?;
/// let code = emulator.mint_code(
///     &CodeRequest::new("https://app.test/signed-in")
///         .user(User::new("ada@contoso.test"))
///         .scope("User.Read offline_access")
///         .code_verifier("a-verifier-of-at-least-forty-three-characters"),
/// )?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CodeRequest {
    client_id: Option<String>,
    redirect_uri: String,
    user: User,
    scopes: Vec<String>,
    challenge: Option<String>,
    nonce: Option<String>,
}

impl CodeRequest {
    /// A sign-in of `ada@contoso.test` to the first application, redirected to `redirect_uri`, with the scopes
    /// `openid profile offline_access`.
    pub fn new(redirect_uri: impl Into<String>) -> Self {
        Self {
            client_id: None,
            redirect_uri: redirect_uri.into(),
            user: User::new(DEFAULT_USER),
            scopes: ["openid", "profile", "offline_access"]
                .map(str::to_owned)
                .to_vec(),
            challenge: None,
            nonce: None,
        }
    }

    /// Sets the application.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// Sets the user.
    pub fn user(mut self, user: User) -> Self {
        self.user = user;
        self
    }

    /// Sets the scopes that were asked for, separated by spaces.
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes = scope.split_ascii_whitespace().map(str::to_owned).collect();
        self
    }

    /// Binds the code to a PKCE verifier, of which the challenge is made here.
    pub fn code_verifier(self, verifier: &str) -> Self {
        let hash = digest(&SHA256, verifier.as_bytes());
        self.code_challenge(BASE64_URL_SAFE_NO_PAD.encode(hash))
    }

    /// Binds the code to a PKCE challenge of the method S256.
    pub fn code_challenge(mut self, challenge: impl Into<String>) -> Self {
        self.challenge = Some(challenge.into());
        self
    }

    /// Sets the nonce that the id token has to repeat.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    pub(crate) fn mint(&self, world: &World) -> Result<String, String> {
        let (tenant, app) = application(world, self.client_id.as_deref())?;
        if !app.redirect_uris.is_empty() && !app.redirect_uris.contains(&self.redirect_uri) {
            return Err(format!(
                "{:?} is no redirect URI of the application {:?}",
                self.redirect_uri, app.name
            ));
        }
        let now = world.clock.unix_seconds();
        let authorization = Authorization {
            tenant: tenant.id.clone(),
            app: app.id.clone(),
            user: self.user.clone(),
            scopes: self.scopes.clone(),
            nonce: self.nonce.clone(),
            signed_in: now,
            acrs: Vec::new(),
        };
        let (redirect_uri, challenge) = (self.redirect_uri.clone(), self.challenge.clone());
        Ok(world
            .sessions
            .code(&world.ids, now, authorization, redirect_uri, challenge))
    }
}

/// A user's access token that an API was called with: what
/// [`Emulator::mint_user_token`](crate::Emulator::mint_user_token) makes.
///
/// ```
/// use identity_emulator::{Emulator, User, UserTokenRequest};
///
/// let emulator = Emulator::builder().start_blocking()?;
/// let api = emulator.client_id();
/// // An assertion for the on-behalf-of flow of the first application.
/// let assertion = emulator.mint_user_token(&UserTokenRequest::new(api).user(User::new("bob@contoso.test")))?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct UserTokenRequest {
    api: String,
    client_id: Option<String>,
    user: User,
    permissions: Vec<String>,
    lifetime: Option<Duration>,
}

impl UserTokenRequest {
    /// A token of `ada@contoso.test` for `api`, a client id or an identifier URI, with the permission `access_as_user`. The first
    /// application asked for it.
    pub fn new(api: impl Into<String>) -> Self {
        Self {
            api: api.into(),
            client_id: None,
            user: User::new(DEFAULT_USER),
            permissions: vec!["access_as_user".to_owned()],
            lifetime: None,
        }
    }

    /// Sets the application that asked for the token.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// Sets the user.
    pub fn user(mut self, user: User) -> Self {
        self.user = user;
        self
    }

    /// Sets the permissions, the `scp` claim, separated by spaces.
    pub fn permissions(mut self, permissions: &str) -> Self {
        self.permissions = permissions.split_ascii_whitespace().map(str::to_owned).collect();
        self
    }

    /// Sets how long the token is valid, in whole seconds; as long as the tenant's tokens by default.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    pub(crate) fn mint(&self, world: &World) -> Result<String, String> {
        let (tenant, app) = application(world, self.client_id.as_deref())?;
        let audience = world
            .directory
            .audience(tenant, &self.api)
            .ok_or_else(|| format!("no API is called {:?}", self.api))?;
        let subject = Subject {
            tenant: &tenant.id,
            user: &self.user,
            client: &app.id,
            client_name: &app.name,
            proof: Proof::Public,
            issuer_v2: world.issuer_v2_under(world.authority(), &tenant.id),
        };
        let lifetime = self.lifetime.unwrap_or(tenant.token_lifetime).as_secs();
        let claims = user_claims(world, &subject, &audience, &self.permissions, lifetime);
        world
            .signer
            .sign(&Value::Object(claims))
            .ok_or_else(|| "the token could not be signed".to_owned())
    }
}

/// The application with this client id, or the first one, and its tenant.
pub(crate) fn application<'a>(
    world: &'a World,
    client_id: Option<&str>,
) -> Result<(&'a Tenant, &'a App), String> {
    let mut all = world
        .directory
        .tenants()
        .iter()
        .flat_map(|tenant| tenant.apps.iter().map(move |app| (&**tenant, app)));
    match client_id {
        None => all.next().ok_or_else(|| "there is no application".to_owned()),
        Some(id) => all
            .find(|(_, app)| app.id.eq_ignore_ascii_case(id))
            .ok_or_else(|| format!("no application has the client id {id:?}")),
    }
}

/// [`CodeRequest`] as the administration takes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeWish {
    redirect_uri: String,
    client_id: Option<String>,
    user: Option<String>,
    scope: Option<String>,
    code_verifier: Option<String>,
    code_challenge: Option<String>,
    nonce: Option<String>,
}

impl CodeWish {
    pub(crate) fn request(self) -> CodeRequest {
        let mut request = CodeRequest::new(self.redirect_uri);
        request.client_id = self.client_id;
        request.nonce = self.nonce;
        request.challenge = self.code_challenge;
        if let Some(upn) = self.user {
            request = request.user(User::new(upn));
        }
        if let Some(scope) = self.scope {
            request = request.scope(&scope);
        }
        match self.code_verifier {
            Some(verifier) => request.code_verifier(&verifier),
            None => request,
        }
    }
}

/// [`UserTokenRequest`] as the administration takes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserTokenWish {
    api: String,
    client_id: Option<String>,
    user: Option<String>,
    permissions: Option<String>,
    /// Seconds.
    lifetime: Option<u64>,
}

impl UserTokenWish {
    pub(crate) fn request(self) -> UserTokenRequest {
        let mut request = UserTokenRequest::new(self.api);
        request.client_id = self.client_id;
        request.lifetime = self.lifetime.map(Duration::from_secs);
        if let Some(upn) = self.user {
            request = request.user(User::new(upn));
        }
        match self.permissions {
            Some(permissions) => request.permissions(&permissions),
            None => request,
        }
    }
}
