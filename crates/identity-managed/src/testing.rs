//! What the tests of this crate share: a machine whose every side the test decides.

use std::sync::Arc;
use std::time::Duration;

use identity_base::{AccessToken, Error, TokenCredential, TokenRequest};
use identity_runtime::ClientOptions;
use identity_testkit::{
    HttpStep, LeakGuard, MemoryFs, RecordedRequest, ScriptedHttp, ScriptedRandom, TestClock, TestEnv,
};
use serde_json::{Value, json};

use crate::{ManagedIdentityCredential, ManagedIdentityCredentialBuilder};

pub(crate) const SCOPE: &str = "https://management.azure.com/.default";
pub(crate) const RESOURCE: &str = "https://management.azure.com";
pub(crate) const CLIENT: &str = "44444444-4444-4444-4444-444444444444";
pub(crate) const OBJECT: &str = "55555555-5555-5555-5555-555555555555";
pub(crate) const RESOURCE_ID: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i";
/// A day, as metadata endpoints give it.
pub(crate) const DAY: u64 = 86_399;

/// A machine.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) clock: TestClock,
    pub(crate) env: TestEnv,
    pub(crate) files: MemoryFs,
    pub(crate) http: ScriptedHttp,
}

impl Machine {
    pub(crate) fn new(guard: &LeakGuard) -> Self {
        Self::with_clock(guard, &TestClock::new())
    }

    pub(crate) fn with_clock(guard: &LeakGuard, clock: &TestClock) -> Self {
        let http = ScriptedHttp::new().keeping_time_by(clock.clone());
        guard.watch(&http);
        Self {
            clock: clock.clone(),
            env: TestEnv::new(),
            files: MemoryFs::with_clock(clock),
            http,
        }
    }

    pub(crate) fn var(&self, name: &str, value: &str) -> &Self {
        self.env.set(name, value);
        self
    }

    pub(crate) fn answer(&self, step: HttpStep) -> &Self {
        self.http.push(step);
        self
    }

    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions::default()
            .with_clock(Arc::new(self.clock.clone()))
            .with_env(Arc::new(self.env.clone()))
            .with_file_system(Arc::new(self.files.clone()))
            .with_random(Arc::new(ScriptedRandom::seeded(1)))
            .with_transport(Arc::new(self.http.clone()))
    }

    pub(crate) fn builder(&self) -> ManagedIdentityCredentialBuilder {
        ManagedIdentityCredential::builder().with_options(&self.options())
    }

    pub(crate) fn credential(&self) -> ManagedIdentityCredential {
        self.builder().build().unwrap()
    }

    /// The last request.
    pub(crate) fn last(&self) -> RecordedRequest {
        self.http.requests().pop().unwrap()
    }

    /// The query of the last request without the version and the resource, which every request has.
    pub(crate) fn last_query(&self) -> Vec<(String, String)> {
        let mut query = self.last().query();
        query.retain(|(name, _)| name != "api-version" && name != "resource");
        query
    }

    pub(crate) fn elapsed_since(&self, begun: std::time::SystemTime) -> Duration {
        self.clock.wall().duration_since(begun).unwrap()
    }
}

/// Gets a token and shows whatever comes to the guard.
pub(crate) async fn get(
    guard: &LeakGuard,
    credential: &ManagedIdentityCredential,
) -> Result<AccessToken, Error> {
    get_with(guard, credential, TokenRequest::new(SCOPE)).await
}

pub(crate) async fn get_with(
    guard: &LeakGuard,
    credential: &ManagedIdentityCredential,
    request: TokenRequest<'_>,
) -> Result<AccessToken, Error> {
    guard.check(credential);
    let result = credential.get_token_with(request).await;
    guard.check_result(&result);
    result
}

/// A metadata endpoint's good answer with more members.
pub(crate) fn token(token: &str, more: &Value) -> HttpStep {
    let mut body =
        json!({"access_token": token, "expires_in": DAY, "resource": RESOURCE, "token_type": "Bearer"});
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    HttpStep::json(200, &body)
}

/// The same without any.
pub(crate) fn plain(text: &str) -> HttpStep {
    token(text, &json!({}))
}
