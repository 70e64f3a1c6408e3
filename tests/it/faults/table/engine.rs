//! What happens to a request whose caller, owner or runtime goes.

use entra_identity::ErrorKind;
use identity_emulator::Route;

use crate::faults::flows::{Flow, Kind};
use crate::faults::meddle::{self, Meddle};
use crate::faults::plan::{Expect, Outcome, Planned};
use crate::faults::pump::Silence;

pub(super) const FAULTS: &[Planned] = &[
    Planned::new(
        "FT-113",
        "first caller leaves",
        "the caller that began the request leaves; whoever comes then gets its answer",
        // What a person is asked for ends with the caller.
        |flow| is_of_service(flow) && !flow.id.starts_with("browser"),
        |stage, flow, _| meddle::held(stage, flow),
        |_| Expect::token(1).within(1),
    )
    .meddled(Meddle::FirstCallerLeaves),
    Planned::new(
        "FT-115",
        "first runtime ends",
        "the runtime on which the request was begun is dropped; whoever asks then is served",
        is_of_service,
        |stage, flow, _| meddle::held(stage, flow),
        |_| Expect::token(2).within(5),
    )
    .except(&[(
        // The code may be used up, and nothing else is there.
        "authorization code",
        Outcome::Fails(ErrorKind::AuthenticationRequired),
        1,
    )])
    .meddled(Meddle::FirstRuntimeEnds),
    Planned::new(
        "FT-116",
        "closed",
        "the credential is closed while a request of it is under way",
        is_of_service,
        |stage, flow, _| meddle::held(stage, flow),
        |_| Expect::fails(ErrorKind::Closed, 1).within(2),
    )
    .meddled(Meddle::Closed)
    .silent(Silence::Always)
    .for_good(),
];

/// Whoever asks without a person.
fn is_of_service(flow: &Flow) -> bool {
    // The agent of Azure Arc is asked twice, and both requests would be held.
    flow.route != Route::AzureArc
        && matches!(
            flow.kind,
            Kind::Entra | Kind::Once | Kind::Oidc | Kind::Imds | Kind::Host | Kind::Discovery
        )
}
