//! The journal: what it keeps, what tests can demand of it, and its exported form.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::{
    FORM, builder, call, connect, credentials_form, emulator, encode, get, post, read_reply, token,
    token_path, token_request,
};
use identity_emulator::{App, DEFAULT_CLIENT_ID, DEFAULT_TENANT_ID, Route};

#[test]
fn demands_are_met_or_fail_with_a_list() {
    let emulator = emulator();
    token(&emulator);
    get(&emulator, "/common/discovery/keys");
    emulator
        .requests()
        .token()
        .exactly(1)
        .at_least(1)
        .with_form("grant_type", "client_credentials")
        .without_form("claims")
        .with_header("content-type", FORM.1)
        .without_header("cookie")
        .on_one_connection();
    emulator.requests().route(Route::KeysV1).exactly(1);
    emulator.requests().grant("password").none();
    emulator.requests().tenant(DEFAULT_TENANT_ID).exactly(1);
    for unmet in [
        catch_unwind(AssertUnwindSafe(|| drop(emulator.requests().token().exactly(2)))),
        catch_unwind(AssertUnwindSafe(|| drop(emulator.requests().none()))),
        catch_unwind(AssertUnwindSafe(|| {
            drop(emulator.requests().token().with_form("scope", "x"))
        })),
        catch_unwind(AssertUnwindSafe(|| drop(emulator.requests().on_one_connection()))),
    ] {
        let text = *unmet.unwrap_err().downcast::<String>().unwrap();
        assert!(
            text.contains("POST") && text.contains("client_credentials"),
            "{text}"
        );
        assert!(!text.contains("s3cret"), "a secret is in {text}");
    }
}

#[test]
fn a_request_is_kept_whole_and_shown_without_secrets() {
    let emulator = emulator();
    let path = format!("{}?x=a%20b&dc=1", token_path(&emulator));
    post(&emulator, &path, &credentials_form());
    let request = emulator.requests().last().unwrap().clone();
    assert_eq!(
        (request.number(), request.method(), request.route()),
        (1, "POST", Route::Token)
    );
    assert_eq!(
        (request.path(), request.target()),
        (token_path(&emulator).as_str(), path)
    );
    assert_eq!(
        (request.query("x"), request.form("client_secret")),
        (Some("a b"), Some(crate::support::SECRET))
    );
    assert_eq!(
        (request.tenant(), request.grant()),
        (Some(DEFAULT_TENANT_ID), Some("client_credentials"))
    );
    assert_eq!(request.client_id().as_deref(), Some(DEFAULT_CLIENT_ID));
    assert_eq!(request.body(), encode(&credentials_form()).as_bytes());
    assert_eq!(
        (request.header("Content-Type"), request.http_version()),
        (Some(FORM.1), "HTTP/1.1")
    );
    assert_eq!(
        (request.status(), request.aadsts(), request.fault()),
        (Some(200), None, None)
    );
    assert!(!format!("{request:?}").contains("s3cret"));
}

#[test]
fn requests_on_one_connection_are_told_from_those_on_two() {
    let emulator = emulator();
    let mut stream = connect(&emulator).unwrap();
    for _ in 0..2 {
        stream.write_all(&token_request(&emulator)).unwrap();
        assert_eq!(read_reply(&mut stream).unwrap().status, 200);
    }
    assert_eq!(emulator.requests().token().exactly(2).connections(), 1);
    let connections = emulator.connections();
    assert_eq!((connections.opened, connections.open), (1, 1));
    token(&emulator);
    assert_eq!(emulator.requests().connections(), 2);
    assert_eq!(emulator.connections().opened, 2);
}

#[test]
fn the_export_has_the_form_of_the_recorded_cases() {
    let emulator = builder()
        .app(App::fixed().secret("s3cret"))
        .start_blocking()
        .unwrap();
    let claims = r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#;
    let form = encode(&[
        ("grant_type", "client_credentials"),
        ("client_id", DEFAULT_CLIENT_ID),
        ("client_secret", "s3cret"),
        ("scope", crate::support::MANAGEMENT),
        ("claims", claims),
    ]);
    let headers = [
        FORM,
        ("user-agent", "test/1"),
        ("x-client-sku", "T"),
        ("accept", "*/*"),
    ];
    call(
        &emulator,
        "POST",
        &token_path(&emulator),
        &headers,
        form.as_bytes(),
    );
    let expected = r#"{
 "error": null,
 "requests": [
  {
   "form": {
    "claims": {
     "access_token": {
      "xms_cc": {
       "values": [
        "CP1"
       ]
      }
     }
    },
    "client_id": "44444444-4444-4444-4444-444444444444",
    "client_secret": "s3cret",
    "grant_type": "client_credentials",
    "scope": "https://management.azure.com/.default"
   },
   "headers": {
    "content-type": "application/x-www-form-urlencoded"
   },
   "method": "POST",
   "path": "/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token",
   "query": {}
  }
 ],
 "scenario": "client_secret_cae",
 "tools": []
}
"#;
    assert_eq!(emulator.requests().to_golden_text("client_secret_cae"), expected);
}

#[test]
fn a_request_without_a_form_exports_none() {
    let emulator = emulator();
    get(&emulator, "/contoso.test/discovery/keys?b=2&a=1");
    let golden = emulator.requests().to_golden("x");
    let request = &golden["requests"][0];
    assert!(request["form"].is_null());
    assert_eq!(request["query"], serde_json::json!({"a": "1", "b": "2"}));
}

#[test]
fn the_journal_forgets_the_oldest_beyond_its_limit() {
    let emulator = builder()
        .app(App::fixed().secret(crate::support::SECRET))
        .journal_limit(2)
        .start_blocking()
        .unwrap();
    for _ in 0..3 {
        token(&emulator);
    }
    let kept: Vec<u64> = emulator
        .requests()
        .iter()
        .map(|request| request.number())
        .collect();
    assert_eq!(kept, [2, 3]);
    emulator.clear_requests();
    assert!(emulator.requests().is_empty());
}
