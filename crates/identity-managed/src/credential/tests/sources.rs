//! The requests of the sources without a test module of their own, and how their answers are read.

use super::*;

#[test]
fn app_service_is_asked_with_its_header() {
    run(async |guard, machine| {
        APP_SERVICE.set(&machine).answer(plain("t"));
        get(&guard, &machine.credential()).await.unwrap();
        let request = machine.last();
        assert_eq!((request.method(), request.path()), ("GET", "/msi/token"));
        assert_eq!(
            query(&request),
            pairs(&[("api-version", "2019-08-01"), ("resource", RESOURCE)])
        );
        assert_eq!(request.header("x-identity-header"), Some(SECRET));
        assert!(request.request().headers["x-identity-header"].is_sensitive());
        assert!(request.request().policy.no_proxy);
        for (id, parameter) in ids().into_iter().zip(["client_id", "object_id", "mi_res_id"]) {
            machine.answer(plain("t"));
            get(
                &guard,
                &machine.builder().with_user_assigned(id.clone()).build().unwrap(),
            )
            .await
            .unwrap();
            assert_eq!(machine.last_query(), pairs(&[(parameter, id.as_str())]));
        }
    });
}

#[test]
fn app_services_answers_have_an_end_and_no_lifetime() {
    run(async |guard, machine| {
        APP_SERVICE.set(&machine);
        let end = machine.clock.wall() + Duration::from_secs(3600);
        let seconds = end.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        for expires_on in [json!(seconds), json!(seconds.to_string())] {
            machine.answer(token("t", &json!({"expires_in": null, "expires_on": expires_on})));
            let token = get(&guard, &machine.credential()).await.unwrap();
            assert_eq!(token.expires_on(), end);
        }
        machine.answer(token("t", &json!({"expires_in": null, "expires_on": "1"})));
        let error = get(&guard, &machine.credential()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "expired long ago");
    });
}

