//! Id tokens of build systems, and where the machine is.

use crate::jwt::part;
use crate::support::{MANAGEMENT, Reply, builder, call, post, read_reply, request, token_path};
use identity_emulator::{
    App, CiHost, DEFAULT_CLIENT_ID, DEFAULT_SERVICE_CONNECTION_ID, DEFAULT_SYSTEM_ACCESS_TOKEN, Emulator,
    FederatedCredential, Route,
};
use serde_json::Value;
use std::io::Write as _;
use std::net::TcpStream;

fn emulator() -> Emulator {
    let app = App::confidential("default")
        .id(DEFAULT_CLIENT_ID)
        .federated(FederatedCredential::azure_pipelines())
        .federated(FederatedCredential::github_actions());
    builder().app(app).start_blocking().unwrap()
}

fn variable(variables: &[(&str, String)], name: &str) -> String {
    variables
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap()
        .1
        .clone()
}

fn exchanges(emulator: &Emulator, assertion: &Value) {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", DEFAULT_CLIENT_ID),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion.as_str().unwrap()),
        ("scope", MANAGEMENT),
    ];
    let reply = post(emulator, &token_path(emulator), &form);
    assert_eq!(reply.status, 200, "{}", reply.json());
}

fn pipelines(emulator: &Emulator, query: &str, headers: &[(&str, &str)]) -> Reply {
    let uri = variable(&emulator.pipelines_environment(), "SYSTEM_OIDCREQUESTURI");
    let path = uri.strip_prefix(emulator.authority()).unwrap();
    call(emulator, "POST", &format!("{path}?{query}"), headers, b"")
}

#[test]
fn azure_pipelines_hands_out_tokens_that_prove_the_application() {
    let emulator = emulator();
    let bearer = format!("Bearer {DEFAULT_SYSTEM_ACCESS_TOKEN}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
        ("x-tfs-fedauthredirect", "Suppress"),
    ];
    let good = format!("api-version=7.1&serviceConnectionId={DEFAULT_SERVICE_CONNECTION_ID}");
    let reply = pipelines(&emulator, &good, &headers);
    assert_eq!(reply.status, 200);
    exchanges(&emulator, &reply.json()["oidcToken"]);
    for (query, headers, status) in [
        ("api-version=7.1&serviceConnectionId=unknown", &headers[..], 404),
        ("api-version=7.1", &headers, 400),
        ("serviceConnectionId=x", &headers, 400),
        ("api-version=5.0&serviceConnectionId=x", &headers, 400),
        (good.as_str(), &headers[1..], 415),
        (good.as_str(), &[headers[0], headers[2]], 401),
        (
            good.as_str(),
            &[headers[0], headers[2], ("authorization", "Bearer wrong")],
            401,
        ),
        // A browser would be sent to sign in.
        (good.as_str(), &headers[..1], 302),
    ] {
        let reply = pipelines(&emulator, query, headers);
        assert_eq!(reply.status, status, "{query} {headers:?}");
        assert_eq!(status == 302, reply.header("location").is_some());
    }
    emulator.requests().route(Route::PipelinesOidc).exactly(9);
}

#[test]
fn a_connection_of_ones_own_has_its_own_subject() {
    let ci = CiHost::fixed()
        .system_access_token("job-token")
        .service_connection("conn", "sc://org/project/conn");
    let emulator = builder().ci(ci).start_blocking().unwrap();
    let headers = [
        ("content-type", "application/json"),
        ("authorization", "bearer job-token"),
    ];
    let reply = pipelines(&emulator, "api-version=7.1&serviceConnectionId=conn", &headers).json();
    let claims = part(reply["oidcToken"].as_str().unwrap().split('.').nth(1).unwrap());
    assert_eq!(claims["sub"], "sc://org/project/conn");
    assert_eq!(claims["aud"], "api://AzureADTokenExchange");
}

#[test]
fn github_hands_out_tokens_for_the_audience_that_is_asked_for() {
    let emulator = emulator();
    let variables = emulator.github_environment();
    let url = variable(&variables, "ACTIONS_ID_TOKEN_REQUEST_URL");
    let bearer = format!(
        "Bearer {}",
        variable(&variables, "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    );
    let path = url.strip_prefix(emulator.authority()).unwrap();
    let ask = |audience: &str, bearer: &str| {
        call(
            &emulator,
            "GET",
            &format!("{path}{audience}"),
            &[("authorization", bearer)],
            b"",
        )
    };
    let reply = ask("&audience=api%3A%2F%2FAzureADTokenExchange", &bearer).json();
    exchanges(&emulator, &reply["value"]);
    let default = ask("", &bearer).json();
    let claims = part(default["value"].as_str().unwrap().split('.').nth(1).unwrap());
    assert_eq!(claims["aud"], "https://github.com/contoso");
    assert_eq!(claims["repository"], "contoso/orders");
    assert_eq!(ask("", "Bearer wrong").status, 401);
}

#[test]
fn the_metadata_service_tells_the_region_if_there_is_one() {
    let ask = |emulator: &Emulator, query: &str, headers: &[(&str, &str)]| {
        let mut tcp = TcpStream::connect(emulator.plain_address()).unwrap();
        let path = format!("/metadata/instance/compute{query}");
        tcp.write_all(&request("GET", &path, headers, b"")).unwrap();
        read_reply(&mut tcp).unwrap()
    };
    let regional = builder().region("westeurope").start_blocking().unwrap();
    let metadata = [("metadata", "true")];
    assert_eq!(
        ask(&regional, "?api-version=2021-02-01", &metadata).json()["location"],
        "westeurope"
    );
    assert_eq!(ask(&regional, "?api-version=2021-02-01", &[]).status, 400);
    assert_eq!(ask(&regional, "", &metadata).status, 400);
    assert_eq!(ask(&emulator(), "?api-version=2021-02-01", &metadata).status, 404);
}
