//! Statuses, and what services say with them.

use std::time::Duration;

use entra_identity::ErrorKind;

use super::{at_once, foreign, http, passes, stays, unreadable};
use crate::faults::flows::{Flow, Kind};
use crate::faults::plan::{Expect, Expected, Inject, Injected, Outcome, Planned, Seen};

const fn fault(
    row: &'static str,
    id: &'static str,
    what: &'static str,
    inject: Inject,
    expect: Expected,
) -> Planned {
    Planned::new(row, id, what, http, inject, expect)
}

const FAILING: [u16; 4] = [500, 502, 503, 504];
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

pub(super) const FAULTS: &[Planned] = &[
    fault(
        "FT-30",
        "nothing in it",
        "a good status without a body",
        |stage, flow, variant| {
            let status = [200, 204][variant];
            Injected::rule(stage, flow.rule().status(status).body(None::<String>, ""))
        },
        unreadable,
    )
    .by_turns(2),
    fault(
        "FT-30",
        "not modified",
        "304, which nobody asked for",
        |stage, flow, _| Injected::rule(stage, flow.rule().status(304).body(None::<String>, "")),
        |flow| foreign(flow, ErrorKind::Protocol),
    ),
    fault(
        "FT-30",
        "a page",
        "a page of HTML with a good status, as a captive portal shows it",
        |stage, flow, _| {
            let page = "<html><body>Welcome to the airport. <a href=\"/login\">Log in</a></body></html>";
            Injected::rule(stage, flow.rule().body(Some("text/html"), page))
        },
        unreadable,
    )
    .except(&[(
        "password elsewhere, then metadata",
        Outcome::Fails(ErrorKind::AuthenticationFailed),
        1,
    )]),
    fault(
        "FT-31",
        "redirected here",
        "a redirect to the same host",
        |stage, flow, variant| {
            let target = format!("{}/elsewhere", stage.emulator.authority());
            Injected::rule(stage, flow.rule().redirect(REDIRECTS[variant], target))
        },
        |flow| foreign(flow, ErrorKind::Protocol),
    )
    .by_turns(5)
    .check(nobody_went_elsewhere),
    fault(
        "FT-31",
        "redirected away",
        "a redirect to another host",
        |stage, flow, variant| {
            let target = format!("{}/elsewhere", stage.emulator.plain_url());
            Injected::rule(stage, flow.rule().redirect(REDIRECTS[variant], target))
        },
        |flow| foreign(flow, ErrorKind::Protocol),
    )
    .by_turns(5)
    .check(nobody_went_elsewhere),
    fault(
        "FT-32",
        "408",
        "the service was too slow itself",
        |stage, flow, _| Injected::rule(stage, flow.rule().times(1).status(408)),
        |flow| passes(flow, ErrorKind::Transport),
    ),
    fault(
        "FT-33",
        "410",
        "gone, as the metadata service is while it is updated",
        |stage, flow, _| Injected::rule(stage, flow.rule().status(410)),
        |flow| match flow.kind {
            Kind::Imds => stays(flow, ErrorKind::Transport).up_to(7),
            Kind::Probe => stays(flow, ErrorKind::CredentialUnavailable).up_to(7).within(92),
            Kind::Host | Kind::Key => at_once(flow, ErrorKind::Transport),
            _ => foreign(flow, ErrorKind::Protocol),
        },
    )
    .except(&[(
        "managed identity as credential",
        Outcome::Fails(ErrorKind::Timeout),
        3,
    )]),
    fault(
        "FT-33",
        "410 for a minute",
        "gone three times, then there",
        |stage, flow, _| Injected::rule(stage, flow.rule().times(3).status(410)),
        |_| Expect::token(3).within(90),
    )
    .only_imds(),
    fault(
        "FT-34",
        "429 for a second",
        "throttled once, with a wait of a second",
        |stage, flow, _| {
            let rule = flow.rule().times(1).status(429);
            Injected::rule(stage, rule.retry_after(Duration::from_secs(1)))
        },
        |flow| match flow.kind {
            Kind::Poll => passes(flow, ErrorKind::Throttled).within(11),
            _ => passes(flow, ErrorKind::Throttled).within(8),
        },
    )
    .check(|seen| match seen.result {
        Ok(_) if may_wait(seen.flow) && seen.took < Duration::from_secs(1) => {
            Err("it did not wait as long as it was asked to".to_owned())
        }
        _ => Ok(()),
    }),
    fault(
        "FT-35",
        "429 for an hour",
        "throttled, with a wait that nobody can wait for",
        |stage, flow, variant| {
            let seconds = [3600, 86_400][variant];
            let rule = flow.rule().status(429).retry_after(Duration::from_secs(seconds));
            Injected::rule(stage, rule)
        },
        |flow| at_once(flow, ErrorKind::Throttled),
    )
    .by_turns(2)
    .check(|seen| match seen.result {
        Err(error)
            if seen.flow.kind != Kind::Once && error.retry_after() != Some(Duration::from_secs(3600)) =>
        {
            Err(format!("the wait is {:?}", error.retry_after()))
        }
        _ => Ok(()),
    }),
    fault(
        "FT-36",
        "429 with rubbish",
        "throttled, with a wait that is no time",
        |stage, flow, variant| {
            let value = ["-1", "NaN", "1e400", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"][variant];
            Injected::rule(
                stage,
                flow.rule().times(1).status(429).header("retry-after", value),
            )
        },
        |flow| passes(flow, ErrorKind::Throttled),
    )
    .by_turns(5),
    fault(
        "FT-36",
        "429 with two waits",
        "throttled, with two waits",
        |stage, flow, _| {
            let rule = flow.rule().times(1).status(429);
            Injected::rule(stage, rule.header("retry-after", "1").header("retry-after", "2"))
        },
        |flow| passes(flow, ErrorKind::Throttled),
    ),
    fault(
        "FT-37",
        "5xx once",
        "the service fails once",
        |stage, flow, variant| Injected::rule(stage, flow.rule().times(1).status(FAILING[variant])),
        |flow| passes(flow, ErrorKind::Transport),
    )
    .by_turns(4),
    fault(
        "FT-37",
        "5xx",
        "the service fails each time",
        |stage, flow, variant| Injected::rule(stage, flow.rule().status(FAILING[variant])),
        |flow| stays(flow, ErrorKind::Transport),
    )
    .by_turns(4),
    fault(
        "FT-38",
        "503 with a page",
        "the service fails with a page of a megabyte",
        |stage, flow, _| {
            let page = format!("<html>{}</html>", "down for maintenance ".repeat(40_000));
            Injected::rule(stage, flow.rule().status(503).body(Some("text/html"), page))
        },
        |flow| match flow.kind {
            Kind::Probe => stays(flow, ErrorKind::CredentialUnavailable),
            _ => stays(flow, ErrorKind::Transport),
        },
    )
    .check(|seen| match seen.result {
        Err(error) if error.to_string().contains("maintenance maintenance") => {
            Err("the page is in the error".to_owned())
        }
        _ => Ok(()),
    }),
    fault(
        "FT-43",
        "401 without a word",
        "refused, with no document",
        |stage, flow, _| Injected::rule(stage, flow.rule().status(401).body(None::<String>, "")),
        |flow| foreign(flow, ErrorKind::AuthenticationFailed),
    )
    .except(NO_WORD),
    fault(
        "FT-43",
        "403 of a firewall",
        "refused with a page, as firewalls and container hosts do",
        |stage, flow, _| {
            let page = "<html>connecting to this address is not allowed</html>";
            Injected::rule(stage, flow.rule().status(403).body(Some("text/html"), page))
        },
        |flow| match flow.kind {
            // As Docker Desktop answers at the address of the metadata service.
            Kind::Imds => at_once(flow, ErrorKind::CredentialUnavailable),
            _ => foreign(flow, ErrorKind::AuthenticationFailed),
        },
    )
    .except(NO_WORD),
];

/// Those that make something else of a refusal without a document.
const NO_WORD: &[(&str, Outcome, usize)] = &[
    ("password, realm", Outcome::Fails(ErrorKind::Protocol), 1),
    (
        "password elsewhere, then WS-Trust",
        Outcome::Fails(ErrorKind::Protocol),
        1,
    ),
    (
        "Visual Studio Code, then refresh",
        Outcome::Fails(ErrorKind::CredentialUnavailable),
        1,
    ),
];

impl Planned {
    const fn only_imds(mut self) -> Self {
        self.flows = |flow| flow.id == "IMDS";
        self
    }
}

/// Whether it is the caller that waits for another attempt.
fn may_wait(flow: &Flow) -> bool {
    !matches!(flow.kind, Kind::Soft | Kind::Region | Kind::Once)
}

fn nobody_went_elsewhere(seen: &Seen<'_>) -> Result<(), String> {
    let requests = seen.stage.emulator.requests();
    match requests.filter(|request| request.path() == "/elsewhere").count() {
        0 => Ok(()),
        _ => Err("the redirect was followed".to_owned()),
    }
}
