//! Client assertions signed with a registered certificate: those of the clients in use are taken, all else is refused.

use std::time::Duration;

use crate::jwt::{Signer, Style, now, part, tampered};
use crate::support::{MANAGEMENT, Reply, builder, is_refused, post, token_path};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use identity_emulator::{App, DEFAULT_CLIENT_ID, DEFAULT_TENANT_ID, Emulator};
use serde_json::{Value, json};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn emulator() -> Emulator {
    let pem = Signer::shared().certificate.certificate_pem();
    builder()
        .app(
            App::confidential("default")
                .id(DEFAULT_CLIENT_ID)
                .certificate(pem),
        )
        .start_blocking()
        .unwrap()
}

fn header() -> Value {
    let thumbprint = Style::Unpadded.encode(Signer::shared().sha256());
    json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint})
}

fn claims(emulator: &Emulator) -> Value {
    json!({
        "aud": emulator.token_endpoint(),
        "iss": DEFAULT_CLIENT_ID,
        "sub": DEFAULT_CLIENT_ID,
        "jti": "5e5d7f7c-3d0c-4f9e-9a3e-6f7d1f1d2c3b",
        "nbf": now() - 60,
        "exp": now() + 600,
    })
}

fn send(emulator: &Emulator, assertion: &str) -> Reply {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", DEFAULT_CLIENT_ID),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
        ("scope", MANAGEMENT),
    ];
    post(emulator, &token_path(emulator), &form)
}

fn sign(header: &Value, claims: &Value) -> String {
    Signer::shared().sign(header, claims, Style::Unpadded)
}

/// `object` with members replaced; `null` takes one away.
fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => object.as_object_mut().unwrap().remove(name),
            value => object
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    object
}

#[test]
fn the_assertions_of_every_client_in_use_are_taken() {
    let emulator = emulator();
    let signer = Signer::shared();
    let (sha1, sha256) = (signer.sha1(), signer.sha256());
    let python = |style: Style| json!({"alg": "RS256", "typ": "JWT", "x5t": style.encode(&sha1)});
    let cases = [
        ("ours, and MSAL for JavaScript", header(), Style::Unpadded),
        (
            "MSAL for Python with a PFX file, azure-identity's asynchronous credential",
            json!({"alg": "PS256", "typ": "JWT", "x5t#S256": Style::Padded.encode(&sha256)}),
            Style::Padded,
        ),
        (
            "MSAL for Python with a thumbprint, az",
            python(Style::Padded),
            Style::Unpadded,
        ),
        ("azure-identity for ADFS", python(Style::Padded), Style::Padded),
        (
            "MSAL for Go",
            json!({"alg": "PS256", "typ": "JWT", "x5t#S256": Style::Standard.encode(&sha256)}),
            Style::Unpadded,
        ),
        (
            "segments in standard base64",
            python(Style::Standard),
            Style::Standard,
        ),
        (
            "one that names its key as kid",
            json!({"alg": "RS256", "kid": signer.certificate.thumbprint()}),
            Style::Unpadded,
        ),
        (
            "one that sends its chain",
            with(header(), &json!({"x5c": [BASE64_STANDARD.encode(signer.der())]})),
            Style::Unpadded,
        ),
        (
            "MSAL for Python, which sends the lines of a PEM file",
            with(header(), &json!({"x5c": [pem_lines(signer)]})),
            Style::Unpadded,
        ),
    ];
    for (client, header, style) in cases {
        let reply = send(&emulator, &signer.sign(&header, &claims(&emulator), style));
        assert_eq!(reply.status, 200, "{client}: {}", reply.json());
        let token = reply.json()["access_token"].as_str().unwrap().to_owned();
        // The token says by what the application proved itself.
        let acr = part(token.split('.').nth(1).unwrap())["appidacr"].clone();
        assert_eq!(acr, "2", "{client}");
    }
}

/// The text between the markers of the certificate's PEM.
fn pem_lines(signer: &Signer) -> String {
    let lines = signer.certificate.certificate_pem().lines();
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with('-')).collect();
    lines.join("\n")
}

