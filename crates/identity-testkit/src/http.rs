//! An HTTP client that answers from a script.

mod race;
mod record;
mod step;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use identity_base::BoxFuture;
use identity_base::seam::{Clock, HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse};

use crate::watched::Watched;

pub use record::RecordedRequest;
pub use step::HttpStep;

/// An [`HttpClient`] that answers from a script and records what it was sent. Clones are the same client.
///
/// Each request takes the next step of the script. When the script is at its end the closure of [`respond_with`](Self::respond_with) decides;
/// without one the request fails, and [`assert_done`](Self::assert_done) names it.
///
/// ```
/// use identity_base::seam::{HttpClient, HttpRequest};
/// use identity_testkit::{HttpStep, ScriptedHttp, block_on};
///
/// let http = ScriptedHttp::new()
///     .then(HttpStep::status(503))
///     .then(HttpStep::token("abc", 3599).expecting("POST", "/t/oauth2/v2.0/token"));
/// let uri: http::Uri = "https://login.example/t/oauth2/v2.0/token".parse()?;
/// block_on(async {
///     assert_eq!(http.send(HttpRequest::get(uri.clone())).await.unwrap().status, 503);
///     let form = b"grant_type=client_credentials".to_vec().into();
///     assert_eq!(http.send(HttpRequest::post_form(uri, form)).await.unwrap().status, 200);
/// });
/// assert_eq!(http.requests()[1].form_value("grant_type").as_deref(), Some("client_credentials"));
/// http.assert_done();
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[derive(Clone)]
pub struct ScriptedHttp(Arc<Inner>);

struct Inner {
    settings: Mutex<Settings>,
    state: Watched<State>,
}

#[derive(Clone, Default)]
struct Settings {
    respond: Option<Respond>,
    clock: Option<Arc<dyn Clock>>,
}

type Respond = Arc<dyn Fn(usize, &RecordedRequest) -> HttpStep + Send + Sync>;

#[derive(Default)]
struct State {
    script: VecDeque<HttpStep>,
    requests: Vec<RecordedRequest>,
    /// What went otherwise than the script says.
    surprises: Vec<String>,
    in_flight: usize,
    most_at_once: usize,
    abandoned: usize,
}

impl ScriptedHttp {
    /// A client without a script.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            settings: Mutex::default(),
            state: Watched::new(State::default()),
        }))
    }

    /// Adds a step to the script.
    #[must_use]
    pub fn then(self, step: HttpStep) -> Self {
        self.push(step);
        self
    }

    /// Adds a step to the script of a client that is in use.
    pub fn push(&self, step: HttpStep) {
        self.0.state.change(|state| state.script.push_back(step));
    }

    /// Decides each answer by the number of the request, from 1, and the request itself, where the script has no step left.
    #[must_use]
    pub fn respond_with(
        self,
        respond: impl Fn(usize, &RecordedRequest) -> HttpStep + Send + Sync + 'static,
    ) -> Self {
        self.set(|settings| settings.respond = Some(Arc::new(respond)));
        self
    }

    /// Keeps the time limits of requests by `clock`, as a real transport does: an answer that comes too late is a
    /// [`HttpErrorKind::Timeout`] after sending. Without this, time limits are only recorded.
    #[must_use]
    pub fn keeping_time_by(self, clock: impl Clock + 'static) -> Self {
        self.set(|settings| settings.clock = Some(Arc::new(clock)));
        self
    }

    /// What was sent, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.0.state.read(|state| state.requests.clone())
    }

    /// How many requests were sent.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.0.state.read(|state| state.requests.len())
    }

    /// How many requests wait for their answer.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.state.read(|state| state.in_flight)
    }

    /// The most requests that ever waited at the same time.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.0.state.read(|state| state.most_at_once)
    }

    /// How many requests were dropped before they had their answer.
    #[must_use]
    pub fn abandoned(&self) -> usize {
        self.0.state.read(|state| state.abandoned)
    }

    /// Waits until `count` requests were sent.
    pub async fn sent(&self, count: usize) {
        self.0.state.until(|state| state.requests.len() >= count).await;
    }

    /// Checks that every step was used and every request was expected.
    ///
    /// # Panics
    /// When not.
    #[track_caller]
    pub fn assert_done(&self) {
        let (left, surprises) = self
            .0
            .state
            .read(|state| (state.script.len(), state.surprises.clone()));
        assert!(
            surprises.is_empty(),
            "the script was not followed: {}",
            surprises.join("; ")
        );
        assert_eq!(left, 0, "steps of the script that were not used");
    }

    fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.0.settings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn settings(&self) -> Settings {
        self.0
            .settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes the request and takes its step.
    fn begin(&self, request: &RecordedRequest, respond: Option<&Respond>) -> Result<HttpStep, HttpError> {
        let (number, step) = self.0.state.change(|state| {
            state.requests.push(request.clone());
            (state.requests.len(), state.script.pop_front())
        });
        let step = step.or_else(|| respond.map(|respond| respond(number, request)));
        let surprise = match &step {
            None => Some(format!(
                "request {number}, {} {}, has no step",
                request.method(),
                request.path()
            )),
            Some(step) => step
                .mismatch(request)
                .map(|why| format!("request {number}: {why}")),
        };
        if let Some(surprise) = surprise {
            self.0
                .state
                .change(|state| state.surprises.push(surprise.clone()));
            return Err(HttpError::before_sending(HttpErrorKind::Protocol, surprise));
        }
        step.ok_or_else(|| HttpError::before_sending(HttpErrorKind::Protocol, "no step"))
    }

    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let settings = self.settings();
        self.0.state.change(|state| {
            state.in_flight += 1;
            state.most_at_once = state.most_at_once.max(state.in_flight);
        });
        // Before anything that may panic, as the closure may.
        let mut running = Running {
            client: &self.0,
            ended: false,
        };
        let request = RecordedRequest::new(request);
        let played = match self.begin(&request, settings.respond.as_ref()) {
            Err(error) => Err(error),
            Ok(step) => match settings.clock {
                Some(clock) => race::within(step.play(), &*clock, request.request().timeouts).await,
                None => step.play().await,
            },
        };
        running.ended = true;
        let cut = request.request().max_error_body;
        match played {
            // As the built-in transport does.
            Ok(mut response) if !response.status.is_success() && cut <= request.request().max_body => {
                response.body.truncate(cut);
                Ok(response)
            }
            Ok(response) if response.body.len() > request.request().max_body => Err(
                HttpError::after_sending(HttpErrorKind::TooLarge, "the answer is longer than allowed"),
            ),
            other => other,
        }
    }
}

/// Counts a request out, however it ends.
struct Running<'a> {
    client: &'a Inner,
    ended: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.client.state.change(|state| {
            state.in_flight -= 1;
            state.abandoned += usize::from(!self.ended);
        });
    }
}

impl HttpClient for ScriptedHttp {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(self.answer(request))
    }
}

impl Default for ScriptedHttp {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ScriptedHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedHttp")
            .field("calls", &self.calls())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
