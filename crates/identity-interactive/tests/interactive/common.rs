//! What all credentials of people have in common.

use std::sync::Arc;

use identity_base::{Authority, ErrorKind, TokenCredential, TokenRequest};
use identity_interactive::{
    DeviceCodeCredential, InteractiveBrowserCredential, SharedTokenCacheCredential,
    TokenCachePersistenceOptions, UsernamePasswordCredential,
};
use identity_runtime::os::SystemFs;
use identity_testkit::{HttpStep, TestEnv};
use serde_json::json;

use crate::answers::{Answer, device_code};
use crate::world::{CLIENT, OTHER_TENANT, SCOPE, TENANT, World, run, run_still};

/// One of each that needs nobody at a browser, for a tenant.
fn all(world: &World, tenant: &str) -> Vec<Result<Arc<dyn TokenCredential>, identity_base::Error>> {
    let options = world.options();
    fn shared(credential: impl TokenCredential + 'static) -> Arc<dyn TokenCredential> {
        Arc::new(credential)
    }
    vec![
        DeviceCodeCredential::builder()
            .with_options(&options)
            .with_tenant_id(tenant)
            .with_client_id(CLIENT)
            .with_prompt(|_| ())
            .build()
            .map(shared),
        UsernamePasswordCredential::builder(CLIENT, "user@contoso.test", "pa ss")
            .with_options(&options)
            .with_tenant_id(tenant)
            .build()
            .map(shared),
        InteractiveBrowserCredential::builder()
            .with_options(&options)
            .with_tenant_id(tenant)
            .build()
            .map(shared),
        SharedTokenCacheCredential::builder()
            .with_options(&options)
            .with_tenant_id(tenant)
            .build()
            .map(shared),
    ]
}

/// What the first two are answered.
fn answers(world: &World, at: usize) {
    match at {
        0 => world.http.push(device_code(world, 900, 1)),
        _ => world
            .http
            .push(HttpStep::json(200, &json!({"account_type": "Managed"}))),
    }
    world.http.push(Answer::new(world, "token", "refresh").step());
}

#[test]
fn requests_name_this_library_and_go_through_the_programs_transport() {
    run(async |world| {
        for (at, credential) in all(world, TENANT).into_iter().take(2).enumerate() {
            answers(world, at);
            let before = world.http.calls();
            world.token(&credential.unwrap(), SCOPE).await.unwrap();
            for index in before..world.http.calls() {
                let agent = world.request(index).header("user-agent").unwrap().to_owned();
                assert!(agent.starts_with("entra-identity/"), "{agent}");
            }
        }
    });
}

#[test]
fn without_scopes_nothing_is_asked() {
    run(async |world| {
        for credential in all(world, TENANT) {
            let credential = credential.unwrap();
            let error = credential.get_token(&[]).await.unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::InvalidConfiguration,
                "{}",
                credential.name()
            );
        }
        assert_eq!(world.http.calls(), 0);
    });
}

#[test]
fn tenants_that_cannot_be_are_refused() {
    run(async |world| {
        for tenant in ["", "a b", "../x", "a/b", "\u{e4}"] {
            for credential in all(world, tenant) {
                assert_eq!(
                    credential.unwrap_err().kind(),
                    ErrorKind::InvalidConfiguration,
                    "{tenant:?}"
                );
            }
        }
    });
}

#[test]
fn other_tenants_are_asked_for_if_they_are_allowed() {
    run(async |world| {
        for (at, credential) in all(world, TENANT).into_iter().enumerate() {
            let credential = credential.unwrap();
            let request = TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT);
            let error = world.token_with(&credential, request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{at}");
        }
        assert_eq!(world.http.calls(), 0);
        let credential = UsernamePasswordCredential::builder(CLIENT, "user@contoso.test", "pa ss")
            .with_options(&world.options())
            .with_tenant_id(TENANT)
            .with_additionally_allowed_tenants([OTHER_TENANT])
            .build()
            .unwrap();
        world.http.push(HttpStep::json(200, &json!({})));
        let answer = Answer::new(world, "token", "refresh")
            .claim("tid", OTHER_TENANT)
            .claim(
                "iss",
                format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"),
            );
        world.http.push(answer.step());
        let request = TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT);
        assert_eq!(
            world.token_with(&credential, request).await.unwrap(),
            answer.token()
        );
        assert_eq!(
            world.request(1).path(),
            format!("/{OTHER_TENANT}/oauth2/v2.0/token")
        );
    });
}

#[test]
fn closing_one_closes_all_clones() {
    run(async |world| {
        for credential in all(world, TENANT) {
            let credential = credential.unwrap();
            let clone = Arc::clone(&credential);
            credential.close().await;
            let error = world.token(&clone, SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Closed, "{}", clone.name());
        }
    });
}

