//! What is repeated, for how long, and what is served meanwhile.

use super::*;

#[test]
fn a_token_is_served_while_it_is_usable_although_its_source_is_dead_since_half_life() {
    let clock = TestClock::new();
    leak_guard::run(async |guard| {
        let machine = Machine::with_clock(&guard, &clock);
        machine.answer(plain("t"));
        let http = machine
            .http
            .clone()
            .respond_with(|_, _| HttpStep::fails_before_sending(HttpErrorKind::Connect));
        let machine = Machine { http, ..machine };
        let credential = machine.credential();
        get(&guard, &credential).await.unwrap();
        let begun = clock.wall();
        // Once a minute over the token's whole life.
        while machine.elapsed_since(begun) < Duration::from_secs(DAY - 31 - 60) {
            clock.run_for(Duration::from_secs(60)).await;
            assert_eq!(get(&guard, &credential).await.unwrap().secret(), "t");
        }
        assert!(
            machine.http.calls() > 100,
            "it was tried all the time: {}",
            machine.http.calls()
        );
        let later = clock.run_for(Duration::from_secs(200));
        later.await;
        let expired = tokio::spawn({
            let (guard, credential) = (guard.clone(), credential.clone());
            async move { get(&guard, &credential).await }
        });
        clock.run_for(Duration::from_secs(120)).await;
        assert_eq!(
            expired.await.unwrap().unwrap_err().kind(),
            ErrorKind::CredentialUnavailable
        );
    });
}

#[test]
fn statuses_that_pass_are_repeated_and_others_are_not() {
    for status in [404, 408, 410, 429, 500, 502, 503, 504, 511] {
        run(async |guard, machine| {
            machine
                .answer(HttpStep::json(status, &json!({})))
                .answer(HttpStep::json(status, &json!({})))
                .answer(plain("t"));
            assert!(get(&guard, &machine.credential()).await.is_ok(), "{status}");
            assert_eq!(machine.http.calls(), 3, "{status}");
        });
    }
    for status in [401, 402, 403, 405, 411, 418, 451, 499, 501, 505] {
        run(async |guard, machine| {
            machine.answer(HttpStep::json(
                status,
                &json!({"error": "x", "error_description": "the reason"}),
            ));
            let error = fails(&guard, &machine.credential()).await;
            assert_eq!(machine.http.calls(), 1, "{status}");
            assert!(
                error.message().contains("the reason") && error.http_status() == Some(status),
                "{error}"
            );
            assert!(!error.is_unavailable(), "{status}");
        });
    }
}

#[test]
fn the_repetitions_end_and_say_what_was_the_last_answer() {
    for (status, kind) in [
        (404, ErrorKind::Transport),
        (429, ErrorKind::Throttled),
        (500, ErrorKind::Transport),
    ] {
        run(async |guard, machine| {
            let http = machine
                .http
                .clone()
                .respond_with(move |_, _| HttpStep::json(status, &json!({"message": "not now"})));
            let machine = Machine { http, ..machine };
            let begun = machine.clock.wall();
            let error = fails(&guard, &machine.credential()).await;
            assert_eq!((error.kind(), error.http_status()), (kind, Some(status)));
            assert!(
                error.is_transient() && error.message().contains("not now"),
                "{error}"
            );
            assert_eq!(machine.http.calls(), 7, "{status}");
            assert!(machine.elapsed_since(begun) < Duration::from_secs(30), "{status}");
        });
    }
}

#[test]
fn an_update_of_the_service_is_waited_for() {
    run(async |guard, machine| {
        // 410 for 60 s, then a token.
        let (clock, begun) = (machine.clock.clone(), machine.clock.wall());
        let http = machine.http.clone().respond_with(move |_, _| {
            match clock.wall().duration_since(begun).unwrap() < Duration::from_secs(60) {
                true => HttpStep::status(410),
                false => plain("t"),
            }
        });
        let machine = Machine { http, ..machine };
        assert!(get(&guard, &machine.credential()).await.is_ok());
    });
    run(async |guard, machine| {
        let http = machine.http.clone().respond_with(|_, _| HttpStep::status(410));
        let machine = Machine { http, ..machine };
        let begun = machine.clock.wall();
        let error = fails(&guard, &machine.credential()).await;
        assert_eq!(
            (error.kind(), error.http_status()),
            (ErrorKind::Transport, Some(410))
        );
        let waited = machine.elapsed_since(begun);
        assert!(
            (Duration::from_secs(70)..=Duration::from_secs(90)).contains(&waited),
            "{waited:?}"
        );
    });
}

