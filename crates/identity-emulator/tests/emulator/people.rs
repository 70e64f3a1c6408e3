//! Sign-ins in a browser and by device code.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_base::seam::BrowserOpener as _;
use identity_emulator::{App, Emulator, EmulatorClock, Route, SignIn, User};
use serde_json::{Value, json};

use crate::jwt;
use crate::support::{Reply, builder, call, encode, get, is_refused, post, token_path};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Of this very verifier, RFC 7636 appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SCOPE: &str = "https://graph.microsoft.com/User.Read openid profile offline_access";

fn emulator() -> Emulator {
    builder()
        .app(App::public("cli").redirect_uri("http://localhost"))
        .app(App::public("cousin").family())
        .app(App::public("sister").family())
        .user(User::new("ada@contoso.test"))
        .start_blocking()
        .unwrap()
}

fn page(emulator: &Emulator, more: &[(&str, &str)]) -> String {
    let mut query = vec![
        ("client_id", emulator.client_id_of("cli").unwrap()),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost:1"),
        ("scope", SCOPE),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in more {
        query.retain(|(known, _)| known != name);
        if !value.is_empty() {
            query.push((name, value));
        }
    }
    format!("/organizations/oauth2/v2.0/authorize?{}", encode(&query))
}

/// The claims of a token whose signature is good.
fn verified(emulator: &Emulator, token: &str) -> Value {
    let keys = get(emulator, "/common/discovery/v2.0/keys").json();
    jwt::verify(token, &keys).unwrap()
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

/// The value of a hidden field of the form that goes back.
fn field(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

fn redeem(emulator: &Emulator, code: &str) -> Reply {
    post(
        emulator,
        &token_path(emulator),
        &[
            ("grant_type", "authorization_code"),
            ("client_id", emulator.client_id_of("cli").unwrap()),
            ("code", code),
            ("redirect_uri", "http://localhost:1"),
            ("code_verifier", VERIFIER),
            ("client_info", "1"),
        ],
    )
}

#[test]
fn a_person_consents_and_the_form_goes_back() {
    let emulator = emulator();
    let shown = get(&emulator, &page(&emulator, &[("response_mode", "form_post")]));
    assert_eq!(shown.status, 200);
    let html = text(&shown);
    assert!(
        html.contains("action=\"http://localhost:1\" method=\"POST\""),
        "{html}"
    );
    assert_eq!(field(&html, "state").as_deref(), Some("the-state"));
    let answer = redeem(&emulator, &field(&html, "code").unwrap()).json();
    let claims = verified(&emulator, answer["id_token"].as_str().unwrap());
    assert_eq!(claims["nonce"], "the-nonce");
    assert_eq!(claims["preferred_username"], "ada@contoso.test");
    assert_eq!(claims["aud"], emulator.client_id_of("cli").unwrap());
    let info = BASE64_URL_SAFE_NO_PAD
        .decode(answer["client_info"].as_str().unwrap())
        .unwrap();
    let info: Value = serde_json::from_slice(&info).unwrap();
    assert_eq!((&info["uid"], &info["utid"]), (&claims["oid"], &claims["tid"]));
    assert!(answer["refresh_token"].is_string() && answer.get("foci").is_none());
}

#[test]
fn other_response_modes_redirect() {
    let emulator = emulator();
    for (mode, start) in [
        ("", "http://localhost:1?code="),
        ("query", "http://localhost:1?code="),
        ("fragment", "http://localhost:1#code="),
    ] {
        let reply = get(&emulator, &page(&emulator, &[("response_mode", mode)]));
        assert_eq!(reply.status, 302);
        assert!(reply.header("location").unwrap().starts_with(start), "{mode}");
    }
}

#[test]
fn scripts_are_used_up_in_their_order() {
    let emulator = emulator();
    emulator.script(SignIn::cancelled());
    emulator.script(SignIn::refused(50020));
    emulator.script(SignIn::of(User::new("bob@contoso.test")).with_wrong_state());
    let page = page(&emulator, &[("response_mode", "form_post")]);
    let next = || text(&get(&emulator, &page));
    let cancelled = next();
    assert_eq!(field(&cancelled, "error").as_deref(), Some("access_denied"));
    assert!(
        field(&cancelled, "error_description")
            .unwrap()
            .starts_with("AADSTS65004")
    );
    assert_eq!(field(&next(), "error").as_deref(), Some("interaction_required"));
    let forged = next();
    assert_ne!(field(&forged, "state").as_deref(), Some("the-state"));
    let claims = verified(
        &emulator,
        redeem(&emulator, &field(&forged, "code").unwrap()).json()["id_token"]
            .as_str()
            .unwrap(),
    );
    assert_eq!(claims["preferred_username"], "bob@contoso.test");
    assert_eq!(
        field(&next(), "state").as_deref(),
        Some("the-state"),
        "the default again"
    );
    let over_http = call(
        &emulator,
        "POST",
        "/_admin/sign-ins",
        &[],
        json!({"cancel": true}).to_string().as_bytes(),
    );
    assert_eq!(over_http.status, 204);
    assert_eq!(field(&next(), "error").as_deref(), Some("access_denied"));
    for bad in [
        json!({}),
        json!({"cancel": true, "ignore": true}),
        json!({"aadsts": 1}),
    ] {
        assert_eq!(
            call(
                &emulator,
                "POST",
                "/_admin/sign-ins",
                &[],
                bad.to_string().as_bytes()
            )
            .status,
            400
        );
    }
    emulator.script(SignIn::cancelled());
    emulator.reset();
    assert!(field(&next(), "code").is_some(), "a reset forgets scripts");
}

#[test]
fn whoever_may_not_be_sent_back_to_is_told_on_a_page() {
    let emulator = emulator();
    for (name, value, aadsts) in [
        ("client_id", "", "AADSTS900144"),
        (
            "client_id",
            "99999999-9999-9999-9999-999999999999",
            "AADSTS700016",
        ),
        ("redirect_uri", "http://evil.test", "AADSTS50011"),
        ("redirect_uri", "http://localhost.evil.test", "AADSTS50011"),
        ("response_mode", "okay", "AADSTS90023"),
    ] {
        let reply = get(&emulator, &page(&emulator, &[(name, value)]));
        assert_eq!(reply.status, 400, "{name}");
        assert!(text(&reply).contains(aadsts), "{name} {value}");
    }
    for (name, value) in [
        ("response_type", "token"),
        ("scope", ""),
        ("code_challenge_method", "plain"),
    ] {
        let reply = get(&emulator, &page(&emulator, &[(name, value)]));
        assert!(reply.header("location").unwrap().contains("error="), "{name}");
    }
}

fn begin(emulator: &Emulator, app: &str) -> Value {
    let form = [
        ("client_id", emulator.client_id_of(app).unwrap()),
        ("scope", SCOPE),
    ];
    let reply = post(emulator, "/organizations/oauth2/v2.0/devicecode", &form);
    assert_eq!(reply.status, 200);
    reply.json()
}

fn poll(emulator: &Emulator, app: &str, code: &Value) -> Reply {
    post(
        emulator,
        "/organizations/oauth2/v2.0/token",
        &[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", emulator.client_id_of(app).unwrap()),
            ("device_code", code["device_code"].as_str().unwrap()),
            ("client_info", "1"),
        ],
    )
}

#[test]
fn a_device_is_told_what_the_script_says() {
    let emulator = emulator();
    emulator.script(
        SignIn::of(User::new("bob@contoso.test"))
            .slowing_down(1)
            .after_polls(2),
    );
    let code = begin(&emulator, "cli");
    assert_eq!((&code["expires_in"], &code["interval"]), (&json!(900), &json!(5)));
    assert!(
        code["verification_uri"]
            .as_str()
            .unwrap()
            .ends_with("/devicelogin")
    );
    assert_eq!(code["user_code"].as_str().unwrap().len(), 9);
    let errors: Vec<Value> = (0..3)
        .map(|_| poll(&emulator, "cli", &code).json()["error"].clone())
        .collect();
    assert_eq!(
        errors,
        ["slow_down", "authorization_pending", "authorization_pending"]
    );
    let answer = poll(&emulator, "cli", &code).json();
    let claims = verified(&emulator, answer["id_token"].as_str().unwrap());
    assert_eq!(claims["preferred_username"], "bob@contoso.test");
    is_refused(&poll(&emulator, "cli", &code), 400, "invalid_grant", 54005);
    for (script, error) in [
        (SignIn::cancelled(), "authorization_declined"),
        (SignIn::ignored(), "authorization_pending"),
    ] {
        emulator.script(script);
        let code = begin(&emulator, "cli");
        assert_eq!(poll(&emulator, "cli", &code).json()["error"], error);
        assert_eq!(
            poll(&emulator, "sister", &code).status,
            400,
            "of another application"
        );
    }
    assert_eq!(
        poll(&emulator, "cli", &json!({"device_code": "nope"})).json()["error"],
        "bad_verification_code"
    );
    assert_eq!(get(&emulator, "/devicelogin").status, 200);
}

#[test]
fn a_device_code_expires() {
    let clock = EmulatorClock::running();
    let emulator = builder()
        .app(App::public("cli"))
        .clock(clock.clone())
        .start_blocking()
        .unwrap();
    let code = begin(&emulator, "cli");
    clock.advance(Duration::from_secs(901));
    assert_eq!(poll(&emulator, "cli", &code).json()["error"], "expired_token");
}

#[test]
fn a_family_shares_refresh_tokens() {
    let emulator = emulator();
    let signed_in = poll(&emulator, "cousin", &begin(&emulator, "cousin")).json();
    assert_eq!(signed_in["foci"], "1");
    let refresh = |app: &str, claims: &str| {
        post(
            &emulator,
            &token_path(&emulator),
            &[
                ("grant_type", "refresh_token"),
                ("client_id", emulator.client_id_of(app).unwrap()),
                ("refresh_token", signed_in["refresh_token"].as_str().unwrap()),
                ("scope", "https://vault.azure.net/.default"),
                ("claims", claims),
            ],
        )
    };
    assert_eq!(refresh("cli", "").json()["suberror"], "client_mismatch");
    let contexts = refresh(
        "sister",
        r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#,
    )
    .json();
    assert_eq!(contexts["error"], "interaction_required");
    assert!(contexts["claims"].as_str().unwrap().contains("c1"));
    assert_eq!(refresh("sister", "").json()["foci"], "1");
}

#[test]
fn the_emulated_browser_carries_the_answer_back() {
    let emulator = emulator();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let redirect = format!("http://127.0.0.1:{}/cb", listener.local_addr().unwrap().port());
    let application = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&received).contains("session_state=") {
            let read = stream.read(&mut buffer).unwrap();
            received.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nthanks").unwrap();
        String::from_utf8(received).unwrap()
    });
    let cousin = emulator.client_id_of("cousin").unwrap();
    let target = page(
        &emulator,
        &[
            ("response_mode", "form_post"),
            ("redirect_uri", &redirect),
            ("client_id", cousin),
        ],
    );
    let browser = emulator.browser();
    let open = |url: String| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(browser.open(&url))
    };
    open(format!("{}{target}", emulator.authority())).unwrap();
    let received = application.join().unwrap();
    assert!(
        received.starts_with("POST /cb HTTP/1.1\r\n") && received.contains("state=the-state"),
        "{received}"
    );
    assert_eq!(emulator.requests().route(Route::Authorize).count(), 1);
    for elsewhere in [
        "https://login.microsoftonline.com/x",
        "http://localhost/",
        "not a url",
    ] {
        assert!(
            open(elsewhere.to_owned()).unwrap_err().is_unavailable(),
            "{elsewhere}"
        );
    }
}
