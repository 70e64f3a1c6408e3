//! `SharedTokenCacheCredential` and `SilentRedeemer`.

use std::sync::Arc;
use std::time::Duration;

use identity_base::{Authority, ErrorKind, OwnedRequest, Scopes, Secret, TokenRequest};
use identity_cache::Environment;
use identity_cache::document::{EntryMap, TokensToAdd};
use identity_interactive::{
    AuthenticationRecord, SharedTokenCacheCredential, SharedTokenCacheCredentialBuilder, SilentRedeemer,
    TokenCachePersistenceOptions, TokenCaches,
};
use identity_runtime::crypto::base64url;
use identity_runtime::os::SystemFs;
use identity_testkit::TestEnv;
use serde_json::json;

use crate::answers::{Answer, refusal};
use crate::world::{OTHER_SCOPE, OTHER_TENANT, OTHER_USER, SCOPE, TENANT, USER, World, run, run_still};

const DEVELOPER: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// An account as another program left it.
struct Left<'a> {
    user: &'a str,
    home_tenant: &'a str,
    username: &'a str,
    authority: &'a str,
    family: Option<&'a str>,
    is_cae: bool,
}

impl Default for Left<'_> {
    fn default() -> Self {
        Self {
            user: USER,
            home_tenant: TENANT,
            username: "user@contoso.test",
            authority: "login.windows.net",
            family: Some("1"),
            is_cae: false,
        }
    }
}

async fn leave(world: &World, caches: &TokenCaches, left: Left<'_>) -> Secret {
    let refresh = world.guard.secret(left.user);
    let environment = Environment::of(&Authority::parse(left.authority).unwrap());
    let scopes = Scopes::parse(["other"]).unwrap();
    let access = world.guard.secret("left");
    let info = base64url(
        json!({"uid": left.user, "utid": left.home_tenant})
            .to_string()
            .as_bytes(),
    );
    let id = Secret::new(format!(
        "e30.{}.c2ln",
        base64url(
            json!({"preferred_username": left.username, "sub": "s"})
                .to_string()
                .as_bytes()
        )
    ));
    let tokens = TokensToAdd::new(
        &environment,
        "organizations",
        "another-client",
        &scopes,
        &access,
        Duration::from_secs(3600),
    )
    .with_refresh_token(&refresh)
    .with_id_token(&id)
    .with_client_info(&info);
    let tokens = match left.family {
        Some(family) => tokens.with_family_id(family),
        None => tokens,
    };
    let now = world.clock.wall();
    caches
        .get(left.is_cae)
        .update(|document| document.add(&tokens, now))
        .await;
    refresh
}

fn builder(world: &World, caches: &TokenCaches) -> SharedTokenCacheCredentialBuilder {
    SharedTokenCacheCredential::builder()
        .with_options(&world.options())
        .with_token_caches(caches)
}

fn renewed(world: &World) -> Answer {
    Answer::new(world, "token", "rotated")
        .claim("aud", DEVELOPER)
        .member("foci", "1")
}

#[test]
fn the_only_account_is_used() {
    run(async |world| {
        for is_cae in [false, true] {
            let caches = TokenCaches::in_memory();
            let refresh = leave(
                world,
                &caches,
                Left {
                    is_cae,
                    ..Left::default()
                },
            )
            .await;
            let credential = builder(world, &caches).build().unwrap();
            let before = world.http.calls();
            let answer = renewed(world);
            world.http.push(answer.step());
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
            assert_eq!(world.request(before).path(), "/organizations/oauth2/v2.0/token");
            let form = world.form(before);
            assert_eq!(
                (form["refresh_token"].as_str(), form["client_id"].as_str()),
                (refresh.expose(), DEVELOPER)
            );
            // Another run finds the token in the cache.
            let later = builder(world, &caches).build().unwrap();
            assert_eq!(world.token(&later, SCOPE).await.unwrap(), answer.token());
            // Claims skip it, and the rotated refresh token is used.
            world.http.push(renewed(world).step());
            let request = TokenRequest::new(SCOPE).claims("{\"access_token\":{}}");
            world.token_with(&later, request).await.unwrap();
        }
    });
}

