//! The stand-ins, started as a credential would.
#![expect(clippy::disallowed_methods, reason = "these tests start real programs")]

use std::process::Output;
use std::time::SystemTime;

use super::*;
use crate::Emulator;

struct Stand {
    folder: tempfile::TempDir,
    tools: FakeTools,
}

impl Stand {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tools = FakeTools::in_folder(folder.path().join("bin")).unwrap();
        Self { folder, tools }
    }

    fn run(&self, tool: DeveloperTool, answer: &ToolAnswer, args: &[&str]) -> Output {
        let program = self.tools.install(tool, answer).unwrap();
        Command::new(program)
            .args(args)
            .current_dir(self.folder.path())
            .env("TZ", "EST5")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn calls_are_written_down_byte_for_byte() {
    let stand = Stand::new();
    let args = ["account", "two words", "a\tb\nc\\", "é", ""];
    stand.run(
        DeveloperTool::AzureCli,
        &ToolAnswer::exits(3, "out", "err"),
        &args,
    );
    let calls = stand.tools.calls(DeveloperTool::AzureCli).unwrap();
    let [call] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert_eq!(call.args, args);
    assert_eq!(call.variables.get("TZ").map(String::as_str), Some("EST5"));
    assert_eq!(
        fs::canonicalize(&call.directory).unwrap(),
        fs::canonicalize(stand.folder.path()).unwrap()
    );
    assert!(stand.tools.calls(DeveloperTool::PowerShell).unwrap().is_empty());
    stand
        .tools
        .install(DeveloperTool::AzureCli, &ToolAnswer::garbage())
        .unwrap();
    assert!(
        stand.tools.calls(DeveloperTool::AzureCli).unwrap().is_empty(),
        "forgotten"
    );
    stand.tools.uninstall(DeveloperTool::AzureCli).unwrap();
    assert!(stand.tools.uninstall(DeveloperTool::AzureCli).is_err());
}

#[test]
fn outputs_and_codes_are_as_planned() {
    let stand = Stand::new();
    let output = stand.run(
        DeveloperTool::AzureCli,
        &ToolAnswer::exits(3, b"a\\b\n\xff", "err\n")
            .warns("first\n")
            .asks(),
        &[],
    );
    assert_eq!(
        (
            output.status.code(),
            output.stdout.as_slice(),
            output.stderr.as_slice()
        ),
        (Some(3), &b"a\\b\n\xff"[..], &b"first\nerr\n"[..])
    );
    let flood = stand.run(DeveloperTool::AzureCli, &ToolAnswer::flood(200_000), &[]);
    assert_eq!((flood.stdout.len(), flood.stderr.len()), (200_000, 0));
    let flood = stand.run(DeveloperTool::AzureCli, &ToolAnswer::flood_stderr(100), &[]);
    assert_eq!((flood.stdout.len(), flood.stderr.len()), (0, 100));
    let killed = stand.run(DeveloperTool::AzureCli, &ToolAnswer::killed(), &[]);
    assert!(!killed.status.success());
    assert!(
        std::str::from_utf8(
            &stand
                .run(DeveloperTool::AzureCli, &ToolAnswer::not_utf8(), &[])
                .stdout
        )
        .is_err()
    );
}

#[test]
fn every_tool_prints_a_token_in_its_own_form() {
    let stand = Stand::new();
    let answer = ToolAnswer::token(
        "a-token",
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_533_901),
    );
    let printed = |tool| text(&stand.run(tool, &answer, &[]).stdout);
    let az: serde_json::Value = serde_json::from_str(&printed(DeveloperTool::AzureCli)).unwrap();
    assert_eq!(
        (az["accessToken"].as_str(), az["expires_on"].as_u64()),
        (Some("a-token"), Some(1_795_533_901))
    );
    let azd: serde_json::Value = serde_json::from_str(&printed(DeveloperTool::AzureDeveloperCli)).unwrap();
    assert_eq!(
        (azd["token"].as_str(), azd["expiresOn"].as_str()),
        (Some("a-token"), Some("2026-11-24T15:25:01Z"))
    );
    assert_eq!(printed(DeveloperTool::PowerShell), "azsdk%a-token%1795533901\n");
    for tool in DeveloperTool::ALL {
        let stderr = text(&stand.run(tool, &ToolAnswer::not_logged_in(), &[]).stderr);
        assert!(stderr.to_lowercase().contains("login"), "{stderr}");
        let output = stand.run(tool, &ToolAnswer::mfa_required(), &[]);
        assert!(output.status.code() == Some(1) && text(&output.stderr).contains("AADSTS50076"));
    }
}

#[test]
fn an_old_tool_prints_local_time() {
    let stand = Stand::new();
    let output = stand.run(
        DeveloperTool::AzureCli,
        &ToolAnswer::old_token("a-token", Duration::from_secs(3600)),
        &[],
    );
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json.get("expires_on").is_none());
    let local: jiff::civil::DateTime = json["expiresOn"].as_str().unwrap().parse().unwrap();
    let end = jiff::tz::Offset::constant(-5).to_timestamp(local).unwrap();
    let ahead = end.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((3500..=3600).contains(&ahead), "{ahead}");
    // Leap days, ends of years, before the epoch.
    for (seconds, expected) in [
        (951_782_400, "2000-02-29 00:00:00"),
        (1_798_761_599, "2026-12-31 23:59:59"),
        (-1, "1969-12-31 23:59:59"),
        (0, "1970-01-01 00:00:00"),
    ] {
        assert_eq!(stub::date(seconds, 0, ' ', ""), expected);
    }
}

#[test]
fn a_token_comes_from_the_emulator() {
    let stand = Stand::new();
    let emulator = Emulator::builder().start_blocking().unwrap();
    let answer = ToolAnswer::token_of(&emulator);
    let vault = "https://vault.azure.net";
    let script = "Get-AzAccessToken -ResourceUrl 'https://vault.azure.net'";
    let encoded = {
        use base64::Engine as _;
        let bytes: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
        base64::prelude::BASE64_STANDARD.encode(bytes)
    };
    for (tool, args) in [
        (DeveloperTool::AzureCli, vec!["--resource", vault]),
        (
            DeveloperTool::AzureCli,
            vec!["--scope", "https://vault.azure.net/.default"],
        ),
        (
            DeveloperTool::AzureDeveloperCli,
            vec!["--scope", "https://vault.azure.net/.default"],
        ),
        (DeveloperTool::PowerShell, vec!["-EncodedCommand", &encoded]),
        (DeveloperTool::PowerShell, vec!["-Command", script]),
    ] {
        let output = stand.run(tool, &answer, &args);
        assert!(
            output.status.success() && text(&output.stdout).contains("eyJ"),
            "{output:?}"
        );
    }
    emulator.requests().exactly(5).with_query("resource", vault);
    let output = stand.run(
        DeveloperTool::AzureCli,
        &answer,
        &["--resource", "https://nowhere.example"],
    );
    assert!(
        output.status.code() == Some(1) && text(&output.stderr).contains("AADSTS500011"),
        "{output:?}"
    );
    assert_eq!(
        stand.run(DeveloperTool::AzureCli, &answer, &[]).status.code(),
        Some(2)
    );
}
