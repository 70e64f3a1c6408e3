//! Requests and answers of the token endpoint.

mod answers;
mod requests;

use std::sync::Arc;

use super::*;
use crate::retry::RetryPolicy;
use identity_base::seam::Clock as _;
use identity_base::{ClientId, OwnedRequest, Secret};
use identity_testkit::{HttpStep, LeakGuard, ScriptedHttp, ScriptedRandom, TestClock, leak_guard};

const SCOPE: &str = "https://management.azure.com/.default";
const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLIENT: &str = "44444444-4444-4444-4444-444444444444";

struct World {
    clock: TestClock,
    http: ScriptedHttp,
    client: EntraClient,
    secret: Secret,
}

impl World {
    fn new(guard: &LeakGuard, http: ScriptedHttp) -> Self {
        guard.watch(&http);
        let clock = TestClock::new();
        let options = ClientOptions::default()
            .with_env(Arc::new(identity_testkit::env([(
                "AZURE_HTTP_USER_AGENT",
                "x/1",
            )])))
            .with_clock(Arc::new(clock.clone()))
            .with_transport(Arc::new(http.clone()))
            .with_random(Arc::new(ScriptedRandom::seeded(1)));
        Self {
            clock,
            http,
            client: EntraClient::new(&options, "Test"),
            secret: guard.secret_with_symbols("client_secret"),
        }
    }

    fn answering(guard: &LeakGuard, step: impl Fn() -> HttpStep + Send + Sync + 'static) -> Self {
        Self::new(guard, ScriptedHttp::new().respond_with(move |_, _| step()))
    }

    fn grant(&self) -> Grant {
        let request = OwnedRequest::new(Scopes::parse([SCOPE]).unwrap());
        Grant::new("client_credentials", &ClientId::parse(CLIENT).unwrap())
            .for_request(&request)
            .unwrap()
            .auth(&ClientAuth::Secret(self.secret.clone()))
    }

    fn send(&self, grant: &Grant) -> Result<TokenResponse, Error> {
        self.clock
            .block_on(self.client.send(&TenantId::parse(TENANT).unwrap(), grant))
    }
}

/// Runs a test under the leak guard.
fn guarded(test: impl FnOnce(&LeakGuard)) {
    leak_guard::run_sync(|guard| test(&guard));
}

/// One answer with this status and body; the error, and how many requests were made.
fn refused(guard: &LeakGuard, status: u16, body: &str) -> (Error, usize) {
    let body = body.to_owned();
    let world = World::answering(guard, move || HttpStep::bytes(status, body.clone()));
    let error = world.send(&world.grant()).unwrap_err();
    guard.check_error(&error);
    assert!(error.to_string().len() <= 1024, "{error}");
    (error, world.http.calls())
}

fn token(guard: &LeakGuard, members: &str) -> String {
    format!(
        r#"{{"access_token":"{}"{members}}}"#,
        guard.secret("access_token").expose()
    )
}
