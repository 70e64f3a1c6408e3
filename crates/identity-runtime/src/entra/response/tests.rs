//! Answers, whole and broken.

use super::*;
use http::{HeaderMap, StatusCode};

const SENT: Now = Now {
    wall: 1_764_000_000_000,
    elapsed: 5,
};

fn read(document: &str) -> Result<TokenResponse, Error> {
    let response = HttpResponse::new(StatusCode::OK, HeaderMap::new(), document);
    TokenResponse::read(&response, &Json::parse(document.as_bytes()).unwrap(), SENT)
}

fn refused(document: &str) -> Error {
    let error = read(document).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{document}");
    assert!(!format!("{error} {error:?}").contains("CNRY"), "{error:?}");
    error
}

#[test]
fn a_whole_answer_is_read() {
    let answer = read(
        r#"{"access_token":"a.b.c","token_type":"bearer","expires_in":3599,"refresh_in":"1800","refresh_token":"rt","id_token":"idt","client_info":"ci","foci":"1","scope":"x y"}"#,
    )
    .unwrap();
    assert_eq!(answer.token.expose(), "a.b.c");
    assert_eq!(
        (answer.lifetime, answer.refresh_in),
        (Duration::from_secs(3599), Some(Duration::from_secs(1800)))
    );
    assert_eq!(answer.refresh_token.as_ref().unwrap().expose(), "rt");
    assert_eq!(answer.id_token.as_ref().unwrap().expose(), "idt");
    assert_eq!(
        (
            answer.client_info.as_deref(),
            answer.foci.as_deref(),
            answer.scope.as_deref()
        ),
        (Some("ci"), Some("1"), Some("x y"))
    );
    assert_eq!(answer.expires_on_millis(), SENT.wall + 3_599_000);
    let fetched = answer.into_fetched();
    assert_eq!(
        fetched.expiry,
        identity_base::Expiry::In(Duration::from_secs(3599))
    );
    assert_eq!(
        fetched.refresh,
        Some(identity_base::Expiry::In(Duration::from_secs(1800)))
    );
}

#[test]
fn an_answer_without_a_usable_token_is_refused() {
    for token in [
        "",
        "\"access_token\":null,",
        "\"access_token\":\"\",",
        "\"access_token\":7,",
        "\"access_token\":[\"CNRY\"],",
    ] {
        refused(&format!("{{{token}\"expires_in\":3600}}"));
    }
    for token in [
        "CNRY\\r\\nX: y",
        "CNRY CNRY",
        "CNRY\\u0000",
        "CNRYé",
        "CNRY\\u007f",
    ] {
        refused(&format!("{{\"access_token\":\"{token}\",\"expires_in\":3600}}"));
    }
    assert!(
        read(&format!(
            "{{\"access_token\":\"{}\",\"expires_in\":1}}",
            "a".repeat(65_536)
        ))
        .is_ok()
    );
    refused(&format!(
        "{{\"access_token\":\"{}\",\"expires_in\":1}}",
        "a".repeat(1 << 20)
    ));
}

#[test]
fn only_bearer_tokens_are_taken() {
    let of_type = |kind: &str| {
        read(&format!(
            "{{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":{kind}}}"
        ))
    };
    for good in ["\"Bearer\"", "\"bearer\"", "\"BEARER\"", "null"] {
        assert!(of_type(good).is_ok(), "{good}");
    }
    for bad in ["\"pop\"", "\"mac\"", "\"\"", "7", "\"Bearer \""] {
        assert_eq!(of_type(bad).unwrap_err().kind(), ErrorKind::Protocol, "{bad}");
    }
}

#[test]
fn expires_in_goes_before_expires_on() {
    let lifetime = |members: &str| {
        read(&format!("{{\"access_token\":\"t\",{members}}}")).map(|answer| answer.lifetime.as_secs())
    };
    assert_eq!(
        lifetime("\"expires_in\":60,\"expires_on\":1764099999").unwrap(),
        60
    );
    assert_eq!(lifetime("\"expires_on\":1764000100").unwrap(), 100);
    assert_eq!(
        lifetime("\"expires_on\":\"1764000100\",\"expires_in\":null").unwrap(),
        100
    );
    assert_eq!(lifetime("\"expires_on\":99999999999").unwrap(), 48 * 3600);
    for bad in [
        "\"x\":1",
        "\"expires_in\":null",
        "\"expires_on\":1764000000",
        "\"expires_on\":0",
        "\"expires_on\":-5",
        "\"expires_in\":0,\"expires_on\":1764000100",
        "\"expires_in\":\"CNRY\"",
        "\"expires_on\":\"CNRY\"",
    ] {
        assert_eq!(lifetime(bad).unwrap_err().kind(), ErrorKind::Protocol, "{bad}");
    }
}

#[test]
fn advice_that_makes_no_sense_is_ignored() {
    let refresh_in = |value: &str| {
        read(&format!(
            "{{\"access_token\":\"t\",\"expires_in\":3600,\"refresh_in\":{value}}}"
        ))
        .unwrap()
        .refresh_in
    };
    for bad in ["-1", "0", "3600", "99999", "\"soon\"", "null", "[]", "1e300"] {
        assert_eq!(refresh_in(bad), None, "{bad}");
    }
    assert_eq!(refresh_in("3599"), Some(Duration::from_secs(3599)));
}

#[test]
fn debug_shows_no_secret() {
    let answer = read(
        r#"{"access_token":"CNRY1","expires_in":60,"refresh_token":"CNRY2","id_token":"CNRY3","client_info":"CNRY4","scope":"CNRY5"}"#,
    )
    .unwrap();
    assert!(!format!("{answer:?} {:?}", answer.clone().into_fetched()).contains("CNRY"));
}
