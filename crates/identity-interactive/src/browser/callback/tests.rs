//! Tests of the callback.

mod properties;

use super::*;

const STATE: &str = "the-right-state";

fn expected(authority: &str) -> Expected {
    Expected {
        authority: Authority::parse(authority).unwrap(),
        state: Secret::new(STATE),
        path: "/cb".to_owned(),
        port: 8400,
    }
}

fn judge(method: &str, target: &str, headers: &str, body: &str) -> Verdict {
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let host = if headers.contains("Host:") {
        ""
    } else {
        "Host: localhost:8400\r\n"
    };
    let form = if headers.contains("Content-Type:") {
        ""
    } else {
        form
    };
    let head = format!("{method} {target} HTTP/1.1\r\n{host}{form}{headers}\r\n");
    expected("login.microsoftonline.com").judge(&Head::parse(head.as_bytes()).unwrap(), body.as_bytes())
}

fn code(method: &str, target: &str, headers: &str, body: &str) -> Option<String> {
    match judge(method, target, headers, body) {
        Verdict::Answer(Ok(code)) => Some(code.expose().to_owned()),
        _ => None,
    }
}

#[test]
fn a_form_with_the_right_state_is_the_answer() {
    for headers in [
        "",
        "Origin: null\r\n",
        "Origin: https://login.microsoftonline.com\r\n",
        "Origin: https://login.microsoft.com\r\n",
        "Origin: https://login.live.com\r\n",
        "Host: 127.0.0.1:8400\r\n",
        "Host: [::1]:8400\r\n",
        "Host: LOCALHOST:8400\r\n",
    ] {
        let body = format!(
            "code=c%2B1&state={STATE}&session_state=x&iss=https%3A%2F%2Flogin.microsoftonline.com%2Ft%2Fv2.0"
        );
        assert_eq!(
            code("POST", "/cb", headers, &body).as_deref(),
            Some("c+1"),
            "{headers}"
        );
    }
}

#[test]
fn everything_else_is_not() {
    let right = format!("code=c&state={STATE}");
    for (method, target, headers, body) in [
        ("POST", "/cb", "", "code=c&state=wrong".to_owned()),
        ("POST", "/cb", "", "code=c".to_owned()),
        ("POST", "/cb", "", format!("code=c&state={STATE}&state={STATE}")),
        ("POST", "/cb", "", format!("code=c&code=d&state={STATE}")),
        ("POST", "/cb", "", format!("code=&state={STATE}")),
        ("POST", "/cb", "", format!("code=c&error=x&state={STATE}")),
        ("POST", "/cb", "", format!("code=c&state={STATE}x")),
        ("POST", "/cb", "", String::new()),
        ("POST", "/", "", right.clone()),
        ("POST", "/cb/", "", right.clone()),
        ("POST", "/cb", "Host: evil.test:8400\r\n", right.clone()),
        ("POST", "/cb", "Host: localhost:8401\r\n", right.clone()),
        ("POST", "/cb", "Host: localhost\r\n", right.clone()),
        ("POST", "/cb", "Origin: https://evil.test\r\n", right.clone()),
        (
            "POST",
            "/cb",
            "Origin: http://login.microsoftonline.com\r\n",
            right.clone(),
        ),
        (
            "POST",
            "/cb",
            "Origin: https://login.microsoftonline.com.evil.test\r\n",
            right.clone(),
        ),
        (
            "POST",
            "/cb",
            "Origin: https://login.microsoftonline.us\r\n",
            right.clone(),
        ),
        ("POST", "/cb", "Content-Type: text/plain\r\n", right.clone()),
        ("PUT", "/cb", "", right.clone()),
        ("GET", &format!("/cb?{right}"), "", String::new()),
    ] {
        match judge(method, target, headers, &body) {
            Verdict::Answer(_) => panic!("{method} {target} {headers} {body}"),
            Verdict::Page(page) => assert_ne!(page, Page::Success),
            Verdict::Status(status) => assert!(status.starts_with('4')),
        }
    }
}

#[test]
fn a_code_in_an_address_warns() {
    for query in [
        format!("code=c&state={STATE}"),
        "code=c".to_owned(),
        "code=c&error=x".to_owned(),
    ] {
        let verdict = judge("GET", &format!("/cb?{query}"), "", "");
        assert!(
            matches!(verdict, Verdict::Page(Page::Warning)),
            "{query} {verdict:?}"
        );
    }
    assert!(matches!(
        judge("GET", "/favicon.ico", "", ""),
        Verdict::Status("204 No Content")
    ));
}

#[test]
fn an_error_with_the_right_state_ends_the_wait_either_way() {
    let query = format!(
        "error=access_denied&error_description=AADSTS65004%3A+declined%1b%5b31m+Trace+ID%3A+x&state={STATE}"
    );
    for verdict in [
        judge("GET", &format!("/cb?{query}"), "", ""),
        judge("POST", "/cb", "", &query),
    ] {
        let Verdict::Answer(Err(error)) = verdict else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            (error.code(), error.aadsts()),
            (Some("access_denied"), Some(65004))
        );
        assert!(
            !error.to_string().contains('\u{1b}') && !error.message().contains("Trace"),
            "{error}"
        );
    }
    assert!(matches!(
        judge("GET", "/cb?error=x&state=wrong", "", ""),
        Verdict::Page(Page::Nothing)
    ));
}

#[test]
fn another_issuer_is_a_mix_up() {
    let body = format!("code=c&state={STATE}&iss=https%3A%2F%2Fevil.test%2Ft%2Fv2.0");
    let Verdict::Answer(Err(error)) = judge("POST", "/cb", "", &body) else {
        panic!()
    };
    assert_eq!(error.kind(), ErrorKind::IdentityMismatch);
    let own = expected("localhost:8443");
    assert!(own.is_own_issuer("https://localhost:8443/t/v2.0") && !own.is_own_issuer("https://localhost/t"));
}