#[test]
fn claims_that_clients_vary_are_taken() {
    let emulator = emulator();
    let authority = emulator.authority();
    let changes = [
        json!({"aud": format!("{authority}/contoso.test/oauth2/v2.0/token")}),
        json!({"aud": format!("{authority}/{DEFAULT_TENANT_ID}/oauth2/token")}),
        json!({"aud": format!("{authority}/{DEFAULT_TENANT_ID}/v2.0")}),
        json!({"aud": ["https://elsewhere.test", emulator.token_endpoint()]}),
        json!({"aud": format!("https://sts.windows.net/{DEFAULT_TENANT_ID}/")}),
        json!({"nbf": null, "jti": null}),
        // MSAL for Python's times have fractions.
        json!({"nbf": null, "iat": now(), "exp": 0.5 + f64::from(u32::try_from(now()).unwrap()) + 600.0}),
        // The clocks may differ by five minutes.
        json!({"nbf": now() + 280}),
        json!({"exp": now() - 280}),
        json!({"iss": DEFAULT_CLIENT_ID.to_uppercase(), "sub": DEFAULT_CLIENT_ID.to_uppercase()}),
    ];
    for change in changes {
        let assertion = sign(&header(), &with(claims(&emulator), &change));
        let reply = send(&emulator, &assertion);
        assert_eq!(reply.status, 200, "{change}: {}", reply.json());
        // Entra takes one any number of times within its life.
        assert_eq!(send(&emulator, &assertion).status, 200);
    }
}

#[test]
fn each_fault_of_an_assertion_has_its_own_refusal() {
    let emulator = emulator();
    let other = "99999999-9999-9999-9999-999999999999";
    let cases: &[(Value, Value, u32, &str)] = &[
        (
            json!({}),
            json!({"aud": "https://login.test/token"}),
            700_023,
            "https://login.test/token",
        ),
        (
            json!({}),
            json!({"aud": format!("{}/{other}/oauth2/v2.0/token", emulator.authority())}),
            700_023,
            other,
        ),
        (json!({}), json!({"aud": null}), 700_023, "audience"),
        (
            json!({}),
            json!({"aud": format!("https://localhost:1/{DEFAULT_TENANT_ID}/oauth2/v2.0/token")}),
            700_023,
            "localhost:1",
        ),
        (json!({}), json!({"exp": now() - 320}), 700_024, "expiry time"),
        (json!({}), json!({"nbf": now() + 320}), 700_024, "valid from"),
        (json!({}), json!({"exp": null}), 90_014, "'exp'"),
        (json!({}), json!({"exp": "tomorrow"}), 90_014, "'exp'"),
        (json!({}), json!({"iss": other}), 700_021, "client_id"),
        (json!({}), json!({"sub": other}), 50_048, "issuer claim"),
        (json!({}), json!({"iss": null}), 90_014, "'iss'"),
        (
            json!({}),
            json!({"iss": "https://idp.test"}),
            700_211,
            "'https://idp.test'",
        ),
        (json!({"alg": "none"}), json!({}), 5_002_738, "'none'"),
        (json!({"alg": "RS512"}), json!({}), 5_002_738, "'RS512'"),
        (json!({"alg": null}), json!({}), 5_002_738, "RS256"),
        (json!({"x5t#S256": null}), json!({}), 5_002_723, "thumbprint"),
        (json!({"x5t#S256": "AAAA"}), json!({}), 700_027, "'000000'"),
        (json!({"x5t": "AAAA"}), json!({}), 700_027, "not found"),
        (json!({"x5c": "AAAA"}), json!({}), 50_027, "malformed"),
        (json!({"x5c": ["AAAA"]}), json!({}), 50_027, "malformed"),
        (json!({"x5c": []}), json!({}), 700_030, "certificate"),
        (
            json!({"x5c": [BASE64_STANDARD.encode(Signer::stranger().der())]}),
            json!({}),
            700_030,
            "certificate",
        ),
    ];
    for (header_change, claims_change, code, text) in cases {
        let assertion = sign(
            &with(header(), header_change),
            &with(claims(&emulator), claims_change),
        );
        let reply = send(&emulator, &assertion);
        let status = if *code == 90_014 { 400 } else { 401 };
        let error = if *code == 90_014 {
            "invalid_request"
        } else {
            "invalid_client"
        };
        let body = is_refused(&reply, status, error, *code);
        let description = body["error_description"].as_str().unwrap();
        assert!(description.contains(text), "{description}");
    }
}

#[test]
fn a_signature_has_to_be_of_the_registered_key() {
    let emulator = emulator();
    let good = sign(&header(), &claims(&emulator));
    let body = is_refused(&send(&emulator, &tampered(&good)), 401, "invalid_client", 700_027);
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.contains("signature value did not match"),
        "{description}"
    );
    // Another payload under the same signature.
    let parts: Vec<&str> = good.split('.').collect();
    let payload = Style::Unpadded.encode(with(claims(&emulator), &json!({"jti": "other"})).to_string());
    let swapped = format!("{}.{payload}.{}", parts[0], parts[2]);
    is_refused(&send(&emulator, &swapped), 401, "invalid_client", 700_027);
    // Another key under the right thumbprint, and the stranger under his own.
    let stranger = Signer::stranger();
    let forged = stranger.sign(&header(), &claims(&emulator), Style::Unpadded);
    is_refused(&send(&emulator, &forged), 401, "invalid_client", 700_027);
    let own = with(
        header(),
        &json!({"x5t#S256": Style::Unpadded.encode(stranger.sha256())}),
    );
    let honest = stranger.sign(&own, &claims(&emulator), Style::Unpadded);
    is_refused(&send(&emulator, &honest), 401, "invalid_client", 700_027);
    // A PSS signature does not pass as PKCS#1 under another header.
    let relabelled = with(header(), &json!({"alg": "RS256"}));
    let relabelled = format!(
        "{}.{}.{}",
        Style::Unpadded.encode(relabelled.to_string()),
        parts[1],
        parts[2]
    );
    is_refused(&send(&emulator, &relabelled), 401, "invalid_client", 700_027);
    for rubbish in ["x", "a.b.c", "e30.e30", "..."] {
        is_refused(&send(&emulator, rubbish), 401, "invalid_client", 50_027);
    }
}

