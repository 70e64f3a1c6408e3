//! Secrets in the shapes in which tools have printed them.

use identity_base::Secret;
use identity_testkit::{LeakGuard, leak_guard};
use proptest::prelude::*;

use super::*;

/// The shapes, with `{}` for the secret, `{1}` and `{2}` for its halves.
const SHAPES: [&str; 26] = [
    r#"{"accessToken":"{}"}"#,
    r#"{ "accessToken" :  "{}", "x": 1 }"#,
    r#"{"error": "x", "refresh_token": "{}"#,
    r#"{\"accessToken\": \"{}\"}"#,
    "{'accessToken': '{}', 'expires': 1}",
    "{b'token': b'{}'}",
    "https://localhost/?access_token={}&state=1",
    "POST client_id=x&client_assertion={}&grant_type=y",
    "Authorization: Bearer {}",
    "authorization=Basic {}",
    "sent Bearer {} to the service",
    "token: {}",
    "token={}",
    "az login --client-secret {} --tenant x",
    "az login --password={}",
    "password:\n    {}",
    "accessToken: {1}\n{2}",
    "\"accessToken\": \"{1}\n{2}\"",
    "<Token>{}</Token>",
    r#"<S N="AccessToken">{}</S>"#,
    "Token            : {}\nExpiresOn : x",
    "secret = {\"value\": \"{}\"}",
    "clientSecret => '{}'",
    "Traceback: self.password = u'{}'",
    "\u{1b}[31mtoken=\u{1b}[0m{}",
    "x {} y",
];

fn filled(shape: &str, secret: &str) -> String {
    let (first, second) = secret.split_at(secret.len() / 2);
    shape
        .replace("{}", secret)
        .replace("{1}", first)
        .replace("{2}", second)
}

#[test]
fn no_shape_shows_a_secret() {
    leak_guard::run_sync(|guard: LeakGuard| {
        for (at, shape) in SHAPES.iter().enumerate() {
            let secret = guard.secret(&format!("shape {at}"));
            let text = filled(shape, secret.expose());
            let shown = excerpt(text.as_bytes()).unwrap();
            guard.check_text(shape, &shown);
            assert!(shown.contains(REDACTED), "{shape}: {shown}");
        }
    });
}

#[test]
fn a_name_is_enough_for_a_secret_that_looks_like_a_word() {
    for shape in SHAPES.iter().take(SHAPES.len() - 1) {
        if shape.contains("{1}") || shape.contains("Bearer") {
            continue;
        }
        let shown = excerpt_of(&filled(shape, "correcthorse")).unwrap();
        assert!(
            !shown.contains("correct") && shown.contains(REDACTED),
            "{shape}: {shown}"
        );
    }
}

#[test]
fn jwts_are_found_without_a_name() {
    let jwt = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL3ZhdWx0In0.c2lnbmF0dXJl-_x";
    let (first, second) = jwt.split_at(60);
    for text in [
        format!("got {jwt} and more"),
        format!("got \"{jwt}\""),
        format!("got{jwt}"),
        format!("%22{jwt}%22"),
        format!("{first}\n  {second}\n"),
        format!("azsdk%{jwt}%1795533901"),
    ] {
        let shown = excerpt_of(&text).unwrap();
        assert!(
            !shown.contains("eyJ") && !shown.contains("c2ln") && !shown.contains("dmF1"),
            "{shown}"
        );
    }
}

#[test]
fn random_texts_are_found_without_a_name() {
    for secret in [
        "CNRYaGdkXwqBzLmNpRtVbHjKfDsWqZxCvBnMlKpO",
        "kQ8vT2mX9cL4wZ7rB1nY6dF3",
        "x8Q~abcDEF123ghiJKL456mnoPQR789stuVWX",
        "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=",
    ] {
        let shown = excerpt_of(&format!("sent {secret} away")).unwrap();
        assert_eq!(shown, format!("sent {REDACTED} away"));
    }
}

#[test]
fn what_helps_stays() {
    for text in [
        "ERROR: AADSTS500011: The resource principal named https://bad-scope.example was not found in the tenant named Lab.",
        "Trace ID: 11111111-aaaa-4bbb-8ccc-222222222222 Correlation ID: 33333333-DDDD-4EEE-8fff-444444444444 Timestamp: 2026-11-24 15:25:01Z",
        "ERROR: Subscription 'nosub' not found. Check the spelling and casing and try again.",
        "AADSTS7000215: Invalid client secret provided. Ensure the secret is right, not its ID",
        "AADSTS700082: The refresh token has expired due to inactivity.",
        "HTTPSConnectionPool(host='localhost', port=8443): CERTIFICATE_VERIFY_FAILED",
        "azure.core.exceptions.ManagedIdentityCredentialUnavailableException in DefaultAzureCredentialOptions",
        "/usr/lib/python3.11/site-packages/azure/cli/core/Azure2Stack2/long1/path",
    ] {
        assert_eq!(
            excerpt_of(text).unwrap(),
            Foreign::new(text, MAX_EXCERPT_BYTES).to_string()
        );
    }
}

#[test]
fn an_excerpt_is_one_short_escaped_line() {
    assert_eq!(excerpt_of(" \n\t "), None);
    assert_eq!(excerpt(b""), None);
    assert_eq!(excerpt_of("a\r\n  b\n\nc").unwrap(), "a b c");
    assert_eq!(excerpt(b"caf\xe9 \x07").unwrap(), "caf\u{fffd} \\u{7}");
    let long = excerpt_of(&"word ".repeat(100_000)).unwrap();
    assert!(long.len() <= MAX_EXCERPT_BYTES && long.ends_with('…'));
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain("tökén".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(excerpt(&utf16).unwrap(), "tökén");
}

#[test]
fn a_value_that_the_cut_goes_through_is_not_shown() {
    let secret = Secret::new("CNRY".repeat(10));
    for lead in MAX_LOOKED_AT_BYTES - 60..MAX_LOOKED_AT_BYTES + 10 {
        let text = format!("{}\"token\": \"{}\"", "\n".repeat(lead), secret.expose());
        let shown = excerpt_of(&text).unwrap_or_default();
        assert!(!shown.contains("CNRY"), "{lead}: {shown}");
    }
}

#[test]
fn hostile_texts_take_no_long_time() {
    // Each of these would be slow if anything looked back or ahead without a limit.
    for text in [
        "token ".repeat(3000),
        "token=".repeat(3000),
        "eyJ".repeat(6000),
        "\"token\": \"".repeat(2000),
        "a\n".repeat(8000),
    ] {
        drop(excerpt_of(&text));
    }
}

proptest! {
    #[test]
    fn no_text_panics_or_grows(text in "\\PC{0,80}|(token|secret|[ :='\"\\\\{}<>\n]|eyJ|é){0,40}") {
        let shown = excerpt_of(&text).unwrap_or_default();
        prop_assert!(shown.len() <= MAX_EXCERPT_BYTES);
    }

    #[test]
    fn bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(excerpt(&bytes));
    }
}
