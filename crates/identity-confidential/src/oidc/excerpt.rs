//! What an id token service said in a refusal, as far as an error may repeat it.

use identity_base::{Foreign, Secret};
use identity_runtime::json::Json;

/// The most bytes of the service's own words that an error repeats.
const MAX_TEXT_BYTES: usize = 300;
/// How much of an answer that isn't JSON is looked at.
const MAX_LOOK_BYTES: usize = 4096;
/// Shorter secrets can't be told from ordinary words.
const MIN_ECHO_BYTES: usize = 4;
/// How every JWT begins: the base64 of `{"`.
const JWT_PREFIX: &str = "eyJ";

/// The service's words, in one line, without `secret` and without anything that looks like a token. Empty when there are none.
pub(super) fn of(body: &[u8], secret: &Secret) -> String {
    let text = match Json::parse(body) {
        Ok(json) => words(&json).unwrap_or_default().to_owned(),
        Err(_) => plain(body, secret),
    };
    let text = redacted(&text, secret);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Foreign::new(&text, MAX_TEXT_BYTES).to_string()
}

/// Where build systems and gateways put their words. Of other members nobody knows whether they are secret.
fn words(json: &Json) -> Option<&str> {
    let error = json.get("error");
    ["message", "Message", "error_description", "detail"]
        .into_iter()
        .find_map(|name| json.text(name))
        .or_else(|| error?.text("message"))
        .or_else(|| json.text("error"))
}

/// The beginning of a text; of a page, what would be read on it. Where it was cut, an echo of the secret could have lost its end and not be recognised, so
/// as much as the secret has is left out there.
fn plain(body: &[u8], secret: &Secret) -> String {
    let looked_at = match body.get(..MAX_LOOK_BYTES) {
        Some(cut) => cut
            .get(..cut.len().saturating_sub(secret.expose().len()))
            .unwrap_or_default(),
        None => body,
    };
    let text = String::from_utf8_lossy(looked_at);
    if !text.trim_start().starts_with('<') {
        return text.into_owned();
    }
    // The title says what a page is; everything else of it is style.
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let begin = at + lower.get(at..)?.find('>')? + 1;
        let end = begin + lower.get(begin..)?.find('<')?;
        text.get(begin..end)
    });
    title.unwrap_or_default().to_owned()
}

/// Takes out what was sent as a secret, and everything that looks like a JWT.
fn redacted(text: &str, secret: &Secret) -> String {
    let text = match secret.expose().trim() {
        echo if echo.len() >= MIN_ECHO_BYTES => text.replace(echo, "<redacted>"),
        _ => text.to_owned(),
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=' | '+' | '/');
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, token)) = rest.find(JWT_PREFIX).map(|at| rest.split_at(at)) {
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

    fn excerpt(body: &str) -> String {
        of(body.as_bytes(), &Secret::new("CNRY-request-token"))
    }

    #[test]
    fn the_services_words_are_found() {
        for (body, expected) in [
            (
                r#"{"$id":"1","innerException":null,"message":"TF400813: not authorized","typeKey":"Unauthorized"}"#,
                "TF400813: not authorized",
            ),
            (r#"{"Message":"old"}"#, "old"),
            (
                r#"{"error":"invalid_request","error_description":"no audience"}"#,
                "no audience",
            ),
            (r#"{"error":{"code":"x","message":"nested"}}"#, "nested"),
            (r#"{"error":"alone"}"#, "alone"),
            (r#"{"value":"an opaque token"}"#, ""),
            (r#"["a"]"#, ""),
            ("upstream timed out\r\n  twice", "upstream timed out twice"),
            (
                "<html><head><TITLE lang=en>Sign in\n to DevOps</TITLE></head><body>x",
                "Sign in to DevOps",
            ),
            ("<html>no title", ""),
            ("<title", ""),
            ("", ""),
        ] {
            assert_eq!(excerpt(body), expected, "{body}");
        }
    }

    #[test]
    fn secrets_and_hostile_text_do_not_get_through() {
        let jwt = "eyJhbGciOiJub25lIn0.CNRYCNRY.sig";
        let page = format!("{}CNRY-request-token", "x".repeat(MAX_LOOK_BYTES - 9));
        for body in [
            format!(r#"{{"message":"got CNRY-request-token and {jwt}; \u001b[31m"}}"#),
            format!("got CNRY-request-token, {jwt}\u{1b}[31m"),
            format!("<title>CNRY-request-token {jwt}</title>"),
            format!("{}CNRY-request-token", " x".repeat(140)),
            page,
        ] {
            let shown = excerpt(&body);
            assert!(
                !shown.contains("CNRY") && !shown.contains('\u{1b}') && shown.len() <= MAX_TEXT_BYTES,
                "{shown}"
            );
        }
        assert!(excerpt(&"long ".repeat(1000)).len() <= MAX_TEXT_BYTES);
        assert!(!of(b"\xff\xfe", &Secret::new("")).is_empty());
    }
}
