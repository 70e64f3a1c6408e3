//! What `az` says when there is no token.

use identity_base::seam::ProcessOutput;
use identity_base::{Error, ErrorKind};

use super::KIND;
use crate::tool::{Tool, says_without_code};
use crate::{output, redact};

/// What it says when nobody is signed in, or no subscription is chosen. With a code of the service beside it, the same words are advice after a refusal.
const NOT_LOGGED_IN: [&str; 2] = ["az login", "az account set"];
/// What its Python says of a server whose certificate it does not trust, and what it says about that itself. The service was not reached.
const NOT_TRUSTED: [&str; 2] = ["CERTIFICATE_VERIFY_FAILED", "Certificate verification failed"];
/// Begins lines that are not about the failure.
const WARNING: &str = "WARNING:";
/// Stands before what failed, and says nothing about it.
const TRACEBACK: &str = "Here is the traceback:";

/// The error for a run that did not end with 0.
pub(super) fn explain(tool: &Tool, printed: &ProcessOutput) -> Error {
    let stderr = output::text(&printed.stderr);
    if tool.says_not_found(printed) {
        return tool.not_installed();
    }
    if says_without_code(&stderr, &NOT_LOGGED_IN) {
        return Error::unavailable(format!("nobody is signed in to {}", KIND.title))
            .with_hint("run `az login`");
    }
    if says_without_code(&stderr, &NOT_TRUSTED) {
        return tool
            .failed(
                ErrorKind::AuthenticationFailed,
                printed,
                Some("it does not trust the certificate that it was shown".to_owned()),
            )
            .with_hint(
                "a proxy or an authority of one's own stands there: set REQUESTS_CA_BUNDLE to a file with the root certificates that the tool shall trust, that of the proxy or authority among them",
            );
    }
    let words = redact::excerpt_edited(&stderr, what_failed).or_else(|| redact::excerpt_of(&stderr));
    let error = tool.failed(ErrorKind::AuthenticationFailed, printed, words);
    match error.hint() {
        Some(_) => error,
        None => error.with_hint("run `az account get-access-token` by hand to see all that it says"),
    }
}

/// The lines about the failure.
fn what_failed(stderr: &str) -> String {
    let lines = stderr
        .lines()
        .filter(|line| !line.starts_with(WARNING) && !line.trim_end().ends_with(TRACEBACK));
    lines.collect::<Vec<_>>().join("\n")
}
