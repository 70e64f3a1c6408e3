//! Tokens that are none, lifetimes that make no sense.

use entra_identity::ErrorKind;

use super::{token_answer, torn, unusable};
use crate::faults::flows::{Flow, Kind};
use crate::faults::plan::{Expect, Inject, Injected, Outcome, Planned, Seen};
use crate::faults::stage::Stage;

/// A member of a good answer is changed, and the answer is refused.
const fn refused(row: &'static str, id: &'static str, what: &'static str, inject: Inject) -> Planned {
    Planned::new(row, id, what, token_answer, inject, unusable)
}

/// A member of a good answer is changed, and the answer is as good as before.
const fn taken(row: &'static str, id: &'static str, what: &'static str, inject: Inject) -> Planned {
    Planned::new(row, id, what, token_answer, inject, |_| Expect::token(1))
}

pub(super) const FAULTS: &[Planned] = &[
    refused("FT-45", "no token", "the token is missing", |stage, flow, _| {
        Injected::rule(stage, flow.rule().without_field("access_token"))
    })
    .except(&[(
        "default chain, IMDS",
        Outcome::Fails(ErrorKind::CredentialUnavailable),
        1,
    )]),
    refused(
        "FT-45",
        "empty token",
        "the token is empty, null, a number, or a list",
        |stage, flow, variant| {
            let value = ["\"\"", "null", "7", "[\"a\"]"][variant];
            Injected::rule(stage, flow.rule().field_literal("access_token", value))
        },
    )
    .by_turns(4),
    refused(
        "FT-52",
        "line end in the token",
        "the token has a line's end and a header of its own",
        |stage, flow, _| {
            let token = format!("{}\r\nX-Admin: true", stage.canary.expose());
            Injected::rule(stage, flow.rule().field("access_token", token))
        },
    ),
    refused(
        "FT-52",
        "space in the token",
        "the token has a space, a zero byte, or letters beyond ASCII",
        |stage, flow, variant| {
            let token = format!(
                "{}{}",
                stage.canary.expose(),
                [" x", "\u{0}", "é", "\u{7f}"][variant]
            );
            Injected::rule(stage, flow.rule().field("access_token", token))
        },
    )
    .by_turns(4),
    refused(
        "FT-29",
        "token of 900 KB",
        "the token is far too long",
        |stage, flow, _| {
            Injected::rule(
                stage,
                flow.rule().field("access_token", "a".repeat(60 * 1024 * 15)),
            )
        },
    )
    .except(&[(
        "default chain, IMDS",
        Outcome::Fails(ErrorKind::CredentialUnavailable),
        1,
    )]),
    Planned::new(
        "FT-29",
        "token of 60 KB",
        "the token is long",
        // Where it would be sent on as an assertion, it is none.
        |flow| token_answer(flow) && flow.id != "managed identity as credential",
        |stage, flow, _| Injected::rule(stage, flow.rule().field("access_token", "a".repeat(60 * 1024))),
        |_| Expect::token(1),
    ),
    refused(
        "FT-48",
        "no time left",
        "the token lives for no time, or less",
        |stage, flow, variant| lives(stage, flow, ["0", "-1", "\"-3600\"", "-1e12"][variant]),
    )
    .by_turns(4),
    refused(
        "FT-49",
        "no number",
        "the lifetime is an object, a word, or a list",
        |stage, flow, variant| lives(stage, flow, ["{}", "\"soon\"", "[3600]", "true"][variant]),
    )
    .by_turns(4),
    Planned::new(
        "FT-49",
        "infinite",
        "the lifetime is beyond all numbers",
        token_answer,
        |stage, flow, _| lives(stage, flow, "1e400"),
        torn,
    )
    // The key was good once, and the agent challenges again.
    .except(&[(
        "Azure Arc, then token",
        Outcome::Fails(ErrorKind::AuthenticationFailed),
        2,
    )]),
    taken(
        "FT-49",
        "for ever",
        "the lifetime is beyond all reason",
        |stage, flow, variant| {
            lives(
                stage,
                flow,
                [
                    "1e12",
                    "9223372036854775807",
                    "18446744073709551615",
                    "\"99999999999999999999\"",
                ][variant],
            )
        },
    )
    .by_turns(4)
    .check(lives_two_days),
    taken(
        "FT-46",
        "lifetime as text",
        "the lifetime is a number in a text",
        |stage, flow, _| lives(stage, flow, "\"3599\""),
    ),
    taken(
        "FT-47",
        "lifetime with a fraction",
        "the lifetime has a fraction, also as text",
        |stage, flow, variant| lives(stage, flow, ["3599.0", "\"3599.9\"", "3.599e3"][variant]),
    )
    .by_turns(3),
    taken(
        "FT-50",
        "end alone",
        "only the end is told, as number or text",
        |stage, flow, variant| {
            let end = stage.emulator.clock().unix_seconds() + 3600;
            let value = [end.to_string(), format!("\"{end}\"")][variant].clone();
            Injected::rule(
                stage,
                flow.rule()
                    .without_field("expires_in")
                    .field_literal("expires_on", value),
            )
        },
    )
    .by_turns(2),
    refused(
        "FT-48",
        "ended already",
        "the token has ended an hour ago",
        |stage, flow, _| {
            let end = stage.emulator.clock().unix_seconds() - 3600;
            let rule = flow.rule().without_field("expires_in");
            Injected::rule(stage, rule.field_literal("expires_on", format!("\"{end}\"")))
        },
    ),
    refused(
        "FT-48",
        "no lifetime",
        "nothing is said of how long the token lives",
        |stage, flow, _| {
            Injected::rule(
                stage,
                flow.rule()
                    .without_field("expires_in")
                    .without_field("expires_on"),
            )
        },
    ),
    taken(
        "FT-51",
        "no token type",
        "the token's type is missing, or in other letters",
        |stage, flow, variant| {
            let rule = flow.rule();
            Injected::rule(
                stage,
                match variant {
                    0 => rule.without_field("token_type"),
                    1 => rule.field("token_type", "bearer"),
                    _ => rule.field("token_type", "BEARER"),
                },
            )
        },
    )
    .by_turns(3),
    refused(
        "FT-51",
        "another token type",
        "the token is of another type",
        |stage, flow, variant| {
            Injected::rule(
                stage,
                flow.rule()
                    .field("token_type", ["pop", "mac", "SshCert"][variant]),
            )
        },
    )
    .by_turns(3),
    taken(
        "FT-54",
        "advice that makes no sense",
        "a refresh is advised before now, after the end, or as text",
        |stage, flow, variant| {
            let value = ["-1", "99999999", "\"soon\"", "0"][variant];
            Injected::rule(stage, flow.rule().field_literal("refresh_in", value))
        },
    )
    .by_turns(4),
    Planned::new(
        "FT-53",
        "fewer permissions",
        "the token is for less than was asked for",
        |flow| flow.kind.is_entra() && flow.scope != super::super::flows::SCOPE && flow.kind != Kind::Soft,
        |stage, flow, _| Injected::rule(stage, flow.rule().field("scope", "profile openid")),
        |_| Expect::token(1),
    ),
];

/// The answer's token lives so long.
fn lives(stage: &Stage, flow: &Flow, value: &str) -> Injected {
    Injected::rule(stage, flow.rule().field_literal("expires_in", value))
}

fn lives_two_days(seen: &Seen<'_>) -> Result<(), String> {
    let Ok(token) = seen.result else { return Ok(()) };
    let lives = token
        .expires_on()
        .duration_since(seen.stage.clock.wall())
        .unwrap_or_default();
    match lives.as_secs() <= 48 * 3600 {
        true => Ok(()),
        false => Err(format!("it lives {lives:?}")),
    }
}
