//! `UsernamePasswordCredential`.

use identity_base::seam::HttpErrorKind;
use identity_base::{ErrorKind, Secret, TokenCredential, TokenRequest};
use identity_interactive::{UsernamePasswordCredential, UsernamePasswordCredentialBuilder};
use identity_runtime::crypto::base64url;
use identity_testkit::HttpStep;
use serde_json::json;

use crate::answers::{Answer, refusal};
use crate::world::{CLIENT, OTHER_SCOPE, SCOPE, TENANT, USER, World, run};

const NAME: &str = "user@contoso.test";

fn builder(world: &World, password: &Secret) -> UsernamePasswordCredentialBuilder {
    UsernamePasswordCredential::builder(CLIENT, NAME, password.clone())
        .with_options(&world.options())
        .with_tenant_id(TENANT)
}

fn managed() -> HttpStep {
    HttpStep::json(200, &json!({"account_type": "Managed"}))
}

/// The description of an organization's server, cut from one of ADFS.
fn description(version: &str) -> HttpStep {
    let (security, tokens, action) = match version {
        "13" => (
            "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
            "SignedEncryptedSupportingTokens",
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
        ),
        _ => (
            "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
            "SignedSupportingTokens",
            "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
        ),
    };
    let text = format!(
        "<wsdl:definitions xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2004/09/policy\" \
         xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" \
         xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\" xmlns:wsa10=\"http://www.w3.org/2005/08/addressing\" xmlns:sp=\"{security}\">\
         <wsp:Policy wsu:Id=\"P\"><wsp:ExactlyOne><wsp:All><sp:TransportBinding/><sp:{tokens}><wsp:Policy><sp:UsernameToken><wsp:Policy>\
         <sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken></wsp:Policy></sp:{tokens}></wsp:All></wsp:ExactlyOne></wsp:Policy>\
         <wsdl:binding name=\"B\"><wsp:PolicyReference URI=\"#P\"/><soap12:binding transport=\"http://schemas.xmlsoap.org/soap/http\"/>\
         <wsdl:operation name=\"I\"><soap12:operation soapAction=\"{action}\"/></wsdl:operation></wsdl:binding><wsdl:service><wsdl:port \
         binding=\"tns:B\"><wsa10:EndpointReference><wsa10:Address>https://fs.contoso.test/adfs/services/trust/{version}/usernamemixed</wsa10:Address>\
         </wsa10:EndpointReference></wsdl:port></wsdl:service></wsdl:definitions>"
    );
    HttpStep::bytes(200, text)
}

fn issued(kind: &str, assertion: &str) -> HttpStep {
    HttpStep::bytes(
        200,
        format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><t:RequestSecurityTokenResponse \
             xmlns:t=\"http://schemas.xmlsoap.org/ws/2005/02/trust\"><t:RequestedSecurityToken>{assertion}</t:RequestedSecurityToken>\
             <t:TokenType>{kind}</t:TokenType></t:RequestSecurityTokenResponse></s:Body></s:Envelope>"
        ),
    )
}

#[test]
fn a_managed_account_signs_in_once() {
    run(async |world| {
        let password = world.guard.secret("password");
        let credential = builder(world, &password).build().unwrap();
        world.http.push(managed());
        let answer = Answer::new(world, "token", "refresh");
        world.http.push(answer.step());
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
        assert_eq!(world.request(0).path(), "/common/userrealm/user@contoso.test");
        assert_eq!(
            (
                world.form(1)["username"].as_str(),
                world.form(1)["password"].as_str()
            ),
            (NAME, password.expose())
        );
        let second = Answer::new(world, "second", "rotated");
        world.http.push(second.step());
        assert_eq!(
            world.token(&credential, OTHER_SCOPE).await.unwrap(),
            second.token()
        );
        assert_eq!(world.form(2)["grant_type"], "refresh_token");
        let record = credential.authentication_record().unwrap();
        assert_eq!(record.home_account_id(), format!("{USER}.{TENANT}"));
        // When the refresh token is refused, the password is at hand.
        world.http.push(refusal("invalid_grant"));
        world.http.push(HttpStep::status(404));
        let third = Answer::new(world, "third", "refresh3");
        world.http.push(third.step());
        let vault = "https://vault.azure.net/.default";
        assert_eq!(world.token(&credential, vault).await.unwrap(), third.token());
        assert_eq!(
            world.form(5)["grant_type"],
            "password",
            "a cloud without federation has managed accounts"
        );
    });
}

