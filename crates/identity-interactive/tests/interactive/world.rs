//! What the tests share: a world of fakes, and the values in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use identity_base::{Error, TokenCredential, TokenRequest};
use identity_interactive::ClientOptions;
use identity_testkit::leak_guard::{self, LeakGuard};
use identity_testkit::{MemoryFs, RecordedRequest, RecordingBrowser, ScriptedHttp, TestClock, TestEnv};

pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const OTHER_TENANT: &str = "22222222-2222-2222-2222-222222222222";
pub(crate) const USER: &str = "33333333-3333-3333-3333-333333333333";
pub(crate) const OTHER_USER: &str = "55555555-5555-5555-5555-555555555555";
pub(crate) const CLIENT: &str = "44444444-4444-4444-4444-444444444444";
pub(crate) const SCOPE: &str = "https://graph.microsoft.com/User.Read";
pub(crate) const OTHER_SCOPE: &str = "https://graph.microsoft.com/Mail.Read";

/// The fakes of one test.
pub(crate) struct World {
    pub(crate) guard: LeakGuard,
    pub(crate) http: ScriptedHttp,
    pub(crate) clock: TestClock,
    pub(crate) env: TestEnv,
    pub(crate) files: MemoryFs,
    pub(crate) browser: RecordingBrowser,
}

impl World {
    pub(crate) fn new(clock: TestClock, guard: &LeakGuard) -> Self {
        let world = Self {
            http: ScriptedHttp::new().keeping_time_by(clock.clone()),
            env: TestEnv::new(),
            files: MemoryFs::with_clock(&clock),
            browser: RecordingBrowser::new(),
            clock,
            guard: guard.clone(),
        };
        guard.watch(&world.http).watch(&world.files);
        world
    }

    /// Options over these fakes.
    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions::default()
            .with_transport(Arc::new(self.http.clone()))
            .with_clock(Arc::new(self.clock.clone()))
            .with_env(Arc::new(self.env.clone()))
            .with_file_system(Arc::new(self.files.clone()))
            .with_browser_opener(Arc::new(self.browser.clone()))
    }

    pub(crate) async fn token(&self, credential: &dyn TokenCredential, scope: &str) -> Result<String, Error> {
        self.token_with(credential, TokenRequest::new(scope)).await
    }

    pub(crate) async fn token_with(
        &self,
        credential: &dyn TokenCredential,
        request: TokenRequest<'_>,
    ) -> Result<String, Error> {
        let outcome = credential.get_token_with(request).await;
        if let Err(error) = &outcome {
            self.guard.check_error(error);
        }
        self.guard.check(&credential);
        outcome.map(|token| token.secret().to_owned())
    }

    pub(crate) fn request(&self, index: usize) -> RecordedRequest {
        self.http.requests()[index].clone()
    }

    /// The form of a request, decoded.
    pub(crate) fn form(&self, index: usize) -> BTreeMap<String, String> {
        self.request(index)
            .form()
            .unwrap_or_default()
            .into_iter()
            .collect()
    }
}

/// Runs a test under the leak guard, in a world whose time passes by itself.
pub(crate) fn run(test: impl AsyncFnOnce(&World)) {
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock.clone(), async |guard| {
        let world = World::new(clock, &guard);
        test(&world).await;
        world.http.assert_done();
    });
}

/// The same where time stands still until it is moved: for tests with real sockets.
pub(crate) fn run_still(test: impl AsyncFnOnce(&World)) {
    leak_guard::run(async |guard| {
        let world = World::new(TestClock::new(), &guard);
        test(&world).await;
        world.http.assert_done();
    });
}
