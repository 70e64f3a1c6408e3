//! What the script prints when there is a token.

use identity_base::seam::ProcessOutput;
use identity_base::{Error, Fetched, Secret};
use identity_runtime::json::Json;

use super::script::{MARKER, NO_MODULE};
use crate::tool::Tool;
use crate::{expiry, output};

/// The token of an answer.
pub(super) fn read(tool: &Tool, printed: &ProcessOutput) -> Result<Fetched, Error> {
    let stdout = output::without_colours(&output::text(&printed.stdout));
    let mut words = stdout.split_whitespace();
    let Some(answer) = words.clone().find_map(|word| word.strip_prefix(MARKER)) else {
        return Err(match words.any(|word| word == NO_MODULE) {
            true => no_module(),
            false => tool.unexpected("it has no line with an answer"),
        });
    };
    // Neither part can hold a `%`: tokens are base64url and ends are digits.
    let [token, end] = answer.split('%').collect::<Vec<_>>()[..] else {
        return Err(tool.unexpected("the line with the answer has not two parts"));
    };
    if token.is_empty() {
        return Err(tool.unexpected("the token is empty"));
    }
    let end = expiry::from_seconds("ExpiresOn", &Json::from(end))
        .map_err(|error| tool.unexpected(error.message()))?;
    Ok(Fetched::expiring_at(Secret::new(token), end))
}

fn no_module() -> Error {
    Error::unavailable("the PowerShell module Az.Accounts, version 2.2.0 or later, is not installed")
        .with_hint("run `Install-Module -Name Az.Accounts -Scope CurrentUser`, then `Connect-AzAccount`")
}