#[test]
fn claims_and_capability_go_along() {
    run(async |world| {
        let password = world.guard.secret("password");
        let credential = builder(world, &password).build().unwrap();
        world.http.push(managed());
        world.http.push(Answer::new(world, "token", "refresh").step());
        let request = TokenRequest::new(SCOPE)
            .claims(r#"{"id_token":{}}"#)
            .enable_cae(true);
        world.token_with(&credential, request).await.unwrap();
        assert_eq!(
            world.form(1)["claims"],
            r#"{"id_token": {}, "access_token": {"xms_cc": {"values": ["CP1"]}}}"#
        );
        let id = |index: usize| {
            world
                .request(index)
                .header("client-request-id")
                .map(str::to_owned)
        };
        assert!(id(0).is_some() && id(0) == id(1));
    });
}

#[test]
fn user_names_are_escaped_in_the_path() {
    run(async |world| {
        let password = world.guard.secret("password");
        let credential = UsernamePasswordCredential::builder(CLIENT, "a/../b?c#d@contoso.test", password)
            .with_options(&world.options())
            .with_tenant_id(TENANT)
            .build()
            .unwrap();
        world.http.push(managed());
        world.http.push(refusal("invalid_grant"));
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
        assert_eq!(
            world.request(0).path(),
            "/common/userrealm/a%2F..%2Fb%3Fc%23d@contoso.test"
        );
    });
}

#[test]
fn a_federated_account_signs_in_at_its_organization() {
    for (version, kind, grant) in [
        (
            "13",
            "urn:oasis:names:tc:SAML:2.0:assertion",
            "urn:ietf:params:oauth:grant-type:saml2-bearer",
        ),
        (
            "2005",
            "urn:oasis:names:tc:SAML:1.0:assertion",
            "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
        ),
    ] {
        run(async |world| {
            let password = world.guard.secret("password");
            let credential = builder(world, &password).build().unwrap();
            world.http.push(HttpStep::json(
                200,
                &json!({"account_type": "Federated", "federation_metadata_url": "https://fs.contoso.test/adfs/services/trust/mex",
                    "cloud_audience_urn": "urn:federation:Other"}),
            ));
            world.http.push(description(version));
            let assertion = format!(
                " <a:Assertion xmlns:a='x'  b=\"{}\"/>",
                world.guard.secret("assertion").expose()
            );
            world.http.push(issued(kind, &assertion));
            let answer = Answer::new(world, "token", "refresh");
            world.http.push(answer.step());
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
            let rst = world.request(2);
            assert_eq!(
                rst.url(),
                format!("https://fs.contoso.test/adfs/services/trust/{version}/usernamemixed")
            );
            assert_eq!(
                rst.header("content-type"),
                Some("application/soap+xml; charset=utf-8")
            );
            assert!(rst.header("soapaction").unwrap().ends_with("/RST/Issue"));
            let body = std::str::from_utf8(rst.body()).unwrap();
            assert!(body.contains(password.expose()) && body.contains("urn:federation:Other"));
            let form = world.form(3);
            assert_eq!(
                (form["grant_type"].as_str(), &form["assertion"]),
                (grant, &base64url(assertion.as_bytes()))
            );
            assert!(!form.contains_key("password") && !form.contains_key("username"));
        });
    }
}

#[test]
fn a_wrong_password_is_asked_about_once() {
    run(async |world| {
        let password = world.guard.secret("password");
        let credential = builder(world, &password).build().unwrap();
        world.http.push(HttpStep::json(
            200,
            &json!({"account_type": "Federated", "federation_active_auth_url": "https://fs.contoso.test/adfs/services/trust/2005/usernamemixed"}),
        ));
        let fault = "<s:Envelope xmlns:s=\"x\"><s:Body><s:Fault><s:Code><s:Subcode><s:Value>a:FailedAuthentication</s:Value></s:Subcode></s:Code>\
             <s:Reason><s:Text>ID3242: no</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>";
        world.http.push(HttpStep::bytes(500, fault));
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
        assert!(error.message().contains("ID3242"), "{error}");
        assert_eq!(
            world.http.calls(),
            2,
            "a repeated wrong password would lock the account"
        );
    });
}

#[test]
fn a_page_in_front_of_the_server_that_is_down_is_not_its_answer() {
    run(async |world| {
        let password = world.guard.secret("password");
        let credential = builder(world, &password).build().unwrap();
        world.http.push(HttpStep::json(
            200,
            &json!({"account_type": "Federated", "federation_active_auth_url": "https://fs.contoso.test/adfs/services/trust/2005/usernamemixed"}),
        ));
        for _ in 0..4 {
            world.http.push(HttpStep::bytes(
                503,
                "<html><body>down for maintenance</body></html>",
            ));
        }
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.http_status()),
            (ErrorKind::Transport, Some(503)),
            "{error}"
        );
        assert_eq!(world.http.calls(), 5, "it is tried again");
    });
}

