//! The loop.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use identity_base::seam::{
    Clock, HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, Now, Random,
};
use identity_base::{Error, ErrorKind, Event, EventKind, Observer};

use super::call::Call;
use super::hosts::Host;
use super::judge::{Judgement, Repeat};
use super::policy::part;
use super::{Hosts, RetryPolicy, failure, retry_after};
use crate::time::timeout;
use crate::trace;

/// Sends requests and repeats them as a [`RetryPolicy`] says. Cheap to clone.
///
/// Get one from [`ClientOptions::sender`](crate::ClientOptions::sender).
#[derive(Clone)]
pub struct Sender {
    http: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    observer: Option<Arc<dyn Observer>>,
    hosts: Arc<Hosts>,
}

/// One attempt's failure.
struct Failed {
    repeat: Repeat,
    status: Option<u16>,
    retry_after: Option<Duration>,
    timed_out: bool,
    /// Whether a single-use grant may be repeated: nothing of it was sent.
    untouched: bool,
}

impl Sender {
    pub(crate) fn new(
        http: Arc<dyn HttpClient>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        observer: Option<Arc<dyn Observer>>,
        hosts: Arc<Hosts>,
    ) -> Self {
        Self {
            http,
            clock,
            random,
            observer,
            hosts,
        }
    }

    /// The clock that deadlines are kept on.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Sends `request` until `judge` is content, the failure is final, or a bound is reached. `judge` gets each answer and when its request was sent.
    ///
    /// # Errors
    /// What `judge` decided; else [`ErrorKind::Transport`], [`ErrorKind::Timeout`] or [`ErrorKind::Protocol`] when there was no answer,
    /// [`ErrorKind::Throttled`] when the service asked to wait for longer than there is time, [`ErrorKind::OutcomeUnknown`] when a single-use
    /// grant was sent and its answer was lost, [`ErrorKind::Overloaded`] when too many requests wait for this host.
    pub async fn send<T, J>(
        &self,
        policy: &RetryPolicy,
        call: &Call<'_>,
        request: HttpRequest,
        mut judge: J,
    ) -> Result<T, Error>
    where
        J: FnMut(HttpResponse, Now) -> Judgement<T>,
    {
        let name = request
            .uri
            .authority()
            .map_or("", |authority| authority.as_str())
            .to_owned();
        let host = self.hosts.host(&name, policy.max_concurrent);
        let begun = self.clock.now();
        if let Some(wait) = host.throttled(call.key.0, begun.elapsed) {
            return Err(Error::new(
                ErrorKind::Throttled,
                format!("{name} asked to wait, and the wait isn't over"),
            )
            .with_retry_after(wait));
        }
        host.count_first_attempt();
        let mut last: Option<Error> = None;
        let mut unreachable = 0u32;
        for repetition in 0u32.. {
            let left = policy.total.saturating_sub(self.clock.now().since(begun));
            // The machine may have slept during the wait. An attempt without time would fail as if nobody were there.
            if left.is_zero()
                && let Some(error) = last
            {
                return Err(error);
            }
            let attempt = match host.attempt(call.key.0, self.clock.now().elapsed) {
                Ok(attempt) => attempt,
                Err(wait) => return Err(last.unwrap_or_else(|| resting(&name, wait))),
            };
            let _turn = match self.turn(&host, left).await {
                Ok(turn) => turn,
                Err(kind) => return Err(last.unwrap_or_else(|| crowded(&name, kind))),
            };
            let left = policy.total.saturating_sub(self.clock.now().since(begun));
            let failed = match self
                .attempt(policy, call, &name, &request, left, &mut judge)
                .await
            {
                Ok(outcome) => {
                    attempt.succeeded(self.clock.now().elapsed);
                    return outcome;
                }
                Err(failed) => failed,
            };
            match failed.repeat.host_failed {
                true => attempt.failed(self.clock.now().elapsed, &*self.random),
                false => attempt.succeeded(self.clock.now().elapsed),
            }
            unreachable = unreachable.saturating_add(u32::from(failed.untouched));
            if unreachable > policy.max_unreachable {
                return Err(failed.repeat.error);
            }
            match self.wait(policy, call, &name, &host, begun, repetition, failed) {
                Ok((error, delay)) => {
                    drop(_turn);
                    self.tell(call, &name, repetition, delay, &error);
                    last = Some(error);
                    self.clock.sleep(delay).await;
                }
                Err(error) => return Err(error),
            }
        }
        // The loop ends by the policy's bound long before a u32 does.
        Err(last.unwrap_or_else(|| crowded(&name, ErrorKind::Internal)))
    }

