//! Registering and minting while the emulator runs, in Rust and over HTTP.

use std::io::Write as _;
use std::net::TcpStream;

use crate::jwt::{Signer, Style, now};
use crate::support::{
    MANAGEMENT, Reply, builder, emulator, is_refused, post, read_reply, request, token_path,
};
use identity_emulator::{App, DEFAULT_CLIENT_ID, Emulator, FederatedCredential};
use serde_json::json;

fn admin(emulator: &Emulator, method: &str, path: &str, body: &str) -> Reply {
    let mut tcp = TcpStream::connect(emulator.plain_address()).unwrap();
    tcp.write_all(&request(method, path, &[], body.as_bytes()))
        .unwrap();
    read_reply(&mut tcp).unwrap()
}

fn assert_with_certificate(emulator: &Emulator) -> Reply {
    let signer = Signer::shared();
    let header = json!({"alg": "PS256", "x5t#S256": Style::Unpadded.encode(signer.sha256())});
    let claims = json!({
        "aud": emulator.token_endpoint(), "iss": DEFAULT_CLIENT_ID, "sub": DEFAULT_CLIENT_ID, "exp": now() + 60,
    });
    assert_with(emulator, &signer.sign(&header, &claims, Style::Unpadded))
}

fn assert_with(emulator: &Emulator, assertion: &str) -> Reply {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", DEFAULT_CLIENT_ID),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
        ("scope", MANAGEMENT),
    ];
    post(emulator, &token_path(emulator), &form)
}

#[test]
fn certificates_come_and_go_as_when_they_are_rotated() {
    let emulator = emulator();
    is_refused(
        &assert_with_certificate(&emulator),
        401,
        "invalid_client",
        700_027,
    );
    let pem = Signer::shared().certificate.pem();
    let thumbprint = emulator.register_certificate(DEFAULT_CLIENT_ID, &pem).unwrap();
    assert_eq!(thumbprint, Signer::shared().certificate.thumbprint());
    assert_eq!(assert_with_certificate(&emulator).status, 200);
    emulator.remove_certificate(DEFAULT_CLIENT_ID, &thumbprint.to_lowercase());
    is_refused(
        &assert_with_certificate(&emulator),
        401,
        "invalid_client",
        700_027,
    );
    emulator
        .register_certificate(DEFAULT_CLIENT_ID, Signer::shared().der())
        .unwrap();
    assert_eq!(assert_with_certificate(&emulator).status, 200);
    emulator.reset();
    is_refused(
        &assert_with_certificate(&emulator),
        401,
        "invalid_client",
        700_027,
    );
    let nobody = emulator.register_certificate("nobody", &pem).unwrap_err();
    assert!(nobody.contains("nobody"), "{nobody}");
    let nothing = emulator
        .register_certificate(DEFAULT_CLIENT_ID, "nothing")
        .unwrap_err();
    assert!(nothing.contains("no PEM certificate"), "{nothing}");
}

#[test]
fn what_cannot_be_read_makes_the_start_fail() {
    let broken = [
        App::confidential("broken").certificate("nothing"),
        App::confidential("broken").federated(FederatedCredential::new("i", "s").signed_by("nothing")),
    ];
    for app in broken {
        let error = builder().app(app).start_blocking().unwrap_err().to_string();
        assert!(error.contains("\"broken\""), "{error}");
    }
}

#[test]
fn programs_in_other_languages_register_and_mint_over_http() {
    let emulator = emulator();
    let pem = json!({"pem": Signer::shared().certificate.certificate_pem()}).to_string();
    let added = admin(&emulator, "POST", "/_admin/certificates", &pem).json();
    let thumbprint = added["thumbprint"].as_str().unwrap();
    assert_eq!(assert_with_certificate(&emulator).status, 200);
    let path = format!("/_admin/certificates/{DEFAULT_CLIENT_ID}/{thumbprint}");
    assert_eq!(admin(&emulator, "DELETE", &path, "").status, 204);
    is_refused(
        &assert_with_certificate(&emulator),
        401,
        "invalid_client",
        700_027,
    );

    let federated =
        json!({"issuer": "https://ci.test", "subject": "job", "audiences": ["api://x"]}).to_string();
    assert_eq!(
        admin(&emulator, "POST", "/_admin/federated-credentials", &federated).status,
        204
    );
    let assertion = emulator.federated_token("https://ci.test", "job", "api://x");
    assert_eq!(assert_with(&emulator, &assertion).status, 200);

    let wish = r#"{"redirect_uri": "https://app.test", "user": "bob@contoso.test", "scope": "User.Read offline_access", "code_verifier": "v"}"#;
    let code = admin(&emulator, "POST", "/_admin/codes", wish).json();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", DEFAULT_CLIENT_ID),
        ("client_secret", crate::support::SECRET),
        ("code", code["code"].as_str().unwrap()),
        ("redirect_uri", "https://app.test"),
        ("code_verifier", "v"),
    ];
    let reply = post(&emulator, &token_path(&emulator), &form);
    assert_eq!(reply.status, 200, "{}", reply.json());
    assert_eq!(
        admin(
            &emulator,
            "POST",
            "/_admin/revocations",
            r#"{"user": "bob@contoso.test"}"#
        )
        .status,
        204
    );
    let body = reply.json();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", DEFAULT_CLIENT_ID),
        ("client_secret", crate::support::SECRET),
        ("refresh_token", body["refresh_token"].as_str().unwrap()),
    ];
    is_refused(
        &post(&emulator, &token_path(&emulator), &refresh),
        400,
        "invalid_grant",
        50_173,
    );

    let wish = format!(r#"{{"api": "{DEFAULT_CLIENT_ID}", "user": "bob@contoso.test", "lifetime": 60}}"#);
    let minted = admin(&emulator, "POST", "/_admin/user-tokens", &wish).json();
    assert!(minted["token"].as_str().unwrap().starts_with("ey"));
    let environments = admin(&emulator, "GET", "/_admin/environments", "").json();
    for (system, name) in [
        ("azure_pipelines", "SYSTEM_OIDCREQUESTURI"),
        ("github_actions", "ACTIONS_ID_TOKEN_REQUEST_URL"),
        ("identity_binding", "AZURE_KUBERNETES_TOKEN_PROXY"),
    ] {
        let value = environments[system][name].as_str().unwrap();
        assert!(value.starts_with(emulator.authority()), "{value}");
    }
}

#[test]
fn mistakes_over_http_are_explained() {
    let emulator = emulator();
    for (path, body, text) in [
        ("/_admin/certificates", r#"{"pem": "x"}"#, "no PEM certificate"),
        (
            "/_admin/certificates",
            r#"{"pem": "x", "client_id": "nobody"}"#,
            "nobody",
        ),
        ("/_admin/codes", "{}", "redirect_uri"),
        (
            "/_admin/codes",
            r#"{"redirect_uri": "x", "client_id": "nobody"}"#,
            "nobody",
        ),
        (
            "/_admin/user-tokens",
            r#"{"api": "https://nowhere.test"}"#,
            "nowhere.test",
        ),
        (
            "/_admin/federated-credentials",
            r#"{"issuer": "i", "subject": "s", "pem": "x"}"#,
            "federated",
        ),
        ("/_admin/revocations", r#"{"upn": "x"}"#, "upn"),
    ] {
        let reply = admin(&emulator, "POST", path, body);
        assert_eq!(reply.status, 400, "{path} {body}");
        let problem = reply.json()["error"].as_str().unwrap().to_owned();
        assert!(problem.contains(text), "{problem}");
    }
}
