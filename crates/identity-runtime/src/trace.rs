//! The names in this library's `tracing` output. They are stable: a renamed span or field is a breaking change.
//!
//! No span or event holds a secret, a scope list, a user name or an answer's text.

/// The target of all spans and events.
pub const TARGET: &str = "entra_identity";

/// A span around one logical request, retries included. Fields: [`CREDENTIAL`], [`HOST`], [`GRANT`], [`CORRELATION_ID`].
pub const REQUEST_SPAN: &str = "token_request";
/// The credential's type name.
pub const CREDENTIAL: &str = "credential";
/// The host that is asked.
pub const HOST: &str = "host";
/// The OAuth grant type.
pub const GRANT: &str = "grant";
/// The id that the service logs for this request.
pub const CORRELATION_ID: &str = "correlation_id";
/// The number of an attempt, from 1.
pub const ATTEMPT: &str = "attempt";
/// The HTTP status of an answer.
pub const STATUS: &str = "status";
/// How long something took or is waited for, in milliseconds.
pub const MILLISECONDS: &str = "ms";
/// The kind of an error.
pub const KIND: &str = "kind";
