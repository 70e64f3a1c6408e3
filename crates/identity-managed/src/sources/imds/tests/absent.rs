//! Machines without the endpoint, and chains that have to find that out quickly.

use super::*;

#[test]
fn a_container_desktop_is_no_azure_host() {
    let unreachable = "connecting to 169.254.169.254:80: connecting to 169.254.169.254:80: dial tcp 169.254.169.254:80: connectex: A socket operation was attempted to an unreachable network.";
    for step in [
        HttpStep::bytes(403, unreachable),
        HttpStep::json(403, &json!({"error": unreachable})),
        HttpStep::json(403, &json!({"message": unreachable})),
        HttpStep::bytes(
            403,
            "Ein Socketvorgang bezog sich auf ein nicht verfügbares Netzwerk.",
        ),
    ] {
        run(async |guard, machine| {
            machine.answer(step.clone());
            let direct = fails(&guard, &machine.credential()).await;
            machine.answer(step.clone());
            let probed = fails(&guard, &machine.builder().with_probe(true).build().unwrap()).await;
            for error in [direct, probed] {
                assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
                let hint = error.hint().unwrap();
                assert!(
                    hint.contains("container desktop") && hint.contains("another credential"),
                    "{hint}"
                );
            }
            assert_eq!(machine.http.calls(), 2, "the probe's answer is enough");
        });
    }
    // A refusal of IMDS's own is one.
    run(async |guard, machine| {
        machine.answer(HttpStep::json(
            403,
            &json!({"error": "forbidden", "error_description": "no"}),
        ));
        assert_eq!(
            fails(&guard, &machine.credential()).await.kind(),
            ErrorKind::AuthenticationFailed
        );
    });
}

#[test]
fn an_answer_longer_than_any_of_a_metadata_endpoint_is_not_read() {
    let page = "<p>please sign in</p>".repeat(4_000);
    run(async |guard, machine| {
        machine.answer(HttpStep::bytes(200, page.clone()));
        let error = fails(&guard, &machine.credential()).await;
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert_eq!(machine.http.requests()[0].request().max_body, 64 * 1024);
        // Where others wait to be tried, it is the page of some portal.
        machine.answer(alive()).answer(HttpStep::bytes(200, page.clone()));
        let error = fails(&guard, &machine.builder().with_probe(true).build().unwrap()).await;
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
    });
    // A long page in front of an endpoint that is down is a failure of the moment all the same.
    run(async |guard, machine| {
        machine
            .answer(HttpStep::bytes(503, page.clone()))
            .answer(plain("t"));
        get(&guard, &machine.credential()).await.unwrap();
    });
}

#[test]
fn nobody_at_the_address_is_unavailable_after_the_repetitions() {
    for kind in [HttpErrorKind::Connect, HttpErrorKind::Timeout, HttpErrorKind::Dns] {
        run(async |guard, machine| {
            let http = machine
                .http
                .clone()
                .respond_with(move |_, _| HttpStep::fails_before_sending(kind));
            let machine = Machine { http, ..machine };
            let error = fails(&guard, &machine.credential()).await;
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
            assert_eq!(machine.http.calls(), 4);
        });
    }
    run(async |guard, machine| {
        let http = machine.http.clone().respond_with(|_, _| HttpStep::hang());
        let machine = Machine { http, ..machine };
        let begun = machine.clock.wall();
        assert_eq!(
            fails(&guard, &machine.credential()).await.kind(),
            ErrorKind::Timeout,
            "it takes requests and never answers"
        );
        assert!(machine.elapsed_since(begun) <= Duration::from_secs(90));
    });
}

#[test]
fn a_chain_finds_out_in_a_second_that_there_is_none_and_remembers_it() {
    for step in [
        HttpStep::hang(),
        HttpStep::fails_before_sending(HttpErrorKind::Connect),
        HttpStep::fails_before_sending(HttpErrorKind::Timeout),
        HttpStep::fails_after_sending(HttpErrorKind::Reset),
    ] {
        run(async |guard, machine| {
            let http = machine.http.clone().respond_with(move |_, _| step.clone());
            let machine = Machine { http, ..machine };
            let credential = machine.builder().with_probe(true).build().unwrap();
            let begun = machine.clock.wall();
            let error = fails(&guard, &credential).await;
            assert!(error.is_unavailable(), "{error}");
            assert!(
                machine.elapsed_since(begun) <= Duration::from_millis(1100),
                "{:?}",
                machine.elapsed_since(begun)
            );
            assert_eq!(machine.http.calls(), 1);

            // For thirty seconds the next calls, for other scopes as well, cost nothing.
            machine.clock.advance(Duration::from_secs(28));
            let again = machine.clock.wall();
            let other = TokenRequest::new("https://vault.azure.net/.default");
            assert!(
                get_with(&guard, &credential, other)
                    .await
                    .unwrap_err()
                    .is_unavailable()
            );
            assert!(fails(&guard, &credential).await.is_unavailable());
            assert_eq!(
                (machine.http.calls(), machine.elapsed_since(again)),
                (1, Duration::ZERO)
            );
            machine.clock.advance(Duration::from_secs(3));
            assert!(fails(&guard, &credential).await.is_unavailable());
            assert_eq!(machine.http.calls(), 2, "then it is looked for again");
        });
    }
}

#[test]
fn a_chain_probes_once_and_then_asks() {
    run(async |guard, machine| {
        let credential = machine.builder().with_probe(true).build().unwrap();
        machine
            .answer(alive())
            .answer(plain("one"))
            .answer(token("two", &json!({"resource": "https://vault.azure.net"})));
        get(&guard, &credential).await.unwrap();
        let requests = machine.http.requests();
        assert_eq!(
            requests[0].header("metadata"),
            None,
            "the probe is not a metadata request"
        );
        assert_eq!(requests[0].query(), []);
        assert_eq!(requests[0].path(), "/metadata/identity/oauth2/token");
        assert!(requests[0].request().policy.no_proxy);
        assert_eq!(requests[1].header("metadata"), Some("true"));
        get_with(
            &guard,
            &credential,
            TokenRequest::new("https://vault.azure.net/.default"),
        )
        .await
        .unwrap();
        assert_eq!(machine.http.calls(), 3, "that there is one is known now");
    });
    // Any answer means that there is one.
    for step in [
        HttpStep::status(404),
        HttpStep::status(500),
        HttpStep::bytes(200, "<html>"),
        HttpStep::status(429),
    ] {
        run(async |guard, machine| {
            machine.answer(step.clone()).answer(plain("t"));
            assert!(
                get(&guard, &machine.builder().with_probe(true).build().unwrap())
                    .await
                    .is_ok()
            );
        });
    }
    // Alone there is no probe.
    run(async |guard, machine| {
        machine.answer(plain("t"));
        get(&guard, &machine.credential()).await.unwrap();
        assert_eq!(machine.http.calls(), 1);
    });
    // The request may say that it comes from a chain; what the program said goes before that.
    for (said, probes) in [(None, 1), (Some(true), 1), (Some(false), 0)] {
        run(async |guard, machine| {
            if probes == 1 {
                machine.answer(alive());
            }
            machine.answer(plain("t"));
            let mut builder = machine.builder();
            if let Some(said) = said {
                builder = builder.with_probe(said);
            }
            let request = TokenRequest::new(SCOPE).within_chain(true);
            get_with(&guard, &builder.build().unwrap(), request)
                .await
                .unwrap();
            assert_eq!(machine.http.calls(), probes + 1, "{said:?}");
        });
    }
}
