//! What one request is answered.

use std::fmt;

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use identity_base::seam::{HttpError, HttpErrorKind, HttpResponse};
use serde_json::{Value, json};

use super::RecordedRequest;
use crate::script::{Waits, waiting_methods};

/// What one request of a [`ScriptedHttp`](super::ScriptedHttp) is answered: first what it waits for, in order, then how it ends.
#[derive(Clone)]
pub struct HttpStep {
    waits: Waits,
    expected: Option<(String, String)>,
    end: End,
}

#[derive(Clone)]
enum End {
    Answer(HttpResponse),
    Error(HttpError),
    Panic(String),
    Hang,
}

impl HttpStep {
    const fn ending(end: End) -> Self {
        Self {
            waits: Waits::none(),
            expected: None,
            end,
        }
    }

    /// An answer with any body.
    ///
    /// # Panics
    /// When `status` is no status.
    #[must_use]
    #[track_caller]
    pub fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let Ok(status) = StatusCode::from_u16(status) else {
            panic!("{status} is no HTTP status")
        };
        Self::ending(End::Answer(HttpResponse::new(status, HeaderMap::new(), body)))
    }

    /// An answer without a body.
    ///
    /// # Panics
    /// When `status` is no status.
    #[must_use]
    #[track_caller]
    pub fn status(status: u16) -> Self {
        Self::bytes(status, Vec::new())
    }

    /// An answer of JSON.
    ///
    /// # Panics
    /// When `status` is no status.
    #[must_use]
    #[track_caller]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, body.to_string()).header("content-type", "application/json; charset=utf-8")
    }

    /// The token endpoint's good answer.
    #[must_use]
    pub fn token(token: &str, expires_in: u64) -> Self {
        let body = json!({
            "token_type": "Bearer", "expires_in": expires_in, "ext_expires_in": expires_in, "access_token": token,
        });
        Self::json(200, &body)
    }

    /// The token endpoint's error document, with fixed ids and time, as Entra writes it.
    ///
    /// # Panics
    /// When `status` is no status.
    #[must_use]
    #[track_caller]
    pub fn entra_error(status: u16, error: &str, aadsts: u32, text: &str) -> Self {
        const TRACE: &str = "0b1c2d3e-0000-4000-8000-00000000aaaa";
        const CORRELATION: &str = "0b1c2d3e-0000-4000-8000-00000000bbbb";
        let time = "2026-01-01 00:00:00Z";
        let body = json!({
            "error": error,
            "error_description": format!(
                "AADSTS{aadsts}: {text} Trace ID: {TRACE} Correlation ID: {CORRELATION} Timestamp: {time}"
            ),
            "error_codes": [aadsts],
            "timestamp": time,
            "trace_id": TRACE,
            "correlation_id": CORRELATION,
            "error_uri": format!("https://login.microsoftonline.com/error?code={aadsts}"),
        });
        Self::json(status, &body)
    }

    /// A failure before anything was sent.
    #[must_use]
    pub fn fails_before_sending(kind: HttpErrorKind) -> Self {
        Self::error(HttpError::before_sending(
            kind,
            format!("scripted failure: {kind:?}"),
        ))
    }

    /// A failure after the request was sent.
    #[must_use]
    pub fn fails_after_sending(kind: HttpErrorKind) -> Self {
        Self::error(HttpError::after_sending(
            kind,
            format!("scripted failure: {kind:?}"),
        ))
    }

    /// Fails with exactly this.
    #[must_use]
    pub const fn error(error: HttpError) -> Self {
        Self::ending(End::Error(error))
    }

    /// Panics, from within the future.
    #[must_use]
    pub fn panic(message: impl Into<String>) -> Self {
        Self::ending(End::Panic(message.into()))
    }

    /// Never ends.
    #[must_use]
    pub const fn hang() -> Self {
        Self::ending(End::Hang)
    }

    /// Adds a header to the answer.
    ///
    /// # Panics
    /// When name or value can't be a header, or when the step gives no answer.
    #[must_use]
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) else {
            panic!("{name}: {value} can't be a header");
        };
        match &mut self.end {
            End::Answer(answer) => drop(answer.headers.append(name, value)),
            _ => panic!("a step without an answer has no headers"),
        }
        self
    }

    /// Says which request this step is for; any other one fails, and [`assert_done`](super::ScriptedHttp::assert_done) tells.
    #[must_use]
    pub fn expecting(mut self, method: &str, path: &str) -> Self {
        self.expected = Some((method.to_owned(), path.to_owned()));
        self
    }

    waiting_methods!();

    /// Why `request` is not the one this step is for.
    pub(super) fn mismatch(&self, request: &RecordedRequest) -> Option<String> {
        let (method, path) = self.expected.as_ref()?;
        let same = method == request.method() && path == request.path();
        (!same).then(|| {
            format!(
                "expected {method} {path}, got {} {}",
                request.method(),
                request.path()
            )
        })
    }

    pub(super) async fn play(self) -> Result<HttpResponse, HttpError> {
        self.waits.play().await;
        match self.end {
            End::Answer(response) => Ok(response),
            End::Error(error) => Err(error),
            End::Panic(message) => panic!("{message}"),
            End::Hang => std::future::pending().await,
        }
    }
}

impl fmt::Debug for HttpStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match &self.end {
            End::Answer(answer) => answer.status.to_string(),
            End::Error(error) => format!("{:?}", error.kind),
            End::Panic(_) => "panic".to_owned(),
            End::Hang => "hang".to_owned(),
        };
        f.debug_struct("HttpStep")
            .field("waits", &self.waits)
            .field("end", &end)
            .finish_non_exhaustive()
    }
}
