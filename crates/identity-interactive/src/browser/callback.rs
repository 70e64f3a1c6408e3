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
        if let Some(issuer) = parameters.only("iss")
            && !self.is_own_issuer(issuer)
        {
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
mod tests {
    use super::*;

    const STATE: &str = "the-right-state";

    fn expected(authority: &str) -> Expected {
        Expected {
            authority: Authority::parse(authority).unwrap(),
            state: Secret::new(STATE),
            path: "/cb".to_owned(),
            port: 8400,
        }
    }

    fn judge(method: &str, target: &str, headers: &str, body: &str) -> Verdict {
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let host = if headers.contains("Host:") {
            ""
        } else {
            "Host: localhost:8400\r\n"
        };
        let form = if headers.contains("Content-Type:") {
            ""
        } else {
            form
        };
        let head = format!("{method} {target} HTTP/1.1\r\n{host}{form}{headers}\r\n");
        expected("login.microsoftonline.com").judge(&Head::parse(head.as_bytes()).unwrap(), body.as_bytes())
    }

    fn code(method: &str, target: &str, headers: &str, body: &str) -> Option<String> {
        match judge(method, target, headers, body) {
            Verdict::Answer(Ok(code)) => Some(code.expose().to_owned()),
            _ => None,
        }
    }

    #[test]
    fn a_form_with_the_right_state_is_the_answer() {
        for headers in [
            "",
            "Origin: null\r\n",
            "Origin: https://login.microsoftonline.com\r\n",
            "Origin: https://login.microsoft.com\r\n",
            "Origin: https://login.live.com\r\n",
            "Host: 127.0.0.1:8400\r\n",
            "Host: [::1]:8400\r\n",
            "Host: LOCALHOST:8400\r\n",
        ] {
            let body = format!(
                "code=c%2B1&state={STATE}&session_state=x&iss=https%3A%2F%2Flogin.microsoftonline.com%2Ft%2Fv2.0"
            );
            assert_eq!(
                code("POST", "/cb", headers, &body).as_deref(),
                Some("c+1"),
                "{headers}"
            );
        }
    }

    #[test]
    fn everything_else_is_not() {
        let right = format!("code=c&state={STATE}");
        for (method, target, headers, body) in [
            ("POST", "/cb", "", "code=c&state=wrong".to_owned()),
            ("POST", "/cb", "", "code=c".to_owned()),
            ("POST", "/cb", "", format!("code=c&state={STATE}&state={STATE}")),
            ("POST", "/cb", "", format!("code=c&code=d&state={STATE}")),
            ("POST", "/cb", "", format!("code=&state={STATE}")),
            ("POST", "/cb", "", format!("code=c&error=x&state={STATE}")),
            ("POST", "/cb", "", format!("code=c&state={STATE}x")),
            ("POST", "/cb", "", String::new()),
            ("POST", "/", "", right.clone()),
            ("POST", "/cb/", "", right.clone()),
            ("POST", "/cb", "Host: evil.test:8400\r\n", right.clone()),
            ("POST", "/cb", "Host: localhost:8401\r\n", right.clone()),
            ("POST", "/cb", "Host: localhost\r\n", right.clone()),
            ("POST", "/cb", "Origin: https://evil.test\r\n", right.clone()),
            (
                "POST",
                "/cb",
                "Origin: http://login.microsoftonline.com\r\n",
                right.clone(),
            ),
            (
                "POST",
                "/cb",
                "Origin: https://login.microsoftonline.com.evil.test\r\n",
                right.clone(),
            ),
            (
                "POST",
                "/cb",
                "Origin: https://login.microsoftonline.us\r\n",
                right.clone(),
            ),
            ("POST", "/cb", "Content-Type: text/plain\r\n", right.clone()),
            ("PUT", "/cb", "", right.clone()),
            ("GET", &format!("/cb?{right}"), "", String::new()),
        ] {
            match judge(method, target, headers, &body) {
                Verdict::Answer(_) => panic!("{method} {target} {headers} {body}"),
                Verdict::Page(page) => assert_ne!(page, Page::Success),
                Verdict::Status(status) => assert!(status.starts_with('4')),
            }
        }
    }

    #[test]
    fn a_code_in_an_address_warns() {
        for query in [
            format!("code=c&state={STATE}"),
            "code=c".to_owned(),
            "code=c&error=x".to_owned(),
        ] {
            let verdict = judge("GET", &format!("/cb?{query}"), "", "");
            assert!(
                matches!(verdict, Verdict::Page(Page::Warning)),
                "{query} {verdict:?}"
            );
        }
        assert!(matches!(
            judge("GET", "/favicon.ico", "", ""),
            Verdict::Status("204 No Content")
        ));
    }

    #[test]
    fn an_error_with_the_right_state_ends_the_wait_either_way() {
        let query = format!(
            "error=access_denied&error_description=AADSTS65004%3A+declined%1b%5b31m+Trace+ID%3A+x&state={STATE}"
        );
        for verdict in [
            judge("GET", &format!("/cb?{query}"), "", ""),
            judge("POST", "/cb", "", &query),
        ] {
            let Verdict::Answer(Err(error)) = verdict else {
                panic!("{verdict:?}")
            };
            assert_eq!(
                (error.code(), error.aadsts()),
                (Some("access_denied"), Some(65004))
            );
            assert!(
                !error.to_string().contains('\u{1b}') && !error.message().contains("Trace"),
                "{error}"
            );
        }
        assert!(matches!(
            judge("GET", "/cb?error=x&state=wrong", "", ""),
            Verdict::Page(Page::Nothing)
        ));
    }

    #[test]
    fn another_issuer_is_a_mix_up() {
        let body = format!("code=c&state={STATE}&iss=https%3A%2F%2Fevil.test%2Ft%2Fv2.0");
        let Verdict::Answer(Err(error)) = judge("POST", "/cb", "", &body) else {
            panic!()
        };
        assert_eq!(error.kind(), ErrorKind::IdentityMismatch);
        let own = expected("localhost:8443");
        assert!(
            own.is_own_issuer("https://localhost:8443/t/v2.0") && !own.is_own_issuer("https://localhost/t")
        );
    }
}
