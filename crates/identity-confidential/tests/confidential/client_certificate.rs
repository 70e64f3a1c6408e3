//! `CertificateCredential`: what it signs, and for whom.

use std::time::Duration;

use identity_base::{Authority, TokenCredential, TokenRequest};
use identity_confidential::{AuthorizationCodeCredential, CertificateCredential, OnBehalfOfCredential};
use identity_runtime::crypto::{base64, base64url};
use identity_testkit::HttpStep;
use serde_json::json;

use crate::certificates::{Assertion, certificate, from_bytes, pair, run, seconds};
use crate::openssl::{Lab, der};
use crate::world::{CLIENT, OTHER_SCOPE, OTHER_TENANT, PATH, SCOPE, TENANT, World, fields};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[test]
fn the_request_is_the_peers() {
    run(async |world| {
        let credential = from_bytes(world).build().unwrap();
        let token = world.answer("token");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        let assertion = Assertion::of(world, 0);
        let expected = fields([
            ("client_assertion", &assertion.text),
            ("client_assertion_type", TYPE),
            ("client_id", CLIENT),
            ("grant_type", "client_credentials"),
            ("scope", SCOPE),
        ]);
        assert_eq!((world.request(0).path(), world.form(0)), (PATH, expected));
        let thumbprint = base64url(certificate().thumbprint_sha256());
        assert_eq!(thumbprint.len(), 43);
        assert_eq!(
            assertion.header,
            json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint})
        );
        let now = seconds(world);
        let claims = json!({
            "aud": format!("https://login.microsoftonline.com{PATH}"),
            "iss": CLIENT, "sub": CLIENT, "jti": assertion.claims["jti"], "nbf": now - 60, "exp": now + 600,
        });
        assert_eq!(assertion.claims, claims);
        assert_eq!(assertion.claims["jti"].as_str().unwrap().len(), 36);
        assert!(assertion.verifies(true));
    });
}

#[test]
fn adfs_gets_rs256_and_a_sha_1_thumbprint() {
    run(async |world| {
        for tenant in ["adfs", "ADFS"] {
            let options = world
                .options()
                .with_authority(Authority::parse("adfs.contoso.com").unwrap());
            let credential = CertificateCredential::from_bytes(tenant, CLIENT, pair())
                .with_options(&options)
                .build()
                .unwrap();
            world.answer("token");
            world.token(&credential, SCOPE).await.unwrap();
        }
        for number in [0, 1] {
            let assertion = Assertion::of(world, number);
            let thumbprint = base64url(certificate().thumbprint_sha1());
            assert_eq!(
                assertion.header,
                json!({"alg": "RS256", "typ": "JWT", "x5t": thumbprint})
            );
            assert!(assertion.verifies(false));
        }
    });
}

#[test]
fn the_chain_goes_along_on_request() {
    run(async |world| {
        let credential = from_bytes(world).with_certificate_chain(true).build().unwrap();
        world.answer("token");
        world.token(&credential, SCOPE).await.unwrap();
        let lab = Lab::get();
        let chain = ["cert.pem", "inter.pem", "root.pem"].map(|name| base64(&der(lab, name)));
        let assertion = Assertion::of(world, 0);
        assert_eq!(assertion.header["x5c"], json!(chain));
        assert!(assertion.verifies(true));
    });
}

#[test]
fn the_audience_is_the_endpoint_that_is_asked() {
    run(async |world| {
        let options = world.options().with_authority(Authority::us_government());
        let builder = from_bytes(world)
            .with_options(&options)
            .with_region("usgovvirginia");
        let credential = builder
            .with_additionally_allowed_tenants([OTHER_TENANT])
            .build()
            .unwrap();
        world.answer("token");
        credential
            .get_token_with(TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT))
            .await
            .unwrap();
        let audience = Assertion::of(world, 0).claims["aud"].as_str().unwrap().to_owned();
        assert_eq!(audience, world.request(0).url());
        assert_eq!(
            audience,
            format!("https://usgovvirginia.login.microsoftonline.us/{OTHER_TENANT}/oauth2/v2.0/token")
        );
    });
}

#[test]
fn an_assertion_is_used_again_until_a_minute_before_its_end() {
    run(async |world| {
        let credential = from_bytes(world).build().unwrap();
        for name in ["1", "2", "3", "4", "5"] {
            world.answer(name);
        }
        world.token(&credential, "api://1/.default").await.unwrap();
        world.clock.advance(Duration::from_secs(539));
        world.token(&credential, "api://2/.default").await.unwrap();
        world.clock.advance(Duration::from_secs(1));
        world.token(&credential, "api://3/.default").await.unwrap();
        // A wall clock that is set back makes assertions that aren't valid yet elsewhere.
        world.clock.jump_wall(-61_000);
        world.token(&credential, "api://4/.default").await.unwrap();
        // One that stands still while time goes on must not keep an assertion either.
        world.clock.jump_elapsed(Duration::from_secs(540));
        world.token(&credential, "api://5/.default").await.unwrap();
        let ids = [0, 1, 2, 3, 4].map(|number| Assertion::of(world, number).claims["jti"].clone());
        assert_ne!(ids[3], ids[4]);
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[1], ids[2]);
        assert_ne!(ids[2], ids[3]);
    });
}

