//! `EnvironmentCredential`.

use identity_base::{ErrorKind, TokenCredential, TokenRequest};
use identity_chain::EnvironmentCredential;
use identity_testkit::{FsOp, HttpStep, ScriptedHttp};

use crate::world::{CLIENT, SCOPE, TENANT, World, run, run_with};

const PATH: &str = "/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token";

fn credential(world: &World) -> EnvironmentCredential {
    EnvironmentCredential::builder()
        .with_options(&world.options())
        .build()
        .unwrap()
}

#[test]
fn a_secret_of_the_environment_signs_in() {
    run_with(ScriptedHttp::new(), async |world| {
        world.set_application();
        let token = world.guard.secret("token");
        world
            .http
            .push(HttpStep::token(token.expose(), 3599).expecting("POST", PATH));
        let credential = credential(world);
        assert_eq!(credential.configured(), Some("ClientSecretCredential"));
        assert_eq!(world.token(&credential).await.unwrap(), token.expose());
        // The engine of the credential inside keeps the token, and has a handle on it.
        assert_eq!(world.token(&credential).await.unwrap(), token.expose());
        assert!(credential.handle(&[SCOPE]).is_some());
        assert_eq!(world.http.calls(), 1);
    });
}

#[test]
fn the_authority_of_the_environment_or_the_options_is_asked() {
    run_with(ScriptedHttp::new(), async |world| {
        world.set_application();
        world.env.set("AZURE_AUTHORITY_HOST", "login.microsoftonline.us");
        world.http.push(HttpStep::token("t", 3599));
        world.token(&credential(world)).await.unwrap();
        world.http.push(HttpStep::token("t", 3599));
        let options = world.options().with_authority(identity_base::Authority::china());
        let given = EnvironmentCredential::builder()
            .with_options(&options)
            .build()
            .unwrap();
        world.token(&given).await.unwrap();
        let hosts: Vec<_> = world
            .http
            .requests()
            .iter()
            .map(|request| request.request().uri.host().unwrap().to_owned())
            .collect();
        assert_eq!(hosts, ["login.microsoftonline.us", "login.chinacloudapi.cn"]);
    });
}

#[test]
fn a_certificate_is_read_at_the_first_request_and_its_chain_sent_when_asked() {
    run_with(ScriptedHttp::new(), async |world| {
        world
            .env
            .set("AZURE_TENANT_ID", TENANT)
            .set("AZURE_CLIENT_ID", CLIENT)
            .set("AZURE_CLIENT_CERTIFICATE_PATH", "/certificate.pem")
            .set("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "True");
        let credential = credential(world);
        assert_eq!(credential.configured(), Some("CertificateCredential"));
        assert_eq!(world.files.operations(), [], "nothing is read in the constructor");
        world.put_certificate("/certificate.pem");
        world.http.push(HttpStep::token("t", 3599));
        world.http.push(HttpStep::token("t", 3599));
        world.token(&credential).await.unwrap();
        world
            .token_for(&credential, "https://vault.azure.net/.default")
            .await
            .unwrap();
        let assertion = world.http.requests()[0].form_value("client_assertion").unwrap();
        let header = decoded(assertion.split('.').next().unwrap());
        assert!(header["x5c"].is_array(), "{header}");
        credential.close().await;
        let error = credential.get_token(&[SCOPE]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
    });
}

fn decoded(part: &str) -> serde_json::Value {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_certificate_that_is_missing_fails_each_request_and_may_come_later() {
    run_with(ScriptedHttp::new(), async |world| {
        world
            .env
            .set("AZURE_TENANT_ID", TENANT)
            .set("AZURE_CLIENT_ID", CLIENT)
            .set("AZURE_CLIENT_CERTIFICATE_PATH", "/certificate.pem");
        let credential = credential(world);
        for _ in 0..3 {
            let error = world.token(&credential).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.credential()),
                (ErrorKind::InvalidConfiguration, Some("CertificateCredential"))
            );
            assert!(error.message().contains("/certificate.pem"), "{error}");
        }
        assert_eq!(world.files.count(FsOp::Read, "/certificate.pem"), 1);
        world.put_certificate("/certificate.pem");
        world.clock.advance(std::time::Duration::from_secs(1));
        world.http.push(HttpStep::token("t", 3599));
        world.token(&credential).await.unwrap();
    });
}

#[test]
fn every_incomplete_set_is_unavailable_and_names_what_is_missing() {
    let sets: [&[&str]; 3] = [
        &["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"],
        &[
            "AZURE_TENANT_ID",
            "AZURE_CLIENT_ID",
            "AZURE_CLIENT_CERTIFICATE_PATH",
        ],
        &["AZURE_CLIENT_ID", "AZURE_USERNAME", "AZURE_PASSWORD"],
    ];
    for set in sets {
        for missing in set {
            run(async |world| {
                for name in set.iter().filter(|name| *name != missing) {
                    world.env.set(*name, CLIENT);
                }
                // An empty value counts as none.
                world.env.set(*missing, "");
                let credential = credential(world);
                assert_eq!(credential.configured(), None);
                let error = world.token(&credential).await.unwrap_err();
                assert_eq!(
                    (error.kind(), error.credential()),
                    (ErrorKind::CredentialUnavailable, Some("EnvironmentCredential"))
                );
                assert!(error.to_string().contains(missing), "{missing}: {error}");
                credential.close().await;
                assert_eq!(world.http.calls(), 0);
            });
        }
    }
}

#[test]
fn values_that_cannot_be_are_errors_of_the_constructor() {
    for (name, value) in [
        ("AZURE_TENANT_ID", "no tenant"),
        ("AZURE_CLIENT_ID", "a b"),
        ("AZURE_AUTHORITY_HOST", "http://plain"),
        ("AZURE_ADDITIONALLY_ALLOWED_TENANTS", "contoso.com;no tenant"),
    ] {
        for certificate in [false, true] {
            run(async |world| {
                world.set_application();
                if certificate {
                    world.env.unset("AZURE_CLIENT_SECRET");
                    world.env.set("AZURE_CLIENT_CERTIFICATE_PATH", "/certificate.pem");
                }
                world.env.set(name, value);
                let error = EnvironmentCredential::builder()
                    .with_options(&world.options())
                    .build()
                    .unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{name}: {error}");
            });
        }
    }
}

#[test]
fn other_tenants_are_allowed_by_option_and_by_variable() {
    run_with(
        ScriptedHttp::new().respond_with(|_, _| HttpStep::token("t", 3599)),
        async |world| {
            world.set_application();
            world
                .env
                .set("AZURE_ADDITIONALLY_ALLOWED_TENANTS", "by-variable.test; ");
            let credential = EnvironmentCredential::builder()
                .with_options(&world.options())
                .with_additionally_allowed_tenants(["by-option.test"])
                .build()
                .unwrap();
            for (tenant, allowed) in [
                ("by-variable.test", true),
                ("by-option.test", true),
                ("other.test", false),
            ] {
                let result = credential
                    .get_token_with(TokenRequest::new(&[SCOPE]).tenant_id(tenant))
                    .await;
                assert_eq!(result.is_ok(), allowed, "{tenant}");
            }
        },
    );
}

/// The token endpoint's answer about a person.
fn user_token(token: &str) -> HttpStep {
    use base64::Engine as _;
    let encoded =
        |json: serde_json::Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string());
    let id_token = encoded(serde_json::json!({
        "aud": CLIENT, "tid": TENANT, "oid": "o", "sub": "s", "preferred_username": "ada@contoso.test",
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "iat": 1_767_225_600, "exp": 1_767_229_200,
    }));
    HttpStep::json(
        200,
        &serde_json::json!({
            "token_type": "Bearer", "expires_in": 3599, "access_token": token, "scope": SCOPE,
            "id_token": format!("e30.{id_token}.c2ln"), "refresh_token": "r",
            "client_info": encoded(serde_json::json!({"uid": "o", "utid": TENANT})),
        }),
    )
}

