//! Error documents, and what becomes of them.

use super::*;

fn read(document: &str, status: u16, grant: &str) -> Error {
    read_with(document, status, grant, &[])
}

fn read_with(document: &str, status: u16, grant: &str, secrets: &[Secret]) -> Error {
    let json = Json::parse(document.as_bytes()).unwrap();
    let code = json.text("error").unwrap().to_owned();
    refusal(&json, &code, status, Asker::of(grant), secrets.iter()).error
}

const ID: &str = "0a1b2c3d-1111-2222-3333-444455556666";

#[test]
fn everything_that_support_asks_for_is_kept() {
    let document = format!(
        r#"{{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: {ID}\r\nCorrelation ID: x","error_codes":[7000215],"suberror":"bad_one","correlation_id":"{ID}","trace_id":"{ID}","claims":"{{\"a\":1}}"}}"#
    );
    let error = read(&document, 401, "client_credentials");
    assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
    assert_eq!(
        (error.aadsts(), error.code(), error.suberror()),
        (Some(7_000_215), Some("invalid_client"), Some("bad_one"))
    );
    assert_eq!((error.correlation_id(), error.trace_id()), (Some(ID), Some(ID)));
    assert_eq!(
        (error.claims(), error.http_status()),
        (Some("{\"a\":1}"), Some(401))
    );
    assert!(error.hint().unwrap().contains("secret"));
    assert!(!error.is_transient());
    assert_eq!(
        error.message(),
        "Microsoft Entra ID refused with `invalid_client`: AADSTS7000215: Invalid client secret provided."
    );
}

#[test]
fn an_escaped_description_keeps_its_code() {
    let error = read(
        r#"{"error":"invalid_client","error_description":"AADSTS700016: Application \u0027x\u0027 wasn\"t\r\nfound \u001b[31m\u202e"}"#,
        400,
        "client_credentials",
    );
    assert_eq!(error.aadsts(), Some(700_016));
    assert!(
        error
            .message()
            .contains("'x' wasn\"t\\u{d}\\u{a}found \\u{1b}[31m\\u{202e}"),
        "{}",
        error.message()
    );
}

#[test]
fn a_huge_description_is_cut() {
    let document = format!(
        r#"{{"error":"invalid_client","error_description":"AADSTS700027: {}"}}"#,
        "x".repeat(1 << 20)
    );
    let error = read(&document, 400, "client_credentials");
    assert!(error.to_string().len() <= 1024 && format!("{error:?}").len() <= 4096);
    assert_eq!(error.aadsts(), Some(700_027));
}

#[test]
fn ids_that_are_no_guids_and_codes_that_are_no_words_are_dropped() {
    let error = read(
        r#"{"error":"a b\u001b","suberror":"x y","correlation_id":"CNRY\n","trace_id":"zzz","error_codes":["1",-1],"claims":""}"#,
        400,
        "client_credentials",
    );
    assert_eq!(
        (error.code(), error.suberror(), error.claims()),
        (None, None, None)
    );
    assert_eq!(
        (error.correlation_id(), error.trace_id(), error.aadsts()),
        (None, None, None)
    );
    assert!(!error.to_string().contains('\u{1b}'));
}

#[test]
fn the_kind_depends_on_who_asks() {
    use ErrorKind::{AuthenticationFailed as Failed, AuthenticationRequired as Required};
    let invalid_grant = r#"{"error":"invalid_grant","error_description":"x"}"#;
    let interaction = r#"{"error":"interaction_required","claims":"{}"}"#;
    let mfa = r#"{"error":"invalid_grant","error_description":"AADSTS50076: x","suberror":"basic_action"}"#;
    let password = r#"{"error":"invalid_grant","error_description":"AADSTS50126: x"}"#;
    let client = r#"{"error":"invalid_client"}"#;
    for (document, grant, kind) in [
        (invalid_grant, "refresh_token", Required),
        (invalid_grant, "authorization_code", Failed),
        (invalid_grant, "client_credentials", Failed),
        (
            interaction,
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Required,
        ),
        (interaction, "client_credentials", Failed),
        (mfa, "password", Required),
        (password, "password", Failed),
        (client, "refresh_token", Failed),
    ] {
        assert_eq!(read(document, 400, grant).kind(), kind, "{document} {grant}");
    }
    assert_eq!(read(interaction, 400, "refresh_token").claims(), Some("{}"));
}

#[test]
fn some_refusals_are_of_the_moment() {
    for document in [
        r#"{"error":"temporarily_unavailable"}"#,
        r#"{"error":"invalid_request","error_description":"AADSTS90033: x"}"#,
        r#"{"error":"invalid_grant","error_codes":[50196]}"#,
    ] {
        let error = read(document, 400, "client_credentials");
        assert!(
            error.is_transient() && error.kind() == ErrorKind::Transport,
            "{document}"
        );
    }
    assert!(read(r#"{"error":"x"}"#, 429, "client_credentials").is_throttled());
    assert_eq!(
        read(r#"{"error":"x"}"#, 200, "client_credentials").kind(),
        ErrorKind::Protocol
    );
}

#[test]
fn an_echo_that_lost_its_end_is_taken_out_too() {
    let secret = "CNRY".repeat(400);
    // The first echo is whole and shrinks, so the second one, cut at the end of what is looked at, comes into view.
    let document = format!(r#"{{"error":"e","error_description":"{secret} and {secret}"}}"#);
    let error = read_with(&document, 400, "client_credentials", &[Secret::new(secret)]);
    assert_eq!(
        error.message(),
        "Microsoft Entra ID refused with `e`: <redacted> and <redacted>"
    );
}

#[test]
fn echoed_secrets_are_taken_out() {
    let secret = "s3cret&=%CNRYCNRYCNRY";
    let encoded = "s3cret%26%3D%25CNRYCNRYCNRY";
    let long = "y".repeat(4 * MAX_DESCRIPTION_BYTES - 10);
    for description in [
        format!("bad secret {secret} and {encoded}"),
        "token eyJhbGciOiJSUzI1NiJ9.CNRYCNRY.sig-_ and more".to_owned(),
        format!("{long}{secret}"),
    ] {
        let document = format!(r#"{{"error":"e","error_description":"{description}"}}"#);
        let error = read_with(&document, 400, "client_credentials", &[Secret::new(secret)]);
        let shown = format!("{error} {error:?} {}", error.message());
        assert!(!shown.contains("CNRY") && !shown.contains("s3cret"), "{shown}");
    }
    let short = read_with(
        r#"{"error":"e","error_description":"a word"}"#,
        400,
        "password",
        &[Secret::new("a")],
    );
    assert!(
        short.message().contains("a word"),
        "a secret of one letter does not eat the text"
    );
}

#[test]
fn a_code_that_echoes_a_secret_is_not_shown() {
    for document in [
        r#"{"error":"CNRYSECRET"}"#,
        r#"{"error":"invalid_client","suberror":"CNRYSECRET"}"#,
        r#"{"error":"no CNRYSECRET"}"#,
    ] {
        let error = read_with(document, 400, "client_credentials", &[Secret::new("CNRYSECRET")]);
        let shown = format!("{error} {error:?} {:?} {:?}", error.code(), error.suberror());
        assert!(!shown.contains("CNRY"), "{shown}");
    }
}
