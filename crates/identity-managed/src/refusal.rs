//! What an endpoint said instead of giving a token.
//!
//! Every host has its own error document; this reads what they have in common and leaves the meaning to the source.

use identity_base::seam::HttpResponse;
use identity_base::{Error, ErrorKind, Foreign, Secret};
use identity_runtime::json::Json;

use crate::ManagedIdentitySource;

/// The most bytes of the endpoint's own words that an error repeats.
const MAX_TEXT_BYTES: usize = 400;
/// The most bytes of an answer that isn't JSON.
const MAX_BODY_BYTES: usize = 200;
/// Shorter secrets can't be told from ordinary words.
const MIN_ECHO_BYTES: usize = 4;
/// How every JWT begins: the base64 of `{"`.
const JWT_PREFIX: &str = "eyJ";

/// An answer without a token, read as far as it can be.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// Whether the body is a JSON object. What isn't does not come from a metadata endpoint.
    pub(crate) is_json: bool,
    /// The error code, such as `invalid_request` or `SecretHeaderNotFound`.
    code: Option<String>,
    /// The endpoint's words, or the beginning of a body that isn't JSON; without secrets.
    text: String,
    aadsts: Option<u32>,
    correlation_id: Option<String>,
}

impl Refusal {
    /// Reads an answer. `secrets` are what was sent; an endpoint that quotes them shall not get them into an error.
    pub(crate) fn read(response: &HttpResponse, json: Option<&Json>, secrets: &[&Secret]) -> Self {
        let document = json.filter(|json| json.as_object().is_some());
        let (code, text, cap) = match document {
            Some(json) => {
                let (code, text) = words(json);
                (code, text, MAX_TEXT_BYTES)
            }
            None => (
                None,
                String::from_utf8_lossy(head(&response.body, secrets)).into_owned(),
                MAX_BODY_BYTES,
            ),
        };
        let text = redact(&text, secrets);
        let correlation_id = document.and_then(|json| {
            let nested = json.get("error").and_then(|error| error.text("correlationId"));
            json.text("correlation_id")
                .or_else(|| json.text("correlationId"))
                .or(nested)
        });
        Self {
            status: response.status.as_u16(),
            is_json: document.is_some(),
            code: code.map(|code| Foreign::new(&redact(&code, secrets), 64).to_string()),
            aadsts: aadsts(&text),
            text: Foreign::new(text.trim(), cap).to_string(),
            correlation_id: correlation_id.map(str::to_owned),
        }
    }

    /// The error code.
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Whether the endpoint's words contain `word`, in any case.
    pub(crate) fn says(&self, word: &str) -> bool {
        self.text.to_ascii_lowercase().contains(word)
    }

    /// The number of Entra's code, when the endpoint passes on what Entra said.
    pub(crate) const fn aadsts(&self) -> Option<u32> {
        self.aadsts
    }

