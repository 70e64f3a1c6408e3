//! What PowerShell says when there is no token.

use identity_base::seam::ProcessOutput;
use identity_base::{Error, ErrorKind};

use crate::output;
use crate::tool::{Tool, words};

/// How Windows says that a command is unknown.
const NOT_RECOGNIZED_CODE: i32 = 9009;
/// How shells do.
const NOT_FOUND_CODE: i32 = 127;
/// What the command interpreter of Windows says. PowerShell says the same of commands of its own, so the program's name belongs to it.
const NOT_RECOGNIZED: [&str; 2] = ["'pwsh' is not recognized", "'powershell' is not recognized"];
/// The module's words when nobody is signed in.
const NOT_LOGGED_IN: &str = "Run Connect-AzAccount to login";
/// Windows' words when the execution policy lets no module be loaded.
const BLOCKED: &str = "AuthorizationManager check failed";

/// Whether it ended because there is no such program.
pub(super) fn is_not_installed(printed: &ProcessOutput) -> bool {
    let code = printed.code.unwrap_or_default();
    code == NOT_FOUND_CODE
        || code == NOT_RECOGNIZED_CODE
        || (code != 0 && {
            let stderr = unwrapped(printed);
            NOT_RECOGNIZED.iter().any(|words| stderr.contains(words))
        })
}

/// The error for a run that did not end with 0.
pub(super) fn explain(tool: &Tool, printed: &ProcessOutput) -> Error {
    let stderr = unwrapped(printed);
    if stderr.contains(NOT_LOGGED_IN) {
        return Error::unavailable("nobody is signed in to Azure PowerShell")
            .with_hint("run `Connect-AzAccount`");
    }
    if stderr.contains(BLOCKED) {
        return Error::unavailable("PowerShell's execution policy forbids the module Az.Accounts").with_hint(
            "allow signed scripts, for example with `Set-ExecutionPolicy -Scope CurrentUser RemoteSigned`",
        );
    }
    // What the service refused is a refusal; anything else means that PowerShell isn't set up for this.
    let kind = match stderr.contains("AADSTS") {
        true => ErrorKind::AuthenticationFailed,
        false => ErrorKind::CredentialUnavailable,
    };
    let error = tool.failed(kind, printed, words(printed));
    match error.hint() {
        Some(_) => error,
        None => error.with_hint("run `Get-AzAccessToken` in PowerShell to see all that it says"),
    }
}

/// The standard error output in one line: PowerShell wraps its messages at the width of a console that isn't there, and as CLIXML it writes the ends of
/// lines as `_x000D__x000A_`.
fn unwrapped(printed: &ProcessOutput) -> zeroize::Zeroizing<String> {
    let text = output::without_colours(&output::text(&printed.stderr));
    let text = zeroize::Zeroizing::new(text.replace("_x000D__x000A_", " "));
    zeroize::Zeroizing::new(text.split_whitespace().collect::<Vec<_>>().join(" "))
}
