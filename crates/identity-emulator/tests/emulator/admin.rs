//! The administration over HTTP, as a program in another language uses it.

use std::io::Write as _;
use std::net::TcpStream;

use crate::support::{Reply, emulator, get, read_reply, request, token};
use identity_emulator::{DEFAULT_CLIENT_ID, DEFAULT_TENANT_ID, Emulator};
use serde_json::{Value, json};

fn admin(emulator: &Emulator, method: &str, path: &str, body: &str) -> Reply {
    let mut tcp = TcpStream::connect(emulator.plain_address()).unwrap();
    tcp.write_all(&request(
        method,
        path,
        &[("content-type", "application/json")],
        body.as_bytes(),
    ))
    .unwrap();
    read_reply(&mut tcp).unwrap()
}

#[test]
fn the_list_names_every_route_and_the_state_every_app() {
    let emulator = emulator();
    let help = admin(&emulator, "GET", "/_admin", "").json();
    assert!(
        help.as_array()
            .unwrap()
            .iter()
            .any(|row| row["path"] == "/_admin/faults" && row["method"] == "POST")
    );
    let state = admin(&emulator, "GET", "/_admin/state", "").json();
    assert_eq!(state["authority"], emulator.authority());
    assert_eq!(state["tenants"][0]["tenant_id"], DEFAULT_TENANT_ID);
    assert_eq!(state["tenants"][0]["apps"][0]["client_id"], DEFAULT_CLIENT_ID);
    assert!(!state.to_string().contains("s3cret"));
    let ca = admin(&emulator, "GET", "/_admin/ca.pem", "");
    assert_eq!(ca.body, emulator.ca_pem().into_bytes());
    // The same is there over TLS.
    assert_eq!(get(&emulator, "/_admin/state").status, 200);
    emulator.requests().none();
}

#[test]
fn what_there_is_not_points_to_the_list() {
    let emulator = emulator();
    for path in ["/_admin/unknown", "/_admin/", "/_ADMIN/faults/1/more"] {
        let reply = admin(&emulator, "GET", path, "");
        assert_eq!(reply.status, 404, "{path}");
        let told = reply.json();
        assert!(told["error"].as_str().unwrap().contains(path), "{told}");
        assert!(told["hint"].as_str().unwrap().contains("GET /_admin"), "{told}");
    }
    // As all of the administration it is not in the journal.
    emulator.requests().none();
}

#[test]
fn faults_are_added_listed_counted_and_removed() {
    let emulator = emulator();
    let rules = r#"[{"on": {"route": "token", "times": 1}, "do": {"status": 429, "headers": [["retry-after", "1"]]}},
                    {"on": {"grant": "client_credentials"}, "do": {"fields": {"expires_in": "60"}}}]"#;
    let added = admin(&emulator, "POST", "/_admin/faults", rules).json();
    assert_eq!(added, json!({"added": [1, 2]}));
    assert_eq!(token(&emulator).status, 429);
    assert_eq!(token(&emulator).json()["expires_in"], "60");
    let listed = admin(&emulator, "GET", "/_admin/faults", "").json();
    let counts: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["applied"])
        .collect();
    assert_eq!(counts, [&json!(1), &json!(1)]);
    assert_eq!(admin(&emulator, "DELETE", "/_admin/faults/2", "").status, 204);
    assert_eq!(admin(&emulator, "DELETE", "/_admin/faults/2", "").status, 404);
    assert_eq!(token(&emulator).json()["expires_in"], 3599);
    assert_eq!(admin(&emulator, "DELETE", "/_admin/faults", "").status, 204);
    assert_eq!(admin(&emulator, "GET", "/_admin/faults", "").json(), json!([]));
}

