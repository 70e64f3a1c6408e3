//! Tests of records.

mod properties;

use super::*;

const RECORD: &str = r#"{"authority": "login.microsoftonline.com", "clientId": "c", "homeAccountId": "u.t", "tenantId": "t", "username": "ada@contoso.com", "version": "1.0"}"#;

fn with(member: &str, value: &str) -> Result<AuthenticationRecord, Error> {
    let mut json = Json::parse(RECORD.as_bytes()).unwrap();
    json.set(member, Json::parse(value.as_bytes()).unwrap());
    AuthenticationRecord::deserialize(&json.to_document())
}

#[test]
fn the_text_is_the_peers() {
    let record = AuthenticationRecord::deserialize(RECORD).unwrap();
    assert_eq!(record.serialize(), RECORD);
    assert_eq!(record.authority(), &Authority::public());
    assert_eq!(
        (record.client_id().as_str(), record.home_account_id()),
        ("c", "u.t")
    );
    assert_eq!(
        (record.tenant_id().as_str(), record.username()),
        ("t", "ada@contoso.com")
    );
    let emulated = with("authority", "\"localhost:8443\"").unwrap();
    assert_eq!(emulated.authority().as_str(), "https://localhost:8443");
    assert!(emulated.serialize().contains("\"localhost:8443\""));
    let named = with("username", "\"ad\u{e4}@contoso.com\"").unwrap();
    assert!(
        named.serialize().contains("ad\\u00e4@"),
        "ASCII, as the peer writes it"
    );
    assert!(
        with("later", "{\"a\": 1}").is_ok(),
        "members of later versions are ignored"
    );
}

#[test]
fn what_is_no_record_is_refused() {
    for (member, value) in [
        ("version", "\"2.0\""),
        ("version", "1"),
        ("version", "null"),
        ("authority", "\"\""),
        ("authority", "\"http://login.microsoftonline.com\""),
        ("authority", "\"https://login.microsoftonline.com\""),
        ("authority", "\"evil.test/login.microsoftonline.com\""),
        ("authority", "\"user@evil.test\""),
        ("authority", "7"),
        ("tenantId", "\"../x\""),
        ("tenantId", "null"),
        ("clientId", "\"\""),
        ("homeAccountId", "\"\""),
        ("homeAccountId", "\"a\\u0000\""),
        ("username", "[]"),
        ("username", "\"a\\nb\""),
    ] {
        let error = with(member, value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{member} {value}");
    }
    for text in [
        "",
        "{}",
        "[]",
        "\"1.0\"",
        "{\"version\": \"1.0\"}",
        &" ".repeat(20_000),
    ] {
        assert_eq!(
            AuthenticationRecord::deserialize(text).unwrap_err().kind(),
            ErrorKind::InvalidConfiguration
        );
    }
}

#[test]
fn an_unknown_version_is_named_beside_the_known_one() {
    let error = with("version", "\"42.0\"").unwrap_err();
    assert!(
        error.message().contains("42.0") && error.message().contains("1.0"),
        "{error}"
    );
}
