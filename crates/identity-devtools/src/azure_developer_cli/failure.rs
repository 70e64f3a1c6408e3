//! What `azd` says when there is no token.

use identity_base::seam::ProcessOutput;
use identity_base::{Error, ErrorKind};

use super::{KIND, message};
use crate::output;
use crate::tool::{Tool, says_without_code, words};

/// What it says when nobody is signed in. The quotes around the command have come and gone, so they are left out.
const NOT_LOGGED_IN: [&str; 1] = ["not logged in, run"];
/// What versions say that know no claims.
const NO_CLAIMS: &str = "unknown flag: --claims";

/// The error for a run that did not end with 0.
pub(super) fn explain(tool: &Tool, printed: &ProcessOutput) -> Error {
    let (stdout, stderr) = (output::text(&printed.stdout), output::text(&printed.stderr));
    let both = zeroize::Zeroizing::new(format!("{}\n{}", *stdout, *stderr));
    if tool.says_not_found(printed) {
        return tool.not_installed();
    }
    if says_without_code(&both, &NOT_LOGGED_IN) {
        return Error::unavailable(format!("nobody is signed in to {}", KIND.title))
            .with_hint("run `azd auth login`");
    }
    if both.contains(NO_CLAIMS) {
        return Error::unavailable(format!("this version of {} knows no claims", KIND.title))
            .with_hint("update it to 1.18.1 or later");
    }
    let words = message::find(&printed.stdout)
        .or_else(|| message::find(&printed.stderr))
        .or_else(|| words(printed));
    let error = tool.failed(ErrorKind::AuthenticationFailed, printed, words);
    match error.hint() {
        Some(_) => error,
        None => error.with_hint("run `azd auth token --output json` by hand to see all that it says"),
    }
}
