//! Answers whose bytes are cut, slow, too many, or no HTTP.

use std::time::Duration;

use entra_identity::ErrorKind;
use identity_emulator::ResetAt;

use super::{at_once, attempts, http, passes, stays};
use crate::faults::flows::{Flow, Kind};
use crate::faults::plan::{Expect, Expected, Inject, Injected, Planned};
use crate::faults::pump::Silence;

const GIB: u64 = 1 << 30;

const fn fault(
    row: &'static str,
    id: &'static str,
    what: &'static str,
    inject: Inject,
    expect: Expected,
) -> Planned {
    Planned::new(row, id, what, http, inject, expect)
}

/// A fault that takes real time: one flow of each kind meets it.
const fn slowly(
    row: &'static str,
    id: &'static str,
    what: &'static str,
    inject: Inject,
    expect: Expected,
) -> Planned {
    Planned::new(row, id, what, |flow| SLOWLY.contains(&flow.id), inject, expect)
}

const SLOWLY: [&str; 10] = [
    "client secret",
    "client secret, HTTP/2",
    "authorization code",
    "pipelines, id token",
    "client secret, authority confirmed first",
    "IMDS",
    "App Service",
    "Service Fabric",
    "device code, start",
    "password, realm",
];

/// A fault of good answers. A device that polls and an agent that challenges get refusals first, of which the beginning is enough.
const fn whole(
    row: &'static str,
    id: &'static str,
    what: &'static str,
    inject: Inject,
    expect: Expected,
) -> Planned {
    let flows: fn(&Flow) -> bool =
        |flow| http(flow) && flow.kind != Kind::Poll && flow.id != "Azure Arc, challenge";
    Planned::new(row, id, what, flows, inject, expect)
}

/// The same, in the form of HTTP/1.1.
const fn raw(
    row: &'static str,
    id: &'static str,
    what: &'static str,
    inject: Inject,
    expect: Expected,
) -> Planned {
    let flows: fn(&Flow) -> bool =
        |flow| http(flow) && flow.kind != Kind::Poll && flow.id != "Azure Arc, challenge" && !flow.is_http2();
    Planned::new(row, id, what, flows, inject, expect)
}

pub(super) const FAULTS: &[Planned] = &[
    fault(
        "FT-18",
        "reset before the answer",
        "the request is served, and the connection reset in place of an answer",
        |stage, flow, _| Injected::rule(stage, flow.rule().reset(ResetAt::BeforeResponse)),
        lost,
    ),
    fault(
        "FT-18",
        "reset before the answer, once",
        "the same, and the next answer is good",
        |stage, flow, _| Injected::rule(stage, flow.rule().times(1).reset(ResetAt::BeforeResponse)),
        lost_once,
    ),
    fault(
        "FT-18",
        "reset in the body",
        "the connection is reset after a part of the body",
        |stage, flow, variant| {
            let at = [1, 20][variant];
            Injected::rule(stage, flow.rule().times(1).reset(ResetAt::MidBody(at)))
        },
        lost_once,
    )
    .by_turns(2),
    fault(
        "FT-18",
        "short body",
        "the connection ends in order before the length that was promised",
        |stage, flow, _| Injected::rule(stage, flow.rule().times(1).truncate(10)),
        lost_once,
    ),
    slowly(
        "FT-19",
        "slow head",
        "the head comes byte by byte",
        |stage, flow, _| Injected::rule(stage, flow.rule().drip_head(50)),
        slow,
    )
    .silent(Silence::Drips(Duration::from_secs(1))),
    slowly(
        "FT-20",
        "slow body",
        "the body comes byte by byte",
        |stage, flow, _| Injected::rule(stage, flow.rule().drip(50)),
        slow,
    )
    .silent(Silence::Drips(Duration::from_secs(1))),
    fault(
        "FT-20",
        "silence",
        "the request is taken and nothing comes",
        |stage, flow, _| Injected::rule(stage, flow.rule().hang()),
        slow,
    )
    .silent(Silence::Always),
    fault(
        "FT-20",
        "silence once",
        "nothing comes, and the next answer is good",
        |stage, flow, _| Injected::rule(stage, flow.rule().times(1).hang()),
        unserved_once,
    )
    .silent(Silence::Always),
    fault(
        "FT-20",
        "silence in the body",
        "nothing comes after a part of the body",
        |stage, flow, _| Injected::rule(stage, flow.rule().stall(5)),
        slow,
    )
    .silent(Silence::Always),
];