    /// Waits for a turn at the host, as long as there is time.
    async fn turn<'h>(
        &self,
        host: &'h Host,
        left: Duration,
    ) -> Result<Option<tokio::sync::SemaphorePermit<'h>>, ErrorKind> {
        if let Ok(turn) = host.turns.try_acquire() {
            return Ok(Some(turn));
        }
        let _place = host.queue().ok_or(ErrorKind::Overloaded)?;
        let turn = timeout(&*self.clock, left, host.turns.acquire()).await;
        // The semaphore is never closed; if it were, nobody would have to wait.
        turn.map(Result::ok).ok_or(ErrorKind::Timeout)
    }

    /// One attempt: `Ok` is the last word, `Err` a failure that might be repeated.
    async fn attempt<T>(
        &self,
        policy: &RetryPolicy,
        call: &Call<'_>,
        name: &str,
        request: &HttpRequest,
        left: Duration,
        judge: &mut impl FnMut(HttpResponse, Now) -> Judgement<T>,
    ) -> Result<Result<T, Error>, Failed> {
        let timeouts = request.timeouts.capped(left);
        let sent = self.clock.now();
        let answer = timeout(
            &*self.clock,
            timeouts.total,
            self.http.send(request.clone().timeouts(timeouts)),
        )
        .await;
        let answer = answer.unwrap_or_else(|| {
            let millis = timeouts.total.as_millis();
            // Nobody knows how far it got.
            Err(HttpError::after_sending(
                HttpErrorKind::Timeout,
                format!("no answer within {millis} ms"),
            ))
        });
        match answer {
            Ok(response) => {
                let status = response.status.as_u16();
                let retry_after = policy
                    .is_transient_status(status)
                    .then(|| retry_after(&response.headers, self.clock.now()))
                    .flatten();
                match judge(response, sent) {
                    Judgement::Done(outcome) => Ok(outcome),
                    Judgement::Repeat(repeat) => Err(Failed {
                        repeat,
                        status: Some(status),
                        retry_after,
                        timed_out: false,
                        untouched: false,
                    }),
                }
            }
            Err(error) => {
                let (kind, untouched) = (error.kind, !error.request_sent);
                let failed = match call.single_use && !untouched {
                    true => outcome_unknown(name, error),
                    false => failure::no_answer(name, error),
                };
                if !kind.is_transient() {
                    return Ok(Err(failed));
                }
                Err(Failed {
                    repeat: Repeat::new(failed).host_failed(),
                    status: None,
                    retry_after: None,
                    timed_out: kind == HttpErrorKind::Timeout,
                    untouched,
                })
            }
        }
    }

    /// How long to wait before the next attempt, or the error to end with.
    #[expect(
        clippy::too_many_arguments,
        reason = "the loop's state, which nothing else needs"
    )]
    fn wait(
        &self,
        policy: &RetryPolicy,
        call: &Call<'_>,
        name: &str,
        host: &Host,
        begun: Now,
        repetition: u32,
        failed: Failed,
    ) -> Result<(Error, Duration), Error> {
        let now = self.clock.now();
        let mut error = failed.repeat.error;
        if let Some(wait) = failed.retry_after {
            error = error.with_retry_after(wait);
        }
        let delay = match failed.retry_after {
            Some(wait) => wait.saturating_add(part(wait / 10, &*self.random)),
            None => policy.delay(repetition, failed.status, &*self.random),
        }
        .max(failed.repeat.at_least);
        let max_retries = failed
            .repeat
            .max_retries
            .unwrap_or(u32::MAX)
            .min(policy.max_retries);
        let left = policy.total.saturating_sub(now.since(begun));
        let fits = delay.saturating_add(policy.min_attempt) <= left;
        if let Some(wait) = failed.retry_after.filter(|_| !fits || call.background) {
            host.remember_throttle(call.key.0, wait, now.elapsed);
        }
        if call.background || repetition >= max_retries || !fits || (call.single_use && !failed.untouched) {
            return Err(error);
        }
        if !host.take_repetition(failed.timed_out) {
            tracing::debug!(target: trace::TARGET, host = name, "the budget for repetitions is used up");
            return Err(match error.hint() {
                Some(_) => error,
                None => error
                    .with_hint("it was not tried again, since too many requests to this host failed lately"),
            });
        }
        Ok((error, delay))
    }

    fn tell(&self, call: &Call<'_>, name: &str, repetition: u32, delay: Duration, error: &Error) {
        let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(
            target: trace::TARGET,
            credential = call.credential,
            host = name,
            attempt = repetition + 2,
            ms,
            kind = ?error.kind(),
            "a request failed and is repeated"
        );
        if let Some(observer) = &self.observer {
            observer.event(
                &Event::new(call.credential, EventKind::Retry)
                    .with_latency(delay)
                    .with_error(error.kind()),
            );
        }
    }
}

fn resting(name: &str, wait: Duration) -> Error {
    Error::new(
        ErrorKind::Transport,
        format!("{name} failed repeatedly and isn't asked for the moment"),
    )
    .with_retry_after(wait)
}

fn crowded(name: &str, kind: ErrorKind) -> Error {
    match kind {
        ErrorKind::Overloaded => Error::new(kind, format!("too many requests wait for {name}")),
        _ => Error::new(kind, format!("the request to {name} got no turn in time")),
    }
}

fn outcome_unknown(name: &str, error: HttpError) -> Error {
    Error::new(
        ErrorKind::OutcomeUnknown,
        format!(
            "{name}: the request was sent and its answer was lost or can't be read: {}",
            error.message
        ),
    )
    .with_source(error)
    .with_hint("the grant may be used up; sign in again")
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
