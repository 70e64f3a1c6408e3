//! `WorkloadIdentityCredential` and the identity-binding proxy.

use std::time::Duration;

use identity_base::seam::ServerIdentity;
use identity_base::{ErrorKind, TokenCredential};
use identity_confidential::{WorkloadIdentityCredential, WorkloadIdentityCredentialBuilder};
use identity_testkit::{FsOp, HttpStep};

use crate::world::{CLIENT, OTHER_SCOPE, PATH, SCOPE, TENANT, World, fields, run};

const FILE: &str = "/var/run/secrets/azure/tokens/azure-identity-token";
const CA: &str = "/etc/proxy/ca.crt";
const PEM: &str = "-----BEGIN CERTIFICATE-----\nAQ==\n-----END CERTIFICATE-----\n";

fn builder(world: &World) -> WorkloadIdentityCredentialBuilder {
    WorkloadIdentityCredential::builder()
        .with_tenant_id(TENANT)
        .with_client_id(CLIENT)
        .with_token_file_path(FILE)
        .with_options(&world.options())
}

/// Puts a new token into the file.
fn project(world: &World, name: &str) -> String {
    let token = world.guard.secret(name);
    world.guard.allow_file(FILE);
    world.files.put(FILE, format!("{}\n", token.expose()));
    token.expose().to_owned()
}

#[test]
fn the_request_is_the_peers_but_for_the_line_end() {
    run(async |world| {
        let assertion = project(world, "federated");
        let credential = builder(world).build().unwrap();
        assert_eq!(
            world.files.operations(),
            [],
            "nothing is read before a token is needed"
        );
        let token = world.answer("token");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
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
        assert_eq!((world.request(0).path(), world.form(0)), (PATH, expected));
    });
}

#[test]
fn the_environment_gives_what_the_program_does_not() {
    run(async |world| {
        for (name, value) in [
            ("AZURE_TENANT_ID", TENANT),
            ("AZURE_CLIENT_ID", CLIENT),
            ("AZURE_FEDERATED_TOKEN_FILE", FILE),
        ] {
            world.env.set(name, value);
        }
        project(world, "federated");
        let credential = WorkloadIdentityCredential::builder()
            .with_options(&world.options())
            .build()
            .unwrap();
        world.answer("token");
        world.token(&credential, SCOPE).await.unwrap();
        assert_eq!(world.form(0)["client_id"], CLIENT);
        assert_eq!(credential.name(), "WorkloadIdentityCredential");
    });
}

#[test]
fn everything_that_is_missing_is_named() {
    run(async |world| {
        let build = || {
            WorkloadIdentityCredential::builder()
                .with_options(&world.options())
                .build()
                .map(|_| ())
        };
        let error = build().unwrap_err();
        assert!(error.is_unavailable());
        for part in [
            "tenant id (AZURE_TENANT_ID)",
            "client id (AZURE_CLIENT_ID)",
            "token file (AZURE_FEDERATED_TOKEN_FILE)",
        ] {
            assert!(error.message().contains(part), "{error}");
        }
        world
            .env
            .set("AZURE_TENANT_ID", TENANT)
            .set("AZURE_FEDERATED_TOKEN_FILE", "");
        let error = build().unwrap_err();
        assert!(
            !error.message().contains("AZURE_TENANT_ID")
                && error.message().contains("AZURE_FEDERATED_TOKEN_FILE")
        );
        world
            .env
            .set("AZURE_CLIENT_ID", "a b")
            .set("AZURE_FEDERATED_TOKEN_FILE", FILE);
        assert_eq!(build().unwrap_err().kind(), ErrorKind::InvalidConfiguration);
    });
}

#[test]
fn a_changed_file_is_read_again_and_an_unchanged_one_is_not() {
    run(async |world| {
        let first = project(world, "first");
        let credential = builder(world).build().unwrap();
        for name in ["1", "2", "3"] {
            world.answer(name);
        }
        world.token(&credential, "api://1/.default").await.unwrap();
        world.token(&credential, "api://2/.default").await.unwrap();
        assert_eq!(world.files.count(FsOp::Read, FILE), 1);
        world.clock.advance(Duration::from_secs(1));
        let second = project(world, "second");
        world.token(&credential, "api://3/.default").await.unwrap();
        let sent = [0, 1, 2].map(|number| world.form(number)["client_assertion"].clone());
        assert_eq!(sent, [first.clone(), first, second]);
    });
}

#[test]
fn a_token_out_of_its_time_is_read_again_and_tried_once_more() {
    run(async |world| {
        project(world, "old");
        let credential = builder(world).build().unwrap();
        world.answer("1");
        world.token(&credential, SCOPE).await.unwrap();
        let modified = world.clock.wall();
        let new = world.guard.secret("new");
        world.files.overwrite(FILE, format!("{}\n", new.expose()));
        world.files.set_modified(FILE, modified);
        world.refuse("invalid_client", 700_024);
        world.answer("2");
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(world.form(2)["client_assertion"], new.expose());
    });
}

#[test]
fn a_file_that_is_not_there_lets_a_chain_go_on() {
    run(async |world| {
        let error = world
            .token(&builder(world).build().unwrap(), SCOPE)
            .await
            .unwrap_err();
        assert!(
            error.is_unavailable() && error.message().contains(FILE),
            "{error}"
        );
        assert_eq!(error.credential(), Some("WorkloadIdentityCredential"));
        for contents in ["", " \n", &"x".repeat(65 * 1024)] {
            world.files.put(FILE, contents);
            assert!(
                world
                    .token(&builder(world).build().unwrap(), SCOPE)
                    .await
                    .is_err()
            );
        }
    });
}