#[test]
fn accounts_are_told_apart() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let unavailable = async |builder: SharedTokenCacheCredentialBuilder, text: &str| {
            let error = world.token(&builder.build().unwrap(), SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
            assert!(error.message().contains(text), "{error}");
        };
        unavailable(builder(world, &caches), "no account was found").await;
        leave(
            world,
            &caches,
            Left {
                user: "no-family",
                family: None,
                ..Left::default()
            },
        )
        .await;
        leave(
            world,
            &caches,
            Left {
                user: "other-cloud",
                authority: "login.microsoftonline.us",
                ..Left::default()
            },
        )
        .await;
        unavailable(builder(world, &caches), "no account was found").await;
        leave(world, &caches, Left::default()).await;
        leave(
            world,
            &caches,
            Left {
                user: OTHER_USER,
                home_tenant: OTHER_TENANT,
                ..Left::default()
            },
        )
        .await;
        unavailable(builder(world, &caches), "several accounts").await;
        unavailable(
            builder(world, &caches).with_username("USER@contoso.test"),
            "several accounts",
        )
        .await;
        unavailable(
            builder(world, &caches).with_username("nobody@contoso.test"),
            "no account",
        )
        .await;
        unavailable(
            builder(world, &caches).with_tenant_id("99999999-9999-9999-9999-999999999999"),
            "no account",
        )
        .await;
        let credential = builder(world, &caches)
            .with_username("USER@contoso.test")
            .with_tenant_id(OTHER_TENANT)
            .build()
            .unwrap();
        let answer = renewed(world)
            .of(OTHER_USER, OTHER_TENANT)
            .claim("tid", OTHER_TENANT)
            .claim(
                "iss",
                format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"),
            );
        world.http.push(answer.step());
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
    });
}

#[test]
fn each_refresh_token_of_the_account_is_tried() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        leave(world, &caches, Left::default()).await;
        leave(
            world,
            &caches,
            Left {
                is_cae: true,
                user: USER,
                ..Left::default()
            },
        )
        .await;
        let credential = builder(world, &caches).build().unwrap();
        world.http.push(refusal("invalid_grant"));
        world.http.push(refusal("invalid_grant"));
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::CredentialUnavailable,
            "nobody can be asked: {error}"
        );
        assert_ne!(world.form(0)["refresh_token"], world.form(1)["refresh_token"]);
    });
}

#[test]
fn a_record_names_the_account_exactly() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        leave(world, &caches, Left::default()).await;
        let record = |user: &str| {
            AuthenticationRecord::new(
                Authority::public(),
                TENANT.parse().unwrap(),
                DEVELOPER.parse().unwrap(),
                format!("{user}.{TENANT}"),
                "user@contoso.test",
            )
            .unwrap()
        };
        let credential = builder(world, &caches)
            .with_authentication_record(record(OTHER_USER))
            .build()
            .unwrap();
        assert!(
            world
                .token(&credential, SCOPE)
                .await
                .unwrap_err()
                .is_unavailable()
        );
        let credential = builder(world, &caches)
            .with_authentication_record(record(USER))
            .build()
            .unwrap();
        let answer = renewed(world);
        world.http.push(answer.step());
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
        // The same for a credential that found its account elsewhere.
        let redeemer = SilentRedeemer::with_caches(&world.options(), &caches);
        let request = OwnedRequest::new(Scopes::parse([OTHER_SCOPE]).unwrap());
        let record = record(USER);
        let second = renewed(world).member("access_token", world.guard.secret("second").expose());
        world.http.push(second.step());
        let fetched = redeemer
            .redeem("Other", &record, record.tenant_id(), &request)
            .await
            .unwrap();
        assert_eq!(fetched.token.expose(), second.token());
        world.http.push(refusal("invalid_grant"));
        let background = request.with_background(true);
        let error = redeemer
            .redeem("Other", &record, record.tenant_id(), &background)
            .await
            .unwrap_err();
        assert!(
            error.is_unavailable() && error.credential().is_none_or(|name| name == "Other"),
            "{error}"
        );
    });
}

#[test]
fn a_machine_without_a_place_for_a_cache_is_no_mistake_of_the_program() {
    run(async |world| {
        let options = world.options().with_env(Arc::new(TestEnv::new()));
        let credential = SharedTokenCacheCredential::builder()
            .with_options(&options)
            .build()
            .unwrap();
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
    });
}

#[test]
fn any_name_of_the_cloud_means_all_of_its_accounts() {
    run(async |world| {
        for (left, asked) in [
            ("login.windows.net", "login.microsoftonline.com"),
            ("login.microsoftonline.com", "sts.windows.net"),
            ("login.usgovcloudapi.net", "login.microsoftonline.us"),
            ("identity.contoso.test", "identity.contoso.test"),
        ] {
            let caches = TokenCaches::in_memory();
            leave(
                world,
                &caches,
                Left {
                    authority: left,
                    ..Left::default()
                },
            )
            .await;
            let authority = Authority::parse(asked).unwrap();
            let options = world
                .options()
                .allow_authority(authority.clone())
                .with_authority(authority);
            let credential = SharedTokenCacheCredential::builder()
                .with_options(&options)
                .with_token_caches(&caches)
                .build()
                .unwrap();
            let before = world.http.calls();
            let answer = renewed(world).claim("iss", format!("https://{asked}/{TENANT}/v2.0"));
            world.http.push(answer.step());
            assert_eq!(
                world.token(&credential, SCOPE).await.unwrap(),
                answer.token(),
                "{left} {asked}"
            );
            assert_eq!(world.request(before).host(), asked);
        }
        let caches = TokenCaches::in_memory();
        leave(
            world,
            &caches,
            Left {
                authority: "other.contoso.test",
                ..Left::default()
            },
        )
        .await;
        let error = world
            .token(&builder(world, &caches).build().unwrap(), SCOPE)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    });
}

