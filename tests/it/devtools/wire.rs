//! Each tool's arguments, compared byte for byte with what a peer was recorded to run.

use std::sync::Arc;

use entra_identity::{
    AzureCliCredential, AzureDeveloperCliCredential, AzurePowerShellCredential, ClientOptions, Error,
    TokenCredential,
};
use identity_testkit::wire::{WireCase, WireTool};
use identity_testkit::{ProcessStep, ScriptedHttp, ScriptedProcess, TestClock, leak_guard};

use crate::support::{SCOPE, TENANT, cases, sealed};

type Make = fn(&ClientOptions) -> Result<Arc<dyn TokenCredential>, Error>;

/// Gets a token with a tool that answers so (`@` is the token), and compares what was run with the case.
fn compare(name: &str, tool: &str, answer: &str, make: Make) {
    leak_guard::run(async |guard| {
        let clock = TestClock::new();
        let tools = ScriptedProcess::new();
        let token = guard.secret("access token");
        tools.install(tool, format!("/usr/bin/{tool}"));
        tools.push(tool, ProcessStep::output(answer.replace('@', token.expose())));
        guard.watch(&tools);
        let options = sealed(&ScriptedHttp::new(), &clock).with_process_runner(Arc::new(tools.clone()));
        let credential = make(&options).unwrap();
        let found = credential.get_token(&[SCOPE]).await.unwrap();
        assert_eq!(found.secret(), token.expose());
        // The second call runs nothing.
        assert!(credential.get_token(&[SCOPE]).await.unwrap().is_same(&found));
        let case = WireCase::load(cases("wire").join(format!("{name}.json")));
        case.assert_tools(&WireTool::of_all(&tools.runs()));
    });
}

#[test]
fn az_cli() {
    compare(
        "az_cli",
        "az",
        r#"{"accessToken": "@", "expires_on": 1767229200}"#,
        |options| {
            Ok(Arc::new(
                AzureCliCredential::builder().with_options(options).build()?,
            ))
        },
    );
}

#[test]
fn azd() {
    compare(
        "azd",
        "azd",
        r#"{"token": "@", "expiresOn": "2026-01-01T01:00:00Z"}"#,
        |options| {
            Ok(Arc::new(
                AzureDeveloperCliCredential::builder()
                    .with_options(options)
                    .with_tenant_id(TENANT)
                    .build()?,
            ))
        },
    );
}

#[test]
fn powershell() {
    compare("powershell", "pwsh", "azsdk%@%1767229200", |options| {
        Ok(Arc::new(
            AzurePowerShellCredential::builder()
                .with_options(options)
                .build()?,
        ))
    });
}
