//! Good statuses with documents that make no sense.

use entra_identity::ErrorKind;

use super::{http, token_answer, torn, unreadable};
use crate::faults::flows::{Flow, Kind};
use crate::faults::plan::{Expect, Expected, Inject, Injected, Outcome, Planned};

const JSON: Option<&str> = Some("application/json; charset=utf-8");

/// A document for whoever answers in JSON.
const fn document(
    row: &'static str,
    id: &'static str,
    what: &'static str,
    inject: Inject,
    expect: Expected,
) -> Planned {
    Planned::new(row, id, what, in_json, inject, expect)
}

pub(super) const FAULTS: &[Planned] = &[
    document(
        "FT-21",
        "cut document",
        "the document ends in the middle of a token",
        |stage, flow, _| {
            let text = format!(
                "{{\"token_type\":\"Bearer\",\"access_token\":\"{}",
                stage.canary.expose()
            );
            Injected::rule(stage, flow.rule().body(JSON, text))
        },
        torn,
    ),
    Planned::new(
        "FT-21",
        "cut document once",
        "the document is cut once, the next one is whole",
        in_json,
        |stage, flow, _| Injected::rule(stage, flow.rule().times(1).body(JSON, "{\"access_token\":\"eyJ")),
        cut_once,
    ),
    document(
        "FT-26",
        "deep document",
        "a document that is tens of thousands of levels deep",
        |stage, flow, variant| {
            let text = ["[", "{\"a\":"][variant].repeat([60_000, 10_000][variant]);
            Injected::rule(stage, flow.rule().body(JSON, text))
        },
        torn,
    )
    .by_turns(2),
    document(
        "FT-28",
        "UTF-16",
        "the document is in UTF-16",
        |stage, flow, _| {
            let text: Vec<u8> = "\u{feff}{\"access_token\":\"a\",\"expires_in\":3600}"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            Injected::rule(stage, flow.rule().body(JSON, text))
        },
        unreadable,
    ),
    document(
        "FT-28",
        "bad UTF-8",
        "a text in the document is not UTF-8",
        |stage, flow, _| {
            let text =
                b"{\"access_token\":\"\xff\xfe\xe9\",\"expires_in\":3600,\"token_type\":\"Bearer\"}".to_vec();
            Injected::rule(stage, flow.rule().body(JSON, text))
        },
        torn,
    ),
    document(
        "FT-28",
        "zero bytes",
        "the document is of zero bytes",
        |stage, flow, _| Injected::rule(stage, flow.rule().body(JSON, vec![0; 64])),
        unreadable,
    ),
    document(
        "FT-21",
        "no object",
        "the document is a list, a text, a number, or nothing",
        |stage, flow, variant| {
            let texts = ["[]", "\"token\"", "3600", "null", "true"];
            Injected::rule(stage, flow.rule().body(JSON, texts[variant]))
        },
        unreadable,
    )
    .by_turns(5)
    .except(NOTHING_IN_IT),
    document(
        "FT-45",
        "empty object",
        "the document has no member",
        |stage, flow, _| Injected::rule(stage, flow.rule().body(JSON, "{}")),
        unreadable,
    )
    .except(EMPTY),
    Planned::new(
        "FT-27",
        "member twice",
        "the token is there twice",
        token_answer,
        |stage, flow, _| {
            let text = format!(
                "{{\"access_token\":\"one\",\"access_token\":\"{}\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"expires_on\":9999999999}}",
                stage.canary.expose()
            );
            Injected::rule(stage, flow.rule().body(JSON, text))
        },
        torn,
    ),
    Planned::new(
        "FT-44",
        "error with a good status",
        "a good status with an error's document",
        token_answer,
        |stage, flow, _| {
            let document =
                serde_json::json!({"error": "invalid_request", "error_description": "AADSTS90013: no."});
            Injected::rule(stage, flow.rule().status(200).json(document))
        },
        |flow| super::foreign(flow, ErrorKind::Protocol),
    ),
    Planned::new(
        "FT-44",
        "error beside a token",
        "a good status with an error and a token",
        token_answer,
        |stage, flow, _| Injected::rule(stage, flow.rule().field("error", "invalid_request")),
        |flow| super::foreign(flow, ErrorKind::Protocol),
    ),
    Planned::new(
        "FT-28",
        "byte order mark",
        "the document begins with a byte order mark",
        |flow| token_answer(flow) && !needs_more(flow),
        |stage, flow, _| {
            let text = format!(
                "\u{feff}{{\"access_token\":\"{}\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"expires_on\":\"{}\",\"resource\":\"https://management.azure.com\"}}",
                stage.canary.expose(),
                stage.emulator.clock().unix_seconds() + 3600,
            );
            Injected::rule(stage, flow.rule().body(JSON, text))
        },
        good,
    ),
    Planned::new(
        "FT-30",
        "another content type",
        "the document's type is given as text, as a page, or not at all",
        token_answer,
        |stage, flow, variant| {
            let rule = flow.rule();
            Injected::rule(
                stage,
                match variant {
                    0 => rule.header("content-type", "text/plain"),
                    1 => rule.header("content-type", "text/html"),
                    _ => rule.without_header("content-type"),
                },
            )
        },
        good,
    )
    .by_turns(3),
];

/// Documents without a member that says anything: not even whose account it is, so that the password is checked here.
const NOTHING_IN_IT: &[(&str, Outcome, usize)] = &[
    ("password, realm", Outcome::Token, 1),
    (
        "client secret, authority confirmed first",
        Outcome::Fails(ErrorKind::IdentityMismatch),
        1,
    ),
];
const EMPTY: &[(&str, Outcome, usize)] = &[
    ("password, realm", Outcome::Token, 1),
    (
        "client secret, authority confirmed first",
        Outcome::Fails(ErrorKind::IdentityMismatch),
        1,
    ),
    ("device code, start", Outcome::Fails(ErrorKind::Protocol), 1),
];

/// Whoever needs more in the answer than a token: who signed in, or for which API it is.
fn needs_more(flow: &Flow) -> bool {
    flow.kind == Kind::Poll
        || flow.id.contains("password")
        || flow.id == "browser, then redemption"
        || flow.id == "managed identity as credential"
}

/// Who asks once more gets it.
fn cut_once(flow: &Flow) -> Expect {
    let stays = torn(flow);
    match stays.met.0 {
        2 => Expect::token(1),
        _ => stays,
    }
}

/// Whoever answers in JSON: everybody but the organization's server and its metadata.
fn in_json(flow: &Flow) -> bool {
    http(flow)
        && !flow.id.contains("metadata")
        && !flow.id.contains("WS-Trust")
        && flow.id != "Azure Arc, challenge"
}

/// Such an answer is as good as any.
fn good(flow: &Flow) -> Expect {
    match flow.kind {
        Kind::Poll => Expect::token(1).up_to(4),
        _ => Expect::token(1),
    }
}
