//! A refusal that takes its time, and everybody who waits for it.

use std::time::Duration;

use entra_identity::{ClientSecretCredential, ErrorKind, TokenCredential};
use identity_emulator::{App, Fault, Outcome, Route};
use identity_testkit::leak_guard;
use identity_testkit::poll::assert_future_is_pending;

use super::{options, start};
use crate::support::{CLIENT, SCOPE, TENANT};

const CALLERS: usize = 100;
/// The application isn't known in the tenant: HTTP 400, and no use in asking again.
const REFUSAL: u32 = 700_016;

#[test]
fn a_hundred_callers_share_one_refusal_that_takes_its_time() {
    leak_guard::run_threads(4, async |guard| {
        let secret = guard.secret("client_secret");
        let app = App::confidential("daemon").secret(secret.expose());
        let emulator = start(app, |builder| builder).await;
        let slow = Fault::on(Route::Token)
            .named("refused after a while")
            .delay(Duration::from_millis(100))
            .aadsts(REFUSAL);
        emulator.fault(slow);
        let credential = ClientSecretCredential::builder(TENANT, CLIENT, secret)
            .with_options(&options(&emulator))
            .build()
            .unwrap();
        guard.check(&credential);

        // All of them have asked before the answer is there, so it is the answer that they share and not the memory of a failure.
        let waiting: Vec<_> = (0..CALLERS)
            .map(|_| {
                let credential = credential.clone();
                assert_future_is_pending(Box::pin(async move { credential.get_token(&[SCOPE]).await }))
            })
            .collect();
        let callers: Vec<_> = waiting.into_iter().map(tokio::spawn).collect();
        let mut errors = Vec::new();
        for caller in callers {
            let result = caller.await.unwrap();
            guard.check_result(&result);
            errors.push(result.unwrap_err());
        }

        let requests = emulator.requests().token().exactly(1);
        let request = requests.first().unwrap();
        assert_eq!((request.status(), request.aadsts()), (Some(400), Some(REFUSAL)));
        assert_eq!(request.fault(), Some("refused after a while"));
        assert!(
            matches!(request.outcome(), Outcome::Answered { .. }),
            "{request:?}"
        );
        let id = request.header("client-request-id").unwrap();
        let trace = errors[0].trace_id().unwrap();
        assert_eq!(errors.len(), CALLERS);
        for error in &errors {
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
            assert_eq!(
                (error.aadsts(), error.http_status()),
                (Some(REFUSAL), Some(400)),
                "{error}"
            );
            assert_eq!(error.correlation_id(), Some(id), "{error}");
            assert_eq!(error.trace_id(), Some(trace), "{error}");
            assert_eq!(error.message(), errors[0].message());
        }
    });
}
