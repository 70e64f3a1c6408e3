//! Developer tools that misbehave: real programs, real time.

use std::time::Duration;

use entra_identity::ErrorKind;
use identity_emulator::ToolAnswer;

use crate::faults::flows::{Flow, Kind, tool};
use crate::faults::plan::{Expect, Expected, Inject, Injected, Outcome, Planned};
use crate::faults::stage::Stage;

/// A flood of this many bytes is far more than an answer.
const FLOOD: u64 = 1 << 30;
/// Far longer than a tool may take here.
const LONG: Duration = Duration::from_secs(60);

const fn fault(
    row: &'static str,
    id: &'static str,
    what: &'static str,
    inject: Inject,
    expect: Expected,
) -> Planned {
    Planned::new(row, id, what, |flow| flow.kind == Kind::Tool, inject, expect)
}

pub(super) const FAULTS: &[Planned] = &[
    fault(
        "FT-62",
        "not installed",
        "the tool is not there",
        |stage, flow, _| {
            let program = stage.tools.folder().join(tool(flow).program());
            stage.tools.uninstall(tool(flow)).unwrap();
            Injected::new(move |_| usize::from(!program.exists()), |_| ())
        },
        |_| Expect::fails(ErrorKind::CredentialUnavailable, 1),
    ),
    fault(
        "FT-63",
        "hangs",
        "the tool and a child of it never end",
        |stage, flow, _| does(stage, flow, &ToolAnswer::hang()),
        |_| {
            Expect::fails(ErrorKind::CredentialUnavailable, 1)
                .up_to(2)
                .within(6)
        },
    ),
    fault(
        "FT-65",
        "grandchild",
        "a child of the tool keeps the outputs open",
        |stage, flow, _| {
            let answer = stage.tool_answer().with_grandchild(LONG);
            does(stage, flow, &answer)
        },
        |_| Expect::token(1).up_to(2),
    ),
    fault(
        "FT-66",
        "flood",
        "the tool prints a gigabyte",
        |stage, flow, _| does(stage, flow, &ToolAnswer::flood(FLOOD)),
        failed,
    ),
    fault(
        "FT-67",
        "flood of errors",
        "the tool prints a gigabyte of errors",
        |stage, flow, _| does(stage, flow, &ToolAnswer::flood_stderr(FLOOD)),
        failed,
    ),
    fault(
        "FT-68",
        "killed",
        "the tool is ended by a signal",
        |stage, flow, _| does(stage, flow, &ToolAnswer::killed()),
        failed,
    )
    .except(&[(
        "Azure PowerShell",
        Outcome::Fails(ErrorKind::CredentialUnavailable),
        1,
    )]),
    fault(
        "FT-69",
        "warnings",
        "warnings with colours come beside the token",
        |stage, flow, _| {
            let answer = stage
                .tool_answer()
                .warns("\u{1b}[33mWARNING: a newer version is there\u{1b}[0m\n");
            does(stage, flow, &answer)
        },
        |_| Expect::token(1),
    ),
    fault(
        "FT-69",
        "not UTF-8",
        "the tool prints bytes that are not UTF-8",
        |stage, flow, _| does(stage, flow, &ToolAnswer::not_utf8()),
        failed,
    )
    .except(&[("Azure PowerShell", Outcome::Fails(ErrorKind::Protocol), 1)]),
    fault(
        "FT-69",
        "UTF-16",
        "the tool prints UTF-16 with a byte order mark",
        |stage, flow, _| {
            let text = "\u{feff}{\"accessToken\": \"a\", \"token\": \"a\"}\r\nazsdk%a%1\r\n";
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            does(stage, flow, &ToolAnswer::exits(0, bytes, ""))
        },
        failed,
    )
    .except(&[("Azure PowerShell", Outcome::Fails(ErrorKind::Protocol), 1)]),
    fault(
        "FT-70",
        "good exit, bad text",
        "the tool ends well and prints something else",
        |stage, flow, _| does(stage, flow, &ToolAnswer::garbage()),
        failed,
    ),
    fault(
        "FT-70",
        "good exit, nothing",
        "the tool ends well and prints nothing",
        |stage, flow, _| does(stage, flow, &ToolAnswer::exits(0, "", "")),
        failed,
    ),
    fault(
        "FT-71",
        "token beside a failure",
        "the tool fails and prints tokens on both outputs",
        |stage, flow, _| fails_with_tokens(stage, flow, 1),
        failed,
    )
    .except(&[(
        "Azure PowerShell",
        Outcome::Fails(ErrorKind::CredentialUnavailable),
        1,
    )]),
    fault(
        "FT-71",
        "token beside no program",
        "a shell in the tool's place finds no program and prints tokens",
        |stage, flow, _| fails_with_tokens(stage, flow, 127),
        |_| Expect::fails(ErrorKind::CredentialUnavailable, 1),
    ),
    fault(
        "FT-72",
        "asks",
        "the tool asks something and waits for an answer",
        |stage, flow, _| {
            let answer = stage.tool_answer().asks();
            does(stage, flow, &answer)
        },
        |_| Expect::token(1),
    ),
    fault(
        "FT-62",
        "nobody signed in",
        "nobody is signed in to the tool",
        |stage, flow, _| does(stage, flow, &ToolAnswer::not_logged_in()),
        |_| Expect::fails(ErrorKind::CredentialUnavailable, 1),
    ),
    fault(
        "FT-41",
        "second factor",
        "the service wants a second factor",
        |stage, flow, _| does(stage, flow, &ToolAnswer::mfa_required()),
        failed,
    ),
    fault(
        "FT-48",
        "token that is over",
        "the tool hands out a token that ended an hour ago",
        |stage, flow, _| {
            let ended = stage.clock.wall() - Duration::from_secs(3600);
            does(stage, flow, &ToolAnswer::token(stage.canary.expose(), ended))
        },
        |_| Expect::fails(ErrorKind::Protocol, 1),
    ),
    fault(
        "FT-52",
        "line end in a tool's token",
        "the token of the tool has a space and a line's end",
        |stage, flow, _| {
            let end = stage.clock.wall() + Duration::from_secs(3600);
            let token = format!("{} \r\nx", stage.canary.expose());
            does(stage, flow, &ToolAnswer::token(token, end))
        },
        |_| Expect::fails(ErrorKind::Protocol, 1),
    )
    .except(&[(
        "Azure PowerShell",
        Outcome::Fails(ErrorKind::AuthenticationFailed),
        1,
    )]),
    fault(
        "FT-73",
        "planted",
        "a program of that name lies in a folder that everybody may write to",
        |stage, flow, _| planted(stage, flow),
        |_| Expect::fails(ErrorKind::CredentialUnavailable, 1),
    )
    .at_the_start(),
];