/// More than anybody has to read, and what is no answer at all.
pub(super) const SIZES: &[Planned] = &[
    whole(
        "FT-22",
        "huge body",
        "a body of a gigabyte",
        |stage, flow, _| Injected::rule(stage, flow.rule().huge_body(GIB)),
        too_much,
    ),
    whole(
        "FT-22",
        "endless body",
        "chunks without end",
        |stage, flow, _| Injected::rule(stage, flow.rule().endless_body()),
        too_much,
    ),
    whole(
        "FT-23",
        "huge length",
        "a length of a terabyte is claimed",
        |stage, flow, _| Injected::rule(stage, flow.rule().claim_length(1 << 40)),
        too_much,
    ),
    raw(
        "FT-24",
        "huge head",
        "a field of the head has a megabyte",
        |stage, flow, _| {
            let field = "a".repeat(1 << 20);
            Injected::rule(
                stage,
                flow.rule()
                    .raw(format!("HTTP/1.1 200 OK\r\nx-a: {field}\r\n\r\n")),
            )
        },
        too_much,
    ),
    raw(
        "FT-24",
        "many fields",
        "the head has ten thousand fields",
        |stage, flow, _| {
            let fields = "x-a: b\r\n".repeat(10_000);
            Injected::rule(
                stage,
                flow.rule()
                    .raw(format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n")),
            )
        },
        too_much,
    ),
    raw(
        "FT-24",
        "interim answers",
        "a hundred thousand interim answers come before any other",
        |stage, flow, _| {
            let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000);
            Injected::rule(stage, flow.rule().raw(interim))
        },
        too_much,
    ),
    raw(
        "FT-24",
        "no HTTP",
        "the answer is of another protocol",
        |stage, flow, _| Injected::rule(stage, flow.rule().raw("220 mail.example ESMTP ready\r\n")),
        senseless,
    ),
    whole(
        "FT-25",
        "compressed body",
        "the body is compressed without anybody having asked for it",
        |stage, flow, variant| {
            let kind = ["gzip", "deflate", "br"][variant];
            // The beginning of a gzip of zeros: a few kilobytes of it are gigabytes.
            let bomb = [&[0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3][..], &[0xec; 4096]].concat();
            let rule = flow.rule().body(Some("application/json"), bomb);
            Injected::rule(stage, rule.header("content-encoding", kind))
        },
        senseless,
    )
    .by_turns(3),
];

/// The answer is lost each time. A request on a connection that was used before is sent anew at once, beside the attempts.
fn lost(flow: &Flow) -> Expect {
    match flow.kind {
        Kind::Once => Expect::fails(ErrorKind::OutcomeUnknown, 1),
        _ if flow.skip > 0 || flow.id.contains("then metadata") => {
            stays(flow, ErrorKind::Transport).up_to(attempts(flow) + 1)
        }
        _ => stays(flow, ErrorKind::Transport),
    }
}

/// The answer is lost once. What is good once may be used up by then.
fn lost_once(flow: &Flow) -> Expect {
    match flow.kind {
        Kind::Poll => Expect::fails(ErrorKind::OutcomeUnknown, 1),
        Kind::Key => Expect::fails(ErrorKind::AuthenticationFailed, 1),
        _ => passes(flow, ErrorKind::OutcomeUnknown),
    }
}

/// The same where the request is not served.
fn unserved_once(flow: &Flow) -> Expect {
    passes(flow, ErrorKind::OutcomeUnknown)
}

/// No answer in time, each time: as many attempts as the whole time has room for.
fn slow(flow: &Flow) -> Expect {
    match flow.kind {
        Kind::Once => Expect::fails(ErrorKind::OutcomeUnknown, 1).within(10),
        _ => stays(flow, ErrorKind::Timeout).at_least_once(),
    }
}

/// More than anybody has to read: that doesn't pass.
fn too_much(flow: &Flow) -> Expect {
    match flow.kind {
        Kind::Once => at_once(flow, ErrorKind::OutcomeUnknown),
        // Within a chain it is no metadata service that answers so.
        Kind::Probe => at_once(flow, ErrorKind::CredentialUnavailable),
        _ => at_once(flow, ErrorKind::Protocol),
    }
}

/// No answer of the protocol: that doesn't pass either.
fn senseless(flow: &Flow) -> Expect {
    match flow.kind {
        Kind::Once => at_once(flow, ErrorKind::OutcomeUnknown),
        _ => at_once(flow, ErrorKind::Protocol),
    }
}
