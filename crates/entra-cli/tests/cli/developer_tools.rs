//! `entra token --via azure-cli` and the like, with stand-ins for the tools.

use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::support::{CANARY, Run, Stand, entra};
use identity_emulator::{DeveloperTool, FakeTools, ToolAnswer};
use serde_json::Value;

pub(crate) const WAYS: [(&str, DeveloperTool); 3] = [
    ("azure-cli", DeveloperTool::AzureCli),
    ("azure-developer-cli", DeveloperTool::AzureDeveloperCli),
    ("azure-powershell", DeveloperTool::PowerShell),
];

/// A folder with tools.
pub(crate) struct Tools {
    pub(crate) tools: FakeTools,
    _folder: tempfile::TempDir,
}

impl Tools {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tools = FakeTools::in_folder(folder.path()).unwrap();
        Self {
            tools,
            _folder: folder,
        }
    }

    /// `entra token` with these tools alone.
    pub(crate) fn token(&self, way: &str, arguments: &[&str]) -> Command {
        let mut command = entra();
        command
            .args(["token", "https://vault.azure.net/.default", "--via", way])
            .args(arguments)
            .env("PATH", self.tools.folder());
        command
    }
}

#[expect(clippy::disallowed_methods, reason = "the stand-ins live in real time")]
fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
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
        assert_eq!(json.get("tenant_id").unwrap(), stand.emulator.tenant_id());
        assert_eq!(tools.tools.calls(tool).unwrap().len(), 1);
    }
}

#[test]
fn tenant_and_subscription_are_passed_on() {
    let tools = Tools::new();
    let answer = ToolAnswer::token("a-token", in_an_hour());
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

/// When the token of a run ends, in seconds after now.
fn seconds_left(run: &Run) -> i64 {
    let json: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    let end = json.get("expires_on").unwrap().as_i64().unwrap();
    let now = in_an_hour()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        - 3600;
    end - i64::try_from(now).unwrap()
}

#[test]
fn the_end_is_right_in_every_time_zone() {
    let tools = Tools::new();
    for zone in ["America/New_York", "EST5", "UTC0", "IST-5:30", "Asia/Kolkata"] {
        for (way, tool) in WAYS {
            tools
                .tools
                .install(tool, &ToolAnswer::token("a-token", in_an_hour()))
                .unwrap();
            let run: Run = tools
                .token(way, &["--json"])
                .env("TZ", zone)
                .output()
                .unwrap()
                .into();
            assert!(
                (3500..=3600).contains(&seconds_left(&run)),
                "{zone} {way}: {run:?}"
            );
        }
        // The old form says local time, and that of the tool is not that of this machine.
        tools
            .tools
            .install(
                DeveloperTool::AzureCli,
                &ToolAnswer::old_token("a-token", Duration::from_secs(3600)),
            )
            .unwrap();
        let run: Run = tools
            .token("azure-cli", &["--json"])
            .env("TZ", zone)
            .output()
            .unwrap()
            .into();
        assert!((3500..=3600).contains(&seconds_left(&run)), "{zone}: {run:?}");
    }
}

#[test]
fn a_tool_is_handed_none_of_our_secrets() {
    let tools = Tools::new();
    for (way, tool) in WAYS {
        tools
            .tools
            .install(tool, &ToolAnswer::token("a-token", in_an_hour()))
            .unwrap();
        let mut command = tools.token(way, &[]);
        let secrets = [
            "AZURE_CLIENT_SECRET",
            "AZURE_CLIENT_CERTIFICATE_PASSWORD",
            "AZURE_PASSWORD",
            "IDENTITY_HEADER",
            "MSI_SECRET",
            "SYSTEM_ACCESSTOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "AZURE_CLIENT_ASSERTION",
            "AZURE_USER_ASSERTION",
            "AZURE_AUTHORIZATION_CODE",
            "AZURE_CODE_VERIFIER",
        ];
        command
            .envs(secrets.map(|name| (name, CANARY)))
            .env("AZURE_TENANT_ID", "contoso.com");
        let run: Run = command.output().unwrap().into();
        assert_eq!(run.code, Some(0), "{run:?}");
        let calls = tools.tools.calls(tool).unwrap();
        let variables = &calls[0].variables;
        assert!(
            variables.values().all(|value| !value.contains(CANARY)),
            "{variables:?}"
        );
        assert_eq!(
            variables.get("AZURE_TENANT_ID").map(String::as_str),
            Some("contoso.com"),
            "the rest is inherited"
        );
    }
}

#[test]
fn a_tool_in_the_current_directory_is_never_run() {
    let tools = Tools::new();
    let here = tempfile::tempdir().unwrap();
    let planted = FakeTools::in_folder(here.path()).unwrap();
    for (way, tool) in WAYS {
        planted
            .install(tool, &ToolAnswer::token("a-token", in_an_hour()))
            .unwrap();
        for path in ["", ":", ".", ":.", "./", "nowhere:."] {
            let run: Run = tools
                .token(way, &[])
                .env("PATH", path)
                .current_dir(here.path())
                .output()
                .unwrap()
                .into();
            assert_eq!(run.code, Some(3), "{path}: {run:?}");
        }
        let run: Run = tools
            .token(way, &[])
            .env_remove("PATH")
            .current_dir(here.path())
            .output()
            .unwrap()
            .into();
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(planted.calls(tool).unwrap().is_empty());
    }
}
