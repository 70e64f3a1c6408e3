//! Callers, owners and runtimes that go while a request is under way.

use std::sync::Arc;

use entra_identity::TokenCredential;
use tokio::runtime::{Builder, Runtime};

use super::drive::{Failure, pause};
use super::flows::Flow;
use super::plan::Injected;
use super::pump::InForce;
use super::stage::Stage;

/// What somebody else does meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meddle {
    Nothing,
    /// The caller that began the request leaves, and another one asks.
    FirstCallerLeaves,
    /// The runtime of the caller that began the request is dropped, and another one asks.
    FirstRuntimeEnds,
    /// The credential is closed.
    Closed,
}

/// The gate at which the requests wait.
const GATE: &str = "meddled";

/// Holds each request up.
pub(super) fn held(stage: &Stage, flow: &Flow) -> Injected {
    let gate = stage.emulator.gate(GATE);
    Injected::rule(stage, flow.rule().hold(&gate)).restoring(|stage| {
        stage.emulator.clear_faults();
        stage.emulator.gate(GATE).release();
    })
}

/// What happens before the call that is looked at.
pub(super) fn before(
    runtime: &Runtime,
    stage: &Stage,
    flow: &Flow,
    meddle: Meddle,
    credential: &Arc<dyn TokenCredential>,
    fault: &InForce,
) -> Result<(), Failure> {
    let (credential, scope) = (Arc::clone(credential), flow.scope);
    let begin = async move { drop(credential.get_token(&[scope]).await) };
    match meddle {
        Meddle::Nothing | Meddle::Closed => return Ok(()),
        Meddle::FirstCallerLeaves => runtime.block_on(async {
            let first = tokio::spawn(begin);
            stage.drive(None, met(stage, fault)).await?;
            first.abort();
            // It was cancelled, which is what it ends with.
            let _cancelled = first.await;
            Ok::<_, Failure>(())
        })?,
        Meddle::FirstRuntimeEnds => {
            let other = Builder::new_current_thread().enable_all().build().unwrap();
            other.spawn(begin);
            other.block_on(stage.drive(None, met(stage, fault)))?;
            drop(other);
        }
    }
    stage.emulator.gate(GATE).release();
    Ok(())
}

/// What happens during the call that is looked at.
pub(super) async fn during(
    stage: &Stage,
    meddle: Meddle,
    credential: &Arc<dyn TokenCredential>,
    fault: &InForce,
) {
    if meddle == Meddle::Closed {
        met(stage, fault).await;
        credential.close().await;
    }
}

async fn met(stage: &Stage, fault: &InForce) {
    while (fault.met)(stage) == 0 {
        pause().await;
    }
}
