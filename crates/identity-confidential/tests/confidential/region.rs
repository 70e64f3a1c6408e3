//! Regional authorities.

use std::time::Duration;

use identity_base::Authority;
use identity_base::seam::HttpErrorKind;
use identity_confidential::{ClientSecretCredential, ClientSecretCredentialBuilder};
use identity_testkit::HttpStep;
use serde_json::json;

use crate::world::{CLIENT, OTHER_SCOPE, SCOPE, TENANT, World, run};

const DETECT: &str = "/metadata/instance/compute";

fn builder(world: &World) -> ClientSecretCredentialBuilder {
    let secret = world.guard.secret("client_secret");
    ClientSecretCredential::builder(TENANT, CLIENT, secret).with_options(&world.options())
}

fn hosts(world: &World) -> Vec<String> {
    world
        .http
        .requests()
        .iter()
        .map(|request| request.host().to_owned())
        .collect()
}

#[test]
fn a_region_comes_from_the_builder_or_the_environment() {
    run(async |world| {
        world.env.set("MSAL_FORCE_REGION", "eastus");
        let forced = builder(world).build().unwrap();
        world.env.set("AZURE_REGIONAL_AUTHORITY_NAME", "westus2");
        let configured = builder(world).build().unwrap();
        let chosen = builder(world).with_region("northeurope").build().unwrap();
        for credential in [forced, configured, chosen] {
            world.answer("token");
            world.token(&credential, SCOPE).await.unwrap();
        }
        assert_eq!(
            hosts(world),
            [
                "eastus.login.microsoft.com",
                "westus2.login.microsoft.com",
                "northeurope.login.microsoft.com"
            ]
        );
    });
}

#[test]
fn the_platforms_variable_goes_before_the_metadata_service() {
    run(async |world| {
        world.env.set("REGION_NAME", "West Europe");
        let credential = builder(world).with_region("TryAutoDetect").build().unwrap();
        world.answer("token");
        world.token(&credential, SCOPE).await.unwrap();
        assert_eq!(hosts(world), ["westeurope.login.microsoft.com"]);
    });
}

#[test]
fn the_metadata_service_is_asked_once() {
    run(async |world| {
        let credential = builder(world).with_region("tryautodetect").build().unwrap();
        let location = json!({"location": "uksouth", "name": "vm"});
        world
            .http
            .push(HttpStep::json(200, &location).expecting("GET", DETECT));
        world.answer("first");
        world.answer("second");
        world.token(&credential, SCOPE).await.unwrap();
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(
            hosts(world),
            [
                "169.254.169.254",
                "uksouth.login.microsoft.com",
                "uksouth.login.microsoft.com"
            ]
        );
        let detect = world.request(0);
        assert_eq!(detect.header("metadata"), Some("true"));
        assert_eq!(detect.query_value("api-version").as_deref(), Some("2021-02-01"));
        assert!(detect.request().policy.no_proxy);
    });
}

#[test]
fn without_a_region_the_global_service_is_asked() {
    for step in [
        HttpStep::status(404),
        HttpStep::hang(),
        HttpStep::fails_before_sending(HttpErrorKind::Connect),
        HttpStep::json(200, &json!({"location": "evil.test/x"})),
        HttpStep::json(200, &json!({"location": 7})),
        HttpStep::bytes(200, "<html>"),
    ] {
        run(async |world| {
            let credential = builder(world).with_region("tryautodetect").build().unwrap();
            world.http.push(step.clone());
            world.answer("first");
            world.answer("second");
            world.token(&credential, SCOPE).await.unwrap();
            world.token(&credential, OTHER_SCOPE).await.unwrap();
            let global = "login.microsoftonline.com";
            assert_eq!(hosts(world), ["169.254.169.254", global, global], "asked once");
        });
    }
}

#[test]
fn a_regional_service_that_fails_is_left_alone_for_ten_minutes() {
    for step in [
        HttpStep::fails_before_sending(HttpErrorKind::Dns),
        HttpStep::status(503),
        HttpStep::hang(),
        HttpStep::entra_error(400, "invalid_instance", 50_049, "no."),
    ] {
        run(async |world| {
            let credential = builder(world).with_region("westus").build().unwrap();
            world.http.push(step.clone());
            for name in ["first", "second", "third"] {
                world.answer(name);
            }
            world.token(&credential, SCOPE).await.unwrap();
            world.token(&credential, OTHER_SCOPE).await.unwrap();
            world.clock.advance(Duration::from_secs(601));
            world.token(&credential, "api://third/.default").await.unwrap();
            let (region, global) = ("westus.login.microsoft.com", "login.microsoftonline.com");
            assert_eq!(hosts(world), [region, global, global, region]);
        });
    }
}

#[test]
fn a_refusal_of_the_regional_service_is_final() {
    run(async |world| {
        let credential = builder(world).with_region("westus").build().unwrap();
        world.refuse("invalid_client", 7_000_215);
        assert_eq!(
            world.token(&credential, SCOPE).await.unwrap_err().aadsts(),
            Some(7_000_215)
        );
    });
}

#[test]
fn other_clouds_have_the_region_before_their_host() {
    run(async |world| {
        let options = world.options().with_authority(Authority::us_government());
        let credential = builder(world)
            .with_options(&options)
            .with_region("usgovvirginia")
            .build()
            .unwrap();
        world.answer("token");
        world.token(&credential, SCOPE).await.unwrap();
        assert_eq!(hosts(world), ["usgovvirginia.login.microsoftonline.us"]);
    });
}

#[test]
fn a_host_that_is_not_trusted_gets_no_secret_under_a_regions_name_either() {
    run(async |world| {
        let options = world
            .options()
            .with_authority(Authority::parse("login.evil.test").unwrap());
        let credential = builder(world)
            .with_options(&options)
            .with_region("westus")
            .build()
            .unwrap();
        world
            .http
            .push(HttpStep::json(400, &json!({"error": "invalid_instance"})));
        world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(
            hosts(world),
            ["login.microsoftonline.com"],
            "the public cloud was asked about the host"
        );
        assert!(world.request(0).body().is_empty());
    });
}
