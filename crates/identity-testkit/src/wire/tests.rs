//! Tests of the comparison: every difference must be found, and only the allowed ones let through.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use identity_base::seam::{HttpClient, HttpRequest, ProcessRequest};
use serde_json::json;

use super::*;
use crate::{HttpStep, ScriptedHttp, block_on};

fn case(requests: Value) -> WireCase {
    WireCase::from_json(&json!({ "scenario": "s", "requests": requests, "tools": [] })).unwrap()
}

fn token_request(form: Value) -> Value {
    json!([{ "method": "POST", "path": "/t/token", "query": {}, "form": form,
        "headers": { "content-type": "application/x-www-form-urlencoded" } }])
}

fn sent(form: &str) -> Vec<WireRequest> {
    let http = ScriptedHttp::new().then(HttpStep::status(200));
    let uri = "https://login.test:8443/t/token".parse().unwrap();
    block_on(http.send(HttpRequest::post_form(uri, form.as_bytes().to_vec().into()))).unwrap();
    WireRequest::of_all(&http.requests())
}

/// The places that differ.
fn places(case: &WireCase, sent: &[WireRequest], rules: &Rules) -> Vec<String> {
    let diff = case.compare(sent, rules).err();
    diff.into_iter()
        .flat_map(|diff| diff.mismatches)
        .map(|mismatch| mismatch.place)
        .collect()
}

#[test]
fn what_is_as_recorded_is_no_difference() {
    let case = case(token_request(
        json!({ "scope": "a b", "claims": { "x": [1] }, "client_secret": "s&=%" }),
    ));
    let sent = sent("client_secret=s%26%3D%25&scope=b+a&claims=%7B%22x%22:%20[1]%7D");
    case.assert_requests(&sent, &Rules::exact());
}

#[test]
fn every_field_that_differs_is_named() {
    let case = case(
        json!([{ "method": "GET", "path": "/u/token", "query": { "api-version": "1" },
        "headers": { "metadata": "true" }, "form": null }]),
    );
    let found = places(&case, &sent("scope=a"), &Rules::documented());
    let expected = [
        "method",
        "path",
        "query.api-version",
        "headers.content-type",
        "headers.metadata",
        "form",
    ];
    assert_eq!(found, expected.map(|place| format!("request 1, {place}")));
}

#[test]
fn missing_further_and_doubled_fields_differ() {
    let case = case(token_request(json!({ "scope": "a", "client_id": "c" })));
    assert_eq!(
        places(&case, &sent("scope=a&client_id=c&extra=1"), &Rules::exact()),
        ["request 1, form.extra"]
    );
    assert_eq!(
        places(&case, &sent("scope=a"), &Rules::exact()),
        ["request 1, form.client_id"]
    );
    assert_eq!(
        places(&case, &sent("scope=a&client_id=c&client_id=c"), &Rules::exact()),
        ["request 1, form.client_id"]
    );
    assert_eq!(
        places(&case, &sent("scope=a%20a&client_id=c"), &Rules::exact()),
        ["request 1, form.scope"]
    );
}

#[test]
fn the_number_of_requests_counts() {
    let case = case(token_request(json!({ "scope": "a" })));
    let one = sent("scope=a");
    assert_eq!(places(&case, &[], &Rules::exact()), ["request 1"]);
    assert_eq!(
        places(&case, &[one.clone(), one].concat(), &Rules::exact()),
        ["request 2"]
    );
}

#[test]
fn a_difference_in_a_secret_is_told_without_it() {
    let case = case(token_request(
        json!({ "client_secret": "recorded-secret", "scope": "a" }),
    ));
    let diff = case
        .compare(&sent("client_secret=recorded-canary&scope=b"), &Rules::exact())
        .unwrap_err()
        .to_string();
    assert!(!diff.contains("canary") && !diff.contains("recorded-"), "{diff}");
    assert!(diff.contains("the first difference is character 10"), "{diff}");
    assert!(
        diff.contains("request 1, form.scope\n    expected: \"a\"\n    actual:   \"b\""),
        "{diff}"
    );
}