#[test]
fn app_services_errors_say_what_to_do() {
    run(async |guard, machine| {
        APP_SERVICE.set(&machine);
        for (status, message, identity, expected) in [
            (
                400,
                "No Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
                Some(ids()[0].clone()),
                "the requested identity is not assigned to this app",
            ),
            (
                400,
                "No Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
                None,
                "this app has no system-assigned identity",
            ),
            (401, "Unauthorized", None, "did not accept IDENTITY_HEADER"),
            (400, "Exception", None, "refused (HTTP 400): Exception"),
        ] {
            machine.answer(HttpStep::json(
                status,
                &json!({"statusCode": status, "message": format!("{message} {SECRET}")}),
            ));
            let mut builder = machine.builder();
            if let Some(identity) = identity {
                builder = builder.with_user_assigned(identity);
            }
            let error = get(&guard, &builder.build().unwrap()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
            assert!(
                error.message().contains(expected) && error.message().contains("<redacted>"),
                "{error}"
            );
        }
        let text = "a chain goes on behind a portal";
        machine.answer(HttpStep::bytes(403, format!("<html>{text}")));
        assert!(
            get(&guard, &machine.builder().with_probe(true).build().unwrap())
                .await
                .unwrap_err()
                .is_unavailable()
        );
    });
}

#[test]
fn azure_ml_calls_the_client_id_by_one_word() {
    run(async |guard, machine| {
        AZURE_ML.set(&machine).answer(plain("t"));
        get(
            &guard,
            &machine
                .builder()
                .with_user_assigned(ids()[0].clone())
                .build()
                .unwrap(),
        )
        .await
        .unwrap();
        let request = machine.last();
        let expected = [
            ("api-version", "2017-09-01"),
            ("resource", RESOURCE),
            ("clientid", CLIENT),
        ];
        assert_eq!((request.method(), query(&request)), ("GET", pairs(&expected)));
        assert_eq!(request.header("secret"), Some(SECRET));
        assert!(request.request().headers["secret"].is_sensitive());

        machine.answer(plain("t"));
        get(&guard, &machine.credential()).await.unwrap();
        assert_eq!(machine.last_query(), []);
        machine
            .var("DEFAULT_IDENTITY_CLIENT_ID", OBJECT)
            .answer(plain("t"));
        get(&guard, &machine.credential()).await.unwrap();
        assert_eq!(machine.last_query(), pairs(&[("clientid", OBJECT)]));
    });
}

#[test]
fn the_older_app_service_says_ends_as_dates() {
    run(async |guard, machine| {
        AZURE_ML.set(&machine);
        // The clock stands at the beginning of 2026.
        for date in [
            "01/01/2026 13:00:00 +00:00",
            "1/1/2026 1:00:00 PM +00:00",
            "01/01/2026 01:00:00 PM +00:00",
        ] {
            machine.answer(token("t", &json!({"expires_in": null, "expires_on": date})));
            let token = get(&guard, &machine.credential()).await.unwrap();
            assert_eq!(
                token.expires_on(),
                machine.clock.wall() + Duration::from_secs(13 * 3600),
                "{date}"
            );
        }
        machine
            .answer(token("t", &json!({"expires_on": null})))
            .answer(token("t", &json!({"expires_in": null, "expires_on": "tomorrow"})));
        assert!(
            get(&guard, &machine.credential()).await.is_ok(),
            "only a lifetime is fine too"
        );
        assert_eq!(
            get(&guard, &machine.credential()).await.unwrap_err().kind(),
            ErrorKind::Protocol
        );
    });
}

#[test]
fn cloud_shell_is_asked_by_a_form() {
    run(async |guard, machine| {
        CLOUD_SHELL.set(&machine).answer(plain("t"));
        get(&guard, &machine.credential()).await.unwrap();
        let request = machine.last();
        assert_eq!((request.method(), request.path()), ("POST", "/oauth2/token"));
        assert_eq!(request.form(), Some(pairs(&[("resource", RESOURCE)])));
        assert_eq!(
            (request.header("metadata"), query(&request)),
            (Some("true"), Vec::new())
        );
        assert!(request.request().policy.no_proxy);
    });
}

#[test]
fn service_fabric_is_asked_over_a_pinned_connection() {
    run(async |guard, machine| {
        SERVICE_FABRIC.set(&machine).answer(plain("t"));
        get(&guard, &machine.credential()).await.unwrap();
        let request = machine.last();
        assert_eq!(request.method(), "GET");
        assert_eq!(
            query(&request),
            pairs(&[("api-version", "2019-07-01-preview"), ("resource", RESOURCE)])
        );
        assert_eq!(request.header("secret"), Some(SECRET));
        let policy = &request.request().policy;
        assert!(policy.no_proxy);
        let ServerIdentity::Thumbprint(thumbprint) = policy.server else {
            panic!("not pinned")
        };
        assert_eq!(
            (thumbprint[0], thumbprint[10], thumbprint[19]),
            (0x00, 0xAA, 0x33)
        );
    });
}

#[test]
fn service_fabric_without_https_or_thumbprint_never_gets_as_far_as_a_request() {
    run(async |guard, machine| {
        SERVICE_FABRIC.set(&machine);
        machine.var(
            "IDENTITY_ENDPOINT",
            "http://localhost:2377/metadata/identity/oauth2/token",
        );
        let error = machine.builder().build().unwrap_err();
        guard.check_error(&error);
        assert!(error.message().contains("not an https URL"), "{error}");
        SERVICE_FABRIC.set(&machine);
        for bad in ["00", "zz112233445566778899AABBCCDDEEFF00112233", "0011 2233"] {
            machine.var("IDENTITY_SERVER_THUMBPRINT", bad);
            let error = machine.builder().build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{bad}");
            assert!(error.message().contains("IDENTITY_SERVER_THUMBPRINT"), "{error}");
        }
        machine.var("IDENTITY_HEADER", "a\nb");
        assert_eq!(
            machine.builder().build().unwrap_err().kind(),
            ErrorKind::InvalidConfiguration
        );
    });
}

#[test]
fn service_fabrics_errors_are_understood() {
    run(async |guard, machine| {
        SERVICE_FABRIC.set(&machine);
        for (code, expected) in [
            ("SecretHeaderNotFound", "did not accept IDENTITY_HEADER"),
            ("ManagedIdentityNotFound", "the service has no managed identity"),
            ("ArgumentNullOrEmpty", "did not accept the request"),
            ("Other", "refused (HTTP 404, `Other`)"),
        ] {
            let id = "0b1c2d3e-0000-4000-8000-00000000bbbb";
            let body = json!({"error": {"correlationId": id, "code": code, "message": "words"}});
            machine.answer(HttpStep::json(404, &body));
            let error = get(&guard, &machine.credential()).await.unwrap_err();
            assert!(
                error.message().contains(expected) && error.message().contains("words"),
                "{error}"
            );
            assert_eq!((error.code(), error.correlation_id()), (Some(code), Some(id)));
        }
        assert_eq!(machine.http.calls(), 4);
    });
}

#[test]
fn a_token_that_was_taken_back_is_named_to_service_fabric_by_its_hash() {
    run(async |guard, machine| {
        SERVICE_FABRIC.set(&machine);
        let credential = machine.credential();
        let claims =
            TokenRequest::new(SCOPE).claims(r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#);
        // Without a cached token there is nothing to name.
        machine.answer(plain("test_token"));
        get_with(&guard, &credential, claims).await.unwrap();
        assert_eq!(machine.last_query(), pairs(&[("xms_cc", "cp1")]));
        // That of the text `test_token`.
        let hash = "cc0af97287543b65da2c7e1476426021826cab166f1e063ed012b855ff819656";
        machine.answer(plain("second"));
        assert_eq!(
            get_with(&guard, &credential, claims).await.unwrap().secret(),
            "second"
        );
        assert_eq!(
            machine.last_query(),
            pairs(&[("xms_cc", "cp1"), ("token_sha256_to_refresh", hash)])
        );
        // The new one is what everybody gets now.
        assert_eq!(get(&guard, &credential).await.unwrap().secret(), "second");
        // A rejected token is named as well.
        let rejected = get(&guard, &credential).await.unwrap();
        machine.answer(plain("third"));
        get_with(&guard, &credential, TokenRequest::new(SCOPE).rejected(&rejected))
            .await
            .unwrap();
        // That of the text `second`.
        let hash = "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4";
        assert_eq!(machine.last_query(), pairs(&[("token_sha256_to_refresh", hash)]));
        // Who takes part in continuous access evaluation says so each time.
        machine.answer(plain("cae"));
        get_with(&guard, &credential, TokenRequest::new(SCOPE).enable_cae(true))
            .await
            .unwrap();
        assert_eq!(machine.last_query(), pairs(&[("xms_cc", "cp1")]));
        assert_eq!(machine.http.calls(), 4);
    });
}

#[test]
fn other_hosts_are_asked_again_after_a_failure_of_the_moment() {
    for host in [APP_SERVICE, AZURE_ML, CLOUD_SHELL, SERVICE_FABRIC] {
        for status in [408, 429, 500, 503] {
            run(async |guard, machine| {
                let failure = HttpStep::json(status, &json!({}));
                host.set(&machine)
                    .answer(failure.clone())
                    .answer(failure)
                    .answer(plain("t"));
                get(&guard, &machine.credential()).await.unwrap();
                assert_eq!(machine.http.calls(), 3, "{host:?} {status}");
            });
        }
        // These are IMDS's alone, which is updated while it answers so.
        for status in [404, 410] {
            run(async |guard, machine| {
                host.set(&machine).answer(HttpStep::json(status, &json!({})));
                let error = get(&guard, &machine.credential()).await.unwrap_err();
                assert_eq!(
                    (machine.http.calls(), error.http_status()),
                    (1, Some(status)),
                    "{host:?}"
                );
            });
        }
        run(async |guard, machine| {
            let http = machine.http.clone().respond_with(|_, _| HttpStep::status(500));
            let machine = Machine { http, ..machine };
            let begun = machine.clock.wall();
            get(&guard, &host.set(&machine).credential()).await.unwrap_err();
            assert_eq!(machine.http.calls(), 4, "{host:?}");
            assert!(machine.elapsed_since(begun) < Duration::from_secs(30), "{host:?}");
        });
    }
}
