//! What the tests share: a world of fakes, and the values in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use identity_base::{Error, TokenCredential};
use identity_confidential::ClientOptions;
use identity_testkit::leak_guard::{self, LeakGuard};
use identity_testkit::{
    HttpStep, MemoryFs, RecordedRequest, RecordingObserver, ScriptedHttp, TestClock, TestEnv,
};

pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const OTHER_TENANT: &str = "22222222-2222-2222-2222-222222222222";
pub(crate) const CLIENT: &str = "44444444-4444-4444-4444-444444444444";
pub(crate) const SCOPE: &str = "https://management.azure.com/.default";
pub(crate) const OTHER_SCOPE: &str = "https://vault.azure.net/.default";
pub(crate) const PATH: &str = "/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token";

/// The fakes of one test.
pub(crate) struct World {
    pub(crate) guard: LeakGuard,
    pub(crate) http: ScriptedHttp,
    pub(crate) clock: TestClock,
    pub(crate) env: TestEnv,
    pub(crate) files: MemoryFs,
    pub(crate) observer: RecordingObserver,
}

/// Runs a test under the leak guard, in a world whose time passes by itself.
pub(crate) fn run(test: impl AsyncFnOnce(&World)) {
    run_at(TestClock::new(), test);
}

/// The same at another time.
pub(crate) fn run_at(clock: TestClock, test: impl AsyncFnOnce(&World)) {
    leak_guard::run_virtual(&clock.clone(), async |guard| {
        let world = World::new(clock, &guard);
        test(&world).await;
        world.http.assert_done();
    });
}

impl World {
    /// Fakes that the guard watches.
    pub(crate) fn new(clock: TestClock, guard: &LeakGuard) -> Self {
        let world = Self {
            http: ScriptedHttp::new().keeping_time_by(clock.clone()),
            env: TestEnv::new(),
            files: MemoryFs::with_clock(&clock),
            observer: RecordingObserver::new(),
            clock,
            guard: guard.clone(),
        };
        guard
            .watch(&world.http)
            .watch(&world.files)
            .watch(&world.observer);
        world
    }

    /// Options over these fakes.
    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions::default()
            .with_transport(Arc::new(self.http.clone()))
            .with_clock(Arc::new(self.clock.clone()))
            .with_env(Arc::new(self.env.clone()))
            .with_file_system(Arc::new(self.files.clone()))
            .with_observer(Arc::new(self.observer.clone()))
    }

    /// The next answer is a new token, valid for an hour less a second.
    pub(crate) fn answer(&self, name: &str) -> String {
        let token = self.guard.secret(name);
        self.http.push(HttpStep::token(token.expose(), 3599));
        token.expose().to_owned()
    }

    /// The request with this number, from 0.
    pub(crate) fn request(&self, number: usize) -> RecordedRequest {
        self.http.requests().swap_remove(number)
    }

    /// The form of the request with this number.
    pub(crate) fn form(&self, number: usize) -> BTreeMap<String, String> {
        self.request(number).form().expect("a form").into_iter().collect()
    }

    /// A token, checked not to be in any text of its result.
    pub(crate) async fn token(&self, credential: &dyn TokenCredential, scope: &str) -> Result<String, Error> {
        let result = credential.get_token(&[scope]).await;
        self.guard.check(credential);
        match &result {
            Ok(token) => _ = self.guard.check(token),
            Err(error) => _ = self.guard.check_error(error),
        }
        result.map(|token| token.secret().to_owned())
    }

    /// An error document of Entra as the next answer.
    pub(crate) fn refuse(&self, error: &str, aadsts: u32) {
        self.http.push(HttpStep::entra_error(400, error, aadsts, "no."));
    }
}

/// Form fields as a map.
pub(crate) fn fields<const N: usize>(fields: [(&str, &str); N]) -> BTreeMap<String, String> {
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
