//! Clocks that are wrong, and machines that slept.

use std::time::{Duration, SystemTime};

use entra_identity::ErrorKind;
use entra_identity::seam::Clock as _;

use crate::faults::flows::{Flow, Kind};
use crate::faults::plan::{Expect, Inject, Injected, Outcome, Planned, Seen};
use crate::faults::stage::Stage;

const HOUR: i64 = 3_600_000;

/// A clock that jumps while a token is kept.
const fn jump(
    row: &'static str,
    id: &'static str,
    what: &'static str,
    inject: Inject,
    check: fn(&Seen<'_>) -> Result<(), String>,
) -> Planned {
    Planned::new(row, id, what, kept, inject, |_| Expect::token(1))
        .check(check)
        .for_good()
}

pub(super) const FAULTS: &[Planned] = &[
    jump(
        "FT-57",
        "clock 30 hours ahead",
        "the clock is set forward by 30 hours",
        |stage, _, _| shifted(stage, |stage| stage.clock.jump_wall(30 * HOUR)),
        is_replaced,
    )
    .except(&[
        // By this clock also the proof of who signed in is over.
        (
            "browser, kept token",
            Outcome::Fails(ErrorKind::IdentityMismatch),
            1,
        ),
    ]),
    jump(
        "FT-59",
        "clock in 2100",
        "the clock is set to the year 2100",
        |stage, _, _| {
            let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800);
            shifted(stage, |stage| stage.clock.set_wall(wall))
        },
        |_| Ok(()),
    )
    .except(&[
        // By this clock every certificate is over.
        (
            "client secret, kept token",
            Outcome::Fails(ErrorKind::Transport),
            1,
        ),
        ("browser, kept token", Outcome::Fails(ErrorKind::Transport), 1),
        (
            "client certificate, kept token",
            Outcome::Fails(ErrorKind::InvalidConfiguration),
            1,
        ),
    ]),
    jump(
        "FT-58",
        "clock 30 hours back",
        "the clock is set back by 30 hours",
        |stage, _, _| shifted(stage, |stage| stage.clock.jump_wall(-30 * HOUR)),
        is_kept,
    ),
    jump(
        "FT-59",
        "clock in 1970",
        "the clock is set to 1970",
        |stage, _, _| shifted(stage, |stage| stage.clock.set_wall(SystemTime::UNIX_EPOCH)),
        is_kept,
    ),
    jump(
        "FT-60",
        "slept for 30 hours",
        "the machine slept, and the clock that can't be set tells",
        |stage, _, _| {
            shifted(stage, |stage| {
                stage.clock.jump_elapsed(Duration::from_secs(30 * 3600))
            })
        },
        is_replaced,
    ),
    Planned::new(
        "FT-61",
        "clocks 20 minutes apart",
        "the service's clock is ahead or behind, so that assertions are of another time",
        |flow| flow.id == "client certificate" || flow.id == "client certificate, file",
        |stage, _, variant| {
            let wall = stage.emulator.clock().wall();
            let shift = Duration::from_secs(20 * 60);
            let other = if variant == 0 { wall + shift } else { wall - shift };
            stage.emulator.clock().set_wall(other);
            Injected::new(
                |stage| {
                    let refused = stage.emulator.requests();
                    refused
                        .filter(|request| request.aadsts() == Some(700_024))
                        .count()
                },
                |stage| stage.emulator.clock().set_wall(stage.clock.wall()),
            )
        },
        |_| Expect::token(1).within(2),
    )
    .variants(2),
];

/// Whoever has a token that is good for a while.
fn kept(flow: &Flow) -> bool {
    flow.kind == Kind::Kept
}

/// Changes the clock, and tells whether it was changed.
fn shifted(stage: &Stage, shift: impl Fn(&Stage)) -> Injected {
    let before = stage.clock.now();
    shift(stage);
    let after = stage.clock.now();
    let changed = (before.wall, before.elapsed) != (after.wall, after.elapsed);
    Injected::new(move |_| usize::from(changed), |_| ())
}

fn is_kept(seen: &Seen<'_>) -> Result<(), String> {
    match seen.sends {
        0 => Ok(()),
        sends => Err(format!(
            "the token was good by both clocks, and yet {sends} requests were made"
        )),
    }
}

fn is_replaced(seen: &Seen<'_>) -> Result<(), String> {
    match seen.sends {
        0 => Err("a token was handed out that is over by one of the clocks".to_owned()),
        _ => Ok(()),
    }
}
