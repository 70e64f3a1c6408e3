//! One question to a metadata endpoint, repeated where that helps, and what becomes of its answers.

use std::time::Duration;

use http::header::HeaderName;
use http::{HeaderValue, Uri};
use identity_base::seam::{
    ConnectPolicy, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpTimeouts, Now,
};
use identity_base::{Error, ErrorKind, Fetched, OwnedRequest, Secret};
use identity_runtime::ClientOptions;
use identity_runtime::entra::RequestHeaders;
use identity_runtime::json::Json;
use identity_runtime::retry::{Call, Judgement, Repeat, RequestKey, RetryPolicy, Sender};

use crate::answer::{self, Echo, Expected};
use crate::refusal::{Meaning, Refusal};
use crate::{ManagedIdentitySource, NAME, UserAssignedId};

/// The most bytes of an endpoint's answer. Those with a token have some 2 KiB, more with many groups in the token.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// The header that keeps a browser or a careless proxy from being made to ask: they can't be made to send it.
pub(crate) const METADATA: HeaderName = HeaderName::from_static("metadata");

/// What all sources need to ask.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) options: ClientOptions,
    pub(crate) sender: Sender,
    /// Replaces the source's own policy.
    pub(crate) retry: Option<RetryPolicy>,
    /// What the program said about being one of several credentials to try; `None` leaves it to each request.
    pub(crate) within_chain: Option<bool>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) request: &'a OwnedRequest,
    pub(crate) resource: &'a str,
    pub(crate) identity: Option<&'a UserAssignedId>,
}

/// How one source's answers are to be taken.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) context: &'a Context,
    pub(crate) source: ManagedIdentitySource,
    pub(crate) ask: Ask<'a>,
    pub(crate) policy: RetryPolicy,
    /// Whether the answer has to name the identity.
    pub(crate) echo: Echo,
    /// What was sent as a secret, so that an echo of it stays out of errors.
    pub(crate) secrets: &'a [&'a Secret],
    /// What a refusal means here.
    pub(crate) meaning: fn(&Refusal, &Ask<'_>) -> Option<Meaning>,
}

impl Context {
    /// The program's policy, else that of the source.
    pub(crate) fn policy(&self, own: RetryPolicy) -> RetryPolicy {
        self.retry.clone().unwrap_or(own)
    }

    /// Whether this is one of several credentials to try: what doesn't look like a metadata endpoint then means that there is none.
    pub(crate) fn is_within_chain(&self, request: &OwnedRequest) -> bool {
        self.within_chain.unwrap_or_else(|| request.is_within_chain())
    }
}

/// The bounds of sources other than IMDS, which is alone in being updated while it answers 404 and 410.
pub(crate) fn local_policy() -> RetryPolicy {
    let mut policy = RetryPolicy::metadata()
        .with_max_retries(3)
        .with_total(Duration::from_secs(30));
    policy.metadata = false;
    policy.max_concurrent = 8;
    policy
}

/// No answer means more than its status says.
pub(crate) const fn no_meaning(_: &Refusal, _: &Ask<'_>) -> Option<Meaning> {
    None
}

/// A GET of a metadata endpoint.
pub(crate) fn get(uri: Uri) -> HttpRequest {
    HttpRequest::get(uri)
        .policy(ConnectPolicy::metadata())
        .timeouts(HttpTimeouts::metadata())
        .max_body(MAX_BODY)
}

