//! The faults, by what is wrong.

mod answers;
mod bytes;
mod clocks;
mod engine;
mod files;
mod hosts;
mod network;
mod people;
mod refusals;
mod statuses;
mod tls;
mod tokens;
mod tools;

use entra_identity::ErrorKind;
use identity_emulator::Route;

use super::flows::{Flow, Kind};
use super::plan::{Expect, Planned};

/// All of them, a group for each test.
pub(super) fn groups() -> Vec<(&'static str, &'static [Planned])> {
    vec![
        ("network", network::FAULTS),
        ("TLS", tls::FAULTS),
        ("bytes of an answer", bytes::FAULTS),
        ("sizes of an answer", bytes::SIZES),
        ("statuses", statuses::FAULTS),
        ("refusals", refusals::FAULTS),
        ("answers", answers::FAULTS),
        ("tokens", tokens::FAULTS),
        ("hosts", hosts::FAULTS),
        ("clocks", clocks::FAULTS),
        ("callers", engine::FAULTS),
        ("people", people::FAULTS),
        ("tools", tools::FAULTS),
        ("files", files::FAULTS),
    ]
}

fn http(flow: &Flow) -> bool {
    flow.kind.is_http()
}

/// Whoever hands out tokens by HTTP in JSON.
fn token_answer(flow: &Flow) -> bool {
    flow.kind.is_entra()
        || flow.kind.is_host() && flow.id != "Azure Arc, challenge"
        || flow.kind == Kind::Probe
}

/// How often a request is made that fails in a way that passes, for ever.
fn attempts(flow: &Flow) -> usize {
    match flow.kind {
        Kind::Once | Kind::Soft | Kind::Region => 1,
        Kind::Imds | Kind::Probe => 7,
        _ => 4,
    }
}

/// A fault that passes: it is tried again. `kind` is the failure where that must not be.
fn passes(flow: &Flow, kind: ErrorKind) -> Expect {
    match flow.kind {
        Kind::Once => Expect::fails(kind, 1),
        Kind::Poll => Expect::token(1).within(60),
        _ => Expect::token(1),
    }
}

/// A fault that stays: it is tried a few times.
fn stays(flow: &Flow, kind: ErrorKind) -> Expect {
    match flow.kind {
        Kind::Soft | Kind::Region => Expect::token(1),
        // A device asks until its code has expired.
        Kind::Poll => Expect::fails(ErrorKind::Timeout, 1).up_to(400).within(901),
        Kind::Imds | Kind::Probe => Expect::fails(kind, 7).within(92),
        _ => Expect::fails(kind, attempts(flow)),
    }
}

/// A fault that trying again can't cure, found out by one attempt.
fn at_once(flow: &Flow, kind: ErrorKind) -> Expect {
    match flow.kind {
        Kind::Soft | Kind::Region => Expect::token(1),
        Kind::Poll => Expect::fails(kind, 1).within(6),
        _ => Expect::fails(kind, 1).within(1),
    }
}

/// An answer that no service of this kind gives: found out by one attempt. `kind` is what Entra's client and managed identity say; build systems say that
/// their job isn't set up, and within a chain such a host is none.
fn foreign(flow: &Flow, kind: ErrorKind) -> Expect {
    at_once(flow, foreign_kind(flow, kind))
}

fn foreign_kind(flow: &Flow, kind: ErrorKind) -> ErrorKind {
    match (flow.kind, flow.route) {
        (Kind::Oidc, Route::PipelinesOidc) => ErrorKind::AuthenticationFailed,
        (Kind::Oidc | Kind::Probe, _) => ErrorKind::CredentialUnavailable,
        _ => kind,
    }
}

/// A document that can't be read. Entra's token endpoint is asked once more, since something on the way may have broken it.
fn unreadable(flow: &Flow) -> Expect {
    match (flow.kind, flow.route) {
        (Kind::Entra, _) | (_, Route::DeviceAuthorization) => Expect::fails(ErrorKind::Protocol, 2),
        _ => foreign(flow, ErrorKind::Protocol),
    }
}

/// A document that was cut: hosts are asked once more as well.
fn torn(flow: &Flow) -> Expect {
    match flow.kind {
        Kind::Imds | Kind::Host | Kind::Key | Kind::Probe => Expect::fails(ErrorKind::Protocol, 2),
        _ => unreadable(flow),
    }
}

/// A document with another token than one that can be used.
fn unusable(flow: &Flow) -> Expect {
    match flow.kind {
        Kind::Entra => Expect::fails(ErrorKind::Protocol, 2),
        _ => at_once(flow, ErrorKind::Protocol),
    }
}
