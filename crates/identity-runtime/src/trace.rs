//! The names in this library's `tracing` output. They are stable: a renamed span or field is a breaking change.
//!
//! No span or event holds a secret, a scope or a user name. Text from outside is escaped and capped.

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
/// The error itself, as `Display` shows it: with the service's own words, escaped and capped.
pub const ERROR: &str = "error";
/// Whether a fetch is a refresh in the background, which no caller waits for.
pub const BACKGROUND: &str = "background";
/// The type name of the chain that chose a credential.
pub const CHAIN: &str = "chain";
/// Where a managed identity is asked for.
pub const SOURCE: &str = "source";
/// Which managed identity is asked for: a client, object or resource id.
pub const IDENTITY: &str = "identity";
/// The path of a developer tool that was started.
pub const PROGRAM: &str = "program";
/// The type name of the credential that the environment sets up.
pub const CONFIGURED: &str = "configured";
