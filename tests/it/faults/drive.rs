//! Drives one cell: the control that gives a token, then the same with the fault, then the same once the fault is gone.
//!
//! A cell counts by what this module returns, and it returns a cell only when the control gave a token and the fault was delivered.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use entra_identity::{AccessToken, Error, TokenCredential};
use identity_testkit::LeakGuard;
use identity_testkit::leak_guard::{self, Channel};
use tokio::runtime::{Builder, Runtime};

use super::flows::{Flow, Kind};
use super::judge::as_expected;
use super::meddle;
use super::plan::{Planned, Seen, When};
use super::pump::{Hung, InForce};
use super::stage::Stage;
use crate::support::visible;

/// No failure is remembered for longer.
const MEMORY_OF_FAILURES: Duration = Duration::from_secs(31);
/// After the fault is gone the credential works again within this time, unless the service asked for more.
const PATIENCE: Duration = Duration::from_secs(180);

/// Why a cell doesn't count.
#[derive(Debug)]
pub(super) enum Failure {
    /// Without the fault there is no token either, so the cell says nothing.
    Control(String),
    /// The fault was never met, so the cell says nothing.
    NotDelivered,
    /// The outcome is another one.
    Wrong(String),
    /// It hangs.
    Hung(String),
    /// A secret got out, or something panicked.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Control(why) => write!(f, "there is no token without the fault: {why}"),
            Self::NotDelivered => f.write_str("the fault was not delivered"),
            Self::Wrong(what) => f.write_str(what),
            Self::Hung(what) => write!(f, "it hangs: {what}"),
            Self::Broken(what) => f.write_str(what),
        }
    }
}

impl From<Hung> for Failure {
    fn from(Hung(what): Hung) -> Self {
        Self::Hung(what)
    }
}

/// A cell that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell;

/// Runs one cell with each of its variants.
///
/// `turn` chooses the version where a cell takes one of several.
pub(super) fn cell(planned: &Planned, flow: &Flow, turn: usize) -> Result<Cell, Failure> {
    if planned.by_turns {
        run(planned, flow, turn % planned.variants)?;
        return Ok(Cell);
    }
    for variant in 0..planned.variants {
        run(planned, flow, variant)?;
    }
    Ok(Cell)
}

fn run(planned: &Planned, flow: &Flow, variant: usize) -> Result<(), Failure> {
    let guarded = catch_unwind(AssertUnwindSafe(|| {
        leak_guard::run_sync(|guard| {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let outcome = under_guard(&runtime, &guard, planned, flow, variant);
            // Told as a failure and not by a panic, which the cells beside this one would see.
            let hits = guard.take_hits();
            if !hits.is_empty() {
                let told = hits.iter().take(20).map(|hit| format!("\n  {hit}"));
                let told: String = told.collect();
                return Err(Failure::Broken(format!("secrets leaked ({}):{told}", hits.len())));
            }
            if outcome.is_ok() && guard.seen(Channel::Panic) > 0 {
                return Err(Failure::Broken("something panicked".to_owned()));
            }
            outcome
        })
    }));
    guarded.unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Failure::Broken(text.unwrap_or("it panicked").to_owned()))
    })
}

fn under_guard(
    runtime: &Runtime,
    guard: &LeakGuard,
    planned: &Planned,
    flow: &Flow,
    variant: usize,
) -> Result<(), Failure> {
    let stage = runtime.block_on(Stage::set_up(guard, flow));
    stage.prepare(flow);
    let control = runtime.block_on(async {
        let credential = stage.credential(flow, None).await?;
        let before = stage.watch.sends();
        let result = stage.drive(None, get(&stage, &*credential, flow.scope)).await?;
        match result {
            Ok(_) => Ok(stage.watch.sends() - before),
            Err(error) => Err(Failure::Control(error.to_string())),
        }
    })?;
    let mut fault = None;
    if planned.when == When::Start {
        fault = Some(in_force(&stage, planned, flow, variant));
    }
    let credential = runtime.block_on(stage.credential(flow, fault.as_ref()))?;
    let fault = fault.unwrap_or_else(|| in_force(&stage, planned, flow, variant));
    let sends = stage.watch.sends();
    let (begun, real) = (stage.elapsed(), now());
    meddle::before(runtime, &stage, flow, planned.meddle, &credential, &fault)?;
    let mut outcome = None;
    let memory = allocation_counter::measure(|| {
        let call = async {
            let meanwhile = meddle::during(&stage, planned.meddle, &credential, &fault);
            tokio::join!(get(&stage, &*credential, flow.scope), meanwhile).0
        };
        outcome = Some(runtime.block_on(stage.drive(Some(&fault), call)));
    });
    let took = match flow.kind {
        Kind::Tool => real.elapsed(),
        _ => stage.elapsed() - begun,
    };
    let result = outcome.ok_or(Failure::NotDelivered)??;
    if flow.kind == Kind::Soft {
        refreshed(runtime, &stage, &fault)?;
    }
    runtime.block_on(seen_by_the_other_side(&stage, &fault));
    let seen = Seen {
        stage: &stage,
        flow,
        result: &result,
        met: (fault.met)(&stage),
        sends: stage.watch.sends() - sends,
        took,
    };
    guard.check_journal(&visible(&stage.emulator.requests()));
    if seen.met == 0 {
        return Err(Failure::NotDelivered);
    }
    as_expected(planned, &seen, control, memory.bytes_max)?;
    (fault.remove)(&stage);
    stage.watch.person_is_done();
    runtime.block_on(recovers(&stage, planned, &seen, &credential))
}