/// A header's value for a secret; `origin` is where it came from, for the message.
pub(crate) fn secret_header(origin: &str, secret: &Secret) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| {
        Error::new(
            ErrorKind::InvalidConfiguration,
            format!("{origin} has characters that a header can't have"),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

impl Exchange<'_> {
    /// Sends `request` until there is a token or a reason why there is none.
    pub(crate) async fn token(&self, request: HttpRequest) -> Result<Fetched, Error> {
        self.send(request, |response, sent| self.judge(&response, sent))
            .await
    }

    /// Sends `request` and lets `judge` decide about each answer.
    pub(crate) async fn send<T>(
        &self,
        request: HttpRequest,
        judge: impl FnMut(HttpResponse, Now) -> Judgement<T>,
    ) -> Result<T, Error> {
        let headers = RequestHeaders::new(&self.context.options, self.ask.request.correlation_id())?;
        let request = headers.apply(request);
        let host = request
            .uri
            .authority()
            .map_or("", |authority| authority.as_str())
            .to_owned();
        let (kind, id) = self
            .ask
            .identity
            .map_or(("", ""), |identity| (identity.kind(), identity.as_str()));
        let key = RequestKey::of(&[self.source.id(), &host, kind, id, self.ask.resource]);
        let call = Call::new(NAME, key).background(self.ask.request.is_background());
        let outcome = self
            .context
            .sender
            .send(&self.policy, &call, request, judge)
            .await;
        outcome.map_err(|error| match self.is_foreign(&error) {
            true => error.with_kind(ErrorKind::CredentialUnavailable),
            false => error,
        })
    }

    /// Whether an answer was so long that a page of some portal was before us, where other credentials wait to be tried.
    fn is_foreign(&self, error: &Error) -> bool {
        let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<HttpError>());
        cause.is_some_and(|cause| cause.kind == HttpErrorKind::TooLarge)
            && self.context.is_within_chain(self.ask.request)
    }

    /// A token, a refusal, or a failure of the moment.
    pub(crate) fn judge(&self, response: &HttpResponse, sent: Now) -> Judgement<Fetched> {
        let json = Json::parse(&response.body);
        let refusal = || Refusal::read(response, json.as_ref().ok(), self.secrets);
        if response.status.is_success() {
            return match &json {
                Ok(json) if answer::has_token(json) => {
                    Judgement::Done(answer::read(json, &self.expected(), sent))
                }
                Ok(_) => Judgement::Done(Err(self.refused(refusal()))),
                // A torn answer may come whole the next time; a page of some portal won't become JSON.
                Err(error) => {
                    let unreadable = self.refused(refusal()).with_source(*error);
                    match looks_like_json(&response.body) {
                        true => Judgement::Repeat(Repeat::new(self.torn(unreadable)).once()),
                        false => Judgement::Done(Err(unreadable)),
                    }
                }
            };
        }
        let status = response.status.as_u16();
        let error = self.refused(refusal());
        match self.policy.is_transient_status(status) {
            true if status >= 500 => Judgement::Repeat(Repeat::new(error.with_transient(true)).host_failed()),
            true => Judgement::Repeat(Repeat::new(error.with_transient(true))),
            false => Judgement::Done(Err(error)),
        }
    }

    pub(crate) fn expected(&self) -> Expected<'_> {
        Expected {
            source: self.source,
            resource: self.ask.resource,
            identity: self.ask.identity,
            echo: self.echo,
        }
    }

    /// The error for an answer without a token. Within a chain, what no metadata endpoint says means that there is none: a success without a token, and
    /// anything that isn't JSON (but whoever is asked too often may answer shortly).
    pub(crate) fn refused(&self, refusal: Refusal) -> Error {
        let foreign = (!refusal.is_json && refusal.status != 429) || (200..300).contains(&refusal.status);
        let meaning = (self.meaning)(&refusal, &self.ask);
        let error = refusal.into_error(self.source, meaning);
        match foreign && self.context.is_within_chain(self.ask.request) {
            true => error.with_kind(ErrorKind::CredentialUnavailable),
            false => error,
        }
    }

    /// An answer that broke off says nothing about whether there is a metadata endpoint, and its text isn't shown: it may begin with a token.
    fn torn(&self, error: Error) -> Error {
        let torn = Error::new(
            ErrorKind::Protocol,
            format!("{} gave an answer that is not whole", self.source),
        );
        match error.http_status() {
            Some(status) => torn.with_http_status(status),
            None => torn,
        }
    }
}

/// Whether a body begins as a JSON document does.
fn looks_like_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Whether a request failed before anything was sent: there is nobody at the endpoint.
pub(crate) fn is_unreachable(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<HttpError>());
    cause.is_some_and(|cause| {
        !cause.request_sent
            && matches!(
                cause.kind,
                HttpErrorKind::Connect | HttpErrorKind::Dns | HttpErrorKind::Timeout | HttpErrorKind::Reset
            )
    })
}
