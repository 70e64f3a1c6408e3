//! The message in what `azd` prints. It has been written in three forms, a JSON object a line each:
//!
//! - before 1.23.7: `{"type":"consoleMessage","timestamp":"…","data":{"message":"\nERROR: …\n"}}`;
//! - up to 1.23.15: an empty console message, then `{"error":"…"}`;
//! - since then: `{"error":"…","message":"…","suggestion":"…"}`, of which the error is the cause and the others are advice.

use identity_runtime::json::Json;

use crate::{output, redact};

/// The message, fit to be shown: the first `error`, else the first console message that isn't blank.
pub(super) fn find(printed: &[u8]) -> Option<String> {
    let text = output::text(printed);
    let mut console: Option<String> = None;
    for line in text.lines() {
        let line = line.trim();
        if !line.starts_with('{') {
            continue;
        }
        let Ok(json) = Json::parse(line.as_bytes()) else {
            continue;
        };
        if let Some(words) = json.text("error").and_then(redact::excerpt_of) {
            return Some(words);
        }
        if console.is_none() {
            console = json
                .get("data")
                .and_then(|data| data.text("message"))
                .and_then(redact::excerpt_of);
        }
    }
    console
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        find(text.as_bytes())
    }

    fn console(message: &str) -> String {
        serde_json::json!({"type": "consoleMessage", "timestamp": "2026-11-24T15:25:01Z", "data": {"message": message}}).to_string()
    }

    #[test]
    fn a_console_message_is_found() {
        assert_eq!(found(&console("it failed")).as_deref(), Some("it failed"));
        assert_eq!(
            found(&console("\nERROR: it failed\n")).as_deref(),
            Some("ERROR: it failed")
        );
        assert_eq!(found(&format!("  {}  ", console(" x "))).as_deref(), Some("x"));
    }

    #[test]
    fn the_first_one_that_is_not_blank_wins() {
        for (lines, expected) in [
            (vec![console("one"), console("two")], Some("one")),
            (vec![console(""), console("two")], Some("two")),
            (vec![console(" \n\t"), console("two")], Some("two")),
            (vec![console(""), console("")], None),
        ] {
            assert_eq!(found(&lines.join("\n")).as_deref(), expected);
        }
    }

    #[test]
    fn a_structured_error_wins_over_console_messages() {
        let error = r#"{"error":"the cause","message":"a summary","suggestion":"try again"}"#;
        for text in [
            error.to_owned(),
            format!("{}\n{error}", console("")),
            format!("{}\n{error}", console("a console message")),
            format!("{error}\n{}", console("later")),
        ] {
            assert_eq!(found(&text).as_deref(), Some("the cause"), "{text}");
        }
        for blank in [
            r#"{"error":""}"#,
            r#"{"error":" "}"#,
            r#"{"error":1}"#,
            r#"{"error":null}"#,
        ] {
            assert_eq!(
                found(&format!("{blank}\n{}", console("fallback"))).as_deref(),
                Some("fallback")
            );
        }
    }

    #[test]
    fn everything_else_is_ignored() {
        for text in [
            "",
            " \n ",
            "plain text",
            r#"{"message":"at the root","suggestion":"x"}"#,
            r#"{"data":{"message":1}}"#,
            r#"{"data":{"message":null}}"#,
            r#"{"data":"message"}"#,
            r#"{"data":{"message":"x""#,
            r#"["error"]"#,
            r#""error""#,
            "{}",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        let mixed = format!("Warning: old\n{{broken\n{}\nend", console("it failed"));
        assert_eq!(found(&mixed).as_deref(), Some("it failed"));
    }

    #[test]
    fn tokens_are_taken_out() {
        for text in [
            console(r#"got {"token": "CNRYCNRYCNRY"} back"#),
            serde_json::json!({"error": r#"got "token":"CNRYCNRYCNRY" back"#}).to_string(),
        ] {
            let words = found(&text).unwrap();
            assert!(words.contains("<redacted>") && !words.contains("CNRY"), "{words}");
        }
    }
}
