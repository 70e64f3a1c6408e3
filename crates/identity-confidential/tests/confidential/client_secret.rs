//! `ClientSecretCredential`, and with it what all credentials of this crate have in common.

use std::time::Duration;

use identity_base::{Authority, ErrorKind, EventKind, TokenCredential, TokenRequest};
use identity_confidential::{ClientSecretCredential, ClientSecretCredentialBuilder};
use identity_testkit::{HttpStep, assert_future_is_ready_on_first_poll};

use crate::world::{CLIENT, OTHER_SCOPE, OTHER_TENANT, PATH, SCOPE, TENANT, World, fields, run};

/// A builder with a secret of its own.
fn builder(world: &World) -> ClientSecretCredentialBuilder {
    let secret = world.guard.secret_with_symbols("client_secret");
    ClientSecretCredential::builder(TENANT, CLIENT, secret).with_options(&world.options())
}

fn credential(world: &World) -> ClientSecretCredential {
    let builder = builder(world);
    world.guard.check(&builder);
    builder.build().unwrap()
}

#[test]
fn the_request_is_the_peers() {
    run(async |world| {
        let secret = world.guard.secret_with_symbols("client_secret");
        let builder = ClientSecretCredential::builder(TENANT, CLIENT, secret.clone());
        let credential = builder.with_options(&world.options()).build().unwrap();
        let token = world.answer("token");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        let request = world.request(0);
        assert_eq!(
            (request.method(), request.host(), request.path()),
            ("POST", "login.microsoftonline.com", PATH)
        );
        assert_eq!(
            request.header("content-type"),
            Some("application/x-www-form-urlencoded")
        );
        let expected = fields([
            ("client_id", CLIENT),
            ("client_secret", secret.expose()),
            ("grant_type", "client_credentials"),
            ("scope", SCOPE),
        ]);
        assert_eq!(world.form(0), expected);
    });
}

#[test]
fn tokens_are_cached_by_scope_and_shared_by_clones() {
    run(async |world| {
        let credential = credential(world);
        let (first, second) = (world.answer("first"), world.answer("second"));
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), first);
        assert_eq!(world.token(&credential, OTHER_SCOPE).await.unwrap(), second);
        let clone = credential.clone();
        let cached = assert_future_is_ready_on_first_poll(clone.get_token(&[SCOPE])).unwrap();
        assert_eq!(cached.secret(), first);
        assert_eq!(
            cached.expires_on(),
            world.clock.wall() + Duration::from_secs(3599)
        );
        let handle = clone.handle(&[OTHER_SCOPE]).unwrap();
        assert_eq!(handle.cached().unwrap().secret(), second);
        assert_eq!(world.http.calls(), 2);
        assert_eq!(world.observer.count(EventKind::Fetched), 2);
    });
}

#[test]
fn an_expired_token_is_fetched_again() {
    run(async |world| {
        let credential = credential(world);
        world.answer("first");
        let second = world.answer("second");
        world.token(&credential, SCOPE).await.unwrap();
        world.clock.advance(Duration::from_secs(3600));
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), second);
    });
}

#[test]
fn a_thousand_callers_make_one_request() {
    run(async |world| {
        let credential = credential(world);
        let token = world.answer("token");
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let credential = credential.clone();
                tokio::spawn(async move { credential.get_token(&[SCOPE]).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap().secret(), token);
        }
        assert_eq!(world.http.calls(), 1);
    });
}

#[test]
fn continuous_access_evaluation_has_entries_of_its_own() {
    run(async |world| {
        let credential = credential(world);
        let (plain, cae) = (world.answer("plain"), world.answer("cae"));
        let with_cae = || TokenRequest::new(SCOPE).enable_cae(true);
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), plain);
        assert_eq!(credential.get_token_with(with_cae()).await.unwrap().secret(), cae);
        assert_eq!(credential.get_token_with(with_cae()).await.unwrap().secret(), cae);
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), plain);
        assert_eq!(world.form(0).get("claims"), None);
        let claims: serde_json::Value = serde_json::from_str(&world.form(1)["claims"]).unwrap();
        assert_eq!(
            claims,
            serde_json::json!({"access_token": {"xms_cc": {"values": ["CP1"]}}})
        );
    });
}

#[test]
fn claims_are_sent_and_their_token_replaces_the_cached_one() {
    run(async |world| {
        let credential = credential(world);
        world.answer("before");
        let after = world.answer("after");
        world.token(&credential, SCOPE).await.unwrap();
        let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1764"}}}"#;
        let request = TokenRequest::new(SCOPE).claims(claims);
        assert_eq!(credential.get_token_with(request).await.unwrap().secret(), after);
        assert_eq!(world.form(1)["claims"], claims);
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), after);
        assert_eq!(world.http.calls(), 2);
    });
}

#[test]
fn allowed_tenants_have_their_own_tokens() {
    run(async |world| {
        let credential = builder(world)
            .with_additionally_allowed_tenants([OTHER_TENANT])
            .build()
            .unwrap();
        let (own, other) = (world.answer("own"), world.answer("other"));
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), own);
        let request = || TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT);
        assert_eq!(
            credential.get_token_with(request()).await.unwrap().secret(),
            other
        );
        assert_eq!(
            credential.get_token_with(request()).await.unwrap().secret(),
            other
        );
        assert_eq!(
            world.token(&credential, SCOPE).await.unwrap(),
            own,
            "still cached"
        );
        assert_eq!(
            world.request(1).path(),
            format!("/{OTHER_TENANT}/oauth2/v2.0/token")
        );
        assert_eq!(world.http.calls(), 2);
    });
}