#[test]
fn the_authority_is_the_options_or_the_environments() {
    run(async |world| {
        for (host, from_environment) in [
            ("login.microsoftonline.us", true),
            ("login.chinacloudapi.cn", false),
        ] {
            let options = match from_environment {
                true => {
                    let env = TestEnv::new();
                    env.set("AZURE_AUTHORITY_HOST", host);
                    world.options().with_env(Arc::new(env))
                }
                false => world.options().with_authority(Authority::parse(host).unwrap()),
            };
            let credential = DeviceCodeCredential::builder()
                .with_options(&options)
                .with_tenant_id(TENANT)
                .with_client_id(CLIENT)
                .with_prompt(|_| ())
                .build()
                .unwrap();
            let before = world.http.calls();
            world.http.push(device_code(world, 900, 1));
            let answer =
                Answer::new(world, "token", "refresh").claim("iss", format!("https://{host}/{TENANT}/v2.0"));
            world.http.push(answer.step());
            let record = credential.authenticate(&[]).await.unwrap();
            assert_eq!(record.authority().host(), host);
            assert_eq!(world.request(before).host(), host);
            let scope = world.form(before)["scope"].clone();
            assert!(
                scope.starts_with("https://management.core.") && scope.contains("//.default"),
                "{scope}"
            );
        }
    });
}

#[test]
fn adfs_tells_its_endpoints_and_knows_accounts_by_their_subject() {
    run(async |world| {
        let host = "adfs.contoso.test";
        let credential = DeviceCodeCredential::builder()
            .with_options(&world.options().with_authority(Authority::parse(host).unwrap()))
            .with_tenant_id("adfs")
            .with_client_id(CLIENT)
            .with_prompt(|_| ())
            .build()
            .unwrap();
        let endpoint = |name: &str| format!("https://{host}/adfs/oauth2/{name}");
        world.http.push(HttpStep::json(
            200,
            &json!({"authorization_endpoint": endpoint("authorize"), "token_endpoint": endpoint("token"),
                "device_authorization_endpoint": endpoint("devicecode"), "issuer": format!("https://{host}/adfs")}),
        ));
        world.http.push(HttpStep::json(
            200,
            &json!({"device_code": "d", "user_code": "ABCD1234", "verification_uri": format!("https://{host}/adfs/oauth2/deviceauth")}),
        ));
        let mut answer = Answer::new(world, "token", "refresh")
            .claim("iss", format!("https://{host}/adfs"))
            .claim("tid", json!(null));
        answer.body.as_object_mut().unwrap().remove("client_info");
        world.http.push(answer.step());
        let record = credential.authenticate(&[SCOPE]).await.unwrap();
        assert_eq!(
            (record.home_account_id(), record.tenant_id().as_str()),
            ("subject", "adfs")
        );
        assert_eq!(world.request(0).path(), "/adfs/.well-known/openid-configuration");
        assert_eq!(
            (world.request(1).path(), world.request(2).path()),
            ("/adfs/oauth2/devicecode", "/adfs/oauth2/token")
        );
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
    });
}

#[test]
fn tokens_are_kept_in_the_two_files_that_everybody_has() {
    // Real files are written on other threads, which virtual time doesn't wait for.
    run_still(async |world| {
        let folder = tempfile::tempdir().unwrap();
        let persistence = || {
            TokenCachePersistenceOptions::new()
                .with_name("people")
                .with_directory(folder.path())
                .with_allow_unencrypted_storage(true)
        };
        let options = world.options().with_file_system(Arc::new(SystemFs::new()));
        let mut records = Vec::new();
        for is_cae in [false, true] {
            let credential = UsernamePasswordCredential::builder(CLIENT, "user@contoso.test", "pa ss")
                .with_options(&options)
                .with_tenant_id(TENANT)
                .with_cache_persistence(persistence())
                .build()
                .unwrap();
            answers(world, 1);
            let request = TokenRequest::new(SCOPE).enable_cae(is_cae);
            records.push(credential.authenticate_with(request).await.unwrap());
            let file = folder
                .path()
                .join(if is_cae { "people.cae" } else { "people.nocae" });
            assert!(file.exists(), "{file:?}");
        }
        let before = world.http.calls();
        let later = || {
            DeviceCodeCredential::builder()
                .with_options(&options)
                .with_client_id(CLIENT)
                .with_disable_automatic_authentication(true)
                .with_cache_persistence(persistence())
        };
        let credential = later()
            .with_authentication_record(records.pop().unwrap())
            .build()
            .unwrap();
        for is_cae in [false, true] {
            let request = TokenRequest::new(SCOPE).enable_cae(is_cae);
            assert!(world.token_with(&credential, request).await.is_ok());
        }
        let error = world.token(&later().build().unwrap(), SCOPE).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::AuthenticationRequired,
            "not without the record"
        );
        assert_eq!(
            world.http.calls(),
            before,
            "another run of the program finds both"
        );
        let error = later()
            .with_cache_persistence(persistence().with_name("../x"))
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
    });
}
