//! One request as it was read, and what became of it.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::call::{Call, Listener};
use crate::clock::EmulatorClock;
use crate::routes::Route;

/// A request that the emulator has read. Cheap to clone.
///
/// `Debug` hides secrets; the accessors do not.
#[derive(Clone)]
pub struct RecordedRequest(Arc<Inner>);

struct Inner {
    number: u64,
    received: SystemTime,
    call: Call,
    outcome: OnceLock<Outcome>,
    fault: OnceLock<String>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Still being served.
    Pending,
    /// Answered with this status, and this AADSTS code if it was refused.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The number after `AADSTS`.
        aadsts: Option<u32>,
    },
    /// A fault cut or mangled the answer on its way.
    Broken,
    /// The client went away before there was an answer.
    Abandoned,
}

impl RecordedRequest {
    pub(crate) fn new(number: u64, clock: &EmulatorClock, call: Call) -> Self {
        Self(Arc::new(Inner {
            number,
            received: clock.wall(),
            call,
            outcome: OnceLock::new(),
            fault: OnceLock::new(),
        }))
    }

    pub(crate) fn call(&self) -> &Call {
        &self.0.call
    }

    /// Its place in the journal, counted from 1.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The connection it came on, counted from 1.
    pub fn connection(&self) -> u64 {
        self.0.call.connection
    }

    /// When it had been read, on the emulator's clock.
    pub fn received(&self) -> SystemTime {
        self.0.received
    }

    /// What it was for.
    pub fn route(&self) -> Route {
        self.0.call.route
    }

    /// The port it came to.
    pub fn listener(&self) -> Listener {
        self.0.call.listener
    }

    /// `HTTP/1.1` or `HTTP/2`.
    pub fn http_version(&self) -> &str {
        self.0.call.http_version
    }

    /// The method, in capitals.
    pub fn method(&self) -> &str {
        self.0.call.method()
    }

    /// The path as it was sent, without the query.
    pub fn path(&self) -> &str {
        &self.0.call.path
    }

    /// The path and query as they were sent.
    pub fn target(&self) -> String {
        if self.0.call.raw_query.is_empty() {
            self.0.call.path.clone()
        } else {
            format!("{}?{}", self.0.call.path, self.0.call.raw_query)
        }
    }

    /// The first query parameter of this name, decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        find(self.0.call.queries(), name)
    }

    /// All query parameters, decoded, in order.
    pub fn queries(&self) -> &[(String, String)] {
        self.0.call.queries()
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(self.0.call.headers(), &name.to_ascii_lowercase())
    }

    /// All headers with lower-case names, in order.
    pub fn headers(&self) -> &[(String, String)] {
        self.0.call.headers()
    }

    /// The first form field of this name, decoded.
    pub fn form(&self, name: &str) -> Option<&str> {
        find(self.0.call.forms(), name)
    }

    /// All form fields, decoded, in order; none when the body is no form.
    pub fn forms(&self) -> &[(String, String)] {
        self.0.call.forms()
    }

    /// The body as it was sent.
    pub fn body(&self) -> &[u8] {
        &self.0.call.body
    }

    /// The tenant in the path, as it was written there.
    pub fn tenant(&self) -> Option<&str> {
        self.0.call.tenant()
    }

    /// The grant of a token request.
    pub fn grant(&self) -> Option<&str> {
        self.form("grant_type")
    }

    /// The client id, of the form, the Basic header or the query.
    pub fn client_id(&self) -> Option<String> {
        self.0.call.client_id().map(std::borrow::Cow::into_owned)
    }

    /// What became of it so far.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome.get().cloned().unwrap_or(Outcome::Pending)
    }

    /// The status of its answer, if there is one.
    pub fn status(&self) -> Option<u16> {
        match self.outcome() {
            Outcome::Answered { status, .. } => Some(status),
            _ => None,
        }
    }

    /// The AADSTS code with which it was refused.
    pub fn aadsts(&self) -> Option<u32> {
        match self.outcome() {
            Outcome::Answered { aadsts, .. } => aadsts,
            _ => None,
        }
    }

    /// The name of the fault that it met, or `fault <number>`.
    pub fn fault(&self) -> Option<&str> {
        self.0.fault.get().map(String::as_str)
    }

    /// Everything about the request, secrets included, as the administration over HTTP shows it.
    pub(crate) fn to_json(&self) -> Value {
        let pairs = |pairs: &[(String, String)]| json!(pairs);
        let (status, aadsts, outcome) = match self.outcome() {
            Outcome::Answered { status, aadsts } => (Some(status), aadsts, "answered"),
            Outcome::Pending => (None, None, "pending"),
            Outcome::Broken => (None, None, "broken"),
            Outcome::Abandoned => (None, None, "abandoned"),
        };
        json!({
            "number": self.number(),
            "connection": self.connection(),
            "received": self.received().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
            "route": self.route(),
            "http_version": self.http_version(),
            "method": self.method(),
            "path": self.path(),
            "query": pairs(self.queries()),
            "headers": pairs(self.headers()),
            "form": pairs(self.forms()),
            "body": String::from_utf8_lossy(self.body()),
            "tenant": self.tenant(),
            "client_id": self.client_id(),
            "grant": self.grant(),
            "outcome": outcome,
            "status": status,
            "aadsts": aadsts,
            "fault": self.fault(),
        })
    }
}

/// Names whose values `Debug` hides.
fn is_secret(name: &str) -> bool {
    const SECRET: &[&str] = &[
        "assertion",
        "authorization",
        "client_assertion",
        "client_secret",
        "code",
        "code_verifier",
        "cookie",
        "device_code",
        "password",
        "refresh_token",
        "secret",
        "x-identity-header",
    ];
    SECRET.contains(&name)
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |pairs: &[(String, String)]| -> Vec<String> {
            pairs
                .iter()
                .map(|(name, value)| {
                    let hidden = is_secret(&name.to_ascii_lowercase());
                    format!("{name}={}", if hidden { "<hidden>" } else { value })
                })
                .collect()
        };
        f.debug_struct("RecordedRequest")
            .field("number", &self.number())
            .field("connection", &self.connection())
            .field("method", &self.method())
            .field("path", &self.path())
            .field("query", &shown(self.queries()))
            .field("form", &shown(self.forms()))
            .field("outcome", &self.outcome())
            .field("fault", &self.fault())
            .finish_non_exhaustive()
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
}

/// The right to say what became of a request. Dropped without a word, it was abandoned.
pub(crate) struct Entry(RecordedRequest);

impl Entry {
    pub(super) fn new(record: RecordedRequest) -> Self {
        Self(record)
    }

    pub(crate) fn call(&self) -> &Call {
        self.0.call()
    }

    pub(crate) fn fault(&self, name: &str) {
        self.0.0.fault.get_or_init(|| name.to_owned());
    }

    pub(crate) fn finish(&self, outcome: Outcome) {
        self.0.0.outcome.get_or_init(|| outcome);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.finish(Outcome::Abandoned);
    }
}