/// The tool does so from now on; its calls are written down by itself.
fn does(stage: &Stage, flow: &Flow, answer: &ToolAnswer) -> Injected {
    let tool = tool(flow);
    stage.tools.install(tool, answer).unwrap();
    Injected::new(move |stage| stage.calls(tool), |_| ())
}

/// Tokens in several shapes, on both outputs, beside a code that says that it failed.
fn fails_with_tokens(stage: &Stage, flow: &Flow, code: i32) -> Injected {
    let canary = stage.canary.expose();
    let out =
        format!("{{\"accessToken\": \"{canary}\", \"token\": \"{canary}\"}}\nazsdk%{canary}%4102444800\n");
    let err = format!(
        "ERROR: while refreshing {{'access_token': '{canary}', \"refresh_token\": \"{canary}\"}} eyJhbGciOiJSUzI1NiJ9.{canary}.{canary}\n"
    );
    does(stage, flow, &ToolAnswer::exits(code, out, err))
}

/// The only program of that name is where anybody could have put it.
fn planted(stage: &Stage, flow: &Flow) -> Injected {
    use std::os::unix::fs::PermissionsExt as _;
    let tool = tool(flow);
    stage.tools.install(tool, &stage.tool_answer()).unwrap();
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(stage.tools.folder(), open).unwrap();
    let program = stage.tools.folder().join(tool.program());
    // It lies there and is never run.
    Injected::new(
        move |stage| usize::from(program.exists() && stage.calls(tool) == 0),
        |_| (),
    )
}

fn failed(_: &Flow) -> Expect {
    Expect::fails(ErrorKind::AuthenticationFailed, 1)
}
