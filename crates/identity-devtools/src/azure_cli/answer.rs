//! What `az` prints when there is a token.

use std::time::SystemTime;

use identity_base::seam::ProcessOutput;
use identity_base::{Error, ErrorKind, Fetched};
use identity_runtime::json::Json;

use super::Account;
use crate::answer::{check_token_type, is_guid, member, token};
use crate::tool::Tool;
use crate::{expiry, output};

/// The token of an answer that is for the account that was asked for.
pub(super) fn read(tool: &Tool, printed: &ProcessOutput, account: Account<'_>) -> Result<Fetched, Error> {
    let answer = output::document(&printed.stdout).map_err(|error| tool.unexpected(error))?;
    let token = token(&answer, "accessToken").map_err(|why| tool.unexpected(why))?;
    check_token_type(&answer, "tokenType").map_err(|why| tool.unexpected(why))?;
    check_account(&answer, account)?;
    let end = end(&answer).map_err(|error| tool.unexpected(error.message()))?;
    Ok(Fetched::expiring_at(token, end))
}

/// When it ends. The seconds win over the date, which versions before 2.54 print alone.
fn end(answer: &Json) -> Result<SystemTime, Error> {
    if let Some(seconds) = member(answer, "expires_on") {
        return expiry::from_seconds("expires_on", seconds);
    }
    match member(answer, "expiresOn") {
        Some(date) => expiry::from_date("expiresOn", date),
        None => Err(Error::new(
            ErrorKind::AuthenticationFailed,
            "it says nowhere when the token ends",
        )),
    }
}

/// The tool must not answer for somebody else. Ids are compared; a domain or a name can't be compared with an id.
fn check_account(answer: &Json, account: Account<'_>) -> Result<(), Error> {
    let (what, wanted, name) = match account {
        Account::Active => return Ok(()),
        Account::Tenant(tenant) => ("tenant", tenant.as_str(), "tenant"),
        Account::Subscription(subscription) => ("subscription", subscription.as_str(), "subscription"),
    };
    let Some(given) = answer.text(name) else {
        return Ok(());
    };
    let comparable = is_guid(wanted) == is_guid(given);
    if wanted.eq_ignore_ascii_case(given) || !comparable || (what == "subscription" && !is_guid(wanted)) {
        return Ok(());
    }
    // What isn't an id could be anything, be it a token that stands in the wrong place.
    let given = match is_guid(given) {
        true => format!("the {what} {given}"),
        false => format!("another {what}"),
    };
    Err(Error::new(
        ErrorKind::IdentityMismatch,
        format!("Azure CLI answered for {given} instead of {wanted}"),
    )
    .with_hint("find out which program answers as `az`; `az account list` shows its accounts"))
}
