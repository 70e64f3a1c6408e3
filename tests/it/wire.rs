//! What goes over the wire, compared with what a peer was recorded to send.

mod emulated;

use entra_identity::{ClientSecretCredential, TokenCredential, TokenRequest};
use identity_testkit::leak_guard::{self, Channel, LeakGuard};
use identity_testkit::wire::{Rules, WireCase, WireRequest};
use identity_testkit::{HttpStep, ScriptedHttp, TestClock};

use crate::support::{CLIENT, SCOPE, TENANT, cases, sealed};

fn case(name: &str) -> WireCase {
    WireCase::load(cases("wire").join(format!("{name}.json")))
}

/// Gets a token with a client secret in the answers' order, and compares what was sent.
fn client_secret(
    name: &str,
    request: TokenRequest<'_>,
    answers: impl FnOnce(&LeakGuard, ScriptedHttp) -> ScriptedHttp,
) {
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock, async |guard| {
        let secret = guard.secret_with_symbols("client_secret");
        let http = answers(&guard, ScriptedHttp::new());
        guard.watch(&http);
        let credential = ClientSecretCredential::builder(TENANT, CLIENT, secret.clone())
            .with_options(&sealed(&http, &clock))
            .build()
            .unwrap();
        guard.check(&credential);
        guard
            .check_result(&credential.get_token_with(request).await)
            .as_ref()
            .unwrap();
        http.assert_done();
        for channel in [Channel::Tracing, Channel::Url, Channel::Header, Channel::Debug] {
            assert!(guard.seen(channel) > 0, "the guard saw nothing of {channel}");
        }
        let case = case(name).with_form_field("client_secret", secret.expose());
        case.assert_requests(&WireRequest::of_all(&http.requests()), &Rules::documented());
    });
}

fn token(guard: &LeakGuard) -> HttpStep {
    HttpStep::token(guard.secret("access_token").expose(), 3599)
}

#[test]
fn every_case_is_readable_and_equal_to_itself() {
    let all = WireCase::load_all(cases("wire"));
    assert_eq!(all.len(), 29);
    for case in &all {
        case.assert_requests(&case.requests, &Rules::exact());
        case.assert_tools(&case.tools);
        assert!(
            case.requests.len() + case.tools.len() > 0,
            "{} is empty",
            case.scenario
        );
    }
}

#[test]
fn client_secret_in_the_form() {
    client_secret("client_secret", (&[SCOPE]).into(), |guard, http| {
        http.then(token(guard))
    });
}

#[test]
fn client_secret_with_cae() {
    let request = TokenRequest::new(&[SCOPE]).enable_cae(true);
    client_secret("client_secret_cae", request, |guard, http| {
        http.then(token(guard))
    });
}

#[test]
fn retry_when_the_service_is_busy() {
    let busy = || HttpStep::status(429).header("retry-after", "1");
    client_secret("retry_429", (&[SCOPE]).into(), |guard, http| {
        http.then(busy()).then(busy()).then(token(guard))
    });
}