/// Sets the proxy's variables.
fn proxy(world: &World, url: &str, more: &[(&str, &str)]) {
    world.env.set("AZURE_KUBERNETES_TOKEN_PROXY", url);
    for (name, value) in more {
        world.env.set(*name, *value);
    }
}

fn roots(world: &World, number: usize) -> Option<(Vec<u8>, Option<String>)> {
    match &world.request(number).request().policy.server {
        ServerIdentity::Roots { pem, server_name } => {
            Some((pem.to_vec(), server_name.as_deref().map(str::to_owned)))
        }
        _ => None,
    }
}

#[test]
fn token_requests_go_to_the_proxy_below_its_path() {
    run(async |world| {
        project(world, "federated");
        let sni = ("AZURE_KUBERNETES_SNI_NAME", "token-proxy.test");
        proxy(
            world,
            "https://10.0.0.1:6443/base/",
            &[sni, ("AZURE_KUBERNETES_CA_DATA", PEM)],
        );
        let credential = builder(world).with_identity_binding_proxy(true).build().unwrap();
        world.http.push(HttpStep::status(503));
        let token = world.answer("token");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        for number in [0, 1] {
            assert_eq!(
                world.request(number).url(),
                format!("https://10.0.0.1:6443/base{PATH}"),
                "once, also in a retry"
            );
            assert!(
                world.request(number).request().policy.no_proxy,
                "it is in the cluster"
            );
            assert_eq!(
                roots(world, number),
                Some((PEM.as_bytes().to_vec(), Some("token-proxy.test".to_owned())))
            );
        }
        assert_eq!(world.form(1)["client_id"], CLIENT);
    });
}

#[test]
fn without_the_switch_or_without_a_proxy_requests_go_to_entra() {
    run(async |world| {
        project(world, "federated");
        let without = builder(world).with_identity_binding_proxy(true).build().unwrap();
        proxy(world, "https://proxy.test", &[("AZURE_KUBERNETES_CA_DATA", PEM)]);
        let off = builder(world).build().unwrap();
        for credential in [without, off] {
            world.answer("token");
            world.token(&credential, SCOPE).await.unwrap();
        }
        for number in [0, 1] {
            assert_eq!(world.request(number).host(), "login.microsoftonline.com");
            assert_eq!(roots(world, number), None);
        }
    });
}

#[test]
fn settings_of_the_proxy_that_contradict_each_other_fail_in_build() {
    let (sni, file, data) = (
        "AZURE_KUBERNETES_SNI_NAME",
        "AZURE_KUBERNETES_CA_FILE",
        "AZURE_KUBERNETES_CA_DATA",
    );
    let proxy = ("AZURE_KUBERNETES_TOKEN_PROXY", "https://proxy.test");
    let with_url = |url: &'static str| vec![("AZURE_KUBERNETES_TOKEN_PROXY", url)];
    for (variables, part) in [
        (vec![(sni, "x")], "AZURE_KUBERNETES_TOKEN_PROXY is not"),
        (vec![(file, CA)], "AZURE_KUBERNETES_TOKEN_PROXY is not"),
        (vec![(data, PEM)], "AZURE_KUBERNETES_TOKEN_PROXY is not"),
        (vec![proxy, (file, CA), (data, PEM)], "both set"),
        (vec![proxy, (sni, "x")], "neither"),
        (with_url("http://proxy.test"), "only https"),
        (with_url("https://user:CNRYPASS@proxy.test"), "neither a user"),
        (with_url("http://user:CNRYPASS@proxy.test"), "only https"),
        (with_url("https://proxy.test/#x"), "neither a user nor a fragment"),
        (with_url("https://proxy.test/?a=b"), "query"),
        (with_url("proxy"), "only https"),
        (with_url("https://"), "not a URL"),
    ] {
        run(async |world| {
            for (name, value) in &variables {
                world.env.set(*name, *value);
            }
            let error = builder(world)
                .with_identity_binding_proxy(true)
                .build()
                .map(|_| ())
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{variables:?}");
            assert!(error.message().contains(part), "{variables:?}: {error}");
            assert!(!format!("{error} {error:?}").contains("CNRY"), "{error}");
            assert!(
                builder(world).build().is_ok(),
                "without the switch nothing of it matters"
            );
        });
    }
}

#[test]
fn the_proxys_roots_may_be_replaced_at_any_time() {
    run(async |world| {
        project(world, "federated");
        proxy(world, "https://proxy.test", &[("AZURE_KUBERNETES_CA_FILE", CA)]);
        let credential = builder(world).with_identity_binding_proxy(true).build().unwrap();
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert!(error.message().contains("AZURE_KUBERNETES_CA_FILE"), "{error}");
        world.clock.advance(Duration::from_secs(60));
        world.files.put(CA, "");
        assert!(
            world.token(&credential, SCOPE).await.is_err(),
            "an empty file at the first read"
        );
        let other = PEM.replace("AQ==", "Ag==");
        let torn = &PEM[..PEM.len() - 10];
        for (number, contents, expected) in [
            (0, Some(PEM), PEM),
            (1, Some(other.as_str()), other.as_str()),
            (2, Some(" \n"), other.as_str()),
            (3, None, other.as_str()),
            (4, Some(torn), other.as_str()),
            (5, Some(PEM), PEM),
        ] {
            world.clock.advance(Duration::from_secs(60));
            match contents {
                Some(contents) => world.files.put(CA, contents),
                None => world.files.delete(CA),
            };
            world.answer(&format!("token {number}"));
            world
                .token(&credential, &format!("api://{number}/.default"))
                .await
                .unwrap();
            assert_eq!(
                roots(world, number),
                Some((expected.as_bytes().to_vec(), None)),
                "{number}"
            );
        }
    });
}
