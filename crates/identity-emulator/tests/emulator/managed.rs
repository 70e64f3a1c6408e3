//! The endpoints of an Azure host for managed identities.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_emulator::{
    DEFAULT_CLIENT_ID, DEFAULT_IDENTITY_HEADER, DEFAULT_MSI_SECRET, Emulator, EmulatorClock, ExpiresOn,
    Fault, Host, HostKind, ManagedIdentity, Route,
};
use serde_json::Value;

use crate::support::{FORM, Reply, builder, call, read_reply, request};

const RESOURCE: &str = "https%3A%2F%2Fmanagement.azure.com";
const METADATA: (&str, &str) = ("metadata", "true");
const HEADER: (&str, &str) = ("x-identity-header", DEFAULT_IDENTITY_HEADER);

fn start(host: Host) -> Emulator {
    builder().host(host).start_blocking().unwrap()
}

/// One request to the plain port.
fn plain(emulator: &Emulator, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut stream = TcpStream::connect(emulator.plain_address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
        .write_all(&request(method, path, headers, body.as_bytes()))
        .unwrap();
    read_reply(&mut stream).unwrap()
}

fn imds(emulator: &Emulator, more: &str) -> Reply {
    let path = format!("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={RESOURCE}{more}");
    plain(emulator, "GET", &path, &[METADATA], "")
}

fn app_service(emulator: &Emulator, more: &str) -> Reply {
    let path = format!("/msi/token?api-version=2019-08-01&resource={RESOURCE}{more}");
    plain(emulator, "GET", &path, &[HEADER], "")
}

fn claims(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.json());
    let body = reply.json();
    let token = body["access_token"].as_str().unwrap();
    serde_json::from_slice(
        &BASE64_URL_SAFE_NO_PAD
            .decode(token.split('.').nth(1).unwrap())
            .unwrap(),
    )
    .unwrap()
}

#[test]
fn imds_gives_tokens_of_the_identity_that_is_named() {
    let emulator = start(Host::fixed());
    let (own, user) = (
        emulator.managed_identity("host").unwrap(),
        emulator.managed_identity("user").unwrap(),
    );
    let token = claims(&imds(&emulator, ""));
    assert_eq!(token["oid"], own.object_id_text());
    assert_eq!(
        (&token["aud"], &token["appid"]),
        (
            &"https://management.azure.com".into(),
            &own.client_id_text().into()
        )
    );
    for wish in [
        format!("client_id={DEFAULT_CLIENT_ID}"),
        format!("object_id={}", user.object_id_text().to_uppercase()),
        format!("msi_res_id={}", user.resource_id_text()),
    ] {
        let reply = imds(&emulator, &format!("&{wish}"));
        assert_eq!(claims(&reply)["oid"], user.object_id_text(), "{wish}");
        assert_eq!(reply.json()["client_id"], DEFAULT_CLIENT_ID);
        let (name, _) = wish.split_once('=').unwrap();
        assert!(reply.json()[name].is_string(), "{wish}");
    }
    let body = imds(&emulator, "").json();
    assert_eq!(
        (&body["expires_in"], &body["token_type"]),
        (&"86399".into(), &"Bearer".into())
    );
    assert_eq!(body["resource"], "https://management.azure.com");
}

#[test]
fn imds_refuses_what_it_refuses() {
    let emulator = start(Host::fixed());
    let ask = |path: &str, headers: &[(&str, &str)]| {
        let reply = plain(
            &emulator,
            "GET",
            &format!("/metadata/identity/oauth2/token{path}"),
            headers,
            "",
        );
        assert_eq!(reply.status, 400, "{path}");
        reply.json()["error_description"].as_str().unwrap().to_owned()
    };
    let good = format!("?api-version=2018-02-01&resource={RESOURCE}");
    assert_eq!(ask(&good, &[]), "Required metadata header not specified");
    assert!(ask(&good, &[METADATA, ("x-forwarded-for", "10.0.0.1")]).contains("forwarded"));
    assert!(ask("?resource=x", &[METADATA]).contains("api-version"));
    assert!(ask("?api-version=2017-01-01&resource=x", &[METADATA]).contains("not supported"));
    assert!(ask("?api-version=2018-02-01", &[METADATA]).contains("audience"));
    assert_eq!(
        ask(&format!("{good}&client_id=nobody"), &[METADATA]),
        "Identity not found"
    );
    assert!(ask(&format!("{good}&client_id=a&object_id=b"), &[METADATA]).contains("More than one"));
    let unknown = ask(
        "?api-version=2018-02-01&resource=https%3A%2F%2Fnowhere.test",
        &[METADATA],
    );
    assert!(unknown.starts_with("AADSTS500011: "), "{unknown}");
    let bare = start(Host::new());
    assert_eq!(imds(&bare, "").json()["error_description"], "Identity not found");
    // Not over TLS.
    assert_eq!(
        call(
            &emulator,
            "GET",
            &format!("/metadata/identity/oauth2/token{good}"),
            &[METADATA],
            b""
        )
        .status,
        404
    );
}

