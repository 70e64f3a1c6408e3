//! Tests of the document.

mod finding;
mod properties;
mod refreshing;

use std::time::{Duration, SystemTime};

use identity_base::{Authority, Scopes, Secret};
use identity_runtime::crypto::base64url;
use identity_runtime::json::Json;

use super::*;
use crate::Environment;

/// What MSAL for Python 1.39 writes after the sign-ins of [`as_msal_was_told`].
const MSAL: &str = include_str!("tests/msal.json");

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn environment(host: &str) -> Environment {
    Environment::of(&Authority::parse(host).unwrap())
}

fn scopes(scopes: &[&str]) -> Scopes {
    Scopes::parse(scopes).unwrap()
}

fn id_token(claims: &str) -> Secret {
    // Python's `json.dumps` puts spaces into what it encodes.
    let claims = Json::parse(claims.as_bytes()).unwrap().to_document();
    Secret::new(format!("h.{}.s", base64url(claims.as_bytes())))
}

fn client_info(user: &str, tenant: &str) -> String {
    base64url(format!(r#"{{"uid": "{user}", "utid": "{tenant}"}}"#).as_bytes())
}

const HOUR: Duration = Duration::from_secs(3600);

/// A user who signed in to a family, one of ADFS, and two tokens of an application, one of them with parameters of its own.
fn as_msal_was_told() -> Document {
    let mut document = Document::new();
    let tokens: Vec<Secret> = ["at-1", "at-2", "at-3", "at-4", "rt-1", "rt-2"]
        .map(Secret::new)
        .into();
    let id_token_1 = id_token(
        r#"{"iss":"https://login.microsoftonline.com/Tenant/v2.0","aud":"Client","sub":"subject","oid":"object","tid":"Tenant","preferred_username":"Ada@contoso.com"}"#,
    );
    let id_token_2 = id_token(r#"{"sub":"subject","upn":"ada@adfs.test"}"#);
    let info = client_info("Uid", "Utid");
    let (windows, adfs, public) = (
        environment("login.windows.net"),
        environment("fs.contoso.test"),
        environment("login.microsoftonline.com"),
    );
    let asked = scopes(&["s2", "s1", "openid"]);
    document.add(
        &TokensToAdd::new(&windows, "Tenant", "Client", &asked, &tokens[0], HOUR)
            .with_refresh_in(HOUR / 2)
            .with_refresh_token(&tokens[4])
            .with_id_token(&id_token_1)
            .with_client_info(&info)
            .with_family_id("1")
            .with_grant_type("authorization_code"),
        at(1000),
    );
    document.add(
        &TokensToAdd::new(&adfs, "adfs", "Client", &scopes(&["s1"]), &tokens[1], HOUR)
            .with_refresh_token(&tokens[5])
            .with_id_token(&id_token_2)
            .with_grant_type("password"),
        at(2000),
    );
    let asked = scopes(&["https://b/.default", "https://a/.default"]);
    document.add(
        &TokensToAdd::new(&public, "Tenant", "Client", &asked, &tokens[2], HOUR),
        at(3000),
    );
    let asked = scopes(&["https://a/.default"]);
    document.add(
        &TokensToAdd::new(&public, "Tenant", "Client", &asked, &tokens[3], HOUR).with_components(
            Components::new([("fmi_path", "a/b"), ("another", "x"), ("empty", "")]),
        ),
        at(3000),
    );
    document
}

#[test]
fn what_is_added_is_byte_for_byte_what_msal_writes() {
    assert_eq!(as_msal_was_told().to_text().as_str(), MSAL);
    let read = Document::parse(MSAL.as_bytes()).unwrap();
    assert_eq!(read.to_text().as_str(), MSAL);
    assert!(!read.is_changed() && !read.is_empty());
}

#[test]
fn what_others_put_there_is_kept() {
    let text = r#"{"Custom": {"a": [1, true, null, 1.5]}, "AccessToken": {"k": {"x": 1}}, "Account": {"uid.utid-login.windows.net-tenant": {"home_account_id": "Uid.Utid", "client_info": "ci", "username": "old", "account_source": "device"}}, "RefreshToken": {"odd": 7}}"#;
    let mut document = Document::parse(text.as_bytes()).unwrap();
    let (windows, token) = (environment("login.windows.net"), Secret::new("at"));
    document.add(
        &TokensToAdd::new(&windows, "Tenant", "Client", &scopes(&["s"]), &token, HOUR)
            .with_client_info(&client_info("Uid", "Utid")),
        at(1),
    );
    let json = Json::parse(document.to_text().as_bytes()).unwrap();
    assert_eq!(
        json.get("Custom").unwrap().to_document().as_str(),
        r#"{"a": [1, true, null, 1.5]}"#
    );
    assert_eq!(json.get("AccessToken").unwrap().as_object().unwrap().len(), 2);
    assert_eq!(
        json.get("RefreshToken").unwrap().to_document().as_str(),
        r#"{"odd": 7}"#
    );
    let account = json
        .get("Account")
        .and_then(|accounts| accounts.get("uid.utid-login.windows.net-tenant"))
        .unwrap();
    assert_eq!(
        account.text("client_info"),
        Some("ci"),
        "a member of another writer"
    );
    assert_eq!(
        account.text("username"),
        Some(""),
        "members of ours are written anew"
    );
    assert!(account.get("account_source").is_none());
}

#[test]
fn only_documents_are_read_and_later_forms_are_told_apart() {
    for empty in ["", " \n", "{}"] {
        assert!(Document::parse(empty.as_bytes()).unwrap().is_empty());
    }
    for damaged in ["{", "[]", "null", "{} x", "\u{0}", r#"{"a": 1, "a": 2}"#] {
        let error = Document::parse(damaged.as_bytes()).unwrap_err();
        assert!(matches!(error, DocumentError::Malformed(_)), "{damaged}");
    }
    for newer in [
        r#"{"Version": 2}"#,
        r#"{"version": "2.1"}"#,
        r#"{"version": {}}"#,
        r#"{"AccessToken": []}"#,
        r#"{"Account": "x"}"#,
    ] {
        let error = Document::parse(newer.as_bytes()).unwrap_err();
        assert!(matches!(error, DocumentError::Newer(_)), "{newer}");
    }
    assert!(Document::parse(br#"{"Version": 1, "version": "1.0"}"#).is_ok());
}

#[test]
fn no_secret_is_shown() {
    let mut document = as_msal_was_told();
    let windows = environment("login.windows.net");
    let shown = format!(
        "{document:?} {:?} {:?}",
        document.refresh_tokens(&windows, "Uid.Utid", "Client"),
        document.access_token(
            &AccessTokenQuery::of_account(&windows, "Tenant", "Client", "Uid.Utid", &scopes(&["s1"])),
            at(1000)
        ),
    );
    for secret in ["at-1", "rt-1", "eyJ"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(
        shown.contains("\"Account\": 2") || shown.contains("Account: 2"),
        "{shown}"
    );
    assert!(document.drop_expired(at(5000)) == 1 && document.is_changed());
}
