//! The driver itself: what must not count doesn't.

use std::sync::Arc;

use entra_identity::{
    BoxFuture, ClientOptions, ErrorKind, Secret, TokenCredential, TokenFuture, TokenRequest,
};
use identity_emulator::{Fault, Route};

use identity_testkit::leak_guard;

use super::drive::{self, Failure};
use super::flows::{self, Flow};
use super::plan::{Expect, Expected, Inject, Injected, Planned};
use super::stage::Stage;

/// The flow of a client secret, with another credential.
fn flow(make: for<'a> fn(&'a Stage, ClientOptions) -> BoxFuture<'a, Arc<dyn TokenCredential>>) -> Flow {
    let mut flow = client_secret();
    flow.make = make;
    flow
}

fn client_secret() -> Flow {
    flows::all()
        .into_iter()
        .find(|flow| flow.id == "client secret")
        .unwrap()
}

/// The service fails once.
fn failing_once() -> Planned {
    planned(
        |stage, flow, _| Injected::rule(stage, flow.rule().times(1).status(503)),
        |_| Expect::token(1),
    )
}

fn planned(inject: Inject, expect: Expected) -> Planned {
    Planned::new("FT-0", "of the driver's own tests", "", |_| true, inject, expect)
}

#[test]
fn a_cell_that_is_as_it_should_be_counts() {
    leak_guard::run_sync(|_guard| drive::cell(&failing_once(), &client_secret(), 0).unwrap());
}

#[test]
fn a_fault_that_is_not_delivered_fails_the_cell() {
    let elsewhere = planned(
        |stage, _, _| Injected::rule(stage, Fault::on(Route::DevicePage).named("planned").status(503)),
        |_| Expect::token(1),
    );
    let failure = drive::cell(&elsewhere, &client_secret(), 0).unwrap_err();
    assert!(matches!(failure, Failure::NotDelivered), "{failure}");
}

#[test]
fn a_fault_of_another_name_in_the_journal_is_not_the_planned_one() {
    let unnamed = planned(
        |stage, flow, _| {
            let injected = Injected::rule(stage, Fault::on(Route::DevicePage).named("planned").status(503));
            stage.emulator.fault(Fault::on(flow.route).times(1).status(503));
            injected
        },
        |_| Expect::token(1),
    );
    let failure = drive::cell(&unnamed, &client_secret(), 0).unwrap_err();
    assert!(matches!(failure, Failure::NotDelivered), "{failure}");
}

#[test]
fn a_control_without_a_token_fails_the_cell() {
    let wrong = flow(|stage, options| {
        Box::pin(async move {
            let secret = stage.guard.secret("wrong_secret");
            let (tenant, client) = (crate::support::TENANT, crate::support::CLIENT);
            let builder = entra_identity::ClientSecretCredential::builder(tenant, client, secret);
            Arc::new(builder.with_options(&options).build().unwrap()) as Arc<dyn TokenCredential>
        })
    });
    let refused = planned(
        |stage, flow, _| Injected::rule(stage, flow.rule().status(401)),
        |_| Expect::fails(ErrorKind::AuthenticationFailed, 1),
    );
    let failure = drive::cell(&refused, &wrong, 0).unwrap_err();
    assert!(matches!(failure, Failure::Control(_)), "{failure}");
}

#[test]
fn another_outcome_or_number_or_time_fails_the_cell() {
    let inject: Inject = |stage, flow, _| Injected::rule(stage, flow.rule().status(503));
    let expectations: [(&str, Expected); 4] = [
        ("another outcome", |_| Expect::token(4)),
        ("another outcome", |_| Expect::fails(ErrorKind::Protocol, 4)),
        ("another number", |_| Expect::fails(ErrorKind::Transport, 3)),
        ("too late", |_| Expect::fails(ErrorKind::Transport, 4).within(0)),
    ];
    for (what, expect) in expectations {
        let failure = drive::cell(&planned(inject, expect), &client_secret(), 0).unwrap_err();
        assert!(
            matches!(&failure, Failure::Wrong(text) if text.starts_with(what)),
            "{what}: {failure}"
        );
    }
}

#[test]
fn a_credential_that_never_works_again_fails_the_cell() {
    let broken = flow(|stage, options| Box::pin(async move { Leaky::shared(stage, &options, Habit::Sulks) }));
    let failing = planned(
        |stage, flow, _| Injected::rule(stage, flow.rule().status(503)),
        |_| Expect::fails(ErrorKind::Transport, 4),
    );
    let failure = drive::cell(&failing, &broken, 0).unwrap_err();
    assert!(
        matches!(&failure, Failure::Wrong(text) if text.starts_with("no token although")),
        "{failure}"
    );
}

#[test]
fn a_leaking_credential_fails_the_cell_on_success_and_on_failure() {
    let leaking: [Flow; 3] = [
        flow(|stage, options| Box::pin(async move { Leaky::shared(stage, &options, Habit::Debug) })),
        flow(|stage, options| Box::pin(async move { Leaky::shared(stage, &options, Habit::Error) })),
        flow(|stage, options| Box::pin(async move { Leaky::shared(stage, &options, Habit::Address) })),
    ];
    let failing = planned(
        |stage, flow, _| Injected::rule(stage, flow.rule().status(503)),
        |_| Expect::fails(ErrorKind::Transport, 4),
    );
    for (flow, planned) in leaking.iter().zip([failing_once(), failing, failing_once()]) {
        let failure = drive::cell(&planned, flow, 0).unwrap_err();
        assert!(
            matches!(&failure, Failure::Broken(text) if text.contains("secrets leaked")),
            "{failure}"
        );
    }
}

/// What a bad credential does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// Shows its secret when it is printed.
    Debug,
    /// Puts its secret into errors.
    Error,
    /// Sends its secret in an address.
    Address,
    /// Never tries again after a failure.
    Sulks,
}

/// A credential around a good one, with one bad habit.
struct Leaky {
    inner: Arc<dyn TokenCredential>,
    secret: Secret,
    habit: Habit,
    options: ClientOptions,
    failed: std::sync::Mutex<Option<entra_identity::Error>>,
}

impl Leaky {
    fn shared(stage: &Stage, options: &ClientOptions, habit: Habit) -> Arc<dyn TokenCredential> {
        Arc::new(Self {
            inner: flows::secret(stage, options),
            secret: stage.canary.clone(),
            habit,
            options: options.clone(),
            failed: std::sync::Mutex::new(None),
        })
    }
}

impl std::fmt::Debug for Leaky {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.habit {
            Habit::Debug => write!(f, "Leaky({})", self.secret.expose()),
            _ => f.write_str("Leaky"),
        }
    }
}

impl TokenCredential for Leaky {
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        if self.habit == Habit::Sulks
            && let Some(error) = self.failed.lock().unwrap().clone()
        {
            return TokenFuture::new(async move { Err(error) });
        }
        let inner = self.inner.get_token_with(request);
        TokenFuture::new(async move {
            if self.habit == Habit::Address {
                let url = format!("{}/?token={}", self.options.authority()?, self.secret.expose());
                let lost = entra_identity::seam::HttpRequest::get(url.parse().unwrap());
                let _answer = self.options.http().send(lost).await;
            }
            let result = inner.await;
            if let Err(error) = &result {
                *self.failed.lock().unwrap() = Some(error.clone());
                if self.habit == Habit::Error {
                    let text = format!("it failed with {}", self.secret.expose());
                    return Err(entra_identity::Error::new(error.kind(), text));
                }
            }
            result
        })
    }

    fn name(&self) -> &'static str {
        "Leaky"
    }
}