#[test]
fn other_tenants_are_refused_without_a_request() {
    run(async |world| {
        let credential = credential(world);
        for (tenant, kind) in [
            (OTHER_TENANT, ErrorKind::AuthenticationFailed),
            ("../evil", ErrorKind::InvalidConfiguration),
        ] {
            let error = credential
                .get_token_with(TokenRequest::new(SCOPE).tenant_id(tenant))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), kind, "{tenant}");
            assert_eq!(error.credential(), Some("ClientSecretCredential"));
        }
        world.env.set("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH", "true");
        let own = world.answer("own");
        let request = TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT);
        assert_eq!(credential.get_token_with(request).await.unwrap().secret(), own);
        assert_eq!(world.request(0).path(), PATH);
    });
}

#[test]
fn the_authority_is_the_options_then_the_environments() {
    run(async |world| {
        world.env.set("AZURE_AUTHORITY_HOST", "login.chinacloudapi.cn");
        let from_env = builder(world).build().unwrap();
        let options = world.options().with_authority(Authority::us_government());
        let from_options = builder(world).with_options(&options).build().unwrap();
        world.env.set("AZURE_AUTHORITY_HOST", "login.microsoftonline.com");
        for (credential, host) in [
            (from_env, "login.chinacloudapi.cn"),
            (from_options, "login.microsoftonline.us"),
        ] {
            world.answer("token");
            world.token(&credential, SCOPE).await.unwrap();
            assert_eq!(world.http.requests().last().unwrap().host(), host);
        }
    });
}

#[test]
fn a_refusal_keeps_its_codes_and_the_secret_stays_out() {
    run(async |world| {
        let credential = credential(world);
        world.refuse("invalid_client", 7_000_215);
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts()),
            (ErrorKind::AuthenticationFailed, Some(7_000_215))
        );
        assert_eq!(error.credential(), Some("ClientSecretCredential"));
        assert!(error.hint().unwrap().contains("secret"));
        assert!(error.correlation_id().is_some());
        let again = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(again.aadsts(), Some(7_000_215), "remembered for a moment");
        assert_eq!(world.http.calls(), 1);
    });
}

#[test]
fn failures_of_the_moment_are_tried_again() {
    run(async |world| {
        let credential = credential(world);
        world.http.push(HttpStep::status(503));
        world.http.push(HttpStep::status(429).header("retry-after", "1"));
        let token = world.answer("token");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        assert_eq!(world.observer.count(EventKind::Retry), 2);
    });
}

#[test]
fn close_ends_all_clones() {
    run(async |world| {
        let credential = credential(world);
        world.answer("token");
        world.token(&credential, SCOPE).await.unwrap();
        let handle = credential.handle(&[SCOPE]).unwrap();
        credential.clone().close().await;
        assert!(world.token(&credential, SCOPE).await.unwrap_err().is_closed());
        assert!(handle.cached().is_none());
    });
}

#[test]
fn wrong_settings_fail_in_build() {
    run(async |world| {
        let secret = world.guard.secret("client_secret");
        let build = |tenant: &str, client: &str, secret: &str, allowed: &str, region: &str| {
            let builder =
                ClientSecretCredential::builder(tenant, client, secret).with_options(&world.options());
            let builder = match allowed {
                "" => builder,
                allowed => builder.with_additionally_allowed_tenants([allowed]),
            };
            match region {
                "" => builder.build(),
                region => builder.with_region(region).build(),
            }
        };
        for (error, part) in [
            (build("a/b", CLIENT, secret.expose(), "", ""), "is not a tenant"),
            (build("", CLIENT, secret.expose(), "", ""), "is not a tenant"),
            (build(TENANT, "", secret.expose(), "", ""), "is not a client id"),
            (build(TENANT, CLIENT, "", "", ""), "the client secret is empty"),
            (
                build(TENANT, CLIENT, secret.expose(), "a b", ""),
                "is not a tenant",
            ),
            (
                build(TENANT, CLIENT, secret.expose(), "", "west.europe"),
                "which is no region",
            ),
        ] {
            let error = error.map(|_| ()).unwrap_err();
            world.guard.check_error(&error);
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
            assert!(error.message().contains(part), "{error}");
            assert_eq!(error.credential(), Some("ClientSecretCredential"));
        }
        world
            .env
            .set("AZURE_AUTHORITY_HOST", "http://login.microsoftonline.com");
        let error = build(TENANT, CLIENT, secret.expose(), "", "")
            .map(|_| ())
            .unwrap_err();
        assert!(error.message().contains("only https is allowed"), "{error}");
        assert!(ClientSecretCredential::new(TENANT, CLIENT, secret).is_ok());
    });
}

#[test]
fn requests_without_a_scope_are_refused() {
    run(async |world| {
        let error = credential(world).get_token(&[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
    });
}
