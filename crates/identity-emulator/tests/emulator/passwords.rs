//! Sign-ins with a user name and a password, here and at a federated organization's server.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_emulator::{App, Emulator, User};

use crate::support::{Reply, builder, call, get, is_refused, post, token_path};

const ACTION: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue";

fn emulator() -> Emulator {
    builder()
        .app(App::public("cli"))
        .user(User::new("ada@contoso.test").password("pa<ss>&"))
        .user(User::new("bob@contoso.test").password("b").requires_mfa())
        .user(User::new("eve@partner.test").password("e<&").federated())
        .start_blocking()
        .unwrap()
}

fn sign_in(emulator: &Emulator, more: &[(&str, &str)]) -> Reply {
    let mut form = vec![
        ("client_id", emulator.client_id_of("cli").unwrap()),
        ("scope", "User.Read openid offline_access"),
    ];
    form.extend(more);
    post(emulator, &token_path(emulator), &form)
}

fn password(emulator: &Emulator, name: &str, password: &str) -> Reply {
    sign_in(
        emulator,
        &[
            ("grant_type", "password"),
            ("username", name),
            ("password", password),
        ],
    )
}

#[test]
fn passwords_are_checked() {
    let emulator = emulator();
    let answer = password(&emulator, "ADA@contoso.test", "pa<ss>&").json();
    assert!(answer["refresh_token"].is_string() && answer["id_token"].is_string());
    is_refused(
        &password(&emulator, "ada@contoso.test", "wrong"),
        400,
        "invalid_grant",
        50126,
    );
    is_refused(
        &password(&emulator, "eve@partner.test", "e<&"),
        400,
        "invalid_grant",
        50126,
    );
    is_refused(
        &password(&emulator, "nobody@contoso.test", "x"),
        400,
        "invalid_grant",
        50034,
    );
    is_refused(
        &password(&emulator, "bob@contoso.test", "b"),
        400,
        "interaction_required",
        50076,
    );
}

#[test]
fn realms_are_told() {
    let emulator = emulator();
    let realm = |name: &str| get(&emulator, &format!("/common/userrealm/{name}?api-version=1.0")).json();
    assert_eq!(realm("ada@contoso.test")["account_type"], "Managed");
    assert_eq!(realm("unregistered@contoso.test")["account_type"], "Managed");
    assert_eq!(realm("someone@elsewhere.test")["account_type"], "Unknown");
    let federated = realm("eve%40partner.test");
    assert_eq!(federated["account_type"], "Federated");
    assert!(
        federated["federation_metadata_url"]
            .as_str()
            .unwrap()
            .ends_with("/adfs/services/trust/mex")
    );
}

fn trust(emulator: &Emulator, version: &str, action: &str, name: &str, password: &str) -> String {
    let body = format!(
        "<s:Envelope><s:Header><a:Action>{action}</a:Action><o:Username>{name}</o:Username><o:Password>{password}</o:Password></s:Header></s:Envelope>"
    );
    let headers = [
        ("content-type", "application/soap+xml; charset=utf-8"),
        ("soapaction", action),
    ];
    let path = format!("/adfs/services/trust/{version}/usernamemixed");
    String::from_utf8(call(emulator, "POST", &path, &headers, body.as_bytes()).body).unwrap()
}

#[test]
fn the_organizations_server_gives_assertions_that_are_good_here() {
    let emulator = emulator();
    let mex = String::from_utf8(get(&emulator, "/adfs/services/trust/mex").body).unwrap();
    assert!(mex.contains("/13/usernamemixed") && mex.contains("/2005/usernamemixed"));
    let issued = trust(&emulator, "13", ACTION, "eve@partner.test", "e&lt;&amp;");
    let start = issued.find("<saml:Assertion").unwrap();
    let end = issued.find("</t:RequestedSecurityToken>").unwrap();
    let encoded = BASE64_URL_SAFE_NO_PAD.encode(&issued[start..end]);
    let grant = "urn:ietf:params:oauth:grant-type:saml1_1-bearer";
    let answer = sign_in(&emulator, &[("grant_type", grant), ("assertion", &encoded)]).json();
    assert!(answer["access_token"].is_string(), "{answer}");
    let forged = BASE64_URL_SAFE_NO_PAD.encode("<Assertion AssertionID=\"_1\"/>");
    is_refused(
        &sign_in(&emulator, &[("grant_type", grant), ("assertion", &forged)]),
        400,
        "invalid_grant",
        50013,
    );
    is_refused(
        &sign_in(&emulator, &[("grant_type", grant), ("assertion", "!")]),
        401,
        "invalid_grant",
        50027,
    );
    for (name, password, action, code) in [
        ("eve@partner.test", "wrong", ACTION, "a:FailedAuthentication"),
        (
            "ada@contoso.test",
            "pa&lt;ss&gt;&amp;",
            ACTION,
            "a:FailedAuthentication",
        ),
        ("eve@partner.test", "e&lt;&amp;", "other", "a:ActionNotSupported"),
    ] {
        assert!(
            trust(&emulator, "13", action, name, password).contains(code),
            "{name} {action}"
        );
    }
    assert!(
        trust(&emulator, "2005", ACTION, "eve@partner.test", "e&lt;&amp;").contains("a:ActionNotSupported")
    );
}