    /// The error, with what the source knows about it.
    pub(crate) fn into_error(self, source: ManagedIdentitySource, meaning: Option<Meaning>) -> Error {
        let kind = match (&meaning, self.status) {
            (Some(meaning), _) => meaning.kind,
            (None, 200..=299) => ErrorKind::Protocol,
            (None, 300..=399) => ErrorKind::Protocol,
            (None, 429) => ErrorKind::Throttled,
            (None, 404 | 408 | 410 | 500..=599) => ErrorKind::Transport,
            (None, _) => ErrorKind::AuthenticationFailed,
        };
        let mut message = match &meaning {
            Some(meaning) => format!("{source}: {}", meaning.what),
            None if (300..400).contains(&self.status) => {
                format!("{source} answered with a redirect, which is never followed")
            }
            None if (200..300).contains(&self.status) => format!("{source} answered without a token"),
            None => format!("{source} refused"),
        };
        message.push_str(&format!(" (HTTP {}", self.status));
        if let Some(code) = &self.code {
            message.push_str(&format!(", `{code}`"));
        }
        message.push(')');
        if !self.text.is_empty() {
            message.push_str(&format!(": {}", self.text));
        }
        let mut error = Error::new(kind, message).with_http_status(self.status);
        if let Some(code) = &self.code {
            error = error.with_code(code, None);
        }
        if let Some(code) = self.aadsts {
            error = error.with_aadsts(code);
        }
        if let Some(id) = &self.correlation_id {
            error = error.with_correlation_id(id);
        }
        match meaning.and_then(|meaning| meaning.hint) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// What a refusal means at one source.
#[derive(Debug)]
pub(crate) struct Meaning {
    pub(crate) kind: ErrorKind,
    pub(crate) what: &'static str,
    pub(crate) hint: Option<&'static str>,
}

impl Meaning {
    pub(crate) const fn new(kind: ErrorKind, what: &'static str) -> Self {
        Self {
            kind,
            what,
            hint: None,
        }
    }

    pub(crate) const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// Code and words, in the places where hosts put them: `error` as a text or as an object, `error_description`, `message`, `Message`.
fn words(json: &Json) -> (Option<String>, String) {
    let nested = json.get("error").filter(|error| error.as_object().is_some());
    let code = json
        .text("error")
        .or_else(|| nested?.text("code"))
        .or_else(|| json.text("code"));
    let text = json
        .text("error_description")
        .or_else(|| nested?.text("message"))
        .or_else(|| json.text("message"))
        .or_else(|| json.text("Message"));
    // Some proxies put their words where the code belongs.
    let (code, text) = match (code, text) {
        (Some(words), None) if words.contains(' ') => (None, Some(words)),
        other => other,
    };
    (
        code.filter(|code| !code.is_empty()).map(str::to_owned),
        text.unwrap_or_default().to_owned(),
    )
}

/// Enough of a body that its beginning can be shown after secrets were taken out. Where it is cut, an echo could have lost its end and not be recognised;
/// so as much as a secret has is left out there.
fn head<'a>(body: &'a [u8], secrets: &[&Secret]) -> &'a [u8] {
    let longest = secrets
        .iter()
        .map(|secret| secret.expose().len())
        .max()
        .unwrap_or(0);
    match body.get(..16 * MAX_BODY_BYTES) {
        Some(cut) => cut.get(..cut.len().saturating_sub(longest)).unwrap_or_default(),
        None => body,
    }
}

/// The digits behind `AADSTS`.
fn aadsts(text: &str) -> Option<u32> {
    let (_, after) = text.split_once("AADSTS")?;
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after.get(..end)?.parse().ok()
}

/// Takes out what was sent as a secret, and everything that looks like a token.
fn redact(text: &str, secrets: &[&Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets
        .iter()
        .map(|secret| secret.expose())
        .filter(|secret| secret.len() >= MIN_ECHO_BYTES)
    {
        text = text.replace(secret, "<redacted>");
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, token)) = rest.find(JWT_PREFIX).map(|at| rest.split_at(at)) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=' | '+' | '/');
        let end = token.find(|c| !is_part(c)).unwrap_or(token.len());
        out.push_str(before);
        out.push_str("<redacted>");
        rest = token.get(end..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode};

    fn refusal(status: u16, body: &str) -> Refusal {
        let response = HttpResponse::new(StatusCode::from_u16(status).unwrap(), HeaderMap::new(), body);
        Refusal::read(
            &response,
            Json::parse(body.as_bytes()).ok().as_ref(),
            &[&Secret::new("CNRYHEADER")],
        )
    }

    fn shown(status: u16, body: &str) -> String {
        refusal(status, body)
            .into_error(ManagedIdentitySource::AppService, None)
            .to_string()
    }

    #[test]
    fn every_hosts_error_document_is_read() {
        for (body, expected) in [
            (
                r#"{"error":"invalid_request","error_description":"Identity not found"}"#,
                "(HTTP 400, `invalid_request`): Identity not found",
            ),
            (
                r#"{"statusCode":400,"message":"No Managed Identity found"}"#,
                "(HTTP 400): No Managed Identity found",
            ),
            (
                r#"{"error":{"code":"SecretHeaderNotFound","message":"Secret is not found"}}"#,
                "(HTTP 400, `SecretHeaderNotFound`): Secret is not found",
            ),
            (r#"{"StatusCode":400,"Message":"old"}"#, "(HTTP 400): old"),
            ("{}", "(HTTP 400)"),
            ("", "(HTTP 400)"),
            ("<h1>no</h1>", "(HTTP 400): <h1>no</h1>"),
            (r#"["x"]"#, "(HTTP 400): [\"x\"]"),
        ] {
            assert_eq!(
                shown(400, body),
                format!("App Service refused {expected}"),
                "{body}"
            );
        }
    }

    #[test]
    fn ids_and_entras_codes_are_kept() {
        let error = refusal(
            400,
            r#"{"error":"invalid_resource","error_description":"AADSTS500011: not found","correlation_id":"0b1c2d3e-0000-4000-8000-00000000bbbb"}"#,
        )
        .into_error(ManagedIdentitySource::Imds, None);
        assert_eq!(error.aadsts(), Some(500_011));
        assert_eq!(error.code(), Some("invalid_resource"));
        assert_eq!(
            error.correlation_id(),
            Some("0b1c2d3e-0000-4000-8000-00000000bbbb")
        );
    }

    #[test]
    fn secrets_and_hostile_text_do_not_get_through() {
        let jwt = "eyJhbGciOiJub25lIn0.CNRYCNRY.sig";
        for body in [
            format!(r#"{{"message":"got CNRYHEADER and {jwt}; \u001b[31m"}}"#),
            format!(r#"{{"error":"CNRYHEADER","error_description":"{jwt}"}}"#),
            format!("<p>CNRYHEADER {jwt}"),
            format!("{}CNRYHEADER", " ".repeat(190)),
            format!("{}CNRYHEADER", "x".repeat(3195)),
        ] {
            let error = refusal(500, &body).into_error(ManagedIdentitySource::AppService, None);
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("CNRY") && !shown.contains('\u{1b}'), "{shown}");
        }
        assert!(shown(503, &"x".repeat(1 << 20)).len() < 300);
    }

    #[test]
    fn the_status_decides_the_kind() {
        for (status, kind) in [
            (200, ErrorKind::Protocol),
            (302, ErrorKind::Protocol),
            (400, ErrorKind::AuthenticationFailed),
            (403, ErrorKind::AuthenticationFailed),
            (404, ErrorKind::Transport),
            (410, ErrorKind::Transport),
            (429, ErrorKind::Throttled),
            (500, ErrorKind::Transport),
        ] {
            assert_eq!(
                refusal(status, "{}")
                    .into_error(ManagedIdentitySource::Imds, None)
                    .kind(),
                kind,
                "{status}"
            );
        }
    }
}
