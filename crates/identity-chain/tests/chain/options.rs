//! Every switch and every option of the default chain reaches the member that it is for.

use std::sync::Arc;
use std::time::Duration;

use identity_base::{ErrorKind, TokenCredential, TokenRequest};
use identity_chain::{DefaultAzureCredentialBuilder as Builder, DefaultMember};
use identity_testkit::{HttpStep, ProcessStep, RecordingBrowser, ScriptedHttp};
use serde_json::json;

use crate::world::{CLIENT, SCOPE, TENANT, World, run, run_still, run_with};

const OTHER: &str = "22222222-2222-2222-2222-222222222222";

type Switch = fn(Builder, bool) -> Builder;

/// The switch of each member.
const SWITCHES: [(DefaultMember, Switch); 9] = [
    (
        DefaultMember::Environment,
        Builder::exclude_environment_credential,
    ),
    (
        DefaultMember::WorkloadIdentity,
        Builder::exclude_workload_identity_credential,
    ),
    (
        DefaultMember::ManagedIdentity,
        Builder::exclude_managed_identity_credential,
    ),
    (
        DefaultMember::SharedTokenCache,
        Builder::exclude_shared_token_cache_credential,
    ),
    (
        DefaultMember::VisualStudioCode,
        Builder::exclude_visual_studio_code_credential,
    ),
    (DefaultMember::AzureCli, Builder::exclude_cli_credential),
    (
        DefaultMember::AzurePowerShell,
        Builder::exclude_powershell_credential,
    ),
    (
        DefaultMember::AzureDeveloperCli,
        Builder::exclude_developer_cli_credential,
    ),
    (
        DefaultMember::InteractiveBrowser,
        Builder::exclude_interactive_browser_credential,
    ),
];

#[test]
fn each_of_the_nine_switches_is_for_its_member_alone() {
    assert!(SWITCHES.iter().map(|(member, _)| member).eq(DefaultMember::ALL));
    run(async |world| {
        for (member, switch) in SWITCHES {
            // Out of all.
            let all = SWITCHES
                .into_iter()
                .fold(world.builder(), |builder, (_, switch)| switch(builder, false));
            let without: Vec<_> = DefaultMember::ALL
                .iter()
                .copied()
                .filter(|known| *known != member)
                .collect();
            assert_eq!(switch(all, true).build().unwrap().members(), without, "{member}");
            // Into one that another was selected for.
            let selected = match member {
                DefaultMember::AzureCli => DefaultMember::AzurePowerShell,
                _ => DefaultMember::AzureCli,
            };
            world.env.set("AZURE_TOKEN_CREDENTIALS", selected.name());
            let mut both = vec![selected, member];
            both.sort_unstable();
            let credential = switch(world.builder(), false).build().unwrap();
            assert_eq!(credential.members(), both, "{member}");
            world.env.unset("AZURE_TOKEN_CREDENTIALS");
        }
    });
}

#[test]
fn a_member_that_is_left_out_is_not_asked() {
    run(async |world| {
        world.install_az();
        let credential = world.builder().exclude_cli_credential(true).build().unwrap();
        let error = world.token(&credential).await.unwrap_err();
        assert_eq!(world.tools.calls(), 0);
        assert!(!error.to_string().contains("AzureCliCredential"), "{error}");
    });
}

#[test]
fn strictness_denial_and_the_name_of_the_variable() {
    run(async |world| {
        let error = world.builder().strict().build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert!(error.message().contains("AZURE_TOKEN_CREDENTIALS is not set"));
        world.env.set("MY_CREDENTIALS", "prod");
        let named = world
            .builder()
            .with_token_credentials_variable("MY_CREDENTIALS")
            .strict();
        let prod = [
            DefaultMember::Environment,
            DefaultMember::WorkloadIdentity,
            DefaultMember::ManagedIdentity,
        ];
        assert_eq!(named.build().unwrap().members(), prod);
        let denied = world
            .builder()
            .deny_developer_tools()
            .exclude_cli_credential(false);
        assert_eq!(denied.build().unwrap().members(), prod);
        world.env.set("AZURE_TOKEN_CREDENTIALS", "dev");
        let error = world.builder().deny_developer_tools().build().unwrap_err();
        assert!(error.message().contains("denies"), "{error}");
    });
}

#[test]
fn the_time_limit_reaches_each_of_the_three_tools() {
    for (program, member) in [
        ("az", DefaultMember::AzureCli),
        ("azd", DefaultMember::AzureDeveloperCli),
        ("pwsh", DefaultMember::AzurePowerShell),
    ] {
        for limit in [None, Some(Duration::from_secs(3))] {
            run(async |world| {
                world.tools.install(program, format!("/usr/bin/{program}"));
                world.tools.always(program, ProcessStep::hang());
                world.env.set("AZURE_TOKEN_CREDENTIALS", member.name());
                let mut builder = world.builder();
                if let Some(limit) = limit {
                    builder = builder.with_process_timeout(limit);
                }
                let limit = limit.unwrap_or(Duration::from_secs(10));
                let began = world.clock.wall();
                let error = world.token(&builder.build().unwrap()).await.unwrap_err();
                let said = format!("no answer within {} s", limit.as_secs());
                assert!(error.to_string().contains(&said), "{error}");
                assert_eq!(world.clock.wall().duration_since(began).unwrap(), limit);
                let runs = world.tools.runs();
                assert!(
                    !runs.is_empty() && runs.iter().all(|run| run.timeout <= limit),
                    "{program}"
                );
            });
        }
    }
}

