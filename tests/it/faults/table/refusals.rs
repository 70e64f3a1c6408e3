//! What services refuse, in their own words.

use entra_identity::{ErrorKind, Report};

use super::{at_once, stays};
use crate::faults::flows::{Flow, Kind};
use crate::faults::plan::{Expected, Inject, Injected, Outcome, Planned, Seen};

const fn fault(
    row: &'static str,
    id: &'static str,
    what: &'static str,
    flows: fn(&Flow) -> bool,
    inject: Inject,
    expect: Expected,
) -> Planned {
    Planned::new(row, id, what, flows, inject, expect)
}

pub(super) const FAULTS: &[Planned] = &[
    fault("FT-40", "invalid client", "the application is refused", entra,
        |stage, flow, variant| {
            let code = [70_002, 700_027][variant];
            Injected::rule(stage, flow.rule().aadsts(code))
        },
        |flow| at_once(flow, ErrorKind::AuthenticationFailed),
    )
    .variants(2)
    .check(has_code)
    .except(&[("Visual Studio Code, then refresh", Outcome::Fails(ErrorKind::CredentialUnavailable), 1)]),
    fault("FT-41", "invalid grant", "the grant is refused", app,
        |stage, flow, _| Injected::rule(stage, flow.rule().aadsts(50_057)),
        |flow| at_once(flow, ErrorKind::AuthenticationFailed),
    )
    .check(has_code),
    fault("FT-41", "interaction required", "a person has to do something, with claims", app,
        |stage, flow, _| {
            let rule = flow.rule().aadsts(50_076).claims(CLAIMS);
            Injected::rule(stage, rule)
        },
        |flow| match is_of_person(flow) {
            true => at_once(flow, ErrorKind::AuthenticationRequired),
            // Nobody is there who could do it.
            false => at_once(flow, ErrorKind::AuthenticationFailed),
        },
    )
    .check(|seen| {
        has_code(seen)?;
        match seen.result {
            Err(error) if error.claims() != Some(CLAIMS) => Err(format!("the claims are {:?}", error.claims())),
            _ => Ok(()),
        }
    }),
    fault("FT-37", "transient by its code", "the service says that it is unavailable", entra,
        |stage, flow, _| Injected::rule(stage, flow.rule().aadsts(90_033)),
        |flow| stays(flow, ErrorKind::Transport),
    )
    .check(has_code),
    fault("FT-56", "hostile text", "the text of a refusal has escapes of terminals, line ends, changes of direction and 50 KB", refusing,
        |stage, flow, _| {
            let text = format!("{HOSTILE}{}", "x".repeat(50_000));
            let document = serde_json::json!({"error": "invalid_grant", "error_description": text, "correlation_id": HOSTILE});
            Injected::rule(stage, flow.rule().status(400).json(document))
        },
        |flow| at_once(flow, ErrorKind::AuthenticationFailed),
    )
    .check(is_tame)
    .except(&[
        ("browser, then refresh", Outcome::Token, 1),
        ("authorization code, then refresh", Outcome::Fails(ErrorKind::AuthenticationRequired), 1),
        ("shared cache, then refresh", Outcome::Fails(ErrorKind::CredentialUnavailable), 1),
        ("Visual Studio Code, then refresh", Outcome::Fails(ErrorKind::CredentialUnavailable), 1),
        ("IMDS", Outcome::Fails(ErrorKind::CredentialUnavailable), 1),
    ]),
    fault("FT-56", "echo of secrets", "the text of a refusal repeats what was sent, and a token", refusing,
        |stage, flow, _| {
            let sent = match flow.id {
                "password, then token" => stage.password.expose(),
                id if id.contains("secret") || id.contains("code") => stage.secret.expose(),
                _ => "nothing",
            };
            let canary = stage.canary.expose();
            let text = format!("AADSTS90013: you sent {sent}, and got eyJhbGciOiJSUzI1NiJ9.{canary}.{canary}");
            let document = serde_json::json!({"error": "invalid_request", "error_description": text});
            Injected::rule(stage, flow.rule().status(400).json(document))
        },
        |flow| at_once(flow, ErrorKind::AuthenticationFailed),
    )
    .except(&[("Visual Studio Code, then refresh", Outcome::Fails(ErrorKind::CredentialUnavailable), 1)]),
];

const CLAIMS: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
const HOSTILE: &str = "\u{1b}[31mred\u{1b}[0m\r\nSet-Cookie: a=b\u{2028}\u{202e}txt\u{0}\u{7f}\u{9b}2J";

/// Token endpoints that applications ask.
fn app(flow: &Flow) -> bool {
    entra(flow) && flow.kind != Kind::Poll && !flow.id.contains("refresh")
}

fn entra(flow: &Flow) -> bool {
    flow.kind.is_entra() && flow.route != identity_emulator::Route::Imds
}

/// Whoever refuses with a document of OAuth.
fn refusing(flow: &Flow) -> bool {
    entra(flow) && flow.kind != Kind::Poll || flow.kind.is_host()
}

/// Whether a token of a person is asked for.
fn is_of_person(flow: &Flow) -> bool {
    flow.scope != super::super::flows::SCOPE
}

fn has_code(seen: &Seen<'_>) -> Result<(), String> {
    if seen.flow.kind == Kind::Poll && seen.error()?.kind() == ErrorKind::Timeout {
        // Whoever waited for the person until the code was over has no refusal to show.
        return Ok(());
    }
    match seen.result {
        Err(error) if error.aadsts().is_none() && !error.is_unavailable() => {
            Err(format!("no code in {error:?}"))
        }
        _ => Ok(()),
    }
}

/// Neither the error nor its report has anything that a terminal or a log would follow.
fn is_tame(seen: &Seen<'_>) -> Result<(), String> {
    let Err(error) = seen.result else { return Ok(()) };
    let shown = [
        error.to_string(),
        Report::new(error).to_string(),
        format!("{error:?}"),
    ];
    for text in shown {
        let bad = |c: &char| {
            c.is_control() && *c != '\n'
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if let Some(found) = text.chars().find(bad) {
            return Err(format!("{found:?} is in {text:?}"));
        }
        if text.len() > 4096 {
            return Err(format!("{} bytes", text.len()));
        }
    }
    Ok(())
}