#[test]
fn app_service_has_two_versions() {
    let emulator = start(Host::fixed());
    let user = emulator.managed_identity("user").unwrap();
    let body = app_service(&emulator, "").json();
    assert!(body["expires_on"].as_str().unwrap().parse::<u64>().is_ok() && body["expires_in"].is_null());
    let reply = app_service(&emulator, &format!("&mi_res_id={}", user.resource_id_text()));
    assert_eq!(claims(&reply)["oid"], user.object_id_text());
    assert_eq!(reply.json()["mi_res_id"], user.resource_id_text());

    let old = format!("/msi/token?api-version=2017-09-01&resource={RESOURCE}&clientid={DEFAULT_CLIENT_ID}");
    let reply = plain(&emulator, "GET", &old, &[("secret", DEFAULT_MSI_SECRET)], "");
    assert_eq!(claims(&reply)["appid"], DEFAULT_CLIENT_ID);

    for (path, header, status) in [
        (
            "?api-version=2019-08-01&resource=x",
            ("x-identity-header", "wrong"),
            401,
        ),
        ("?api-version=2017-09-01&resource=x", ("secret", "wrong"), 401),
        ("?api-version=2017-09-01&resource=x", HEADER, 401),
        ("?resource=x", HEADER, 400),
        ("?api-version=2019-08-01", HEADER, 400),
        (
            "?api-version=2019-08-01&resource=https%3A%2F%2Fnowhere.test",
            HEADER,
            400,
        ),
        ("?api-version=2019-08-01&resource=x&client_id=nobody", HEADER, 400),
    ] {
        let reply = plain(&emulator, "GET", &format!("/msi/token{path}"), &[header], "");
        assert_eq!(
            (reply.status, &reply.json()["statusCode"]),
            (status, &status.into()),
            "{path}"
        );
        assert!(reply.json()["message"].is_string());
    }
}

#[test]
fn the_old_version_can_write_dates() {
    for (form, expected) in [
        (ExpiresOn::Date, "01/02/1970 00:00:00 +00:00"),
        (ExpiresOn::DateAmPm, "1/2/1970 12:00:00 AM +00:00"),
    ] {
        let host = Host::fixed()
            .expires_on(form)
            .token_lifetime(Duration::from_secs(86_400));
        let clock = EmulatorClock::frozen_at(std::time::SystemTime::UNIX_EPOCH);
        let emulator = builder().host(host).clock(clock).start_blocking().unwrap();
        let path = format!("/msi/token?api-version=2017-09-01&resource={RESOURCE}");
        let reply = plain(&emulator, "GET", &path, &[("secret", DEFAULT_MSI_SECRET)], "");
        assert_eq!(reply.json()["expires_on"], expected);
    }
}

#[test]
fn cloud_shell_takes_a_form() {
    let emulator = start(Host::fixed());
    let ask = |headers: &[(&str, &str)], body: &str| plain(&emulator, "POST", "/msi/token", headers, body);
    let body = format!("resource={RESOURCE}&client_id=ignored");
    let reply = ask(&[METADATA, FORM], &body);
    assert_eq!(
        claims(&reply)["oid"],
        emulator.managed_identity("host").unwrap().object_id_text()
    );
    assert_eq!(
        ask(&[FORM], &body).json()["error"]["code"],
        "MissingMetadataHeader"
    );
    assert_eq!(
        ask(&[METADATA, FORM], "x=1").json()["error"]["code"],
        "MissingResource"
    );
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the test reads the file as a program of the host would"
)]
fn the_agent_of_azure_arc_wants_to_hear_what_is_in_its_file() {
    let keys = tempfile::tempdir().unwrap();
    let emulator = start(Host::fixed().arc_key_directory(keys.path()));
    let path = format!(
        "/metadata/identity/oauth2/token/arc?api-version=2020-06-01&resource={RESOURCE}&client_id={DEFAULT_CLIENT_ID}"
    );
    let challenge = || {
        let reply = plain(&emulator, "GET", &path, &[METADATA], "");
        assert_eq!(reply.status, 401);
        let challenge = reply.header("www-authenticate").unwrap().to_owned();
        let file = challenge.strip_prefix("Basic realm=").unwrap().to_owned();
        assert_eq!(std::path::Path::new(&file).parent(), Some(keys.path()));
        std::fs::read_to_string(file).unwrap()
    };
    let (first, second) = (challenge(), challenge());
    assert_ne!(first, second);
    let answer = |key: &str| {
        plain(
            &emulator,
            "GET",
            &path,
            &[METADATA, ("authorization", &format!("Basic {key}"))],
            "",
        )
    };
    let reply = answer(&first);
    assert_eq!(claims(&reply)["appid"], DEFAULT_CLIENT_ID);
    assert_eq!(reply.json()["client_id"], DEFAULT_CLIENT_ID);
    assert_eq!(answer(&first).status, 401, "a key answers once");
    assert_eq!(answer("guess").status, 401);
    assert_eq!(answer(&second).status, 200);
    assert_eq!(plain(&emulator, "GET", &path, &[], "").status, 400);
    assert_eq!(
        plain(&start(Host::fixed()), "GET", &path, &[METADATA], "").status,
        404,
        "no directory"
    );
}

