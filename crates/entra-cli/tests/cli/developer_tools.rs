//! `entra token --via azure-cli` and the like, with stand-ins for the tools.

use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::support::{CANARY, Run, Stand, entra};
use identity_emulator::{DeveloperTool, FakeTools, ToolAnswer};
use serde_json::Value;

const WAYS: [(&str, DeveloperTool); 3] = [
    ("azure-cli", DeveloperTool::AzureCli),
    ("azure-developer-cli", DeveloperTool::AzureDeveloperCli),
    ("azure-powershell", DeveloperTool::PowerShell),
];

/// A folder with tools.
struct Tools {
    tools: FakeTools,
    _folder: tempfile::TempDir,
}

impl Tools {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tools = FakeTools::in_folder(folder.path()).unwrap();
        Self {
            tools,
            _folder: folder,
        }
    }

    /// `entra token` with these tools alone.
    fn token(&self, way: &str, arguments: &[&str]) -> Command {
        let mut command = entra();
        command
            .args(["token", "https://vault.azure.net/.default", "--via", way])
            .args(arguments)
            .env("PATH", self.tools.folder());
        command
    }
}

#[test]
fn every_tool_gives_a_token_of_the_emulator() {
    let stand = Stand::start();
    let tools = Tools::new();
    for (way, tool) in WAYS {
        tools
            .tools
            .install(tool, &ToolAnswer::token_of(&stand.emulator))
            .unwrap();
        let run: Run = tools.token(way, &["--json"]).output().unwrap().into();
        let json: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        assert_eq!(json.get("source").unwrap(), way);
        assert_eq!(
            json.get("tenant").or(json.get("tenant_id")).unwrap(),
            stand.emulator.tenant_id()
        );
        assert_eq!(tools.tools.calls(tool).unwrap().len(), 1);
    }
}

#[test]
fn tenant_and_subscription_are_passed_on() {
    let tools = Tools::new();
    let answer = ToolAnswer::token("a-token", SystemTime::now() + Duration::from_secs(3600));
    let tenant = "11111111-1111-1111-1111-111111111111";
    for (way, tool) in WAYS {
        tools.tools.install(tool, &answer).unwrap();
        let run: Run = tools.token(way, &["--tenant", tenant]).output().unwrap().into();
        assert_eq!(run.code, Some(0), "{run:?}");
        let calls = tools.tools.calls(tool).unwrap();
        let args = &calls[0].args;
        assert!(
            tool == DeveloperTool::PowerShell || args.iter().any(|arg| arg == tenant),
            "{args:?}"
        );
    }
    tools.tools.install(DeveloperTool::AzureCli, &answer).unwrap();
    let run: Run = tools
        .token("AzureCli", &["--subscription", "Pay as you go"])
        .output()
        .unwrap()
        .into();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        tools.tools.calls(DeveloperTool::AzureCli).unwrap()[0]
            .args
            .ends_with(&["--subscription".to_owned(), "Pay as you go".to_owned()])
    );
}

#[test]
fn what_a_tool_lacks_is_told_by_the_exit_code() {
    let tools = Tools::new();
    let leak = format!("ERROR: it broke: accessToken={CANARY}");
    for (way, tool) in WAYS {
        let run: Run = tools.token(way, &[]).output().unwrap().into();
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(run.stderr.contains("was not found"), "{run:?}");
        for (answer, code, words) in [
            (ToolAnswer::not_logged_in(), 3, "signed in"),
            (ToolAnswer::mfa_required(), 4, "AADSTS50076"),
            (ToolAnswer::garbage(), 4, "something else than a token"),
        ] {
            tools.tools.install(tool, &answer).unwrap();
            let run: Run = tools.token(way, &[]).output().unwrap().into();
            assert_eq!(run.code, Some(code), "{way} {answer:?}: {run:?}");
            assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{run:?}");
        }
        tools
            .tools
            .install(tool, &ToolAnswer::exits(1, &leak, &leak))
            .unwrap();
        let run: Run = tools.token(way, &["--json"]).output().unwrap().into();
        assert!(
            run.code != Some(0) && !run.stderr.contains(CANARY) && !run.stdout.contains(CANARY),
            "{run:?}"
        );
        tools.tools.uninstall(tool).unwrap();
    }
}
