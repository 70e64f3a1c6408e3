//! What every HTTP transport has to do: a suite to run against any [`HttpClient`].
//!
//! ```
//! # async fn example(transport: &dyn identity_base::seam::HttpClient) {
//! identity_testkit::transport_conformance::assert_conforms(transport).await;
//! # }
//! ```
//!
//! It talks to small servers on the loopback interface that answer byte by byte as told, so it needs a tokio runtime with I/O and timers, and a
//! transport that runs on real time. A transport may answer [`HttpErrorKind::Unsupported`] to a connect
//! policy that it can't honour, if it sends nothing: the default transport then takes that request.

mod answers;
mod failures;
mod policies;
mod server;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::time::Duration;

use identity_base::BoxFuture;
use identity_base::seam::{
    ConnectPolicy, HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpTimeouts,
};

pub use server::{Journal, RawServer, Step, play};

/// Stands for every secret in the suite's requests.
pub(crate) const CANARY: &str = "CNRYtransport0123456789abcdefghijklmnopqrstuv";
/// How long a case may take before the transport counts as hanging.
const PATIENCE: Duration = Duration::from_secs(30);

type Outcome = Result<(), String>;
type Case = fn(&dyn HttpClient) -> BoxFuture<'_, Outcome>;

/// One case that a transport doesn't pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The case.
    pub case: &'static str,
    /// What was wrong.
    pub what: String,
}

/// Runs the suite.
///
/// # Panics
/// With a list of the cases that the transport doesn't pass.
pub async fn assert_conforms(transport: &dyn HttpClient) {
    let violations = check(transport).await;
    let list: Vec<_> = violations
        .iter()
        .map(|violation| format!("\n  {}: {}", violation.case, violation.what))
        .collect();
    assert!(
        list.is_empty(),
        "the transport does not conform:{}",
        list.concat()
    );
}

/// Runs the suite, and returns what is wrong.
pub async fn check(transport: &dyn HttpClient) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (case, run) in cases() {
        #[expect(
            clippy::disallowed_methods,
            reason = "a transport that hangs has to fail the test on real time"
        )]
        let outcome = tokio::time::timeout(PATIENCE, run(transport)).await;
        let what = match outcome {
            Ok(Ok(())) => continue,
            Ok(Err(what)) => what,
            Err(_) => format!("it did not end within {PATIENCE:?}"),
        };
        violations.push(Violation { case, what });
    }
    violations
}

/// The names of all cases.
#[must_use]
pub fn names() -> Vec<&'static str> {
    cases().iter().map(|(name, _)| *name).collect()
}

fn cases() -> Vec<(&'static str, Case)> {
    [answers::CASES, failures::CASES, policies::CASES].concat()
}

/// A GET of `path` as metadata endpoints are asked: plain http on the loopback interface.
fn get(server: &RawServer, path: &str) -> HttpRequest {
    HttpRequest::get(server.uri("http", path)).policy(ConnectPolicy::metadata())
}

/// A POST with a secret in header and body.
fn post(server: &RawServer, path: &str) -> HttpRequest {
    let body = zeroize::Zeroizing::new(format!("client_secret={CANARY}").into_bytes());
    let mut value = http::HeaderValue::from_static(CANARY);
    value.set_sensitive(true);
    HttpRequest::post_form(server.uri("http", path), body)
        .header(http::HeaderName::from_static("secret"), value)
        .policy(ConnectPolicy::metadata())
}

/// Limits of which the one for the first byte and for pauses is short. The transport runs on real time, so this takes as long.
fn impatient() -> HttpTimeouts {
    let mut limits = HttpTimeouts::new();
    limits.first_byte = Duration::from_millis(100);
    limits.idle = Duration::from_millis(100);
    limits
}

/// Whether `answer` is an answer with this status and body.
fn expect_answer(answer: Result<HttpResponse, HttpError>, status: u16, body: &[u8]) -> Outcome {
    let answer = answer.map_err(|error| format!("it failed: {error:?}"))?;
    require(answer.status.as_u16() == status, || {
        format!("the status is {}, not {status}", answer.status)
    })?;
    require(answer.body.as_slice() == body, || {
        format!(
            "the body has {} bytes, not the {} that were sent",
            answer.body.len(),
            body.len()
        )
    })
}

/// Whether `answer` is one of these failures, says rightly whether it was sent, and holds nothing secret.
fn expect_failure(
    answer: Result<HttpResponse, HttpError>,
    kinds: &[HttpErrorKind],
    request_sent: bool,
) -> Outcome {
    let error = match answer {
        Ok(answer) => return Err(format!("it succeeded with status {}", answer.status)),
        Err(error) => error,
    };
    require(kinds.contains(&error.kind), || {
        format!("the kind is none of {kinds:?}: {error:?}")
    })?;
    require(error.request_sent == request_sent, || {
        format!("`request_sent` is {}: {error:?}", error.request_sent)
    })?;
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    for _ in 0..16 {
        let Some(cause) = source else { break };
        text.push_str(&format!("{cause} {cause:?}"));
        source = cause.source();
    }
    require(!text.contains("CNRY"), || {
        format!("the error holds a secret: {text}")
    })
}

fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise()) }
}