fn in_force(stage: &Stage, planned: &Planned, flow: &Flow, variant: usize) -> InForce {
    let unanswered = stage.watch.unanswered();
    let injected = (planned.inject)(stage, flow, variant);
    InForce {
        met: injected.met,
        silence: planned.silence,
        remove: injected.remove,
        unanswered,
    }
}

impl Stage {
    /// A new credential of the flow that has what is asked for first.
    async fn credential(
        &self,
        flow: &Flow,
        fault: Option<&InForce>,
    ) -> Result<Arc<dyn TokenCredential>, Failure> {
        let credential = self.drive(fault, (flow.make)(self, self.options())).await?;
        if let Some(scope) = flow.before {
            let first = self.drive(fault, get(self, &*credential, scope)).await?;
            first.map_err(|error| Failure::Control(format!("what is asked for first: {error}")))?;
            if fault.is_some() {
                self.closed().await;
            }
            self.advance(flow.age);
        }
        Ok(credential)
    }
}

impl Stage {
    /// Waits until the emulator has ended all connections, and this side has had its turn to notice.
    async fn closed(&self) {
        for _ in 0..500 {
            pause().await;
            if self.emulator.connections().open == 0 {
                break;
            }
        }
        pause().await;
    }
}

/// Gets a token, shows the guard everything, and makes the token known to it.
async fn get(stage: &Stage, credential: &dyn TokenCredential, scope: &str) -> Result<AccessToken, Error> {
    stage.guard.check(credential);
    let result = credential.get_token(&[scope]).await;
    if let Ok(token) = stage.guard.check_result(&result) {
        stage.know("access_token", token.secret());
    }
    result
}

/// Waits until the refresh in the background has met the fault and ended.
fn refreshed(runtime: &Runtime, stage: &Stage, fault: &InForce) -> Result<(), Failure> {
    runtime.block_on(stage.drive(Some(fault), async {
        while (fault.met)(stage) == 0 || stage.watch.sending() > 0 {
            tokio::task::yield_now().await;
            pause().await;
        }
    }))?;
    Ok(())
}

/// Waits a while until the other side has noticed that the fault was met: it runs beside this.
async fn seen_by_the_other_side(stage: &Stage, fault: &InForce) {
    for _ in 0..500 {
        if (fault.met)(stage) > 0 {
            return;
        }
        pause().await;
    }
}

/// No failure lasts: once the fault is gone, the same credential gives a token.
async fn recovers(
    stage: &Stage,
    planned: &Planned,
    seen: &Seen<'_>,
    credential: &Arc<dyn TokenCredential>,
) -> Result<(), Failure> {
    let flow = seen.flow;
    if !planned.recovers || !flow.can_recover() || flow.kind == Kind::Tool {
        return Ok(());
    }
    if let Err(error) = seen.result {
        let asked = error.retry_after().unwrap_or_default();
        stage.advance(PATIENCE.max(asked + Duration::from_secs(1)));
        // Requests that nobody waits for any more see that their time is over.
        stage
            .drive(None, async {
                for _ in 0..3 {
                    while stage.watch.sending() > 0 {
                        pause().await;
                    }
                    pause().await;
                }
            })
            .await?;
        // Their failure is remembered for a while.
        stage.advance(MEMORY_OF_FAILURES);
    }
    let again = stage.drive(None, get(stage, &**credential, flow.scope)).await?;
    match again {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Wrong(format!(
            "no token although the fault is gone: {error}"
        ))),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time limits of real processes are the requirement"
)]
fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a real connection is looked at until it has done its part"
)]
pub(super) async fn pause() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
