//! The client.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Uri;
use identity_base::seam::{HttpRequest, HttpResponse, Now};
use identity_base::{Authority, Error, ErrorKind, Scopes, TenantId};
use tracing::Instrument as _;

use super::ClientAuth;
use super::refusal::{Asker, refusal};
use super::{ClockSkew, Grant, RequestHeaders, TokenResponse, granted};
use crate::aadsts::{self, AadstsClass};
use crate::assertion::{AssertionContext, AssertionSource};
use crate::json::{Json, JsonError};
use crate::retry::{Call, Judgement, Repeat, RequestKey, failure};
use crate::{ClientOptions, trace};

/// When the service says that it is unavailable, or that we loop, it isn't asked again before this.
const TRANSIENT_DELAY: Duration = Duration::from_secs(30);

/// Sends grants to the token endpoint. Cheap to clone; makes no request until it is asked to.
#[derive(Clone)]
pub struct EntraClient(Arc<Inner>);

struct Inner {
    options: ClientOptions,
    credential: &'static str,
    warned: AtomicBool,
}

impl EntraClient {
    /// A client for the credential named `credential`.
    #[must_use]
    pub fn new(options: &ClientOptions, credential: &'static str) -> Self {
        Self(Arc::new(Inner {
            options: options.clone(),
            credential,
            warned: AtomicBool::new(false),
        }))
    }

    /// The options it was made with.
    #[must_use]
    pub fn options(&self) -> &ClientOptions {
        &self.0.options
    }

    /// The tenant's token endpoint at the configured authority.
    ///
    /// # Errors
    /// As [`ClientOptions::authority`].
    pub fn token_endpoint(&self, tenant: &TenantId) -> Result<String, Error> {
        Ok(self.0.options.authority()?.token_endpoint(tenant))
    }

    /// Sends a grant to the tenant's token endpoint and reads the answer.
    ///
    /// # Errors
    /// [`ErrorKind::AuthenticationFailed`] or [`ErrorKind::AuthenticationRequired`] when the service refused, with its codes and ids;
    /// [`ErrorKind::Protocol`] for an answer that holds no usable token; [`ErrorKind::InvalidConfiguration`] for an authority that can't be trusted;
    /// else as [`Sender::send`](crate::retry::Sender::send).
    pub async fn send(&self, tenant: &TenantId, grant: &Grant) -> Result<TokenResponse, Error> {
        self.exchange(tenant, grant, |host, response, json, sent| {
            read(host, response, json, sent).map(|answer| check_scopes(grant, answer))
        })
        .await
    }

    /// Sends a form to an endpoint that answers with something else than a token, such as that for device codes, and reads the answer: an object. The
    /// grant has to say where to.
    ///
    /// # Errors
    /// As [`EntraClient::send`].
    pub async fn send_for_json(&self, tenant: &TenantId, grant: &Grant) -> Result<Json, Error> {
        self.exchange(tenant, grant, |host, response, json, _| {
            object(host, response, json).map(Ok)
        })
        .await
    }

    async fn exchange<T>(
        &self,
        tenant: &TenantId,
        grant: &Grant,
        read: impl Fn(&str, &HttpResponse, Result<Json, JsonError>, Now) -> Result<Result<T, Error>, Error>,
    ) -> Result<T, Error> {
        let options = &self.0.options;
        let headers = RequestHeaders::new(options, grant.correlation_id.as_deref())?;
        let span = tracing::debug_span!(
            target: trace::TARGET,
            "token_request",
            credential = self.0.credential,
            host = tracing::field::Empty,
            grant = &*grant.grant_type,
            correlation_id = headers.correlation_id(),
        );
        let id = headers.correlation_id().to_owned();
        let outcome = self
            .send_in_span(tenant, grant, headers, read)
            .instrument(span)
            .await;
        outcome.map_err(|error| match error.correlation_id() {
            Some(_) => error,
            None => error.with_correlation_id(&id),
        })
    }