#[test]
fn a_user_of_the_environment_signs_in_and_the_log_advises_against_it() {
    let http = ScriptedHttp::new().respond_with(|_, request| match request.method() {
        "POST" => user_token("of-the-user"),
        _ => HttpStep::json(
            200,
            &serde_json::json!({"account_type": "Managed", "ver": "1.0", "cloud_instance_name": "microsoftonline.com"}),
        ),
    });
    run_with(http, async |world| {
        let password = world.guard.secret("password");
        world
            .env
            .set("AZURE_CLIENT_ID", CLIENT)
            .set("AZURE_USERNAME", "ada@contoso.test")
            .set("AZURE_PASSWORD", password.expose());
        let credential = credential(world);
        assert_eq!(credential.configured(), Some("UsernamePasswordCredential"));
        assert_eq!(world.token(&credential).await.unwrap(), "of-the-user");
        let sent = world.http.requests().pop().unwrap();
        assert_eq!(sent.form_value("grant_type").as_deref(), Some("password"));
        assert!(sent.path().starts_with("/organizations/"), "{}", sent.path());
        assert!(
            world
                .guard
                .logs()
                .iter()
                .any(|record| format!("{record:?}").contains("deprecated"))
        );
    });
}

#[test]
fn the_password_of_a_certificate_opens_it() {
    run_with(
        ScriptedHttp::new().respond_with(|_, _| HttpStep::token("t", 3599)),
        async |world| {
            let password = world.guard.secret("certificate_password");
            world
                .env
                .set("AZURE_TENANT_ID", TENANT)
                .set("AZURE_CLIENT_ID", CLIENT)
                .set("AZURE_CLIENT_CERTIFICATE_PATH", "/certificate.pem")
                .set("AZURE_CLIENT_CERTIFICATE_PASSWORD", password.expose());
            world.put_encrypted_certificate("/certificate.pem", password.expose());
            world.token(&credential(world)).await.unwrap();
            world.env.set("AZURE_CLIENT_CERTIFICATE_PASSWORD", "wrong");
            let error = world.token(&credential(world)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
            assert!(error.message().contains("password"), "{error}");
        },
    );
}
