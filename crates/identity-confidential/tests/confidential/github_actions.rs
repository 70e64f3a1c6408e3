//! `GitHubActionsCredential`.

use identity_base::{Authority, ErrorKind, TokenCredential};
use identity_confidential::{GitHubActionsCredential, GitHubActionsCredentialBuilder};
use identity_testkit::HttpStep;
use serde_json::json;

use crate::world::{CLIENT, OTHER_SCOPE, PATH, SCOPE, TENANT, World, run};

const URL: &str = "https://pipelines.actions.test/id?api-version=2.0";

fn builder(world: &World) -> GitHubActionsCredentialBuilder {
    let request_token = world.guard.secret("request token");
    world
        .env
        .set("ACTIONS_ID_TOKEN_REQUEST_URL", URL)
        .set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", request_token.expose());
    GitHubActionsCredential::builder(TENANT, CLIENT).with_options(&world.options())
}

fn id_token(world: &World, name: &str) -> String {
    let token = world.guard.secret(name);
    world
        .http
        .push(HttpStep::json(200, &json!({"value": token.expose(), "count": 1})));
    token.expose().to_owned()
}

#[test]
fn the_id_token_is_asked_for_with_the_clouds_audience() {
    for (authority, audience) in [
        (Authority::public(), "api://AzureADTokenExchange"),
        (Authority::china(), "api://AzureADTokenExchangeChina"),
    ] {
        run(async |world| {
            let builder = builder(world).with_options(&world.options().with_authority(authority.clone()));
            let credential = builder.build().unwrap();
            let assertion = id_token(world, "id token");
            let token = world.answer("token");
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
            let request = world.request(0);
            assert_eq!(
                (request.method(), request.host(), request.path()),
                ("GET", "pipelines.actions.test", "/id")
            );
            assert_eq!(request.query_value("audience").as_deref(), Some(audience));
            assert_eq!(request.query_value("api-version").as_deref(), Some("2.0"));
            assert!(
                request
                    .header("authorization")
                    .unwrap()
                    .starts_with("Bearer CNRY")
            );
            assert_eq!(
                (
                    world.request(1).path(),
                    world.form(1)["client_assertion"].as_str()
                ),
                (PATH, assertion.as_str())
            );
        });
    }
}

#[test]
fn each_exchange_gets_a_fresh_id_token() {
    run(async |world| {
        let credential = builder(world).with_audience("api://mine").build().unwrap();
        let mut sent = Vec::new();
        for (number, scope) in [SCOPE, OTHER_SCOPE].into_iter().enumerate() {
            sent.push(id_token(world, &format!("id token {number}")));
            world.answer(&format!("token {number}"));
            world.token(&credential, scope).await.unwrap();
        }
        assert_eq!(
            [1, 3]
                .map(|number| world.form(number)["client_assertion"].clone())
                .to_vec(),
            sent
        );
        assert_eq!(
            world.request(0).query_value("audience").as_deref(),
            Some("api://mine")
        );
    });
}

#[test]
fn missing_variables_say_whether_the_permission_is_missing() {
    run(async |world| {
        let credential = || builder(world).build().unwrap();
        let outside = credential();
        world.env.unset("ACTIONS_ID_TOKEN_REQUEST_URL");
        let error = world.token(&outside, SCOPE).await.unwrap_err();
        assert!(error.is_unavailable() && error.message().contains("ACTIONS_ID_TOKEN_REQUEST_URL"));
        assert!(error.hint().unwrap().contains("inside a GitHub Actions job"));
        world.env.set("GITHUB_ACTIONS", "true");
        let inside = credential();
        world.env.unset("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
        let error = world.token(&inside, SCOPE).await.unwrap_err();
        assert!(error.is_unavailable() && error.message().contains("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
        assert!(
            error.hint().unwrap().contains("permissions: id-token: write"),
            "{error}"
        );
    });
}

#[test]
fn a_service_that_refuses_lets_a_chain_go_on() {
    for step in [
        HttpStep::status(401),
        HttpStep::status(404),
        HttpStep::bytes(200, "nothing"),
        HttpStep::json(200, &json!({"value": null})),
        HttpStep::status(301),
    ] {
        run(async |world| {
            world.http.push(step.clone());
            let error = world
                .token(&builder(world).build().unwrap(), SCOPE)
                .await
                .unwrap_err();
            assert!(error.is_unavailable(), "{error}");
            assert_eq!(error.credential(), Some("GitHubActionsCredential"));
        });
    }
}

#[test]
fn throttling_and_failures_are_tried_again() {
    run(async |world| {
        world.http.push(HttpStep::status(429));
        world.http.push(HttpStep::status(502));
        id_token(world, "id token");
        world.answer("token");
        world
            .token(&builder(world).build().unwrap(), SCOPE)
            .await
            .unwrap();
    });
}

#[test]
fn an_unknown_cloud_needs_an_audience_and_a_wrong_url_is_refused() {
    run(async |world| {
        let options = world
            .options()
            .with_authority(Authority::parse("login.private.example").unwrap());
        let builder = builder(world).with_options(&options);
        let error = world.token(&builder.build().unwrap(), SCOPE).await.unwrap_err();
        assert!(
            error.is_unavailable() && error.hint().unwrap().contains("audience"),
            "{error}"
        );
        let credential = GitHubActionsCredential::builder(TENANT, CLIENT)
            .with_options(&world.options())
            .build()
            .unwrap();
        world
            .env
            .set("ACTIONS_ID_TOKEN_REQUEST_URL", "http://pipelines.actions.test/id");
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
    });
}

#[test]
fn tenant_and_client_come_from_the_environment_on_request() {
    run(async |world| {
        let build = || {
            GitHubActionsCredential::from_env()
                .with_options(&world.options())
                .build()
        };
        let error = build().map(|_| ()).unwrap_err();
        assert!(error.is_unavailable() && error.message().contains("AZURE_TENANT_ID"));
        world
            .env
            .set("AZURE_TENANT_ID", TENANT)
            .set("AZURE_CLIENT_ID", CLIENT);
        assert_eq!(build().unwrap().name(), "GitHubActionsCredential");
    });
}
