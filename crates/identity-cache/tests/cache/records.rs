//! Records of real answers.

use std::sync::Arc;

use identity_base::{ClientId, Error, ErrorKind, TenantId};
use identity_cache::AuthenticationRecord;
use identity_runtime::ClientOptions;
use identity_runtime::crypto::base64url;
use identity_runtime::entra::{EntraClient, Grant, TokenResponse};
use identity_testkit::{HttpStep, ScriptedHttp, block_on};

const CLAIMS: &str = r#""iss": "https://login.microsoftonline.com/home/v2.0", "aud": "client", "sub": "subject", "tid": "tenant", "preferred_username": "ada@contoso.com""#;

/// What the endpoint answers, through the real client: an id token of `claims`, and client info if there is some.
fn answer(claims: Option<&str>, client_info: Option<&str>) -> TokenResponse {
    let mut body = r#"{"access_token": "at", "expires_in": 60"#.to_owned();
    if let Some(claims) = claims {
        let token = format!("h.{}.s", base64url(format!("{{{claims}}}").as_bytes()));
        body.push_str(&format!(r#", "id_token": "{token}""#));
    }
    if let Some(client_info) = client_info {
        body.push_str(&format!(
            r#", "client_info": "{}""#,
            base64url(client_info.as_bytes())
        ));
    }
    body.push('}');
    let http =
        ScriptedHttp::new().then(HttpStep::bytes(200, body).header("content-type", "application/json"));
    let options = ClientOptions::default()
        .with_transport(Arc::new(http))
        .with_env(Arc::new(identity_testkit::TestEnv::new()));
    let client = EntraClient::new(&options, "Test");
    let grant = Grant::new("test", &ClientId::parse("client").unwrap());
    block_on(client.send(&TenantId::parse("organizations").unwrap(), &grant)).unwrap()
}

fn record(claims: &str, client_info: Option<&str>) -> Result<AuthenticationRecord, Error> {
    AuthenticationRecord::from_response(&answer(Some(claims), client_info))
}

#[test]
fn a_record_is_made_of_id_token_and_client_info() {
    let made = record(CLAIMS, Some(r#"{"uid": "u", "utid": "t"}"#)).unwrap();
    assert_eq!(
        made.serialize(),
        r#"{"authority": "login.microsoftonline.com", "clientId": "client", "homeAccountId": "u.t", "tenantId": "tenant", "username": "ada@contoso.com", "version": "1.0"}"#
    );
    assert_eq!(
        AuthenticationRecord::deserialize(&made.serialize()).unwrap(),
        made
    );
    // Without client info the subject; without a tenant the issuer's; with the older name of the user.
    let adfs = r#""iss": "https://localhost:8443/adfs", "aud": "client", "sub": "subject", "upn": "ada""#;
    let made = record(adfs, None).unwrap();
    assert_eq!(
        (made.home_account_id(), made.tenant_id().as_str()),
        ("subject", "adfs")
    );
    assert_eq!(
        (made.authority().origin(), made.username()),
        ("localhost:8443", "ada")
    );
}

#[test]
fn an_answer_that_lacks_something_makes_no_record() {
    let error = AuthenticationRecord::from_response(&answer(None, None)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
    for (part, instead) in [
        (
            r#""iss": "https://login.microsoftonline.com/home/v2.0""#,
            r#""iss": "http://x/y""#,
        ),
        (
            r#""iss": "https://login.microsoftonline.com/home/v2.0""#,
            r#""iss": "https://""#,
        ),
        (
            r#""iss": "https://login.microsoftonline.com/home/v2.0""#,
            r#""iss": "https://a@b/c""#,
        ),
        (r#""aud": "client""#, r#""aud": """#),
        (r#""aud": "client""#, r#""aud": ["a"]"#),
        (r#""sub": "subject""#, r#""sub": 7"#),
        (r#""tid": "tenant""#, r#""tid": "../x""#),
        (r#""preferred_username": "ada@contoso.com""#, r#""x": 1"#),
        (
            r#""preferred_username": "ada@contoso.com""#,
            r#""preferred_username": "a\u0000""#,
        ),
    ] {
        assert!(CLAIMS.contains(part));
        let error = record(&CLAIMS.replace(part, instead), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{instead}");
    }
}