#[test]
fn service_fabric_keeps_a_token_until_it_is_taken_back() {
    let emulator = start(Host::fixed());
    let path = format!("/msi/token?api-version=2019-07-01-preview&resource={RESOURCE}");
    let secret = ("secret", DEFAULT_IDENTITY_HEADER);
    let ask =
        |more: &str, headers: &[(&str, &str)]| call(&emulator, "GET", &format!("{path}{more}"), headers, b"");
    let token = |more: &str| {
        let reply = ask(more, &[secret]);
        claims(&reply);
        reply.json()["access_token"].as_str().unwrap().to_owned()
    };
    let first = token("");
    assert_eq!(token("&xms_cc=cp1"), first);
    assert_eq!(token("&token_sha256_to_refresh=00"), first);
    let hash: String = ring::digest::digest(&ring::digest::SHA256, first.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let second = token(&format!("&token_sha256_to_refresh={hash}"));
    assert_ne!(second, first);
    assert_eq!(token(""), second);
    assert_eq!(ask("", &[]).json()["error"]["code"], "SecretHeaderNotFound");
    assert_eq!(ask("", &[("secret", "wrong")]).status, 401);
    let bare = start(Host::new());
    assert_eq!(
        call(&bare, "GET", &path, &[secret], b"").json()["error"]["code"],
        "ManagedIdentityNotFound"
    );
}

#[test]
fn old_agents_and_faults_are_played() {
    let emulator = start(Host::fixed().ignores_selection());
    let own = emulator.managed_identity("host").unwrap();
    let reply = imds(&emulator, &format!("&client_id={DEFAULT_CLIENT_ID}"));
    assert_eq!(reply.json()["client_id"], own.client_id_text());

    emulator.fault(Fault::on(Route::Imds).times(1).status(410));
    emulator.fault(
        Fault::on(Route::Imds)
            .times(1)
            .without_field("client_id")
            .field("resource", "https://other"),
    );
    emulator.fault(
        Fault::on(Route::AppService)
            .times(1)
            .status(429)
            .retry_after(Duration::from_secs(7)),
    );
    assert_eq!(imds(&emulator, "").status, 410);
    let altered = imds(&emulator, "").json();
    assert!(altered["client_id"].is_null() && altered["resource"] == "https://other");
    assert_eq!(app_service(&emulator, "").header("retry-after"), Some("7"));
    assert_eq!(imds(&emulator, "").status, 200);
    emulator
        .requests()
        .route(Route::Imds)
        .exactly(4)
        .with_header("metadata", "true");
}

#[test]
fn the_environment_of_each_host_leads_here() {
    let emulator = start(
        Host::new()
            .identity(ManagedIdentity::system_assigned("x"))
            .identity_header("h")
            .msi_secret("s"),
    );
    let names = |kind| -> Vec<&str> {
        emulator
            .host_environment(kind)
            .iter()
            .map(|(name, _)| *name)
            .collect()
    };
    assert_eq!(names(HostKind::Imds), ["AZURE_POD_IDENTITY_AUTHORITY_HOST"]);
    assert_eq!(
        names(HostKind::AppService),
        ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]
    );
    assert_eq!(names(HostKind::AzureMl), ["MSI_ENDPOINT", "MSI_SECRET"]);
    assert_eq!(names(HostKind::CloudShell), ["MSI_ENDPOINT"]);
    assert_eq!(names(HostKind::AzureArc), ["IDENTITY_ENDPOINT", "IMDS_ENDPOINT"]);
    let fabric = emulator.host_environment(HostKind::ServiceFabric);
    assert_eq!(fabric[1], ("IDENTITY_HEADER", "h".to_owned()));
    assert_eq!(
        fabric[2],
        ("IDENTITY_SERVER_THUMBPRINT", emulator.server_thumbprint())
    );
    assert_eq!(emulator.server_thumbprint().len(), 40);
    assert!(fabric[0].1.starts_with("https://localhost:"));
    let secrets = format!(
        "{:?}",
        Host::new().identity_header("CNRYCNRY").msi_secret("CNRYCNRY")
    );
    assert!(!secrets.contains("CNRY"));
}
