//! The flow: begin, tell the person, ask until there is an answer.

use std::time::Duration;

use identity_base::{Error, ErrorKind, OwnedRequest, TenantId};
use identity_runtime::crypto::guid;
use identity_runtime::entra::{Grant, TokenResponse, merge_claims};
use identity_runtime::time::timeout;

use super::NAME;
use super::prompt::{DeviceCodePrompt, Prompt};
use super::start::{MAX_INTERVAL, MAX_LIFETIME, Started};
use crate::application::{Application, Endpoints, PROTOCOL_SCOPES};
use crate::sign_in::{SignIn, SignedIn};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// By how much the pause grows when the service asks to slow down.
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// What beginning and the last question may take beside the wait for the person.
const REQUESTS: Duration = Duration::from_secs(60);

/// How the person is told, and how long that person has.
#[derive(Debug)]
pub(crate) struct DeviceCode {
    prompt: Prompt,
    timeout: Option<Duration>,
}

impl DeviceCode {
    pub(super) const fn new(prompt: Prompt, timeout: Option<Duration>) -> Self {
        Self { prompt, timeout }
    }

    /// Asks for the codes.
    async fn begin(
        &self,
        application: &Application,
        endpoints: &Endpoints,
        tenant: &TenantId,
        request: &OwnedRequest,
        id: &str,
    ) -> Result<Started, Error> {
        if endpoints.device_authorization.is_empty() {
            return Err(Error::unavailable("the authority has no sign-in by device code"));
        }
        let grant = Grant::without_type("device_authorization", application.client_id())
            .for_request(request)?
            .more_scopes(&PROTOCOL_SCOPES)
            .correlation_id(id)
            .endpoint(&endpoints.device_authorization)?;
        let answer = application.client().send_for_json(tenant, &grant).await?;
        Started::read(&answer, application.authority())
    }

    /// Asks whether the person is done, until there is an answer, or until the code will be over before anything may be asked again.
    async fn poll(
        &self,
        application: &Application,
        tenant: &TenantId,
        grant: &Grant,
        mut pause: Duration,
        limit: Duration,
    ) -> Result<TokenResponse, Error> {
        let clock = application.options().clock();
        let begun = clock.now();
        // Whether the answer to a question was lost: it may have been the token.
        let mut lost = None;
        loop {
            clock.sleep(pause).await;
            let error = match application.client().send(tenant, grant).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            match error.code() {
                Some("authorization_pending") => {}
                Some("slow_down") => pause = pause.saturating_add(SLOW_DOWN),
                Some(_) if !error.is_transient() => return Err(lost.map_or_else(|| explain(error), unknown)),
                _ => match error.kind() {
                    // The network is down for the moment: the code is still valid, and asking less often doesn't hurt.
                    ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Overloaded => {
                        pause = pause.saturating_mul(2).min(MAX_INTERVAL.max(pause));
                    }
                    ErrorKind::Throttled
                        if error
                            .retry_after()
                            .is_some_and(|asked| asked >= limit.saturating_sub(clock.now().since(begun))) =>
                    {
                        return Err(error);
                    }
                    ErrorKind::Throttled => {
                        pause = pause.max(error.retry_after().unwrap_or(pause)).min(MAX_LIFETIME);
                    }
                    ErrorKind::OutcomeUnknown => lost = Some(error),
                    _ => return Err(error),
                },
            }
        }
    }
}

impl SignIn for DeviceCode {
    const NAME: &'static str = NAME;
    const GRANT: &'static str = GRANT;
    const ASKS: bool = true;

    fn total(&self) -> Duration {
        self.timeout.unwrap_or(MAX_LIFETIME).min(MAX_LIFETIME) + REQUESTS
    }

    async fn sign_in(
        &self,
        application: &Application,
        tenant: &TenantId,
        request: &OwnedRequest,
    ) -> Result<SignedIn, Error> {
        let options = application.options();
        let endpoints = application.endpoints(tenant).await?;
        // One id for all requests of the sign-in.
        let id = match request.correlation_id() {
            Some(id) => id.to_owned(),
            None => guid(&**options.random())?,
        };
        let begun = options.clock().now();
        let started = self.begin(application, &endpoints, tenant, request, &id).await?;
        let limit = self.timeout.unwrap_or(MAX_LIFETIME).min(started.lifetime);
        let expires_on = begun.system_time() + started.lifetime;
        self.prompt.show(&DeviceCodePrompt {
            verification_uri: started.verification_uri.clone(),
            user_code: started.user_code.clone(),
            expires_on,
            expires_in: started.lifetime,
        });
        let mut grant = Grant::new(GRANT, application.client_id())
            .secret("device_code", &started.device_code)
            .client_info()
            .correlation_id(id)
            .single_use();
        if let Some(claims) = merge_claims(request.claims(), request.is_cae_enabled())? {
            grant = grant.field("claims", claims);
        }
        let grant = endpoints.aim(grant)?;
        let polling = self.poll(application, tenant, &grant, started.interval, limit);
        let response = timeout(&**options.clock(), limit, polling)
            .await
            .unwrap_or_else(|| Err(too_late(limit)))?;
        Ok(SignedIn {
            response,
            nonce: None,
            grant_type: GRANT,
            username: None,
            farewell: None,
        })
    }
}

fn too_late(limit: Duration) -> Error {
    let text = format!("nobody signed in with the code within {} s", limit.as_secs());
    Error::new(ErrorKind::Timeout, text)
        .with_transient(false)
        .with_hint("begin the sign-in again, and enter the code before it expires")
}

/// Adds what a person can do about it.
fn explain(error: Error) -> Error {
    let hint = match error.code() {
        Some("authorization_declined" | "access_denied") => {
            "the person declined; begin again if that was a mistake"
        }
        Some("expired_token" | "code_expired") => {
            "begin the sign-in again, and enter the code before it expires"
        }
        Some("bad_verification_code") => "begin the sign-in again",
        _ => return error,
    };
    // Somebody was asked already, so that asking is no way out.
    error.with_kind(ErrorKind::AuthenticationFailed).with_hint(hint)
}

/// The code was perhaps spent by a question whose answer was lost.
fn unknown(lost: Error) -> Error {
    lost.with_hint("begin the sign-in again")
}