#[test]
fn each_endpoint_and_each_request_without_reuse_has_its_own() {
    run(async |world| {
        let reusing = from_bytes(world)
            .with_additionally_allowed_tenants(["*"])
            .build()
            .unwrap();
        let single = from_bytes(world).with_assertion_reuse(false).build().unwrap();
        for name in ["1", "2", "3", "4"] {
            world.answer(name);
        }
        world.token(&reusing, SCOPE).await.unwrap();
        reusing
            .get_token_with(TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT))
            .await
            .unwrap();
        world.token(&single, SCOPE).await.unwrap();
        world.token(&single, OTHER_SCOPE).await.unwrap();
        let ids: std::collections::BTreeSet<_> = (0..4)
            .map(|number| Assertion::of(world, number).claims["jti"].to_string())
            .collect();
        assert_eq!(ids.len(), 4);
    });
}

#[cfg(all(feature = "encrypted-pem", feature = "pkcs12"))]
#[test]
fn passwords_open_pem_and_pkcs12_files() {
    use crate::openssl::PASSWORD;
    let lab = Lab::get();
    let mut pem = lab.made(
        "cc.key",
        "pkcs8 -topk8 -in key.pem -passout file:password -v2 aes-256-cbc",
    );
    pem.extend(lab.read("cert.pem"));
    let pfx = lab.made(
        "cc.pfx",
        "pkcs12 -export -inkey key.pem -in cert.pem -passout file:password",
    );
    for bytes in [pem, pfx] {
        run(async |world| {
            let password = world.guard.know("password", PASSWORD);
            let builder = CertificateCredential::from_bytes(TENANT, CLIENT, bytes.clone())
                .with_options(&world.options());
            let builder = builder.with_password(password);
            world.guard.check(&builder);
            let credential = builder.build().unwrap();
            world.answer("token");
            world.token(&credential, SCOPE).await.unwrap();
            assert!(Assertion::of(world, 0).verifies(true));
            let wrong = CertificateCredential::from_bytes(TENANT, CLIENT, bytes.clone());
            let error = wrong
                .with_password(world.guard.secret("wrong"))
                .build()
                .map(|_| ())
                .unwrap_err();
            world.guard.check_error(&error);
            assert!(error.message().contains("the password does not open"), "{error}");
        });
    }
}

#[test]
fn a_certificate_that_is_read_already_is_taken() {
    run(async |world| {
        let builder = CertificateCredential::from_certificate(TENANT, CLIENT, certificate());
        let credential = builder.with_options(&world.options()).build().unwrap();
        world.answer("token");
        world.token(&credential, SCOPE).await.unwrap();
        assert!(Assertion::of(world, 0).verifies(true));
        assert_eq!(credential.name(), "CertificateCredential");
    });
}

/// How many different assertions two requests of `credential` carry.
async fn assertions(world: &World, credential: &dyn TokenCredential) -> usize {
    let first = world.http.calls();
    for (number, scope) in [SCOPE, OTHER_SCOPE].into_iter().enumerate() {
        let (token, refresh_token) = (world.guard.secret("token"), world.guard.secret("refresh token"));
        let mut answer = json!({"access_token": token.expose(), "expires_in": 3599, "token_type": "Bearer"});
        // The first answer only: what the refresh is for is asked next.
        if number == 0 {
            answer["refresh_token"] = refresh_token.expose().into();
        }
        world.http.push(HttpStep::json(200, &answer));
        world.token(credential, scope).await.unwrap();
    }
    let ids: std::collections::BTreeSet<_> = [first, first + 1]
        .map(|number| Assertion::of(world, number).claims["jti"].to_string())
        .into();
    ids.len()
}

#[test]
fn credentials_of_users_use_an_assertion_again_or_not() {
    run(async |world| {
        for (reuse, expected) in [(true, 1), (false, 2)] {
            let credential = OnBehalfOfCredential::builder(TENANT, CLIENT)
                .with_certificate(certificate())
                .with_assertion_reuse(reuse)
                .with_options(&world.options())
                .build(world.guard.secret("user assertion"))
                .unwrap();
            assert_eq!(assertions(world, &credential).await, expected);
            let code = world.guard.secret("code");
            let credential =
                AuthorizationCodeCredential::builder(TENANT, CLIENT, code, "https://app.test/signed-in")
                    .with_certificate(certificate())
                    .with_assertion_reuse(reuse)
                    .with_options(&world.options())
                    .build()
                    .unwrap();
            assert_eq!(assertions(world, &credential).await, expected);
        }
        // Nothing else is said: it is used again.
        let credential = OnBehalfOfCredential::builder(TENANT, CLIENT)
            .with_certificate(certificate())
            .with_options(&world.options())
            .build("another user")
            .unwrap();
        assert_eq!(assertions(world, &credential).await, 1);
    });
}
