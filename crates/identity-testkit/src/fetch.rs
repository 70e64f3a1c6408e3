//! A token source whose every step a test decides.

mod record;
mod step;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use identity_base::{Error, FetchPolicy, FetchToken, Fetched, KeyBuilder, OwnedRequest};

use crate::watched::Watched;

pub use record::FetchRecord;
pub use step::FetchStep;

/// How long the tokens live that [`ScriptedFetch`] makes up by itself.
const LIFETIME: Duration = Duration::from_secs(3600);

/// A [`FetchToken`] that follows a script and counts. Clones are the same source, so a test keeps one and gives one to the token engine.
///
/// Each fetch takes the next step of the script. When the script is at its end, or without one, it answers `token-1`, `token-2` and so on,
/// valid for an hour.
///
/// ```
/// use std::time::Duration;
/// use identity_base::{Error, ErrorKind};
/// use identity_testkit::{FetchStep, ScriptedFetch};
///
/// let fetch = ScriptedFetch::new()
///     .then(FetchStep::error(Error::new(ErrorKind::Transport, "no route")))
///     .then(FetchStep::token("second", Duration::from_secs(600)));
/// assert_eq!(fetch.calls(), 0);
/// ```
#[derive(Clone)]
pub struct ScriptedFetch(Arc<Inner>);

struct Inner {
    settings: Settings,
    generation: AtomicU64,
    state: Watched<State>,
}

#[derive(Clone)]
struct Settings {
    name: &'static str,
    identity: String,
    policy: FetchPolicy,
    respond: Option<Respond>,
    tenants: Option<Tenants>,
}

type Respond = Arc<dyn Fn(usize, &OwnedRequest) -> FetchStep + Send + Sync>;
type Tenants = Arc<dyn Fn(&str) -> Result<Option<String>, Error> + Send + Sync>;

#[derive(Default)]
struct State {
    script: VecDeque<FetchStep>,
    records: Vec<FetchRecord>,
    ended: usize,
    abandoned: usize,
    most_at_once: usize,
    closed: usize,
}

impl ScriptedFetch {
    /// A source named `ScriptedFetch` without a script.
    #[must_use]
    pub fn new() -> Self {
        Self::from_settings(Settings {
            name: "ScriptedFetch",
            identity: "scripted".to_owned(),
            policy: FetchPolicy::default(),
            respond: None,
            tenants: None,
        })
    }

    fn from_settings(settings: Settings) -> Self {
        Self(Arc::new(Inner {
            settings,
            generation: AtomicU64::new(0),
            state: Watched::new(State::default()),
        }))
    }

    /// Only before it is shared: the script so far goes along, records don't.
    fn edit(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.0.settings.clone();
        change(&mut settings);
        let edited = Self::from_settings(settings);
        let script = self.0.state.change(|state| std::mem::take(&mut state.script));
        edited.0.state.change(|state| state.script = script);
        edited
    }

