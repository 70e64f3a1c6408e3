//! Tests of the scripted client.

use std::time::Duration;

use ::http::Uri;
use identity_base::seam::HttpTimeouts;

use super::*;
use crate::poll::{PollOnce as _, block_on};
use crate::{Gate, TestClock};

fn get(url: &str) -> HttpRequest {
    HttpRequest::get(url.parse::<Uri>().unwrap())
}

#[test]
fn requests_are_recorded_with_their_parts_decoded() {
    let http = ScriptedHttp::new().respond_with(|number, _| HttpStep::status(200 + number as u16));
    block_on(async {
        let form = b"scope=a%20b+c&client_secret=%26%3D%25&scope=second"
            .to_vec()
            .into();
        let uri = "https://h:8443/p/q?x=%2Fy&z=1".parse().unwrap();
        assert_eq!(
            http.send(HttpRequest::post_form(uri, form)).await.unwrap().status,
            201
        );
        assert_eq!(
            http.send(get("http://169.254.169.254/m")).await.unwrap().status,
            202
        );
    });
    let requests = http.requests();
    let post = &requests[0];
    assert_eq!((post.method(), post.host(), post.path()), ("POST", "h", "/p/q"));
    assert_eq!(post.query_value("x").as_deref(), Some("/y"));
    assert_eq!(post.form_value("scope").as_deref(), Some("a b c"));
    assert_eq!(post.form_value("client_secret").as_deref(), Some("&=%"));
    assert_eq!(post.form().unwrap().len(), 3);
    assert_eq!(
        post.header("Content-Type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(requests[1].form(), None);
    assert!(!format!("{requests:?}").contains("client_secret"));
}

#[test]
fn a_request_without_a_step_fails_and_is_told() {
    let http = ScriptedHttp::new();
    let error = block_on(http.send(get("https://h/unexpected"))).unwrap_err();
    assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Protocol, false));
    let panic = std::panic::catch_unwind(|| http.assert_done()).unwrap_err();
    assert!(
        panic
            .downcast_ref::<String>()
            .unwrap()
            .contains("request 1, GET /unexpected, has no step")
    );
}

#[test]
fn a_step_for_another_request_fails_and_an_unused_one_is_told() {
    let http = ScriptedHttp::new().then(HttpStep::status(200).expecting("GET", "/a"));
    assert!(
        std::panic::catch_unwind(|| http.assert_done()).is_err(),
        "one step is left"
    );
    assert!(block_on(http.send(get("https://h/b"))).is_err());
    assert!(
        std::panic::catch_unwind(|| http.assert_done()).is_err(),
        "the path was another"
    );
    let http = ScriptedHttp::new().then(HttpStep::status(200).expecting("GET", "/a"));
    assert!(block_on(http.send(get("https://h/a?q=1"))).is_ok());
    http.assert_done();
}

#[test]
fn gates_hold_requests_up_and_dropped_ones_are_counted() {
    let gate = Gate::closed();
    let http = ScriptedHttp::new().respond_with({
        let gate = gate.clone();
        move |_, _| HttpStep::status(204).at(&gate)
    });
    let (mut first, mut second) = (http.send(get("https://h/")), http.send(get("https://h/")));
    assert_eq!(http.calls(), 0, "nothing is sent before the first poll");
    assert!(first.poll_once().is_pending() && second.poll_once().is_pending());
    assert_eq!((http.calls(), http.in_flight(), http.most_at_once()), (2, 2, 2));
    drop(first);
    assert_eq!((http.in_flight(), http.abandoned()), (1, 1));
    gate.open();
    assert!(second.poll_once().is_ready());
    drop(second);
    assert_eq!((http.in_flight(), http.abandoned()), (0, 1));
}

#[test]
fn time_limits_are_kept_by_the_clock_that_is_given() {
    let clock = TestClock::new();
    let http = ScriptedHttp::new()
        .keeping_time_by(clock.clone())
        .then(HttpStep::hang())
        .then(HttpStep::status(200).after(clock.clone(), Duration::from_secs(7)));
    let start = clock.now();
    clock.block_on(async {
        let error = http.send(get("https://h/")).await.unwrap_err();
        assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Timeout, true));
        assert_eq!(clock.now().since(start), HttpTimeouts::new().first_byte);
        assert!(http.send(get("https://h/")).await.is_ok());
        assert_eq!(clock.now().since(start), Duration::from_secs(15));
    });
}

#[test]
fn the_body_cap_is_kept() {
    let http = ScriptedHttp::new().respond_with(|_, _| HttpStep::bytes(200, vec![b'x'; 11]));
    block_on(async {
        assert!(http.send(get("https://h/").max_body(11)).await.is_ok());
        let error = http.send(get("https://h/").max_body(10)).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::TooLarge);
    });
}

#[test]
fn documents_are_those_of_the_token_endpoint() {
    let http = ScriptedHttp::new()
        .then(HttpStep::token("abc", 3599).header("x-ms-request-id", "1"))
        .then(HttpStep::entra_error(
            401,
            "invalid_client",
            7_000_215,
            "Invalid client secret provided.",
        ))
        .then(HttpStep::fails_after_sending(HttpErrorKind::Reset));
    block_on(async {
        let good = http.send(get("https://h/")).await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&good.body).unwrap();
        assert_eq!(
            (&document["access_token"], &document["expires_in"]),
            (&"abc".into(), &3599.into())
        );
        assert_eq!(good.headers["x-ms-request-id"], "1");
        let bad = http.send(get("https://h/")).await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&bad.body).unwrap();
        assert_eq!(
            (bad.status.as_u16(), &document["error_codes"][0]),
            (401, &7_000_215.into())
        );
        assert!(
            document["error_description"]
                .as_str()
                .unwrap()
                .starts_with("AADSTS7000215: Invalid client")
        );
        assert!(http.send(get("https://h/")).await.unwrap_err().request_sent);
    });
}