#[test]
fn mistakes_are_explained_and_change_nothing() {
    let emulator = emulator();
    for (method, path, body, text) in [
        ("POST", "/_admin/faults", "{", "body"),
        ("POST", "/_admin/faults", r#"{"do": {"sttaus": 1}}"#, "sttaus"),
        (
            "POST",
            "/_admin/faults",
            r#"[{"do": {"status": 500}}, {"do": {"status": 1}}]"#,
            "no status",
        ),
        ("POST", "/_admin/clock", r#"{"advance": -1}"#, "-1"),
        (
            "POST",
            "/_admin/clock",
            r#"{"frozen": true, "advance": 1e300}"#,
            "1e300",
        ),
        ("GET", "/_admin/requests?route=nonsense", "", "nonsense"),
        ("DELETE", "/_admin/faults/x", "", "number"),
        ("POST", "/_admin/gates/g/release?requests=x", "", "number"),
        ("POST", "/_admin/tokens", "[]", "object"),
    ] {
        let reply = admin(&emulator, method, path, body);
        let error = reply.json()["error"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, 400, "{path}");
        assert!(error.contains(text), "{path}: {error}");
    }
    assert_eq!(admin(&emulator, "PUT", "/_admin/faults", "").status, 405);
    assert!(!emulator.clock().is_frozen());
    assert_eq!(token(&emulator).status, 200);
}

#[test]
fn the_clock_is_read_and_moved() {
    let emulator = emulator();
    let frozen = admin(
        &emulator,
        "POST",
        "/_admin/clock",
        r#"{"frozen": true, "set_wall": 1800000000}"#,
    )
    .json();
    assert_eq!(
        (&frozen["wall"], &frozen["frozen"]),
        (&json!(1_800_000_000), &json!(true))
    );
    let moved = admin(
        &emulator,
        "POST",
        "/_admin/clock",
        r#"{"advance": 60, "advance_elapsed": 5}"#,
    )
    .json();
    assert_eq!(moved["wall"], 1_800_000_060);
    assert_eq!(
        moved["elapsed"].as_f64().unwrap() - frozen["elapsed"].as_f64().unwrap(),
        65.0
    );
    assert_eq!(admin(&emulator, "GET", "/_admin/clock", "").json(), moved);
}

#[test]
fn requests_are_read_selected_exported_and_forgotten() {
    let emulator = emulator();
    token(&emulator);
    get(&emulator, "/common/discovery/keys");
    let all = admin(&emulator, "GET", "/_admin/requests", "").json();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(
        (&all[0]["route"], &all[0]["status"]),
        (&json!("token"), &json!(200))
    );
    let keys = admin(&emulator, "GET", "/_admin/requests?route=keys_v1", "").json();
    assert_eq!(keys.as_array().unwrap().len(), 1);
    let golden = admin(
        &emulator,
        "GET",
        "/_admin/requests?scenario=s&grant=client_credentials",
        "",
    );
    assert_eq!(
        golden.body,
        emulator.requests().token().to_golden_text("s").into_bytes()
    );
    assert_eq!(admin(&emulator, "DELETE", "/_admin/requests", "").status, 204);
    emulator.requests().none();
}

#[test]
fn gates_work_from_outside() {
    let emulator = std::sync::Arc::new(emulator());
    let rule = r#"{"on": {"route": "token"}, "do": {"hold": "g"}}"#;
    assert_eq!(admin(&emulator, "POST", "/_admin/faults", rule).status, 200);
    let waiting = {
        let emulator = std::sync::Arc::clone(&emulator);
        std::thread::spawn(move || token(&emulator).status)
    };
    let waits = |state: &Value| state["gates"][0]["waiting"] == 1;
    while !waits(&admin(&emulator, "GET", "/_admin/state", "").json()) {}
    assert!(!waiting.is_finished());
    assert_eq!(
        admin(&emulator, "POST", "/_admin/gates/g/release?requests=1", "").status,
        204
    );
    assert_eq!(waiting.join().unwrap(), 200);
}

#[test]
fn a_reset_makes_it_as_new() {
    let emulator = emulator();
    emulator.clock().freeze();
    let before = emulator.clock().unix_seconds();
    emulator.clock().set_wall(std::time::SystemTime::UNIX_EPOCH);
    admin(&emulator, "POST", "/_admin/faults", r#"{"do": {"status": 500}}"#);
    assert_eq!(token(&emulator).status, 500);
    assert_eq!(admin(&emulator, "POST", "/_admin/reset", "").status, 204);
    assert_eq!(token(&emulator).status, 200);
    emulator.requests().exactly(1);
    assert!((emulator.clock().unix_seconds() - before).abs() <= 1);
}

#[test]
fn tokens_are_forged() {
    let emulator = emulator();
    let forged = admin(&emulator, "POST", "/_admin/tokens", r#"{"aud": "x"}"#).json();
    assert_eq!(
        forged["token"].as_str().unwrap(),
        emulator.forge_token(&json!({"aud": "x"})).unwrap()
    );
}

#[test]
fn a_web_page_whose_name_points_at_loopback_does_not_get_in() {
    let emulator = crate::support::builder()
        .server_name("emulator.lab.test")
        .start_blocking()
        .unwrap();
    let status = |host: &str| {
        let mut tcp = TcpStream::connect(emulator.plain_address()).unwrap();
        write!(tcp, "GET /_admin/requests HTTP/1.1\r\nhost: {host}\r\n\r\n").unwrap();
        read_reply(&mut tcp).unwrap().status
    };
    for own in [
        "localhost:1",
        "127.0.0.1",
        "172.17.0.2:80",
        "[::1]:5",
        "emulator.lab.test",
    ] {
        assert_eq!(status(own), 200, "{own}");
    }
    for foreign in ["evil.test", "evil.test:80", "localhost.evil.test", ""] {
        assert_eq!(status(foreign), 403, "{foreign}");
    }
}

#[test]
fn a_reset_lets_waiting_requests_go() {
    let emulator = std::sync::Arc::new(emulator());
    let gate = emulator.gate("g");
    emulator.fault(identity_emulator::Fault::on_any().hold(&gate));
    let waiting = {
        let emulator = std::sync::Arc::clone(&emulator);
        std::thread::spawn(move || token(&emulator).status)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(gate.wait_for(1));
    admin(&emulator, "POST", "/_admin/reset", "");
    assert_eq!(waiting.join().unwrap(), 200);
}