#[test]
fn masks_take_what_they_stand_for_and_nothing_else() {
    let takes = |mask: &str, value: Value| mask::matches(mask, &value, &Rules::exact());
    let letters = "a".repeat(43);
    for (mask, good, bad) in [
        ("<state>", json!("x"), json!("")),
        ("<exp>", json!(1_700_000_000), json!("1700000000")),
        ("<jti>", json!("x"), json!(1)),
        ("<code_challenge>", json!(letters), json!("short")),
        (
            "<code_verifier>",
            json!(format!("{letters}~")),
            json!(format!("{letters}+")),
        ),
        ("<x5t#S256:44>", json!(format!("{letters}=")), json!(letters)),
        ("<encoded 3248>", json!("JABh"), json!("")),
        (
            "https://HOST:PORT/t/token",
            json!("https://127.0.0.1:4443/t/token"),
            json!("http://127.0.0.1:4443/t/token"),
        ),
        (
            "https://HOST:PORT/t/token",
            json!("https://HOST:PORT/t/token"),
            json!("https://h/t/other"),
        ),
    ] {
        assert!(
            takes(mask, good.clone()) && takes(mask, json!(mask)),
            "{mask} {good}"
        );
        assert!(!takes(mask, bad.clone()), "{mask} {bad}");
    }
    assert!(!takes("<unknown>", json!("x")) && takes("plain", json!("plain")));
    let unpadded = |value: &str| mask::matches("<x5t#S256:44>", &json!(value), &Rules::documented());
    assert!(
        unpadded(&letters)
            && unpadded("<x5t#S256:43>")
            && !unpadded("<x5t#S256:42>")
            && !unpadded(&letters[1..])
    );
}

#[test]
fn assertions_are_compared_by_header_claims_and_lifetime() {
    let case = case(token_request(json!({ "client_assertion": {
        "header": { "alg": "PS256", "x5t#S256": "<x5t#S256:44>" }, "claims": { "iss": "c", "exp": "<exp>", "nbf": "<nbf>" },
    } })));
    let assertion = |lifetime: i64, alg: &str, padded: bool| {
        let header = json!({ "alg": alg, "x5t#S256": "a".repeat(43) }).to_string();
        let mut claims = json!({ "iss": "c", "nbf": 1000, "exp": 1000 + lifetime }).to_string();
        // A length at which padding shows.
        claims.push_str(if claims.len().is_multiple_of(3) { " " } else { "" });
        let engine = if padded { &URL_SAFE } else { &URL_SAFE_NO_PAD };
        let form = format!(
            "client_assertion={}.{}.c2ln",
            engine.encode(header),
            engine.encode(claims)
        );
        sent(&form.replace('=', "%3D").replacen("%3D", "=", 1))
    };
    case.assert_requests(&assertion(660, "PS256", false), &Rules::documented());
    let at = |place: &str| format!("request 1, form.client_assertion{place}");
    assert_eq!(
        places(&case, &assertion(600, "PS256", false), &Rules::documented()),
        [at(".claims, exp − nbf")]
    );
    assert_eq!(
        places(&case, &assertion(660, "RS256", false), &Rules::documented()),
        [at(".header.alg")]
    );
    assert_eq!(
        places(&case, &assertion(660, "PS256", true), &Rules::documented()),
        [at("")],
        "padded is no JWT"
    );
}

#[test]
fn wanted_differences_are_allowed_by_their_rule_alone() {
    let get = |path: &str| json!({ "method": "GET", "path": path, "query": {}, "headers": {}, "form": null });
    let recorded = json!([
        get("/t/v2.0/.well-known/openid-configuration"),
        { "method": "POST", "path": "/t/devicecode", "query": { "client_id": "c", "X-AnchorMailbox": "u" },
          "headers": { "x-ms-lib-capability": "h429" }, "form": { "device_code": "d", "code": "d" } },
    ]);
    let ours = json!([
        { "method": "POST", "path": "/t/devicecode", "query": { "clientid": "c" }, "headers": {}, "form": { "device_code": "d" } },
    ]);
    let ours = WireRequest::from_journal(&ours).unwrap();
    let case = case(recorded.clone());
    let rename = Difference::RenamedQuery {
        recorded: "client_id",
        ours: "clientid",
    };
    case.assert_requests(&ours, &Rules::documented().allow(rename));
    assert_eq!(
        places(&case, &ours, &Rules::documented()),
        ["request 1, query.client_id", "request 1, query.clientid"]
    );
    assert_eq!(
        places(&case, &ours, &Rules::exact()).len(),
        5,
        "without rules even the order differs"
    );
    // Who does send them, sends them as recorded.
    let all = WireRequest::from_journal(&recorded).unwrap();
    assert_eq!(
        places(&case, &all, &Rules::documented()),
        ["request 2, form.code"]
    );
    case.assert_requests(&all, &Rules::exact());
    let mut other = all;
    other[1]
        .headers
        .insert("x-ms-lib-capability".into(), "other".into());
    assert_eq!(
        places(&case, &other, &Rules::exact()),
        ["request 2, headers.x-ms-lib-capability"]
    );
    assert_eq!(
        places(&case, &other, &Rules::documented()),
        ["request 2, headers.x-ms-lib-capability", "request 2, form.code"],
        "an optional header is as recorded, if it is there"
    );
}

