//! Names that lead nowhere, hosts that don't answer.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use entra_identity::ErrorKind;
use identity_emulator::Fault;
use identity_testkit::Lookup;

use super::{attempts, passes, stays};
use crate::faults::flows::{Flow, Kind};
use crate::faults::plan::{Expect, Injected, Outcome, Planned};
use crate::faults::pump::Silence;
use crate::faults::stage::Stage;

/// The name that all flows over TLS ask for.
const NAME: &str = "localhost";
/// Nobody listens on the emulator's ports at this address of the loopback network.
const NOBODY: &str = "127.0.0.2";

pub(super) const FAULTS: &[Planned] = &[
    Planned::new(
        "FT-01",
        "refused",
        "nobody listens where the name leads",
        Flow::is_first_over_tls,
        |stage, _, _| leads_to(stage, Lookup::to([NOBODY])),
        never_sent,
    ),
    Planned::new(
        "FT-01",
        "refused once",
        "nobody listens at first, then somebody does",
        Flow::is_first_over_tls,
        |stage, _, _| once(stage, Lookup::to([NOBODY])),
        |_| Expect::token(1),
    ),
    Planned::new(
        "FT-01",
        "refused by the host",
        "nobody listens at the host's own address",
        is_of_host,
        |stage, _, _| {
            stage.change_variables(|_, value| value.replace("127.0.0.1", NOBODY));
            failures(stage, "Connect")
        },
        |flow| match flow.kind {
            Kind::Imds => Expect::fails(ErrorKind::CredentialUnavailable, 4).within(90),
            Kind::Probe => Expect::fails(ErrorKind::CredentialUnavailable, 4).within(10),
            _ => Expect::fails(ErrorKind::Transport, 4).within(90),
        },
    )
    .at_the_start()
    .except(&[(
        "Azure Arc, challenge",
        Outcome::Fails(ErrorKind::CredentialUnavailable),
        4,
    )])
    .for_good(),
    Planned::new(
        "FT-03",
        "no such name",
        "the name is not known, or the server of names fails",
        Flow::is_first_over_tls,
        |stage, _, variant| {
            let kinds = [io::ErrorKind::NotFound, io::ErrorKind::Other];
            leads_to(stage, Lookup::error(kinds[variant]))
        },
        never_sent,
    )
    .by_turns(2),
    Planned::new(
        "FT-03",
        "no such name once",
        "the name is known again at the next look-up",
        Flow::is_first_over_tls,
        |stage, _, _| once(stage, Lookup::error(io::ErrorKind::NotFound)),
        |_| Expect::token(1),
    ),
    Planned::new(
        "FT-04",
        "no answer about the name",
        "the look-up never ends",
        Flow::is_first_over_tls,
        |stage, _, _| leads_to(stage, Lookup::hang()),
        |flow| never_sent(flow).of(ErrorKind::Timeout),
    )
    .silent(Silence::Always),
    Planned::new(
        "FT-05",
        "IPv6 leads nowhere",
        "the first address is one of IPv6 where nobody listens, the second one is good",
        Flow::is_first_over_tls,
        |stage, _, _| leads_to(stage, Lookup::to(["::1", "127.0.0.1"])),
        |_| Expect::token(1).within(6),
    ),
    Planned::new(
        "FT-17",
        "stale connection",
        "the pooled connection was reset after its last answer",
        |flow| flow.before.is_some() && flow.kind != Kind::Soft && flow.is_tls(),
        |stage, flow, _| {
            let rule = Fault::on(flow.route).named("planned").times(1);
            Injected::rule(stage, rule.reset(identity_emulator::ResetAt::AfterResponse))
        },
        |_| Expect::token(1).within(1),
    )
    .at_the_start(),
    Planned::new(
        "FT-18",
        "reset at once",
        "each connection is reset before a byte is read",
        Flow::is_first_over_tls,
        |stage, _, _| Injected::connection(stage, Fault::connection_reset()),
        never_sent,
    ),
    Planned::new(
        "FT-18",
        "reset at once, once",
        "the first connection is reset or closed before a byte is read",
        Flow::is_first_over_tls,
        |stage, _, variant| {
            let fault = [Fault::connection_reset(), Fault::connection_close()];
            Injected::connection(stage, fault[variant].clone().times(1))
        },
        |_| Expect::token(1),
    )
    .by_turns(2),
    Planned::new(
        "FT-18",
        "reset after the handshake",
        "the first connection is reset before a request is read",
        |flow| flow.is_first_over_tls() && flow.kind != Kind::Once,
        |stage, _, _| Injected::connection(stage, Fault::reset_after_handshake().times(1)),
        |flow| passes(flow, ErrorKind::OutcomeUnknown),
    ),
];

/// Nothing is ever sent, so that also a grant that is good once is tried again.
fn never_sent(flow: &Flow) -> Expect {
    match flow.kind {
        Kind::Once => Expect::fails(ErrorKind::Transport, 4),
        _ => stays(flow, ErrorKind::Transport).up_to(attempts(flow)),
    }
}

/// Whoever finds its host by a variable with an address.
fn is_of_host(flow: &Flow) -> bool {
    matches!(flow.kind, Kind::Imds | Kind::Host | Kind::Probe)
        && !flow.is_tls()
        && !flow.id.contains("then")
        && flow.id != "managed identity as credential"
}

/// The name leads elsewhere from now on. Each look-up is written down.
fn leads_to(stage: &Stage, lookup: Lookup) -> Injected {
    let before = stage.resolver.asked().len();
    stage.resolver.always(NAME, lookup);
    Injected::new(
        move |stage| stage.resolver.asked().len() - before,
        |stage| {
            stage.resolver.always(NAME, Lookup::to(["127.0.0.1"]));
        },
    )
}

/// The name leads elsewhere at the next look-up alone.
fn once(stage: &Stage, lookup: Lookup) -> Injected {
    let before = stage.resolver.asked().len();
    stage.resolver.push(NAME, lookup);
    Injected::new(
        move |stage| (stage.resolver.asked().len() - before).min(1),
        |_| (),
    )
}

/// Counts the requests that failed so.
fn failures(stage: &Stage, kind: &'static str) -> Injected {
    let count = move |stage: &Stage| {
        let failures = stage.watch.failures();
        failures
            .iter()
            .filter(|failure| failure.starts_with(kind))
            .count()
    };
    let before = Rc::new(Cell::new(count(stage)));
    Injected::new(move |stage| count(stage) - before.get(), |_| ())
}
