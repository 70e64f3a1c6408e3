//! All that the workers share, and how their results are judged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entra_identity::{AccessToken, Error, ErrorKind, Report, TokenRequest};

use crate::check::{self, Family, Identity};
use crate::flows::Flow;
use crate::generation::{Generation, Hot, Lane};
use crate::ledger::{Ledger, count};
use crate::marks::Marks;
use crate::stage::{OTHER_TENANT, Stage, api};
use crate::time::{instant, now_millis, within};

/// A call that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(45);

/// The soak.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) stage: Stage,
    pub(crate) flows: Vec<Flow>,
    identities: Vec<Identity>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) marks: Marks,
    pub(crate) secrets: Vec<String>,
    pub(crate) seed: u64,
    stop: AtomicBool,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) api: &'a str,
    pub(crate) tenant: Option<&'a str>,
    /// Set when any usable cached token would have done.
    pub(crate) hot: Option<&'a Hot>,
    /// Until when there was a usable cached token before the call.
    pub(crate) usable_until: i64,
    /// The token that must not come back.
    pub(crate) rejected: Option<&'a AccessToken>,
}

impl<'a> Asked<'a> {
    /// A token for this API, whichever.
    pub(crate) const fn any(api: &'a str) -> Self {
        Self {
            api,
            tenant: None,
            hot: None,
            usable_until: 0,
            rejected: None,
        }
    }

    /// A token that is used all the time.
    pub(crate) fn hot(api: &'a str, hot: &'a Hot) -> Self {
        Self {
            hot: Some(hot),
            usable_until: hot.usable_until(),
            ..Self::any(api)
        }
    }
}

impl World {
    pub(crate) fn new(stage: Stage, flows: Vec<Flow>, seed: u64, ledger: Arc<Ledger>) -> Self {
        Self {
            identities: flows.iter().map(|flow| (flow.identity)(&stage)).collect(),
            lanes: flows.iter().map(|_| Lane::default()).collect(),
            marks: Marks::new(flows.len()),
            secrets: stage.secrets(),
            stop: AtomicBool::new(false),
            stage,
            flows,
            ledger,
            seed,
        }
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// The outcome of a call, unless it hangs, which is a violation.
    pub(crate) async fn patiently<T>(&self, flow: usize, call: impl Future<Output = T>) -> Option<T> {
        let begun = instant();
        let outcome = within(PATIENCE, call).await;
        if let Some(counts) = self.ledger.of(flow) {
            let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            counts.longest.fetch_max(millis, Ordering::Relaxed);
        }
        if outcome.is_none() {
            self.ledger
                .violation(flow, &format!("a call took more than {} s", PATIENCE.as_secs()));
        }
        outcome
    }

    /// Counts a call and checks its outcome. `closely` looks into the token or the error's text, which takes a while.
    pub(crate) fn judge(
        &self,
        flow: usize,
        generation: &Generation,
        asked: &Asked<'_>,
        result: &Result<AccessToken, Error>,
        waited: bool,
        closely: bool,
    ) {
        let Some(counts) = self.ledger.of(flow) else {
            return;
        };
        count(&counts.calls);
        if waited {
            count(&counts.waited);
            generation.wear(1);
        }
        match result {
            Ok(token) => {
                if !waited {
                    count(&counts.hits);
                }
                if asked.rejected.is_some_and(|rejected| rejected.is_same(token)) {
                    self.ledger.violation(flow, "a rejected token came back");
                }
                if closely {
                    self.judge_token(flow, asked, token);
                }
                if let Some(hot) = asked.hot.filter(|_| waited || closely) {
                    hot.note(token);
                }
            }
            Err(error) => {
                self.judge_error(flow, error, generation.is_closed(), closely);
                if asked.usable_until > now_millis() && !generation.is_closed() {
                    let told = format!("an error while there was a usable token: {error}");
                    self.ledger.violation(flow, &told);
                }
                if waited && is_spent(error.kind()) {
                    generation.wear(10);
                }
            }
        }
    }

    fn judge_token(&self, flow: usize, asked: &Asked<'_>, token: &AccessToken) {
        let Some(identity) = self.identities.get(flow) else {
            return;
        };
        let checked = check::token(
            token.secret(),
            identity,
            asked.tenant,
            asked.api,
            token.expires_on_millis(),
            now_millis(),
        );
        if let Err(wrong) = checked {
            self.ledger.violation(flow, &wrong);
        }
    }

    /// Counts an error and checks it.
    pub(crate) fn judge_error(&self, flow: usize, error: &Error, closed: bool, closely: bool) {
        let Some(counts) = self.ledger.of(flow) else {
            return;
        };
        counts.error(error.kind());
        let family = self.flows.get(flow).map_or(Family::Service, |flow| flow.family);
        if let Err(wrong) = check::kind(error.kind(), family, closed) {
            self.ledger.violation(flow, &format!("{wrong}: {error}"));
        }
        if closely {
            let text = format!("{error}\n{error:?}\n{}", Report::new(error));
            if let Err(wrong) = check::text(&text, &self.secrets) {
                self.ledger.violation(flow, &format!("{wrong}: {text}"));
            }
        }
    }

    /// Without faults, every flow has to give its tokens with a new credential. `when` says which time it is.
    pub(crate) async fn calm(&self, when: &str) {
        for (number, flow) in self.flows.iter().enumerate() {
            let made = match self.stage.options(number, flow.chained, &self.ledger) {
                Ok(options) => flow.make(&self.stage, &options, 0).await,
                Err(error) => Err(error),
            };
            let credential = match made {
                Ok(credential) => credential,
                Err(error) => {
                    let told = format!("no credential {when}: {error}");
                    self.ledger.violation(number, &told);
                    continue;
                }
            };
            let api = api(0);
            let scope = flow.scope(&api);
            for tenant in [None, Some(OTHER_TENANT)] {
                if tenant.is_some() && !flow.other_tenant {
                    continue;
                }
                let scopes = [scope.as_str()];
                let mut request = TokenRequest::new(&scopes);
                if let Some(tenant) = tenant {
                    request = request.tenant_id(tenant);
                }
                let asked = Asked {
                    tenant,
                    ..Asked::any(&api)
                };
                match self.patiently(number, credential.get_token_with(request)).await {
                    Some(Ok(token)) => self.judge_token(number, &asked, &token),
                    Some(Err(error)) => {
                        let told = format!("no token {when}: {}", Report::new(&error));
                        self.ledger.violation(number, &told);
                    }
                    None => {}
                }
            }
            credential.close().await;
        }
    }
}

/// Whether a credential of a person may have nothing left to get tokens with.
fn is_spent(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::OutcomeUnknown | ErrorKind::AuthenticationRequired | ErrorKind::CredentialUnavailable
    )
}
