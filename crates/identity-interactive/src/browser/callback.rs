//! Whether a request is the answer that this sign-in waits for.

use identity_base::{Authority, Cloud, Error, ErrorKind, Foreign, Secret};
use identity_runtime::aadsts;
use identity_runtime::crypto::constant_time_eq;
use zeroize::Zeroizing;

use super::pages::Page;
use super::request::{Head, Method};

/// Where accounts that belong to no organization sign in; the public cloud hands over to it.
const CONSUMER_ORIGIN: &str = "https://login.live.com";
/// The longest code.
const MAX_CODE_BYTES: usize = 32 * 1024;

/// What the answer has to fit.
pub(super) struct Expected {
    pub(super) authority: Authority,
    pub(super) state: Secret,
    pub(super) path: String,
    pub(super) port: u16,
}

/// What to make of a request.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is none of ours: this page, and the wait goes on.
    Page(Page),
    /// Likewise, without a page.
    Status(&'static str),
    /// It is the answer: a code, or why there is none.
    Answer(Result<Secret, Error>),
}

impl Expected {
    /// Whether a head is worth reading its body.
    pub(super) fn wants(&self, head: &Head) -> bool {
        head.method == Method::Post && self.is_for_us(head) && head.is_form && self.is_from_authority(head)
    }

    /// Judges a request. Only one with the right state, which nobody but the authority and the browser know, is the answer.
    pub(super) fn judge(&self, head: &Head, body: &[u8]) -> Verdict {
        if !self.is_for_us(head) {
            return match (head.method, head.path.as_str()) {
                (Method::Get, "/favicon.ico") => Verdict::Status("204 No Content"),
                _ => Verdict::Page(Page::Nothing),
            };
        }
        match head.method {
            Method::Get => self.judge_address(&Parameters::of(head.query.as_bytes())),
            Method::Post if !head.is_form => Verdict::Status("415 Unsupported Media Type"),
            Method::Post if !self.is_from_authority(head) => Verdict::Status("403 Forbidden"),
            Method::Post => self.judge_form(&Parameters::of(body)),
            Method::Other => Verdict::Status("405 Method Not Allowed"),
        }
    }

    /// A code must not come in an address, where it stays in histories and can be asked for. An error may.
    fn judge_address(&self, parameters: &Parameters) -> Verdict {
        if parameters.has("code") {
            return Verdict::Page(Page::Warning);
        }
        match self.knows_state(parameters) && parameters.has("error") {
            true => Verdict::Answer(Err(refusal(parameters))),
            false => Verdict::Page(Page::Nothing),
        }
    }

    fn judge_form(&self, parameters: &Parameters) -> Verdict {
        if !self.knows_state(parameters) {
            return Verdict::Page(Page::Nothing);
        }
        // Two issuers are as bad as another one.
        let is_own = |issuer| self.is_own_issuer(issuer);
        if parameters.has("iss") && !parameters.only("iss").is_some_and(is_own) {
            return Verdict::Answer(Err(Error::new(
                ErrorKind::IdentityMismatch,
                "the sign-in's answer is of another authority than the one asked",
            )));
        }
        match (parameters.only("code"), parameters.has("error")) {
            (Some(code), false) if !code.is_empty() && code.len() <= MAX_CODE_BYTES => {
                Verdict::Answer(Ok(Secret::new(code)))
            }
            (None, true) => Verdict::Answer(Err(refusal(parameters))),
            _ => Verdict::Page(Page::Nothing),
        }
    }

    /// The right state exactly once.
    fn knows_state(&self, parameters: &Parameters) -> bool {
        parameters
            .only("state")
            .is_some_and(|state| constant_time_eq(state.as_bytes(), self.state.expose().as_bytes()))
    }

    /// Neither a page that a name was rebound to, nor another path.
    fn is_for_us(&self, head: &Head) -> bool {
        let host = head.host.to_ascii_lowercase();
        let is_own_host = ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|name| host == format!("{name}:{}", self.port) || (self.port == 80 && host == *name));
        is_own_host && head.path == self.path
    }

    /// Browsers say from which page a form was posted, or `null` where that page doesn't want it.
    fn is_from_authority(&self, head: &Head) -> bool {
        let Some(origin) = head.origin.as_deref() else {
            return true;
        };
        let cloud = self.authority.cloud();
        origin == "null"
            || origin
                .strip_prefix("https://")
                .is_some_and(|host| host.eq_ignore_ascii_case(self.authority.origin()))
            || (cloud == Cloud::Public && origin == CONSUMER_ORIGIN)
            || (cloud != Cloud::Custom && is_of_cloud(origin, cloud))
    }

    fn is_own_issuer(&self, issuer: &str) -> bool {
        let Some(rest) = issuer.strip_prefix("https://") else {
            return false;
        };
        let host = rest.split('/').next().unwrap_or_default();
        let cloud = self.authority.cloud();
        host.eq_ignore_ascii_case(self.authority.origin())
            || (cloud != Cloud::Custom && is_of_cloud(&format!("https://{host}"), cloud))
    }
}

fn is_of_cloud(origin: &str, cloud: Cloud) -> bool {
    origin.starts_with("https://")
        && Authority::parse(origin)
            .is_ok_and(|host| host.cloud() == cloud && host.as_str().eq_ignore_ascii_case(origin))
}

/// What a query or form says, decoded.
struct Parameters(Vec<(String, Zeroizing<String>)>);

impl Parameters {
    fn of(encoded: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(encoded)
                .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
                .collect(),
        )
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The value of a parameter that is there exactly once.
    fn only(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let (_, value) = values.next()?;
        match values.next() {
            None => Some(value),
            Some(_) => None,
        }
    }
}

/// What the authority said, as an error.
fn refusal(parameters: &Parameters) -> Error {
    let code = parameters.only("error").unwrap_or_default();
    let description = parameters.only("error_description").unwrap_or_default();
    // The ids stand at the end, and the code is in its own place.
    let description = description.split("Trace ID:").next().unwrap_or_default().trim();
    let text = format!(
        "the sign-in was refused with `{}`{}{}",
        Foreign::new(code, 64),
        if description.is_empty() { "" } else { ": " },
        Foreign::new(description, 700)
    );
    let mut error =
        Error::new(ErrorKind::AuthenticationFailed, text).with_code(code, parameters.only("error_subcode"));
    if let Some(number) = aadsts::in_text(description) {
        error = error.with_aadsts(number);
        if let Some(entry) = aadsts::find(number) {
            error = error.with_hint(entry.hint);
        }
    }
    match (error.hint(), code) {
        (None, "access_denied") => {
            error.with_hint("the person cancelled or did not consent; begin again if that was a mistake")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests;
