//! The suite itself: it has to find what is wrong.

use http::HeaderMap;
use http::StatusCode;
use identity_base::seam::{HttpError, HttpResponse};

use super::*;
use crate::block_on;

/// A transport that does the same for every request.
#[derive(Debug)]
struct Stub(Result<HttpResponse, HttpError>);

impl HttpClient for Stub {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async { self.0.clone() })
    }
}

/// The cases that wait for the server to see something can't end with a transport that never connects.
const WAITING: [&str; 1] = ["a dropped future closes its connection"];

fn violations(stub: Result<HttpResponse, HttpError>) -> Vec<&'static str> {
    let stub = Stub(stub);
    block_on(async {
        let mut found = Vec::new();
        for (name, run) in cases() {
            if !WAITING.contains(&name) && run(&stub).await.is_err() {
                found.push(name);
            }
        }
        found
    })
}

#[test]
fn a_transport_that_always_succeeds_fails_nearly_everything() {
    let found = violations(Ok(HttpResponse::new(
        StatusCode::OK,
        HeaderMap::new(),
        b"ok".to_vec(),
    )));
    let passed: Vec<_> = names().into_iter().filter(|name| !found.contains(name)).collect();
    // Its body is what one case expects, and another one can't be run with it.
    assert_eq!(
        passed,
        [
            "interim answers are passed over",
            "a dropped future closes its connection"
        ]
    );
}

#[test]
fn a_transport_that_refuses_everything_passes_only_what_may_be_refused() {
    let unsupported = HttpError::before_sending(HttpErrorKind::Unsupported, "no");
    let found = violations(Err(unsupported.clone()));
    for (name, _) in policies::CASES {
        assert!(!found.contains(name), "{name}");
    }
    for (name, _) in answers::CASES {
        assert!(found.contains(name), "{name}");
    }
    // And it must not have been sent.
    let mut sent = unsupported;
    sent.request_sent = true;
    assert!(
        policies::CASES
            .iter()
            .all(|(name, _)| violations(Err(sent.clone())).contains(name))
    );
}

#[test]
fn a_secret_in_an_error_is_found() {
    let leak = HttpError::before_sending(HttpErrorKind::Connect, format!("sent {CANARY}"));
    assert!(violations(Err(leak)).contains(&"a refused connection was not sent"));
    let clean = HttpError::before_sending(HttpErrorKind::Connect, "no");
    assert!(!violations(Err(clean)).contains(&"a refused connection was not sent"));
}