#[test]
fn other_tenants_are_allowed_for_deployed_members_by_option_and_for_tools_always() {
    for (member, allowed, kind) in [
        (DefaultMember::Environment, true, None),
        (
            DefaultMember::Environment,
            false,
            Some(ErrorKind::AuthenticationFailed),
        ),
        (DefaultMember::WorkloadIdentity, true, None),
        (
            DefaultMember::WorkloadIdentity,
            false,
            Some(ErrorKind::AuthenticationFailed),
        ),
        (DefaultMember::AzureCli, false, None),
    ] {
        run_with(
            ScriptedHttp::new().respond_with(|_, _| HttpStep::token("t", 3599)),
            async |world| {
                world.set_application();
                let assertion = world.guard.secret("assertion");
                world.files.put("/token", assertion.expose().as_bytes());
                world.guard.allow_file("/token");
                world.install_az();
                world
                    .env
                    .set("AZURE_FEDERATED_TOKEN_FILE", "/token")
                    .set("AZURE_TOKEN_CREDENTIALS", member.name());
                let mut builder = world.builder();
                if allowed {
                    builder = builder.with_additionally_allowed_tenants(["contoso.test"]);
                }
                let credential = builder.build().unwrap();
                let request = TokenRequest::new(SCOPE).tenant_id("contoso.test");
                let result = credential.get_token_with(request).await;
                assert_eq!(result.err().map(|error| error.kind()), kind, "{member} {allowed}");
            },
        );
    }
}

/// Lets Visual Studio Code have an account, whose sign-in is in the shared cache.
fn sign_in_at_visual_studio_code(world: &World) {
    let (client, host, home) = (
        "aebc6443-996d-45c2-90f0-388ff96faa56",
        "login.microsoftonline.com",
        format!("id.{TENANT}"),
    );
    world.files.put(
        "/home/user/.azure/ms-azuretools.vscode-azureresourcegroups/authRecord.json",
        json!({
            "username": "ada@contoso.test", "tenantId": TENANT, "homeAccountId": home,
            "authority": host, "clientId": client, "datetime": "2026-01-01T00:00:00Z",
        })
        .to_string(),
    );
    let secret = world.guard.secret("refresh_token");
    let cache = json!({
        "Account": { format!("{home}-{host}-{TENANT}"): {
            "home_account_id": home, "environment": host, "realm": TENANT, "username": "ada@contoso.test",
            "authority_type": "MSSTS", "local_account_id": "id",
        }},
        "RefreshToken": { format!("{home}-{host}-refreshtoken-{client}--"): {
            "credential_type": "RefreshToken", "home_account_id": home, "environment": host,
            "client_id": client, "secret": secret.expose(), "target": "",
        }},
    });
    for ending in ["", ".nocae"] {
        let path = format!("/home/user/.IdentityService/msal.cache{ending}");
        world.guard.allow_file(&path);
        world.files.put(&path, cache.to_string());
        world.files.set_mode(&path, 0o600);
    }
}

#[test]
fn the_tenant_of_visual_studio_code_is_that_of_the_option_else_of_the_account() {
    for (tenant, expected) in [(None, TENANT), (Some(OTHER), OTHER)] {
        run_with(
            ScriptedHttp::new().respond_with(|_, _| HttpStep::token("of-the-editor", 3599)),
            async |world| {
                sign_in_at_visual_studio_code(world);
                world
                    .env
                    .set("AZURE_TOKEN_CREDENTIALS", "VisualStudioCodeCredential");
                let mut builder = world.builder();
                if let Some(tenant) = tenant {
                    builder = builder.with_visual_studio_code_tenant_id(tenant);
                }
                let credential = builder.build().unwrap();
                assert_eq!(world.token(&credential).await.unwrap(), "of-the-editor");
                let asked = &world.http.requests()[0];
                assert!(
                    asked.path().starts_with(&format!("/{expected}/")),
                    "{}",
                    asked.path()
                );
            },
        );
    }
}

#[test]
fn the_browser_is_opened_for_the_tenant_and_the_application_of_the_options() {
    for (variable, tenant, client, expected) in [
        (None, None, None, "/organizations/"),
        (Some(TENANT), None, None, "/11111111-1111-1111-1111-111111111111/"),
        (
            Some(TENANT),
            Some(OTHER),
            Some(CLIENT),
            "/22222222-2222-2222-2222-222222222222/",
        ),
    ] {
        run_still(ScriptedHttp::new(), async |world| {
            world
                .env
                .set("AZURE_TOKEN_CREDENTIALS", "InteractiveBrowserCredential");
            if let Some(tenant) = variable {
                world.env.set("AZURE_TENANT_ID", tenant);
            }
            let browser = RecordingBrowser::new();
            let mut builder = world
                .builder()
                .with_options(&world.options().with_browser_opener(Arc::new(browser.clone())));
            if let Some(tenant) = tenant {
                builder = builder.with_interactive_browser_tenant_id(tenant);
            }
            if let Some(client) = client {
                builder = builder.with_interactive_browser_client_id(client);
            }
            let credential = builder.build().unwrap();
            let waiting = tokio::spawn(async move { credential.get_token(&[SCOPE]).await });
            browser.opened(1).await;
            waiting.abort();
            drop(waiting.await);
            let url = browser.urls().remove(0);
            assert!(url.contains(expected), "{url}");
            let client = client.unwrap_or("04b07795-8ddb-461a-bbee-02f9e1bf7b46");
            assert!(url.contains(&format!("client_id={client}")), "{url}");
        });
    }
}
