//! Certificates that must be refused, handshakes that go wrong.

use std::time::Duration;

use entra_identity::ErrorKind;
use identity_emulator::{Fault, Route, WrongCertificate};

use super::{attempts, stays};
use crate::faults::flows::{Flow, Kind};
use crate::faults::plan::{Expect, Inject, Injected, Planned, Seen};
use crate::faults::pump::Silence;

const fn wrong(row: &'static str, id: &'static str, what: &'static str, inject: Inject) -> Planned {
    Planned::new(row, id, what, Flow::is_first_over_tls, inject, refused).check(nothing_was_sent)
}

pub(super) const FAULTS: &[Planned] = &[
    wrong(
        "FT-07",
        "unknown authority",
        "the certificate is of an authority that nobody trusts",
        |stage, _, _| Injected::connection(stage, Fault::certificate(WrongCertificate::UnknownAuthority)),
    ),
    wrong(
        "FT-08",
        "wrong host",
        "the certificate is another host's",
        |stage, _, _| Injected::connection(stage, Fault::certificate(WrongCertificate::WrongHost)),
    ),
    wrong(
        "FT-09",
        "expired certificate",
        "the certificate has expired",
        |stage, _, _| Injected::connection(stage, Fault::certificate(WrongCertificate::Expired)),
    ),
    wrong(
        "FT-10",
        "certificate of the future",
        "the certificate is not valid yet",
        |stage, _, _| Injected::connection(stage, Fault::certificate(WrongCertificate::NotYetValid)),
    ),
    wrong(
        "FT-11",
        "self-signed",
        "the certificate is signed by itself",
        |stage, _, _| Injected::connection(stage, Fault::certificate(WrongCertificate::SelfSigned)),
    ),
    wrong(
        "FT-12",
        "old TLS",
        "the server knows an old protocol alone",
        |stage, _, _| Injected::connection(stage, Fault::tls_alert(70)),
    ),
    wrong(
        "FT-14",
        "no TLS",
        "plain HTTP is spoken on the port of TLS",
        |stage, _, _| Injected::connection(stage, Fault::plain_http()),
    ),
    wrong(
        "FT-14",
        "noise",
        "random bytes in place of a handshake",
        |stage, _, _| {
            Injected::connection(
                stage,
                Fault::garbage(vec![0x17, 0x51, 0xff, 0x00, 0xfe, 0x7f, 0x80, 0x01]),
            )
        },
    ),
    Planned::new(
        "FT-15",
        "handshake stalls",
        "the connection is taken and no byte ever comes",
        Flow::is_first_over_tls,
        |stage, _, _| Injected::connection(stage, Fault::connection_stall()),
        |flow| match flow.kind {
            // Nothing was sent, so that this is tried again too.
            Kind::Once => Expect::fails(ErrorKind::Timeout, 4).at_least_once(),
            _ => stays(flow, ErrorKind::Timeout).up_to(attempts(flow)),
        },
    )
    .silent(Silence::Always),
    Planned::new(
        "FT-15",
        "handshake stalls once",
        "the first handshake gets no answer, the next one is good",
        Flow::is_first_over_tls,
        |stage, _, _| Injected::connection(stage, Fault::connection_stall().times(1)),
        |flow| match flow.kind {
            Kind::Region => Expect::token(1),
            _ => Expect::token(1).within(10),
        },
    )
    .silent(Silence::Always),
    Planned::new(
        "FT-16",
        "clock two years ahead",
        "the machine's clock is wrong, so that the certificate looks expired",
        |flow| {
            // A certificate of the client's own is over by that clock, before anything is sent.
            flow.is_first_over_tls() && flow.route != Route::ServiceFabric && !flow.id.contains("certificate")
        },
        |stage, _, _| {
            let failed = stage.emulator.connections().handshakes_failed;
            let wall = stage.clock.wall();
            stage.clock.set_wall(wall + Duration::from_secs(2 * 366 * 86_400));
            Injected::new(
                move |stage| {
                    let failed = stage.emulator.connections().handshakes_failed - failed;
                    usize::try_from(failed).unwrap_or(usize::MAX)
                },
                |stage| stage.clock.set_wall(stage.emulator.clock().wall()),
            )
        },
        refused,
    )
    .check(|seen| {
        nothing_was_sent(seen)?;
        let shown = entra_identity::Report::new(seen.error()?).to_string();
        match shown.contains("date and time") {
            true => Ok(()),
            false => Err(format!("nothing is said of the clock: {shown}")),
        }
    }),
];

/// Found out by one handshake, whatever is asked for: trying again can't cure it.
fn refused(_: &Flow) -> Expect {
    Expect::fails(ErrorKind::Transport, 1).within(1)
}

/// Not a byte of a request went out.
fn nothing_was_sent(seen: &Seen<'_>) -> Result<(), String> {
    let error = seen.error()?;
    if error.is_transient() {
        return Err("it is said to pass".to_owned());
    }
    let failures = seen.stage.watch.failures();
    match failures.last() {
        Some(failure) if failure.starts_with("Tls") => Ok(()),
        other => Err(format!("another failure than of TLS: {other:?}")),
    }
}