#[test]
fn capability_claims_and_rotation() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        leave(world, &caches, Left::default()).await;
        let credential = builder(world, &caches).build().unwrap();
        let first = renewed(world);
        world.http.push(first.step());
        let claims = r#"{"access_token":{"acrs":{"essential":true}}}"#;
        let request = TokenRequest::new(SCOPE).claims(claims).enable_cae(true);
        world.token_with(&credential, request).await.unwrap();
        assert!(world.form(0)["claims"].contains("CP1") && world.form(0)["claims"].contains("acrs"));
        let second = renewed(world).member("access_token", world.guard.secret("second").expose());
        world.http.push(second.step());
        let request = TokenRequest::new(OTHER_SCOPE).enable_cae(true);
        world.token_with(&credential, request).await.unwrap();
        assert_eq!(
            world.form(1)["refresh_token"],
            first.refresh_token(),
            "the rotated one"
        );
        let count = caches
            .get(true)
            .read(|document| document.len(EntryMap::RefreshToken))
            .await;
        assert_eq!(count, 1, "no second one beside it");
    });
}

#[test]
fn user_name_or_tenant_alone_may_be_enough() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        leave(world, &caches, Left::default()).await;
        let other = Left {
            user: OTHER_USER,
            username: "other@contoso.test",
            ..Left::default()
        };
        leave(world, &caches, other).await;
        let by_name = builder(world, &caches)
            .with_username("other@contoso.test")
            .build()
            .unwrap();
        let answer = renewed(world).of(OTHER_USER, TENANT);
        world.http.push(answer.step());
        assert_eq!(world.token(&by_name, SCOPE).await.unwrap(), answer.token());
        let error = world
            .token(
                &builder(world, &caches).with_tenant_id(TENANT).build().unwrap(),
                SCOPE,
            )
            .await;
        assert!(
            error.unwrap_err().message().contains("several accounts"),
            "both are of that tenant"
        );

        let caches = TokenCaches::in_memory();
        leave(world, &caches, Left::default()).await;
        let elsewhere = Left {
            user: OTHER_USER,
            home_tenant: OTHER_TENANT,
            ..Left::default()
        };
        leave(world, &caches, elsewhere).await;
        let by_tenant = builder(world, &caches).with_tenant_id(TENANT).build().unwrap();
        let answer = renewed(world);
        world.http.push(answer.step());
        assert_eq!(world.token(&by_tenant, SCOPE).await.unwrap(), answer.token());
    });
}

#[test]
fn what_older_tools_keep_under_the_bare_name_is_read_and_never_written() {
    // Real files are written on other threads, which virtual time doesn't wait for.
    let home = tempfile::tempdir().unwrap();
    run_still(async |world| {
        world.env.set("HOME", home.path().to_str().unwrap());
        let options = world.options().with_file_system(Arc::new(SystemFs::new()));
        let persistence = TokenCachePersistenceOptions::new().with_allow_unencrypted_storage(true);
        let older = TokenCaches::new(Some(&persistence), &options).unwrap();
        let refresh = leave(world, &older, Left::default()).await;
        let folder = home.path().join(".IdentityService");
        std::fs::rename(folder.join("msal.cache.nocae"), folder.join("msal.cache")).unwrap();
        let before = std::fs::read(folder.join("msal.cache")).unwrap();

        let answer = renewed(world);
        for is_again in [false, true] {
            let credential = SharedTokenCacheCredential::builder()
                .with_options(&options)
                .build()
                .unwrap();
            if !is_again {
                world.http.push(answer.step());
            }
            assert!(world.token(&credential, SCOPE).await.unwrap() == answer.token());
            assert!(world.form(0)["refresh_token"] == refresh.expose());
        }
        // What came of it is in the file that all have today.
        assert_eq!(std::fs::read(folder.join("msal.cache")).unwrap(), before);
        assert!(folder.join("msal.cache.nocae").exists());
        assert_eq!(world.http.calls(), 1);
        // And for a credential that found its account elsewhere.
        std::fs::remove_file(folder.join("msal.cache.nocae")).unwrap();
        let record = AuthenticationRecord::new(
            Authority::public(),
            TENANT.parse().unwrap(),
            DEVELOPER.parse().unwrap(),
            format!("{USER}.{TENANT}"),
            "user@contoso.test",
        )
        .unwrap();
        let second = renewed(world).member("access_token", world.guard.secret("second").expose());
        world.http.push(second.step());
        let request = OwnedRequest::new(Scopes::parse([OTHER_SCOPE]).unwrap());
        let fetched = SilentRedeemer::new(&options)
            .unwrap()
            .redeem("Other", &record, record.tenant_id(), &request)
            .await
            .unwrap();
        assert_eq!(fetched.token.expose(), second.token());
    });
}
