//! `AzurePipelinesCredential`.

use identity_base::{ErrorKind, TokenCredential};
use identity_confidential::{AzurePipelinesCredential, AzurePipelinesCredentialBuilder};
use identity_testkit::HttpStep;
use serde_json::json;

use crate::world::{CLIENT, OTHER_SCOPE, PATH, SCOPE, TENANT, World, fields, run};

const URI: &str = "https://vstoken.dev.azure.test/oidc/request";
const CONNECTION: &str = "conn id/1";

fn builder(world: &World) -> AzurePipelinesCredentialBuilder {
    world.env.set("SYSTEM_OIDCREQUESTURI", URI);
    let access_token = world.guard.secret("system access token");
    AzurePipelinesCredential::builder(TENANT, CLIENT, CONNECTION, access_token).with_options(&world.options())
}

/// The next answer is an id token.
fn id_token(world: &World, name: &str) -> String {
    let token = world.guard.secret(name);
    world
        .http
        .push(HttpStep::json(200, &json!({"oidcToken": token.expose()})));
    token.expose().to_owned()
}

#[test]
fn both_requests_are_the_peers() {
    run(async |world| {
        world.env.set("SYSTEM_OIDCREQUESTURI", format!("{URI}/"));
        let access_token = world.guard.secret("system access token");
        let credential = AzurePipelinesCredential::builder(TENANT, CLIENT, CONNECTION, access_token.clone())
            .with_options(&world.options())
            .build()
            .unwrap();
        let assertion = id_token(world, "id token");
        let token = world.answer("token");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        let request = world.request(0);
        assert_eq!(
            (request.method(), request.url()),
            (
                "POST",
                format!("{URI}?api-version=7.1&serviceConnectionId=conn%20id%2F1")
            )
        );
        assert_eq!(
            request.query_value("serviceConnectionId").as_deref(),
            Some(CONNECTION)
        );
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {}", access_token.expose()).as_str())
        );
        assert_eq!(request.header("x-tfs-fedauthredirect"), Some("Suppress"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert!(request.body().is_empty());
        let expected = fields([
            ("client_assertion", &assertion),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_id", CLIENT),
            ("grant_type", "client_credentials"),
            ("scope", SCOPE),
        ]);
        assert_eq!((world.request(1).path(), world.form(1)), (PATH, expected));
    });
}

#[test]
fn each_token_request_gets_an_id_token_of_its_own_and_a_hit_none() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        for (number, scope) in [SCOPE, OTHER_SCOPE].into_iter().enumerate() {
            id_token(world, &format!("id token {number}"));
            world.answer(&format!("token {number}"));
            world.token(&credential, scope).await.unwrap();
            world.token(&credential, scope).await.unwrap();
        }
        assert_eq!(world.http.calls(), 4);
        assert_ne!(
            world.form(1)["client_assertion"],
            world.form(3)["client_assertion"]
        );
    });
}

#[test]
fn a_query_in_the_variable_is_kept() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world
            .env
            .set("SYSTEM_OIDCREQUESTURI", format!("{URI}?audience=x"));
        id_token(world, "id token");
        world.answer("token");
        world.token(&credential, SCOPE).await.unwrap();
        let names: Vec<_> = world
            .request(0)
            .query()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["audience", "api-version", "serviceConnectionId"]);
    });
}

#[test]
fn outside_of_a_pipeline_a_chain_goes_on() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world.env.unset("SYSTEM_OIDCREQUESTURI");
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert!(
            error.is_unavailable() && error.message().contains("SYSTEM_OIDCREQUESTURI"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("Azure Pipelines"));
    });
}

#[test]
fn the_access_token_goes_to_https_alone() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        for url in [
            "http://vstoken.dev.azure.test/",
            "https://user@vstoken.dev.azure.test/",
            "ftp://x",
            "nonsense",
            "https://h/#f",
        ] {
            world.env.set("SYSTEM_OIDCREQUESTURI", url);
            world.clock.advance(std::time::Duration::from_secs(60));
            let error = world.token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{url}");
        }
    });
}

#[test]
fn answers_without_a_token_say_what_to_check() {
    for (step, part) in [
        (HttpStep::status(401), "HTTP 401"),
        (
            HttpStep::status(302).header("location", "https://evil.test/"),
            "redirect",
        ),
        (
            HttpStep::bytes(203, "<html>sign in</html>").header("content-type", "text/html"),
            "HTTP 203",
        ),
        (HttpStep::bytes(200, "<html>sign in</html>"), "not JSON"),
        (HttpStep::json(200, &json!({})), "no `oidcToken`"),
        (HttpStep::json(200, &json!({"oidcToken": ""})), "no `oidcToken`"),
        (HttpStep::json(200, &json!({"oidcToken": 7})), "no `oidcToken`"),
    ] {
        run(async |world| {
            world.http.push(step.clone());
            let error = world
                .token(&builder(world).build().unwrap(), SCOPE)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
            assert!(error.message().contains(part), "{error}");
            assert!(error.hint().unwrap().contains("System.AccessToken"), "{error}");
            assert_eq!(error.credential(), Some("AzurePipelinesCredential"));
        });
    }
}

