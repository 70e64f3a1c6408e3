//! The one error type.

mod attempt;
mod foreign;
mod ids;
mod kind;
mod report;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use attempt::Attempt;
pub use foreign::Foreign;
pub(crate) use ids::is_guid;
use ids::is_word;
pub use kind::ErrorKind;
pub use report::Report;

use crate::Scopes;

/// The most bytes of an error's own layer.
const MAX_DISPLAY_BYTES: usize = 1024;

/// Why there is no token. Cheap to clone: all callers that waited for one request share one error.
///
/// `Display` prints this layer only, at most 1 KiB of text for it and a line for each attempt of a chain; [`Report`] prints the sources as well. No
/// form of it holds a secret: answers of services and tools are escaped, capped, and never kept whole.
///
/// ```
/// use identity_base::{Error, ErrorKind};
/// fn explain(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::CredentialUnavailable => "nothing is set up here",
///         _ if error.is_transient() => "try again later",
///         _ => "fix the configuration",
///     }
/// }
/// # assert_eq!(explain(&Error::new(ErrorKind::CredentialUnavailable, "x")), "nothing is set up here");
/// ```
#[doc(alias = "ClientAuthenticationError")]
#[doc(alias = "CredentialUnavailableError")]
#[doc(alias = "AuthenticationRequiredError")]
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    credential: Option<Cow<'static, str>>,
    attempts: Vec<Attempt>,
    aadsts: Option<u32>,
    code: Option<Box<str>>,
    suberror: Option<Box<str>>,
    correlation_id: Option<Box<str>>,
    trace_id: Option<Box<str>>,
    claims: Option<Box<str>>,
    scopes: Option<Scopes>,
    http_status: Option<u16>,
    retry_after: Option<Duration>,
    transient: Option<bool>,
    hint: Option<Cow<'static, str>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind. `message` is a lower-case fragment that says what failed. Text from outside belongs through [`Foreign`] first.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            credential: None,
            attempts: Vec::new(),
            aadsts: None,
            code: None,
            suberror: None,
            correlation_id: None,
            trace_id: None,
            claims: None,
            scopes: None,
            http_status: None,
            retry_after: None,
            transient: None,
            hint: None,
            source: None,
        }))
    }

    /// A credential that isn't set up here: a chain goes on to the next one.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::CredentialUnavailable, message)
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// The same error as another kind: a chain softens a failure so, for example.
    #[must_use]
    pub fn with_kind(self, kind: ErrorKind) -> Self {
        self.edit(|inner| inner.kind = kind)
    }

    /// Names the credential. An inner credential's name is kept.
    #[must_use]
    pub fn with_credential(self, name: impl Into<Cow<'static, str>>) -> Self {
        if self.0.credential.is_some() {
            return self;
        }
        self.edit(|inner| inner.credential = Some(name.into()))
    }

    /// Adds what a chain tried.
    #[must_use]
    pub fn with_attempts(self, attempts: Vec<Attempt>) -> Self {
        self.edit(|inner| inner.attempts = attempts)
    }

    /// Adds the number of an `AADSTS` code.
    #[must_use]
    pub fn with_aadsts(self, code: u32) -> Self {
        self.edit(|inner| inner.aadsts = Some(code))
    }

    /// Adds the OAuth `error` and `suberror`; texts that aren't short plain words are dropped.
    #[must_use]
    pub fn with_code(self, error: &str, suberror: Option<&str>) -> Self {
        self.edit(|inner| {
            inner.code = is_word(error).then(|| error.into());
            inner.suberror = suberror.filter(|text| is_word(text)).map(Into::into);
        })
    }

    /// Adds the service's correlation id; anything but a GUID is dropped.
    #[must_use]
    pub fn with_correlation_id(self, id: &str) -> Self {
        self.edit(|inner| inner.correlation_id = is_guid(id).then(|| id.into()))
    }

    /// Adds the service's trace id; anything but a GUID is dropped.
    #[must_use]
    pub fn with_trace_id(self, id: &str) -> Self {
        self.edit(|inner| inner.trace_id = is_guid(id).then(|| id.into()))
    }

    /// Adds the claims that a new sign-in has to satisfy, as JSON.
    #[must_use]
    pub fn with_claims(self, claims: &str) -> Self {
        self.edit(|inner| inner.claims = (!claims.is_empty()).then(|| claims.into()))
    }

    /// Adds the scopes that a sign-in is required for.
    #[must_use]
    pub fn with_scopes(self, scopes: Scopes) -> Self {
        self.edit(|inner| inner.scopes = Some(scopes))
    }

    /// Adds the HTTP status of the answer.
    #[must_use]
    pub fn with_http_status(self, status: u16) -> Self {
        self.edit(|inner| inner.http_status = Some(status))
    }

    /// Adds how long the service asks to wait.
    #[must_use]
    pub fn with_retry_after(self, delay: Duration) -> Self {
        self.edit(|inner| inner.retry_after = Some(delay))
    }

    /// Overrides whether the failure is transient; without it the kind decides.
    #[must_use]
    pub fn with_transient(self, transient: bool) -> Self {
        self.edit(|inner| inner.transient = Some(transient))
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|inner| inner.hint = Some(hint.into()))
    }

    /// Adds a cause. It must not hold a secret in `Debug` or `Display`.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source)))
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What failed, without the credential's name and the hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The credential that failed.
    #[must_use]
    pub fn credential(&self) -> Option<&str> {
        self.0.credential.as_deref()
    }

    /// What a chain tried, in order; empty for a single credential.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// The number of the service's `AADSTS` code, such as 7000215.
    #[must_use]
    pub fn aadsts(&self) -> Option<u32> {
        self.0.aadsts
    }

    /// The OAuth error code, such as `invalid_client`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The service's `suberror`, such as `basic_action`.
    #[must_use]
    pub fn suberror(&self) -> Option<&str> {
        self.0.suberror.as_deref()
    }

    /// The id by which the service's support finds the request.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// The service's trace id.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// The claims that a new sign-in has to satisfy.
    #[must_use]
    pub fn claims(&self) -> Option<&str> {
        self.0.claims.as_deref()
    }

    /// The scopes that a sign-in is required for.
    #[must_use]
    pub fn scopes(&self) -> Option<&Scopes> {
        self.0.scopes.as_ref()
    }

    /// The HTTP status of the answer, if there was one.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// How long the service asks to wait before the next try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same request may succeed later without any change.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.0.transient.unwrap_or_else(|| self.0.kind.is_transient())
    }

    /// Whether the credential isn't set up here, which lets a chain go on: [`ErrorKind::CredentialUnavailable`] or [`ErrorKind::AuthenticationRequired`].
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::CredentialUnavailable | ErrorKind::AuthenticationRequired
        )
    }

    /// Whether a person has to sign in first.
    #[must_use]
    pub fn is_authentication_required(&self) -> bool {
        self.0.kind == ErrorKind::AuthenticationRequired
    }

    /// Whether the service asked to slow down.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.0.kind == ErrorKind::Throttled
    }

    /// Whether the credential was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.kind == ErrorKind::Closed
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The layer's text on one line, capped: credential, message, and the ids that support asks for.
    fn line(&self, cap: usize) -> String {
        let mut text = String::new();
        if let Some(credential) = &self.0.credential {
            text.push_str(credential);
            text.push_str(": ");
        }
        text.push_str(&self.0.message);
        let mut ids = Vec::new();
        if let Some(code) = self
            .0
            .aadsts
            .filter(|code| !self.0.message.contains(&format!("AADSTS{code}")))
        {
            ids.push(format!("AADSTS{code}"));
        }
        if let Some(id) = &self.0.correlation_id {
            ids.push(format!("correlation id {id}"));
        }
        if !ids.is_empty() {
            text.push_str(&format!(" ({})", ids.join(", ")));
        }
        if let Some(hint) = &self.0.hint {
            text.push_str("; hint: ");
            text.push_str(hint);
        }
        Foreign::new(&text, cap).to_string()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(MAX_DISPLAY_BYTES))?;
        for attempt in &self.0.attempts {
            let line = attempt
                .error()
                .clone()
                .edit(|inner| inner.credential = None)
                .line(400);
            // The nearest cause, unless the line says it already: nothing else of an attempt shows it.
            let cause = attempt.error().source().map(|cause| cause.to_string());
            let cause = cause
                .map(|text| Foreign::new(&text, 200).to_string())
                .filter(|text| !line.contains(text))
                .map(|text| format!(" (caused by: {text})"));
            write!(
                f,
                "\n  {}: {line}{} [{} ms]",
                attempt.credential(),
                cause.unwrap_or_default(),
                attempt.elapsed().as_millis()
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.0.kind)
            .field("message", &format_args!("{:?}", self.line(MAX_DISPLAY_BYTES)));
        let mut optional = |name: &str, value: Option<&dyn fmt::Debug>| {
            if let Some(value) = value {
                out.field(name, value);
            }
        };
        optional("code", self.0.code.as_ref().map(|v| v as _));
        optional("suberror", self.0.suberror.as_ref().map(|v| v as _));
        optional("http_status", self.0.http_status.as_ref().map(|v| v as _));
        optional("retry_after", self.0.retry_after.as_ref().map(|v| v as _));
        optional("scopes", self.0.scopes.as_ref().map(|v| v as _));
        optional(
            "attempts",
            (!self.0.attempts.is_empty()).then_some(&self.0.attempts as _),
        );
        optional("source", self.0.source.as_ref().map(|v| v as _));
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests;