#[test]
fn servers_that_are_not_what_they_should_be() {
    let federated =
        |member: &str, url: &str| HttpStep::json(200, &json!({"account_type": "Federated", member: url}));
    for (steps, kind) in [
        (vec![HttpStep::bytes(200, "<html>")], ErrorKind::Protocol),
        (vec![HttpStep::status(403)], ErrorKind::Protocol),
        (
            vec![federated("federation_metadata_url", "http://fs.contoso.test/mex")],
            ErrorKind::Protocol,
        ),
        (
            vec![federated(
                "federation_active_auth_url",
                "https://fs.contoso.test/windows",
            )],
            ErrorKind::AuthenticationFailed,
        ),
        (vec![federated("other", "")], ErrorKind::AuthenticationFailed),
        (
            vec![
                federated("federation_metadata_url", "https://fs.contoso.test/mex"),
                HttpStep::bytes(200, "<a/>"),
            ],
            ErrorKind::AuthenticationFailed,
        ),
        (
            vec![
                federated("federation_metadata_url", "https://fs.contoso.test/mex"),
                HttpStep::status(404),
            ],
            ErrorKind::Protocol,
        ),
        (
            vec![
                federated(
                    "federation_active_auth_url",
                    "https://fs.contoso.test/trust/13/usernamemixed",
                ),
                HttpStep::bytes(200, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
            ],
            ErrorKind::Protocol,
        ),
        (
            vec![
                federated(
                    "federation_active_auth_url",
                    "https://fs.contoso.test/trust/13/usernamemixed",
                ),
                HttpStep::fails_before_sending(HttpErrorKind::Tls),
            ],
            ErrorKind::Transport,
        ),
    ] {
        run(async |world| {
            let password = world.guard.secret("password");
            let credential = builder(world, &password).build().unwrap();
            for step in steps.clone() {
                world.http.push(step);
            }
            let error = world.token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
        });
    }
}

#[test]
fn settings_are_checked() {
    for (client, name, password) in [
        ("", NAME, "p"),
        (CLIENT, "", "p"),
        (CLIENT, "a\nb", "p"),
        (CLIENT, NAME, ""),
    ] {
        let error = UsernamePasswordCredential::new(client, name, password).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert_eq!(error.credential(), Some("UsernamePasswordCredential"));
    }
    let credential = UsernamePasswordCredential::new(CLIENT, NAME, "p").unwrap();
    assert_eq!(credential.name(), "UsernamePasswordCredential");
}