#[test]
fn the_kind_of_assertion_has_to_be_named() {
    let emulator = emulator();
    let assertion = sign(&header(), &claims(&emulator));
    for (kind, code) in [(None, 900_144), (Some("urn:saml2"), 165_900)] {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", DEFAULT_CLIENT_ID),
            ("client_assertion", assertion.as_str()),
            ("scope", MANAGEMENT),
        ];
        form.extend(kind.map(|kind| ("client_assertion_type", kind)));
        let reply = post(&emulator, &token_path(&emulator), &form);
        let body = is_refused(&reply, 400, "invalid_request", code);
        assert!(
            body["error_description"]
                .as_str()
                .unwrap()
                .contains("client_assertion_type")
        );
    }
}

#[test]
fn of_two_credentials_both_have_to_be_good() {
    let emulator = builder()
        .app(
            App::fixed()
                .secret("s3cret")
                .certificate(Signer::shared().certificate.certificate_pem()),
        )
        .start_blocking()
        .unwrap();
    let good = sign(&header(), &claims(&emulator));
    let both = |secret: &str, assertion: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", DEFAULT_CLIENT_ID),
            ("client_secret", secret),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
            ("scope", MANAGEMENT),
        ];
        post(&emulator, &token_path(&emulator), &form)
    };
    assert_eq!(both("s3cret", &good).status, 200);
    is_refused(&both("s3cret", &tampered(&good)), 401, "invalid_client", 700_027);
    is_refused(&both("wrong", &good), 401, "invalid_client", 7_000_215);
}

#[test]
fn an_application_can_be_made_to_take_each_assertion_once() {
    let pem = Signer::shared().certificate.certificate_pem();
    let app = App::fixed().certificate(pem).single_use_assertions();
    let emulator = builder().app(app).start_blocking().unwrap();
    let first = sign(&header(), &claims(&emulator));
    assert_eq!(send(&emulator, &first).status, 200);
    is_refused(&send(&emulator, &first), 401, "invalid_client", 50_027);
    let second = sign(&header(), &with(claims(&emulator), &json!({"jti": "second"})));
    assert_eq!(send(&emulator, &second).status, 200);
    let without = sign(&header(), &with(claims(&emulator), &json!({"jti": null})));
    is_refused(&send(&emulator, &without), 400, "invalid_request", 90_014);
}

#[test]
fn an_expired_certificate_is_refused_for_that() {
    let emulator = emulator();
    emulator.clock().advance(Duration::from_secs(400 * 86_400));
    let later = now() + 400 * 86_400;
    let change = json!({"nbf": later - 60, "exp": later + 600});
    let reply = send(&emulator, &sign(&header(), &with(claims(&emulator), &change)));
    let body = is_refused(&reply, 401, "invalid_client", 700_027);
    assert!(
        body["error_description"]
            .as_str()
            .unwrap()
            .contains("key used is expired")
    );
}

#[test]
fn regional_names_serve_tokens_for_assertions_to_either_name() {
    let app = App::fixed().certificate(Signer::shared().certificate.certificate_pem());
    let emulator = builder().app(app).region("westeurope").start_blocking().unwrap();
    let port = emulator.address().port();
    for host in [
        format!("localhost:{port}"),
        format!("westeurope.localhost:{port}"),
        format!("westeurope.login.microsoft.com:{port}"),
        "westeurope.login.microsoft.com".to_owned(),
    ] {
        let aud = format!("https://{host}/{DEFAULT_TENANT_ID}/oauth2/v2.0/token");
        let assertion = sign(&header(), &with(claims(&emulator), &json!({"aud": aud})));
        assert_eq!(send(&emulator, &assertion).status, 200, "{host}");
    }
    let aud = format!("https://northeurope.localhost:{port}/{DEFAULT_TENANT_ID}/oauth2/v2.0/token");
    let assertion = sign(&header(), &with(claims(&emulator), &json!({"aud": aud})));
    is_refused(&send(&emulator, &assertion), 401, "invalid_client", 700_023);
}