    async fn send_in_span<T>(
        &self,
        tenant: &TenantId,
        grant: &Grant,
        headers: RequestHeaders,
        read: impl Fn(&str, &HttpResponse, Result<Json, JsonError>, Now) -> Result<Result<T, Error>, Error>,
    ) -> Result<T, Error> {
        let options = &self.0.options;
        let authority = options.authority()?;
        let uri = match &grant.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => {
                options.discovery().trust(options, &authority, tenant).await?;
                parse_uri(&authority.token_endpoint(tenant))?
            }
        };
        let host = uri.host().unwrap_or_default().to_owned();
        tracing::Span::current().record(trace::HOST, &*host);
        let call = Call::new(self.0.credential, key(&authority, tenant, grant))
            .single_use(grant.single_use)
            .background(grant.background);
        let request =
            headers.apply(HttpRequest::post_form(uri, grant.form.encode()).policy(grant.policy.clone()));
        let judge = |response: HttpResponse, sent: Now| self.judge(&host, grant, &response, sent, &read);
        options
            .sender()
            .send(options.retry_policy(), &call, request, judge)
            .await
    }

    /// Sends a grant whose client proves itself by `source`. When the service says that the assertion's time was wrong, a fresh one is tried once, corrected
    /// by the service's clock.
    ///
    /// # Errors
    /// As [`EntraClient::send`], and whatever the source fails with.
    pub async fn send_asserted(
        &self,
        tenant: &TenantId,
        grant: &Grant,
        source: &AssertionSource,
    ) -> Result<TokenResponse, Error> {
        let endpoint = match &grant.endpoint {
            Some(endpoint) => endpoint.to_string(),
            None => self.token_endpoint(tenant)?,
        };
        let context = AssertionContext::new(tenant.clone(), grant.client_id.clone(), endpoint);
        let assertion = source.assertion(&context).await?;
        let refused = match self
            .send(tenant, &grant.clone().auth(&ClientAuth::jwt(assertion)))
            .await
        {
            Err(error) if is_about_time(&error) && !grant.background => error,
            outcome => return outcome,
        };
        let renewed = source
            .assertion(&context.renewed(ClockSkew::of_error(&refused)))
            .await?;
        self.send(tenant, &grant.clone().auth(&ClientAuth::jwt(renewed)))
            .await
    }

    fn judge<T>(
        &self,
        host: &str,
        grant: &Grant,
        response: &HttpResponse,
        sent: Now,
        read: impl Fn(&str, &HttpResponse, Result<Json, JsonError>, Now) -> Result<Result<T, Error>, Error>,
    ) -> Judgement<T> {
        let status = response.status.as_u16();
        let policy = self.0.options.retry_policy();
        let skew = ClockSkew::of(&response.headers, sent);
        self.warn_of_skew(host, skew);
        if (300..400).contains(&status) {
            return Judgement::Done(Err(failure::status(host, status)));
        }
        let json = Json::parse(&response.body);
        let code = json
            .as_ref()
            .ok()
            .and_then(|json| json.text("error"))
            .filter(|code| !code.is_empty());
        if let (Ok(json), Some(code)) = (&json, code) {
            let refused = refusal(
                json,
                code,
                status,
                Asker::of(&grant.grant_type),
                grant.form.secrets(),
            );
            let error = with_skew(refused.error, skew);
            if policy.is_transient_status(status) {
                let repeat = Repeat::new(error);
                return Judgement::Repeat(if status >= 500 {
                    repeat.host_failed()
                } else {
                    repeat
                });
            }
            return match refused.transient {
                true => Judgement::Repeat(Repeat::new(error).at_least(TRANSIENT_DELAY)),
                false => Judgement::Done(Err(error)),
            };
        }
        if policy.is_transient_status(status) {
            let repeat = Repeat::new(failure::status(host, status));
            return Judgement::Repeat(if status >= 500 {
                repeat.host_failed()
            } else {
                repeat
            });
        }
        if !response.status.is_success() {
            return Judgement::Done(Err(failure::status(host, status)));
        }
        let outcome = read(host, response, json, sent);
        match outcome {
            Ok(answer) => Judgement::Done(answer),
            // Something on the way may have broken the answer; once is enough to find out.
            Err(error) => Judgement::Repeat(Repeat::new(error).once()),
        }
    }

    /// Says once that a clock is wrong: later failures will have no other visible cause.
    fn warn_of_skew(&self, host: &str, skew: Option<ClockSkew>) {
        let Some(skew) = skew.filter(|skew| skew.is_notable()) else {
            return;
        };
        if !self.0.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(target: trace::TARGET, host, ms = skew.millis(), "the service's clock differs from this machine's");
        }
    }
}

fn read(
    host: &str,
    response: &HttpResponse,
    json: Result<Json, JsonError>,
    sent: Now,
) -> Result<TokenResponse, Error> {
    let json = object(host, response, json)?;
    TokenResponse::read(response, &json, sent)
        .map_err(|error| error.with_http_status(response.status.as_u16()))
}

/// The answer's object.
fn object(host: &str, response: &HttpResponse, json: Result<Json, JsonError>) -> Result<Json, Error> {
    let status = response.status.as_u16();
    let unexpected = |what: &str| {
        Error::new(ErrorKind::Protocol, format!("{host} {what} (HTTP {status})")).with_http_status(status)
    };
    let json = json.map_err(|error| {
        unexpected(&format!("gave an answer that can't be read: {error}"))
            .with_hint("check that the authority is right and that no proxy or portal answers in its place")
    })?;
    if json.as_object().is_none() {
        return Err(unexpected("gave an answer that is no JSON object"));
    }
    Ok(json)
}

fn check_scopes(grant: &Grant, answer: TokenResponse) -> Result<TokenResponse, Error> {
    if let (true, Some(asked), Some(scope)) = (grant.check_granted, &grant.scopes, &answer.scope) {
        granted::check(asked, scope)?;
    }
    Ok(answer)
}

/// The skew as a cause, where it may be one.
fn with_skew(error: Error, skew: Option<ClockSkew>) -> Error {
    match skew {
        Some(skew) if skew.is_notable() || is_about_time(&error) => error.with_source(skew.into_source()),
        _ => error,
    }
}

fn is_about_time(error: &Error) -> bool {
    error
        .aadsts()
        .and_then(aadsts::find)
        .is_some_and(|entry| entry.class == AadstsClass::AssertionTime)
}

fn key(authority: &Authority, tenant: &TenantId, grant: &Grant) -> RequestKey {
    let scopes: Vec<_> = grant.scopes.iter().flat_map(Scopes::sorted).collect();
    RequestKey::of(&[
        authority.as_str(),
        tenant.as_str(),
        grant.client_id.as_str(),
        &grant.grant_type,
        &scopes.join(" "),
    ])
}

fn parse_uri(text: &str) -> Result<Uri, Error> {
    text.parse()
        .map_err(|_| Error::new(ErrorKind::InvalidConfiguration, "the token endpoint is not a URL"))
}

impl fmt::Debug for EntraClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraClient")
            .field("credential", &self.0.credential)
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
