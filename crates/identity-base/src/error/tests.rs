//! Tests of the error type.

use super::*;

#[test]
fn display_is_its_own_layer_with_ids_and_hint() {
    let error = Error::new(ErrorKind::AuthenticationFailed, "the client secret is wrong")
        .with_credential("ClientSecretCredential")
        .with_aadsts(7_000_215)
        .with_correlation_id("11111111-2222-3333-4444-555555555555")
        .with_hint("create a new secret")
        .with_source(std::io::Error::other("cause"));
    assert_eq!(
        error.to_string(),
        "ClientSecretCredential: the client secret is wrong (AADSTS7000215, correlation id 11111111-2222-3333-4444-555555555555); hint: create a new secret"
    );
    assert_eq!(error.source().unwrap().to_string(), "cause");
    assert_eq!(
        Report::new(&error).to_string().lines().last().unwrap().trim(),
        "caused by: cause"
    );
}

#[test]
fn a_report_says_nothing_twice() {
    let inner = Error::new(ErrorKind::Transport, "host: no connection")
        .with_hint("check the network")
        .with_source(
            Error::new(ErrorKind::Transport, "no connection").with_source(std::io::Error::other("refused")),
        );
    let outer = Error::unavailable("the agent does not listen").with_source(inner);
    assert_eq!(
        Report::new(&outer).to_string(),
        "the agent does not listen\n  caused by: host: no connection; hint: check the network\n  caused by: refused"
    );
}

#[test]
fn display_and_debug_stay_short_and_printable() {
    let hostile = format!("\u{1b}[31m\u{202e}line\r\nnext\u{2028}{}", "x".repeat(1_000_000));
    let error = Error::new(ErrorKind::Protocol, hostile).with_hint("h".repeat(10_000));
    assert!(
        error.to_string().len() <= MAX_DISPLAY_BYTES,
        "{}",
        error.to_string().len()
    );
    assert!(format!("{error:?}").len() <= MAX_DISPLAY_BYTES + 400);
    assert!(
        !error
            .to_string()
            .contains(['\u{1b}', '\u{202e}', '\n', '\r', '\u{2028}'])
    );
}

#[test]
fn ids_and_codes_from_outside_are_kept_only_when_well_formed() {
    let error = Error::new(ErrorKind::Protocol, "m")
        .with_correlation_id("x\ny")
        .with_trace_id("")
        .with_code("bad code!", Some("basic_action"));
    assert_eq!(
        (error.correlation_id(), error.trace_id(), error.code()),
        (None, None, None)
    );
    assert_eq!(error.suberror(), Some("basic_action"));
}

#[test]
fn a_chain_error_has_a_line_for_each_attempt() {
    let attempt = |name, message| {
        Attempt::new(
            name,
            Error::unavailable(message).with_credential("inner"),
            Duration::from_millis(7),
        )
    };
    let error = Error::unavailable("no credential gave a token")
        .with_attempts(vec![attempt("A", "not set"), attempt("B", "not found")]);
    assert_eq!(
        error.to_string(),
        "no credential gave a token\n  A: not set [7 ms]\n  B: not found [7 ms]"
    );
    assert_eq!(error.attempts()[1].credential(), "B");
    assert!(error.is_unavailable());
}

#[test]
fn the_inner_credentials_name_wins() {
    let error = Error::unavailable("m")
        .with_credential("Inner")
        .with_credential("Outer");
    assert_eq!(error.credential(), Some("Inner"));
}

#[test]
fn transience_follows_the_kind_unless_said_otherwise() {
    assert!(Error::new(ErrorKind::Throttled, "").is_transient());
    assert!(!Error::new(ErrorKind::AuthenticationFailed, "").is_transient());
    assert!(
        !Error::new(ErrorKind::Transport, "")
            .with_transient(false)
            .is_transient()
    );
}

#[test]
fn errors_are_small_and_shareable() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
