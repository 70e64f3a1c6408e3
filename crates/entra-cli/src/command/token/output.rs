//! The forms in which a token is printed.

use std::fmt::Write as _;

use identity_base::AccessToken;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::suggest::nearest;
use crate::time::{relative, rfc3339};

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// The token and a newline.
    Raw,
    /// Lines for people.
    Table,
    /// One object.
    Json,
    /// An `Authorization` header.
    Header,
}

const NAMES: [(&str, Format); 4] = [
    ("raw", Format::Raw),
    ("table", Format::Table),
    ("json", Format::Json),
    ("header", Format::Header),
];

impl Format {
    /// The format of this name.
    ///
    /// # Errors
    /// A usage failure that lists the names.
    pub(super) fn parse(name: &str) -> Result<Self, Failure> {
        let names = || NAMES.iter().map(|(name, _)| *name);
        let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, format)| *format).ok_or_else(|| {
            let near = nearest(name, names()).map(|near| format!("did you mean {near}? "));
            let all = names().collect::<Vec<_>>().join(", ");
            Failure::usage("there is no such output format")
                .hint(format!("{}the formats are {all}", near.unwrap_or_default()))
        })
    }
}

/// A token and what is known about it.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    /// The way that answered, as `--via` writes it.
    pub(super) source: &'static str,
    pub(super) scopes: &'a [String],
    pub(super) tenant: Option<&'a str>,
    pub(super) client_id: Option<&'a str>,
    /// The user's or the application's name.
    pub(super) name: Option<&'a str>,
    /// Milliseconds since 1970.
    pub(super) now: i64,
    /// Whether the token was asked for in so many words.
    pub(super) show: bool,
    /// Whether a person reads.
    pub(super) is_terminal: bool,
    pub(super) token: &'a AccessToken,
}

/// The JSON form, whose names are stable.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<&'a str>,
    token_type: &'a str,
    /// Seconds since 1970.
    expires_on: i64,
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_on: Option<i64>,
    scopes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    source: &'a str,
}

impl Shown<'_> {
    /// Whom the token is for: the name that it tells, else the application.
    pub(super) fn who(&self) -> String {
        match (self.name, self.client_id) {
            (Some(name), Some(id)) => format!("{name} ({id})"),
            (Some(known), None) | (None, Some(known)) => known.to_owned(),
            (None, None) => "an identity that the token does not tell".to_owned(),
        }
    }

    /// What is printed. The buffer is cleared when it is dropped.
    pub(super) fn render(&self, format: Format) -> Zeroizing<Vec<u8>> {
        let secret = self.token.secret();
        // Room for all of it from the start, so that no copy of the token is left behind when it grows.
        let mut out = Zeroizing::new(Vec::with_capacity(secret.len() * 2 + 8192));
        match format {
            Format::Raw => out.extend_from_slice(secret.as_bytes()),
            Format::Header => {
                out.extend_from_slice(b"Authorization: Bearer ");
                out.extend_from_slice(secret.as_bytes());
            }
            Format::Json => self.json(&mut out),
            Format::Table => {
                out.extend_from_slice(self.table().as_bytes());
                if self.show {
                    out.extend_from_slice(b"\ntoken      ");
                    out.extend_from_slice(secret.as_bytes());
                }
            }
        }
        out.push(b'\n');
        out
    }

    fn json(&self, out: &mut Vec<u8>) {
        let document = Document {
            access_token: (self.show || !self.is_terminal).then(|| self.token.secret()),
            token_type: self.token.token_type(),
            expires_on: self.token.expires_on_millis().div_euclid(1000),
            expires_at: rfc3339(self.token.expires_on_millis()),
            refresh_on: self
                .token
                .refresh_on_millis()
                .map(|millis| millis.div_euclid(1000)),
            scopes: self.scopes,
            tenant_id: self.tenant,
            client_id: self.client_id,
            account: self.name,
            source: self.source,
        };
        // Texts and numbers always have a JSON form.
        serde_json::to_writer(out, &document).ok();
    }

    fn table(&self) -> String {
        let mut table = String::new();
        let moment = |millis: i64| format!("{} ({})", rfc3339(millis), relative(millis, self.now));
        let mut row = |name: &str, value: &str| {
            let line_end = if table.is_empty() { "" } else { "\n" };
            // Writing to a string can't fail.
            write!(table, "{line_end}{name:<11}{value}").ok();
        };
        row("source", self.source);
        row("identity", &self.who());
        row("tenant", self.tenant.unwrap_or("not told"));
        row("scope", &self.scopes.join(" "));
        row("expires", &moment(self.token.expires_on_millis()));
        if let Some(refresh) = self.token.refresh_on_millis() {
            row("refresh", &moment(refresh));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn render(format: Format, show: bool, is_terminal: bool) -> String {
        let expires = UNIX_EPOCH + Duration::from_secs(1_700_003_599);
        let token = AccessToken::new("CNRY.token", expires).unwrap();
        let token = token.with_refresh_on(UNIX_EPOCH + Duration::from_secs(1_700_001_800));
        let shown = Shown {
            source: "client-secret",
            scopes: &["a".to_owned(), "b".to_owned()],
            tenant: Some("contoso.test"),
            client_id: Some("id"),
            name: Some("job"),
            now: NOW,
            show,
            is_terminal,
            token: &token,
        };
        String::from_utf8(shown.render(format).to_vec()).unwrap()
    }

    #[test]
    fn the_token_shows_on_a_terminal_only_when_asked_for() {
        assert_eq!(render(Format::Raw, false, true), "CNRY.token\n");
        assert_eq!(
            render(Format::Header, false, false),
            "Authorization: Bearer CNRY.token\n"
        );
        for (format, show, is_terminal, visible) in [
            (Format::Table, false, true, false),
            (Format::Table, false, false, false),
            (Format::Table, true, true, true),
            (Format::Json, false, true, false),
            (Format::Json, true, true, true),
            (Format::Json, false, false, true),
        ] {
            let text = render(format, show, is_terminal);
            assert_eq!(text.contains("CNRY"), visible, "{format:?} {show} {is_terminal}");
        }
    }

    #[test]
    fn the_table_tells_who_for_what_and_until_when() {
        assert_eq!(
            render(Format::Table, true, true),
            "source     client-secret\nidentity   job (id)\ntenant     contoso.test\nscope      a b\n\
             expires    2023-11-14T23:13:19Z (in 59 min)\nrefresh    2023-11-14T22:43:20Z (in 30 min)\ntoken      CNRY.token\n"
        );
    }

    #[test]
    fn json_has_stable_names() {
        let json: serde_json::Value = serde_json::from_str(&render(Format::Json, false, false)).unwrap();
        let expected = serde_json::json!({
            "access_token": "CNRY.token", "token_type": "Bearer", "expires_on": 1_700_003_599,
            "expires_at": "2023-11-14T23:13:19Z", "refresh_on": 1_700_001_800, "scopes": ["a", "b"],
            "tenant_id": "contoso.test", "client_id": "id", "account": "job", "source": "client-secret",
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn formats_are_found_by_name() {
        assert_eq!(Format::parse("JSON").unwrap(), Format::Json);
        assert!(
            Format::parse("rwa")
                .unwrap_err()
                .text()
                .contains("did you mean raw?")
        );
        assert!(
            Format::parse("yaml")
                .unwrap_err()
                .text()
                .contains("raw, table, json, header")
        );
    }
}