#[test]
fn headers_that_no_case_records_are_left_out() {
    let http = ScriptedHttp::new().then(HttpStep::status(200));
    let request = HttpRequest::get("https://h/a%20b/c+d".parse().unwrap());
    let request = ["user-agent", "metadata"]
        .into_iter()
        .fold(request, |request, name| {
            request.header(
                ::http::HeaderName::from_static(name),
                ::http::HeaderValue::from_static("true"),
            )
        });
    block_on(http.send(request)).unwrap();
    let recorded = &WireRequest::of_all(&http.requests())[0];
    assert_eq!(recorded.headers.keys().collect::<Vec<_>>(), ["metadata"]);
    assert_eq!(recorded.path, "/a b/c+d");
}

#[test]
fn ids_and_secrets_can_be_exchanged() {
    let case = case(token_request(
        json!({ "client_secret": "s3cret", "nested": [{ "a": "s3cret" }] }),
    ));
    let case = case.with("s3cret", "canary").with("/t/", "/u/");
    let request = &case.requests[0];
    let form = request.form.as_ref().unwrap();
    assert_eq!(
        (form["client_secret"].as_str(), request.path.as_str()),
        (Some("canary"), "/u/token")
    );
    assert_eq!(form["nested"][0]["a"], "canary");
    let case = case
        .with_form_field("client_secret", "other")
        .with_form_field("password", "not there");
    let form = case.requests[0].form.as_ref().unwrap();
    assert_eq!((form["client_secret"].as_str(), form.len()), (Some("other"), 2));
}

#[test]
fn programs_are_compared_by_name_arguments_and_recorded_variables() {
    let case = WireCase::from_json(&json!({ "scenario": "s", "requests": [], "tools": [
        { "tool": "az", "argv": ["account", "<encoded 9>"], "cwd": "/usr/bin", "env": { "NO_COLOR": "true" } },
    ] }));
    let case = case.unwrap();
    let run = |program: &str, args: &[&str], color: &str| {
        let request = ProcessRequest::new(program)
            .args(args)
            .env("NO_COLOR", color)
            .env("FURTHER", "1");
        WireTool::of_all(&[request])
    };
    case.assert_tools(&run("/usr/bin/az", &["account", "x"], "true"));
    case.assert_tools(&run("az.cmd", &["account", "x"], "true"));
    let places = |run: &[WireTool]| -> Vec<String> {
        let diff = case.compare_tools(run).unwrap_err();
        diff.mismatches
            .into_iter()
            .map(|mismatch| mismatch.place)
            .collect()
    };
    assert_eq!(
        places(&run("azd", &["login", "x"], "false")),
        ["run 1, program", "run 1, argument 1", "run 1, variable NO_COLOR"]
    );
    assert_eq!(places(&run("az", &["account"], "true")), ["run 1, argument 2"]);
    assert_eq!(places(&[]), ["run 1"]);
}

#[test]
fn what_is_no_case_is_refused_with_the_place() {
    let error = |json: Value| WireCase::from_json(&json).unwrap_err().to_string();
    assert_eq!(error(json!({})), "tools: isn't a list");
    let request = json!({ "method": "GET", "path": 7, "query": {}, "headers": {} });
    assert_eq!(
        error(json!({ "scenario": "s", "tools": [], "requests": [request] })),
        "requests[0].path: isn't a text"
    );
    assert!(std::panic::catch_unwind(|| WireCase::load("/no/such/case.json")).is_err());
}
