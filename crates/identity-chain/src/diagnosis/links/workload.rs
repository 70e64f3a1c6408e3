//! The token that a cluster projects into a file.

use std::path::Path;

use identity_base::seam::ReadOptions;
use identity_runtime::env_vars::{AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID};

use crate::diagnosis::claims::Claims;
use crate::diagnosis::display::span;
use crate::diagnosis::given::Given;
use crate::diagnosis::look::{Look, shown, time, until};
use crate::diagnosis::report::{Finding, LinkReport};
use crate::diagnosis::situation::{FED_AUDIENCE, FED_EXPIRED, FED_UNREADABLE};
use crate::environment::settings::are;

/// What a credential needs.
const VARIABLES: &[&str] = &[AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE];
/// For whom Entra wants the tokens.
const AUDIENCE: &str = "api://AzureADTokenExchange";

pub(super) async fn inspect(look: &Look<'_>, link: &mut LinkReport, given: &Given) {
    let set = look.set(VARIABLES);
    let is_given = |name: &str| match name {
        AZURE_TENANT_ID => given.tenant_id.is_some(),
        AZURE_CLIENT_ID => given.client_id.is_some(),
        _ => false,
    };
    let missing: Vec<&str> = VARIABLES
        .iter()
        .copied()
        .filter(|name| !set.contains(name) && !is_given(name))
        .collect();
    if !missing.is_empty() {
        link.evidence.push(are(&missing, "not set"));
    }
    let Some(file) = look.env().var(AZURE_FEDERATED_TOKEN_FILE) else {
        return;
    };
    let path = Path::new(&file);
    let (bytes, metadata) = match look
        .files()
        .read(path, ReadOptions::new().max_bytes(64 * 1024))
        .await
    {
        Ok(read) => read,
        Err(error) => {
            let message = format!("the token file {} can't be read: {}", shown(path), error.kind());
            link.findings.push(Finding::new(&FED_UNREADABLE, message));
            return;
        }
    };
    link.evidence
        .push(format!("token file {}", look.file(path, &metadata)));
    let claims = std::str::from_utf8(&bytes).ok().and_then(Claims::read);
    let Some(claims) = claims else {
        let message = format!("{} holds no JSON Web Token", shown(path));
        link.findings.push(Finding::new(&FED_UNREADABLE, message));
        return;
    };
    for (claim, what) in [("iss", "issuer"), ("sub", "subject")] {
        if let Some(text) = claims.text(claim) {
            link.evidence.push(format!("its {what} is {text}"));
        }
    }
    let audiences = claims.audiences();
    link.evidence
        .push(format!("its audience is {}", audiences.join(", ")));
    if !audiences
        .iter()
        .any(|audience| audience.eq_ignore_ascii_case(AUDIENCE))
    {
        let message = format!("the token is for {}", audiences.join(", "));
        link.findings.push(Finding::new(&FED_AUDIENCE, message));
    }
    if let Some(end) = claims.time("exp") {
        match until(look.now(), end) {
            Some(left) => link.evidence.push(format!("it is valid for {}", span(left))),
            None => {
                let message = format!(
                    "the token expired on {}; it is now {}",
                    time(end),
                    time(look.now().system_time())
                );
                link.findings.push(Finding::new(&FED_EXPIRED, message));
            }
        }
    }
}