    /// Sets the credential's name. Call it before cloning.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        self.edit(|settings| settings.name = name)
    }

    /// Sets the value of the one field of its cache identity. Call it before cloning.
    #[must_use]
    pub fn with_identity(self, identity: impl Into<String>) -> Self {
        self.edit(|settings| settings.identity = identity.into())
    }

    /// Sets the policy. Call it before cloning.
    #[must_use]
    pub fn with_policy(self, policy: FetchPolicy) -> Self {
        self.edit(|settings| settings.policy = policy)
    }

    /// Decides each step by the number of the call, from 1, and the request, where the script has none left. Call it before cloning.
    #[must_use]
    pub fn respond_with(
        self,
        respond: impl Fn(usize, &OwnedRequest) -> FetchStep + Send + Sync + 'static,
    ) -> Self {
        self.edit(|settings| settings.respond = Some(Arc::new(respond)))
    }

    /// Decides which tenants are allowed, and where they lead. Call it before cloning.
    #[must_use]
    pub fn with_tenants(
        self,
        resolve: impl Fn(&str) -> Result<Option<String>, Error> + Send + Sync + 'static,
    ) -> Self {
        self.edit(|settings| settings.tenants = Some(Arc::new(resolve)))
    }

    /// Adds a step to the script.
    #[must_use]
    pub fn then(self, step: FetchStep) -> Self {
        self.push(step);
        self
    }

    /// Adds a step to the script of a source that is in use.
    pub fn push(&self, step: FetchStep) {
        self.0.state.change(|state| state.script.push_back(step));
    }

    /// Changes the generation, as a new secret or file would.
    pub fn set_generation(&self, generation: u64) {
        self.0.generation.store(generation, Ordering::SeqCst);
    }

    /// How many fetches were begun.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.0.state.read(|state| state.records.len())
    }

    /// How many fetches came to an end by themselves: token, error or panic.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.0.state.read(|state| state.ended)
    }

    /// How many fetches were dropped before their end.
    #[must_use]
    pub fn abandoned(&self) -> usize {
        self.0.state.read(|state| state.abandoned)
    }

    /// How many fetches are running.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.state.read(State::in_flight)
    }

    /// The most fetches that ever ran at the same time.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.0.state.read(|state| state.most_at_once)
    }

    /// How often the source was closed.
    #[must_use]
    pub fn closed(&self) -> usize {
        self.0.state.read(|state| state.closed)
    }

    /// What each fetch was asked for, in order.
    #[must_use]
    pub fn records(&self) -> Vec<FetchRecord> {
        self.0.state.read(|state| state.records.clone())
    }

    /// Waits until `count` fetches were begun.
    pub async fn started(&self, count: usize) {
        self.0.state.until(|state| state.records.len() >= count).await;
    }

    /// Waits until `count` fetches ended or were dropped.
    pub async fn finished(&self, count: usize) {
        self.0
            .state
            .until(|state| state.ended + state.abandoned >= count)
            .await;
    }

    /// Notes the call and takes its step.
    fn begin(&self, request: &OwnedRequest) -> (usize, FetchStep) {
        let (number, step) = self.0.state.change(|state| {
            state.records.push(FetchRecord::of(request));
            state.most_at_once = state.most_at_once.max(state.in_flight());
            (state.records.len(), state.script.pop_front())
        });
        // Outside the lock: the closure may look at this source.
        let step = step.or_else(|| {
            self.0
                .settings
                .respond
                .as_ref()
                .map(|respond| respond(number, request))
        });
        (
            number,
            step.unwrap_or_else(|| FetchStep::token(format!("token-{number}"), LIFETIME)),
        )
    }
}

impl State {
    fn in_flight(&self) -> usize {
        self.records.len() - self.ended - self.abandoned
    }
}

/// Counts a fetch out, however it ends.
struct Running<'a> {
    source: &'a Inner,
    ended: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let ended = self.ended || std::thread::panicking();
        self.source.state.change(|state| {
            state.ended += usize::from(ended);
            state.abandoned += usize::from(!ended);
        });
    }
}

impl FetchToken for ScriptedFetch {
    fn name(&self) -> &'static str {
        self.0.settings.name
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        key.field("scripted", &self.0.settings.identity);
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let (number, step) = self.begin(request);
        let mut running = Running {
            source: &self.0,
            ended: false,
        };
        let result = step.play(number).await;
        running.ended = true;
        result
    }

    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        match &self.0.settings.tenants {
            Some(resolve) => resolve(requested),
            None => Ok(Some(requested.to_owned())),
        }
    }

    fn policy(&self) -> FetchPolicy {
        self.0.settings.policy
    }

    fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::SeqCst)
    }

    async fn close(&self) {
        self.0.state.change(|state| state.closed += 1);
    }
}

impl Default for ScriptedFetch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ScriptedFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedFetch")
            .field("name", &self.0.settings.name)
            .field("calls", &self.calls())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
