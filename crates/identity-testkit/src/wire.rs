//! Recorded requests of a peer, and the comparison with what we send.
//!
//! A case is a JSON file: what a peer sent in one scenario, request by request, or which programs it ran. [`WireCase::compare`] goes through
//! what our code sent, field by field, and lists every difference that [`Rules`] don't allow.
//!
//! ```no_run
//! use identity_testkit::wire::{Rules, WireCase, WireRequest};
//! use identity_testkit::ScriptedHttp;
//! # let (http, client_secret) = (ScriptedHttp::new(), "CNRY…");
//!
//! let case = WireCase::load("cases/wire/client_secret.json").with_form_field("client_secret", client_secret);
//! // … a credential on `http` gets a token …
//! case.assert_requests(&WireRequest::of_all(&http.requests()), &Rules::documented());
//! ```
//!
//! # What a case holds
//!
//! `requests`, in order: `method`, `path`, `query`, `headers` (lower-case names, only those that [`COMPARED_HEADERS`] lists), `form` (decoded; scopes
//! sorted; `claims` as JSON; a client assertion as its `header` and `claims`; null for a request without one). Values that differ in every run
//! are masked, as `<state>` or `<exp>`; a mask says what may stand there. `tools`: `tool`, `argv`, chosen variables in `env`, `cwd`.

mod compare;
mod diff;
mod load;
mod mask;
mod record;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

pub use diff::{Mismatch, WireDiff};
pub use load::Malformed;
pub use rules::{Difference, Rules};

/// The headers that cases record; others differ between clients and are left out.
pub const COMPARED_HEADERS: [&str; 8] = [
    "authorization",
    "content-type",
    "metadata",
    "secret",
    "x-anchormailbox",
    "x-identity-header",
    "x-ms-lib-capability",
    "x-tfs-fedauthredirect",
];

/// One scenario: what is sent, what is run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WireCase {
    /// The scenario's name.
    pub scenario: String,
    /// The requests, in order.
    pub requests: Vec<WireRequest>,
    /// The programs that were run, in order.
    pub tools: Vec<WireTool>,
}

/// One request, in the form that can be compared.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WireRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query's parameters.
    pub query: BTreeMap<String, Value>,
    /// The compared headers, by lower-case name.
    pub headers: BTreeMap<String, Value>,
    /// The form's fields; `None` for a request without a form.
    pub form: Option<BTreeMap<String, Value>>,
}

/// One run of a program.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WireTool {
    /// Its name, without folder and ending.
    pub tool: String,
    /// Its arguments.
    pub argv: Vec<String>,
    /// Variables that were set for it.
    pub env: BTreeMap<String, String>,
}