#[test]
fn a_refusal_repeats_what_the_service_said_and_not_what_was_sent() {
    run(async |world| {
        let access_token = world.guard.secret("system access token");
        let body = json!({
            "$id": "1",
            "innerException": null,
            "message": format!("TF400813: the user of {} is not authorized.\u{1b}[2J", access_token.expose()),
        });
        world.env.set("SYSTEM_OIDCREQUESTURI", URI);
        let credential = AzurePipelinesCredential::builder(TENANT, CLIENT, CONNECTION, access_token)
            .with_options(&world.options())
            .build()
            .unwrap();
        world.http.push(HttpStep::json(401, &body));
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert!(
            error.message().ends_with(
                "refused (HTTP 401): TF400813: the user of <redacted> is not authorized.\\u{1b}[2J"
            ),
            "{error}"
        );
        assert_eq!(error.http_status(), Some(401));
    });
    // What stays a failure of the moment says so as well.
    run(async |world| {
        let down = world
            .http
            .clone()
            .respond_with(|_, _| HttpStep::bytes(503, "<html><title>Down for maintenance</title>"));
        let credential = builder(world)
            .with_options(&world.options().with_transport(std::sync::Arc::new(down)))
            .build()
            .unwrap();
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert!(
            error.message().ends_with("(HTTP 503): Down for maintenance"),
            "{error}"
        );
        assert_eq!(error.http_status(), Some(503));
    });
}

#[test]
fn failures_of_the_moment_are_tried_again() {
    run(async |world| {
        world.http.push(HttpStep::status(503));
        id_token(world, "id token");
        world.answer("token");
        world
            .token(&builder(world).build().unwrap(), SCOPE)
            .await
            .unwrap();
    });
}

#[test]
fn the_variables_of_the_pipelines_tasks_are_enough() {
    run(async |world| {
        let from_env = || AzurePipelinesCredential::from_env().with_options(&world.options());
        let error = from_env().build().map(|_| ()).unwrap_err();
        assert!(error.is_unavailable());
        for name in [
            "AZURESUBSCRIPTION_TENANT_ID or AZURE_TENANT_ID",
            "AZURESUBSCRIPTION_CLIENT_ID",
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
            "SYSTEM_ACCESSTOKEN",
        ] {
            assert!(error.message().contains(name), "{error}");
        }
        let access_token = world.guard.secret("system access token");
        world
            .env
            .set("AZURESUBSCRIPTION_TENANT_ID", TENANT)
            .set("AZURESUBSCRIPTION_CLIENT_ID", CLIENT)
            .set("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", CONNECTION)
            .set("SYSTEM_ACCESSTOKEN", access_token.expose())
            .set("SYSTEM_OIDCREQUESTURI", URI)
            .set("AZURE_TENANT_ID", "another");
        let credential = from_env().build().unwrap();
        id_token(world, "id token");
        world.answer("token");
        world.token(&credential, SCOPE).await.unwrap();
        assert_eq!(
            world.request(0).query_value("serviceConnectionId").as_deref(),
            Some(CONNECTION)
        );
        assert_eq!(world.request(1).path(), PATH);
        assert_eq!(credential.name(), "AzurePipelinesCredential");
    });
}

#[test]
fn empty_settings_are_named() {
    run(async |world| {
        let build = |tenant: &str, client: &str, connection: &str, token: &str| {
            AzurePipelinesCredential::builder(tenant, client, connection, token)
                .with_options(&world.options())
                .build()
                .map(|_| ())
                .unwrap_err()
        };
        // What the environment says doesn't matter here.
        world
            .env
            .set("AZURE_TENANT_ID", TENANT)
            .set("SYSTEM_ACCESSTOKEN", "t");
        for (error, part) in [
            (build("", CLIENT, CONNECTION, "t"), "missing: tenant id"),
            (build(TENANT, "", CONNECTION, "t"), "missing: client id"),
            (build(TENANT, CLIENT, "", "t"), "missing: service connection id"),
            (
                build(TENANT, CLIENT, CONNECTION, ""),
                "missing: system access token",
            ),
        ] {
            assert!(error.message().ends_with(part), "{error}");
        }
    });
}

#[test]
fn a_token_with_a_line_break_is_named_and_not_shown() {
    run(async |world| {
        world.env.set("SYSTEM_OIDCREQUESTURI", URI);
        let token = format!("{}\n", world.guard.secret("system access token").expose());
        let builder = AzurePipelinesCredential::builder(TENANT, CLIENT, CONNECTION, token);
        let credential = builder.with_options(&world.options()).build().unwrap();
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert!(error.message().contains("the system access token"), "{error}");
    });
}
