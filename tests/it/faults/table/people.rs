//! People who do something else, pages and callbacks that are not what they should be.

use entra_identity::ErrorKind;
use identity_emulator::{Route, SignIn};

use super::at_once;
use crate::faults::callbacks::{self, Hostile};
use crate::faults::flows::{Flow, Kind};
use crate::faults::plan::{Expect, Inject, Injected, Planned};
use crate::faults::pump::Silence;
use crate::faults::stage::Stage;

/// Something that a page or program on this machine sends to the listener before the right answer comes.
const fn callback(row: &'static str, id: &'static str, what: &'static str, inject: Inject) -> Planned {
    Planned::new(row, id, what, browser, inject, |_| Expect::token(1).up_to(300)).at_the_start()
}

pub(super) const FAULTS: &[Planned] = &[
    callback(
        "FT-103",
        "wrong state",
        "an answer with another state comes first",
        |stage, _, _| callbacks::before(stage, Hostile::WrongState),
    ),
    callback(
        "FT-104",
        "no state",
        "an answer without a state comes first",
        |stage, _, _| callbacks::before(stage, Hostile::NoState),
    ),
    callback(
        "FT-105",
        "state twice",
        "an answer with two states comes first",
        |stage, _, _| callbacks::before(stage, Hostile::StateTwice),
    ),
    callback(
        "FT-105",
        "code in the address",
        "a code comes in the address of a GET",
        |stage, _, _| callbacks::before(stage, Hostile::Get),
    ),
    callback(
        "FT-106",
        "slow clients",
        "64 clients begin a request and never end it",
        |stage, _, _| callbacks::before(stage, Hostile::Slow),
    ),
    callback(
        "FT-107",
        "huge callback",
        "a callback claims a body of a gigabyte",
        |stage, _, _| callbacks::before(stage, Hostile::Huge),
    ),
    callback(
        "FT-110",
        "wrong host",
        "a callback names another host, as after a rebinding",
        |stage, _, _| callbacks::before(stage, Hostile::WrongHost),
    ),
    callback(
        "FT-110",
        "wrong origin",
        "a callback comes from a page of another origin",
        |stage, _, _| callbacks::before(stage, Hostile::WrongOrigin),
    ),
    callback(
        "FT-107",
        "no HTTP",
        "random bytes come to the listener",
        |stage, _, _| callbacks::before(stage, Hostile::Noise),
    ),
    Planned::new(
        "FT-103",
        "wrong state alone",
        "the only answer has another state",
        browser,
        |stage, _, _| {
            stage.emulator.script(SignIn::of(ada()).with_wrong_state());
            asked(stage)
        },
        |_| Expect::fails(ErrorKind::Timeout, 1).within(301),
    )
    .silent(Silence::Person),
    Planned::new(
        "FT-109",
        "no browser",
        "no browser can be opened",
        browser,
        |stage, _, _| callbacks::none(stage),
        |flow| at_once(flow, ErrorKind::CredentialUnavailable),
    )
    .at_the_start()
    .for_good(),
    Planned::new(
        "FT-111",
        "person gone",
        "the person never comes back",
        browser,
        |stage, _, _| {
            stage.emulator.script(SignIn::ignored());
            asked(stage)
        },
        |_| Expect::fails(ErrorKind::Timeout, 1).within(301),
    )
    .silent(Silence::Person),
    Planned::new(
        "FT-111",
        "person cancels",
        "the person cancels",
        |flow| browser(flow) || polls(flow),
        |stage, flow, _| {
            stage.emulator.script(SignIn::cancelled());
            told(stage, flow)
        },
        |flow| match flow.kind {
            Kind::Browser => at_once(flow, ErrorKind::AuthenticationFailed),
            _ => Expect::fails(ErrorKind::AuthenticationFailed, 1).within(6),
        },
    ),
    Planned::new(
        "FT-112",
        "slow down",
        "a device is told twice to ask less often",
        polls,
        |stage, flow, _| {
            stage.emulator.script(SignIn::of(ada()).slowing_down(2));
            told(stage, flow)
        },
        |_| Expect::token(2).up_to(3).within(60),
    ),
    Planned::new(
        "FT-112",
        "code expires",
        "nobody enters the device's code until it has expired",
        polls,
        |stage, flow, _| {
            stage.emulator.script(SignIn::ignored());
            told(stage, flow)
        },
        |_| Expect::fails(ErrorKind::Timeout, 1).up_to(200).within(901),
    ),
    Planned::new(
        "FT-112",
        "page elsewhere",
        "the page for the code is of another scheme, or no address",
        starts,
        |stage, flow, variant| {
            let page = [
                "http://evil.example/devicelogin",
                "javascript:alert(1)",
                "file:///etc/passwd",
                "",
            ][variant];
            Injected::rule(stage, flow.rule().field("verification_uri", page))
        },
        |flow| at_once(flow, ErrorKind::IdentityMismatch),
    )
    .variants(4),
    Planned::new(
        "FT-112",
        "hostile code",
        "the code to be entered has escapes of a terminal, or is far too long",
        starts,
        |stage, flow, variant| {
            let code = [
                "\u{1b}[2J1234".to_owned(),
                "A".repeat(100_000),
                String::new(),
                "A B\nC".to_owned(),
            ][variant]
                .clone();
            Injected::rule(stage, flow.rule().field("user_code", code))
        },
        |flow| at_once(flow, ErrorKind::Protocol),
    )
    .variants(4),
    Planned::new(
        "FT-112",
        "hostile message",
        "the service's own message has escapes of a terminal",
        starts,
        |stage, flow, _| {
            Injected::rule(
                stage,
                flow.rule()
                    .field("message", "\u{1b}]0;owned\u{7}go to http://evil.example"),
            )
        },
        |_| Expect::token(1),
    ),
    Planned::new(
        "FT-112",
        "interval that makes no sense",
        "the time between two polls is none, negative, huge, or a text",
        starts,
        |stage, flow, variant| {
            let value = ["0", "-1", "1e12", "\"5\"", "2.5", "null"][variant];
            Injected::rule(stage, flow.rule().field_literal("interval", value))
        },
        |_| Expect::token(1).within(61),
    )
    .variants(6),
];

fn browser(flow: &Flow) -> bool {
    flow.kind == Kind::Browser
}

fn polls(flow: &Flow) -> bool {
    flow.kind == Kind::Poll
}

fn starts(flow: &Flow) -> bool {
    flow.route == Route::DeviceAuthorization
}

fn ada() -> identity_emulator::User {
    identity_emulator::User::new(crate::faults::stage::ADA)
}

/// The sign-in page was opened, and the person does what the script says.
fn asked(stage: &Stage) -> Injected {
    let pages = |stage: &Stage| stage.emulator.requests().route(Route::Authorize).count();
    let before = pages(stage);
    Injected::new(move |stage| pages(stage) - before, |_| ())
}

/// The page was opened, or the device told something else than a token.
fn told(stage: &Stage, flow: &Flow) -> Injected {
    match flow.kind {
        Kind::Browser => asked(stage),
        _ => {
            let refused = |stage: &Stage| {
                let polls = stage.emulator.requests().route(Route::Token);
                polls.filter(|request| request.status() == Some(400)).count()
            };
            let before = refused(stage);
            Injected::new(move |stage| refused(stage) - before, |_| ())
        }
    }
}
