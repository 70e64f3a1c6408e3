//! Finding out quickly whether there is an endpoint at all, where other credentials wait to be tried.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use identity_base::Error;
use identity_base::seam::{HttpTimeouts, Now};
use identity_runtime::json::Json;
use identity_runtime::retry::{Judgement, RetryPolicy};

use super::{is_container_desktop, nobody_there};
use crate::endpoint::Endpoint;
use crate::exchange::{Exchange, get};
use crate::refusal::Refusal;

/// How long the endpoint has to answer anything.
const LIMIT: Duration = Duration::from_secs(1);
/// How long it is remembered that there is none. Not for ever: a pod may start before its node's endpoint can be reached.
const MEMORY: Duration = Duration::from_secs(30);

/// Whether the endpoint is there, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Probe {
    alive: AtomicBool,
    dead: Mutex<Option<(Now, Error)>>,
}

impl Probe {
    /// Fails when there is no endpoint. Any answer over HTTP means that there is one.
    pub(super) async fn check(&self, exchange: &Exchange<'_>, endpoint: &Endpoint) -> Result<(), Error> {
        if self.alive.load(Ordering::Acquire) {
            return Ok(());
        }
        let clock = exchange.context.options.clock();
        if let Some(error) = self.remembered(clock.now()) {
            return Err(error);
        }
        match ask(exchange, endpoint).await {
            Ok(()) => {
                self.alive.store(true, Ordering::Release);
                Ok(())
            }
            Err(error) => {
                *self.dead.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((clock.now(), error.clone()));
                Err(error)
            }
        }
    }

    fn remembered(&self, now: Now) -> Option<Error> {
        let dead = self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        dead.as_ref()
            .filter(|(then, _)| now.since(*then) < MEMORY)
            .map(|(_, error)| error.clone())
    }
}

/// One request that asks for nothing: without the header that every real one has, and without a query. It is answered with 400 at once and costs the
/// endpoint nothing.
async fn ask(exchange: &Exchange<'_>, endpoint: &Endpoint) -> Result<(), Error> {
    let mut policy = RetryPolicy::metadata().with_max_retries(0).with_total(LIMIT);
    policy.min_attempt = Duration::ZERO;
    let probe = Exchange { policy, ..*exchange };
    let request = get(endpoint.uri().clone()).timeouts(HttpTimeouts::probe());
    probe
        .send(request, |response, _| {
            let json = Json::parse(&response.body);
            let refusal = Refusal::read(&response, json.as_ref().ok(), &[]);
            Judgement::Done(match is_container_desktop(&refusal) {
                true => Err(probe.refused(refusal)),
                false => Ok(()),
            })
        })
        .await
        .map_err(|error| match error.is_unavailable() {
            true => error,
            false => nobody_there("it did not answer within a second").with_source(error),
        })
}
