//! What `azd` prints when there is a token.

use identity_base::seam::ProcessOutput;
use identity_base::{Error, Fetched};

use super::message;
use crate::answer::{member, token};
use crate::tool::Tool;
use crate::{expiry, output};

/// The token of an answer.
pub(super) fn read(tool: &Tool, printed: &ProcessOutput) -> Result<Fetched, Error> {
    // A message in the answer's place says more than what the answer lacks.
    let unexpected = |why: String| match message::find(&printed.stdout) {
        Some(words) => tool.unexpected(words),
        None => tool.unexpected(why),
    };
    let answer = output::document(&printed.stdout).map_err(|error| unexpected(error.to_string()))?;
    let token = token(&answer, "token").map_err(unexpected)?;
    let end =
        member(&answer, "expiresOn").ok_or_else(|| tool.unexpected("it says nowhere when the token ends"))?;
    // With its offset, which is that of UTC nearly always. Reading it as local time would be wrong by that of this machine.
    let end = expiry::from_date("expiresOn", end).map_err(|error| tool.unexpected(error.message()))?;
    Ok(Fetched::expiring_at(token, end))
}