#[test]
fn what_the_service_asks_to_wait_is_waited_or_told() {
    run(async |guard, machine| {
        machine
            .answer(HttpStep::status(429).header("retry-after", "7"))
            .answer(plain("t"));
        let begun = machine.clock.wall();
        get(&guard, &machine.credential()).await.unwrap();
        let waited = machine.elapsed_since(begun);
        assert!(
            (Duration::from_secs(7)..Duration::from_secs(8)).contains(&waited),
            "{waited:?}"
        );
    });
    run(async |guard, machine| {
        machine.answer(HttpStep::status(429).header("retry-after", "3600"));
        let begun = machine.clock.wall();
        let request = TokenRequest::new(SCOPE).deadline(Duration::from_secs(10));
        let credential = machine.credential();
        let error = get_with(&guard, &credential, request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
        assert_eq!(machine.elapsed_since(begun), Duration::ZERO, "at once");
        // And nobody asks again before that.
        let again = get_with(&guard, &credential, request).await.unwrap_err();
        assert!(
            again.retry_after().unwrap() > Duration::from_secs(3590),
            "{again:?}"
        );
        assert_eq!(machine.http.calls(), 1);
    });
}

#[test]
fn the_callers_deadline_rules_over_all() {
    run(async |guard, machine| {
        let http = machine.http.clone().respond_with(|_, _| HttpStep::status(410));
        let machine = Machine { http, ..machine };
        let begun = machine.clock.wall();
        let request = TokenRequest::new(SCOPE).deadline(Duration::from_secs(10));
        let error = get_with(&guard, &machine.credential(), request)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(machine.elapsed_since(begun), Duration::from_secs(10));
    });
}

#[test]
fn a_program_can_set_the_repetitions() {
    run(async |guard, machine| {
        let http = machine.http.clone().respond_with(|_, _| HttpStep::status(500));
        let machine = Machine { http, ..machine };
        let credential = machine
            .builder()
            .with_retry_policy(RetryPolicy::metadata().with_max_retries(1))
            .build()
            .unwrap();
        fails(&guard, &credential).await;
        assert_eq!(machine.http.calls(), 2);
    });
}

#[test]
fn a_torn_answer_is_asked_for_once_more_and_its_text_is_not_shown() {
    run(async |guard, machine| {
        let secret = guard.secret("token");
        let torn = format!("{{\"access_token\":\"{}", secret.expose());
        machine
            .answer(HttpStep::bytes(200, torn.clone()))
            .answer(plain("t"));
        assert!(get(&guard, &machine.credential()).await.is_ok());
        machine
            .answer(HttpStep::bytes(200, torn.clone()))
            .answer(HttpStep::bytes(200, torn));
        let error = fails(&guard, &machine.credential()).await;
        assert_eq!(error.kind(), ErrorKind::Protocol);
        let twice = format!(
            r#"{{"access_token":"{0}","access_token":"{0}","expires_in":1}}"#,
            secret.expose()
        );
        machine
            .answer(HttpStep::bytes(200, twice.clone()))
            .answer(HttpStep::bytes(200, twice));
        assert_eq!(
            fails(&guard, &machine.credential()).await.kind(),
            ErrorKind::Protocol,
            "which of two tokens?"
        );
    });
}

#[test]
fn a_refresh_that_nobody_waits_for_is_tried_once() {
    let clock = TestClock::new();
    leak_guard::run(async |guard| {
        let machine = Machine::with_clock(&guard, &clock);
        machine.answer(token("t", &json!({"expires_in": 3600, "refresh_in": 1800})));
        let http = machine.http.clone().respond_with(|_, _| HttpStep::status(500));
        let machine = Machine { http, ..machine };
        let credential = machine.credential();
        get(&guard, &credential).await.unwrap();
        clock.run_for(Duration::from_secs(1900)).await;
        assert_eq!(get(&guard, &credential).await.unwrap().secret(), "t");
        clock.run_for(Duration::from_secs(20)).await;
        assert_eq!(
            machine.http.calls(),
            2,
            "one attempt, and the next one half a minute later"
        );
    });
}

#[test]
fn a_service_that_fails_for_every_resource_is_left_alone_for_a_while() {
    run(async |guard, machine| {
        let http = machine.http.clone().respond_with(|_, _| HttpStep::status(500));
        let machine = Machine { http, ..machine };
        let credential = machine.credential();
        fails(&guard, &credential).await;
        assert_eq!(machine.http.calls(), 7);
        let other = TokenRequest::new("https://vault.azure.net/.default");
        get_with(&guard, &credential, other).await.unwrap_err();
        assert_eq!(machine.http.calls(), 8);
    });
}
