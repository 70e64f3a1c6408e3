//! A claims challenge that a tool can't answer by itself: the command that a person has to run.

use identity_base::{Error, OwnedRequest};
use identity_runtime::crypto;

/// The claims of a request in the form in which the tools take them: standard base64 of the JSON text. It has no character that a shell could misread.
///
/// The token engine lets JSON objects through alone.
pub(crate) fn encoded(request: &OwnedRequest) -> Option<String> {
    request
        .claims()
        .filter(|claims| !claims.is_empty())
        .map(|claims| crypto::base64(claims.as_bytes()))
}

/// The error for claims that need `command`, whose values have to be checked before they come here.
pub(crate) fn needs(request: &OwnedRequest, tool: &str, command: String) -> Error {
    Error::unavailable(format!(
        "a service asks for more than {tool} signed in for, which needs a person"
    ))
    .with_hint(command)
    .with_claims(request.claims().unwrap_or_default())
    .with_scopes(request.scopes().clone())
}
