//! The members of the default chain that stand for a person who signed in elsewhere, or signs in now.

use std::time::Duration;

use identity_base::{ErrorKind, Secret};
use identity_testkit::{HttpStep, ScriptedHttp};
use serde_json::json;

use crate::world::{CLIENT, TENANT, World, is_imds, run, run_with};

/// A cache of developer tools with an account for each of these names, whose refresh tokens applications share.
fn shared_cache(world: &World, users: &[(&str, &str)]) -> (String, Vec<Secret>) {
    let mut secrets = Vec::new();
    let mut cache = json!({"Account": {}, "RefreshToken": {}});
    for (username, tenant) in users {
        let (environment, client) = (
            "login.microsoftonline.com",
            "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        );
        let home = format!("{}.{tenant}", username.replace(['@', '.'], "-"));
        cache["Account"][format!("{home}-{environment}-{tenant}")] = json!({
            "home_account_id": home, "environment": environment, "realm": tenant, "username": username,
            "authority_type": "MSSTS", "local_account_id": "local",
        });
        let secret = world.guard.secret(&format!("refresh_of_{username}"));
        cache["RefreshToken"][format!("{home}-{environment}-refreshtoken-1--")] = json!({
            "credential_type": "RefreshToken", "home_account_id": home, "environment": environment,
            "client_id": client, "family_id": "1", "secret": secret.expose(), "target": "",
        });
        secrets.push(secret);
    }
    world
        .guard
        .allow_file("/home/user/.IdentityService/msal.cache.nocae");
    (cache.to_string(), secrets)
}

#[test]
fn an_account_of_the_shared_cache_is_used_and_chosen_by_argument_before_variable() {
    let other = "22222222-2222-2222-2222-222222222222";
    for (username, tenant, variable, expected) in [
        (None, None, None, Err("several accounts")),
        (Some("grace@contoso.test"), None, None, Ok("grace")),
        (
            None,
            None,
            Some(("AZURE_USERNAME", "ADA@contoso.test")),
            Ok("ada"),
        ),
        (
            Some("grace@contoso.test"),
            None,
            Some(("AZURE_USERNAME", "ada@contoso.test")),
            Ok("grace"),
        ),
        (None, Some(other), None, Ok("grace")),
        (None, None, Some(("AZURE_TENANT_ID", TENANT)), Ok("ada")),
        (None, Some(other), Some(("AZURE_TENANT_ID", TENANT)), Ok("grace")),
    ] {
        let http = ScriptedHttp::new().respond_with(|_, request| match is_imds(request) {
            true => HttpStep::hang(),
            false => HttpStep::token("of-the-account", 3599),
        });
        run_with(http, async |world| {
            let (cache, secrets) = shared_cache(
                world,
                &[("ada@contoso.test", TENANT), ("grace@contoso.test", other)],
            );
            let path = "/home/user/.IdentityService/msal.cache.nocae";
            world.files.put(path, cache);
            world.files.set_mode(path, 0o600);
            if let Some((name, value)) = variable {
                world.env.set(name, value);
            }
            let mut builder = world.builder();
            if let Some(username) = username {
                builder = builder.with_shared_cache_username(username);
            }
            if let Some(tenant) = tenant {
                builder = builder.with_shared_cache_tenant_id(tenant);
            }
            let credential = builder.build().unwrap();
            let result = world.token(&credential).await;
            match expected {
                Ok(who) => {
                    result.unwrap();
                    assert_eq!(credential.selected(), Some("SharedTokenCacheCredential"));
                    let sent = world
                        .http
                        .requests()
                        .iter()
                        .find_map(|request| request.form_value("refresh_token"))
                        .unwrap();
                    let wanted = secrets.get(usize::from(who == "grace")).unwrap();
                    assert_eq!(sent, wanted.expose());
                }
                Err(text) => assert!(result.unwrap_err().to_string().contains(text)),
            }
        });
    }
}

#[test]
fn visual_studio_code_needs_its_record_and_its_account_in_the_cache() {
    run(async |world| {
        world
            .env
            .set("AZURE_TOKEN_CREDENTIALS", "VisualStudioCodeCredential");
        let error = world.token(&world.default_chain()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        world.files.put(
            "/home/user/.azure/ms-azuretools.vscode-azureresourcegroups/authRecord.json",
            json!({
                "username": "ada@contoso.test", "tenantId": TENANT, "homeAccountId": format!("id.{TENANT}"),
                "authority": "login.microsoftonline.com", "clientId": "aebc6443-996d-45c2-90f0-388ff96faa56",
                "datetime": "2026-01-01T00:00:00Z",
            })
            .to_string(),
        );
        world.clock.advance(Duration::from_secs(60));
        let error = world.token(&world.default_chain()).await.unwrap_err();
        assert!(
            error.to_string().contains("no usable sign-in of this account"),
            "{error}"
        );
    });
}

#[test]
fn the_browser_has_settings_of_its_own() {
    for (tenant, client, wrong) in [("no tenant", CLIENT, "tenant"), (TENANT, "no client", "client")] {
        run(async |world| {
            let builder = world
                .builder()
                .exclude_interactive_browser_credential(false)
                .with_interactive_browser_tenant_id(tenant)
                .with_interactive_browser_client_id(client);
            let error = world.token(&builder.build().unwrap()).await.unwrap_err();
            let last = error.attempts().last().unwrap();
            assert_eq!(last.credential(), "InteractiveBrowserCredential");
            assert!(last.error().message().contains(wrong), "{error}");
        });
    }
}
