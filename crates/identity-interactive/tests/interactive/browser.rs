//! `InteractiveBrowserCredential`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use identity_base::{Error, ErrorKind, TokenCredential, TokenRequest};
use identity_interactive::{InteractiveBrowserCredential, InteractiveBrowserCredentialBuilder, SignInPrompt};
use identity_testkit::RecordingBrowser;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::answers::{Answer, refusal};
use crate::caller::{Page, form, talk};
use crate::world::{CLIENT, SCOPE, TENANT, World, run_still};

pub(crate) fn builder(world: &World) -> InteractiveBrowserCredentialBuilder {
    InteractiveBrowserCredential::builder()
        .with_options(&world.options())
        .with_tenant_id(TENANT)
        .with_client_id(CLIENT)
}

/// A request in a task of its own.
pub(crate) fn ask(credential: &InteractiveBrowserCredential) -> JoinHandle<Result<String, Error>> {
    let credential = credential.clone();
    tokio::spawn(async move {
        credential
            .get_token(&[SCOPE])
            .await
            .map(|token| token.secret().to_owned())
    })
}

#[test]
fn a_person_signs_in() {
    run_still(async |world| {
        let credential = builder(world).with_domain_hint("contoso.test").build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        for (name, value) in [
            ("response_mode", "form_post"),
            ("response_type", "code"),
            ("code_challenge_method", "S256"),
            ("prompt", "select_account"),
            ("domain_hint", "contoso.test"),
            ("login_hint", ""),
            ("scope", &format!("{SCOPE} offline_access openid profile")),
        ] {
            assert_eq!(page.value(name), value, "{name}");
        }
        let [state, nonce, challenge] = ["state", "nonce", "code_challenge"].map(|name| page.value(name));
        assert!(
            state.len() == 43 && nonce.len() == 43 && challenge.len() == 43,
            "256 bits each"
        );
        let answer = Answer::new(world, "token", "refresh").claim("nonce", nonce);
        world.http.push(answer.step());
        let code = world.guard.secret("code");
        let shown = page.post(&page.answer(code.expose())).await;
        assert_eq!(task.await.unwrap().unwrap(), answer.token());
        assert!(
            shown.starts_with("HTTP/1.1 200 OK\r\n") && shown.contains("You are signed in"),
            "{shown}"
        );
        assert!(!shown.contains(code.expose()));
        let form = world.form(0);
        assert_eq!(form["code"], code.expose());
        assert_eq!(
            form["redirect_uri"],
            page.value("redirect_uri"),
            "the same in both legs"
        );
        let verifier = identity_runtime::crypto::sha256(form["code_verifier"].as_bytes());
        assert_eq!(identity_runtime::crypto::base64url(&verifier), challenge);
        assert_eq!(
            credential.authentication_record().unwrap().username(),
            "user@contoso.test"
        );
        assert!(
            tokio::net::TcpStream::connect(("127.0.0.1", page.port))
                .await
                .is_err(),
            "nobody listens any more"
        );
    });
}

#[test]
fn both_families_are_listened_to() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        world.http.push(
            Answer::new(world, "token", "refresh")
                .claim("nonce", page.value("nonce"))
                .step(),
        );
        let body = page.answer("code");
        match tokio::net::TcpStream::connect(("::1", page.port)).await {
            Ok(_) => drop(talk(&format!("[::1]:{}", page.port), page.posting(&body).as_bytes()).await),
            // A machine without IPv6: then the other family alone has to do.
            Err(_) => drop(page.post(&body).await),
        }
        task.await.unwrap().unwrap();
    });
}

#[test]
fn the_wrong_nonce_and_a_refused_code_show_the_error_page() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        for (round, nonce) in [json!("wrong"), json!(null)].into_iter().enumerate() {
            let task = ask(&credential);
            world.browser.opened(round + 1).await;
            let page = Page::opened(world).await;
            world.http.push(
                Answer::new(world, "token", "refresh")
                    .claim("nonce", nonce)
                    .step(),
            );
            let shown = page.post(&page.answer("code")).await;
            assert_eq!(
                task.await.unwrap().unwrap_err().kind(),
                ErrorKind::IdentityMismatch
            );
            assert!(shown.contains("Not signed in"), "{shown}");
            assert!(credential.authentication_record().is_none());
        }
        let task = ask(&credential);
        world.browser.opened(3).await;
        let page = Page::opened(world).await;
        world.http.push(refusal("invalid_grant"));
        let shown = page.post(&page.answer("code")).await;
        assert_eq!(task.await.unwrap().unwrap_err().code(), Some("invalid_grant"));
        assert!(shown.contains("Not signed in"));
    });
}

#[test]
fn the_authoritys_refusal_ends_the_wait() {
    for post in [true, false] {
        run_still(async |world| {
            let credential = builder(world).build().unwrap();
            let task = ask(&credential);
            let page = Page::opened(world).await;
            let body = form(&[
                ("error", "access_denied"),
                ("error_description", "AADSTS65004: the person <b>declined</b>"),
                ("state", &page.value("state")),
            ]);
            let shown = match post {
                true => page.post(&body).await,
                false => page.get(&format!("/?{body}")).await,
            };
            let error = task.await.unwrap().unwrap_err();
            assert_eq!(
                (error.kind(), error.code()),
                (ErrorKind::AuthenticationFailed, Some("access_denied"))
            );
            assert_eq!(error.aadsts(), Some(65004));
            assert!(
                shown.contains("Not signed in") && !shown.contains("declined"),
                "{shown}"
            );
            assert_eq!(world.http.calls(), 0);
        });
    }
}

#[test]
fn a_code_in_an_address_gets_the_warning_and_no_token() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        let shown = page.get(&format!("/?{}", page.answer("code"))).await;
        assert!(
            shown.starts_with("HTTP/1.1 400") && shown.contains("Do not share this address"),
            "{shown}"
        );
        assert_eq!(world.http.calls(), 0);
        assert!(!task.is_finished());
        task.abort();
    });
}

#[test]
fn the_wait_has_an_end() {
    run_still(async |world| {
        let credential = builder(world)
            .with_timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        // Calls don't prolong it.
        for _ in 0..3 {
            world.clock.advance(Duration::from_secs(6));
            assert!(page.get("/").await.starts_with("HTTP/1.1 404"));
        }
        world.clock.advance(Duration::from_secs(2));
        let error = task.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(
            error.message().contains("20 s") && !error.is_transient(),
            "{error}"
        );
    });
}

#[test]
fn leaving_closes_the_port_at_once() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(
            tokio::net::TcpStream::connect(("127.0.0.1", page.port))
                .await
                .is_err()
        );
    });
}

#[test]
fn without_a_browser_the_address_is_handed_out() {
    run_still(async |world| {
        let none = RecordingBrowser::new().behaving(|_| Err(Error::unavailable("there is no browser")));
        let options = world.options().with_browser_opener(Arc::new(none.clone()));
        let handed = Arc::new(Mutex::new(None::<String>));
        let take = Arc::clone(&handed);
        let credential = builder(world)
            .with_options(&options)
            .with_url_prompt(move |url| *take.lock().unwrap() = Some(url.to_owned()))
            .build()
            .unwrap();
        let task = ask(&credential);
        none.opened(1).await;
        tokio::task::yield_now().await;
        let url = handed.lock().unwrap().clone().unwrap();
        let page = Page::of(&url);
        world.http.push(
            Answer::new(world, "token", "refresh")
                .claim("nonce", page.value("nonce"))
                .step(),
        );
        page.post(&page.answer("code")).await;
        task.await.unwrap().unwrap();
    });
}

#[test]
fn a_port_that_is_taken_is_no_reason_to_share_it() {
    run_still(async |world| {
        let squatter = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = squatter.local_addr().unwrap().port();
        let fixed = |host: &str| {
            builder(world)
                .with_redirect_uri(format!("http://{host}:{port}/cb"))
                .build()
                .unwrap()
        };
        let error = world.token(&fixed("localhost"), SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
        drop(squatter);
        if let Ok(squatter) = std::net::TcpListener::bind(("::1", port)) {
            let error = world.token(&fixed("localhost"), SCOPE).await.unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::CredentialUnavailable,
                "the other family is as good: {error}"
            );
            drop(squatter);
        }
        assert!(world.browser.urls().is_empty() && world.http.calls() == 0);
        // Twice in a row, with the path that was given.
        for round in 0..2 {
            let task = ask(&fixed("localhost"));
            world.browser.opened(round + 1).await;
            let page = Page::opened(world).await;
            assert_eq!((page.port, page.path.as_str()), (port, "/cb"));
            world.http.push(
                Answer::new(world, "token", "refresh")
                    .claim("nonce", page.value("nonce"))
                    .step(),
            );
            page.post(&page.answer("code")).await;
            task.await.unwrap().unwrap();
        }
    });
}

#[test]
fn nothing_outside_this_machine_is_listened_to() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        // What the kernel says: the port in its own spelling, at these addresses only, in the state of listening.
        let port = format!("{:04X}", page.port);
        let mut found = 0;
        for (table, loopback) in [
            ("/proc/net/tcp", "0100007F"),
            ("/proc/net/tcp6", "00000000000000000000000001000000"),
        ] {
            for line in std::fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
                let fields: Vec<_> = line.split_whitespace().collect();
                let (address, local_port) = fields[1].split_once(':').unwrap();
                if local_port == port && fields[3] == "0A" {
                    assert_eq!(address, loopback);
                    found += 1;
                }
            }
        }
        assert!(found >= 1 || !std::path::Path::new("/proc/net/tcp").exists());
        task.abort();
    });
}

#[test]
fn claims_cae_and_hints_go_to_the_page() {
    run_still(async |world| {
        let credential = builder(world)
            .with_prompt(SignInPrompt::AsNeeded)
            .build()
            .unwrap();
        let claims = r#"{"access_token":{"nbf":{"essential":true}}}"#;
        let task = {
            let credential = credential.clone();
            let request = async move {
                let request = TokenRequest::new(SCOPE).claims(claims).enable_cae(true);
                credential.authenticate_with(request).await.map(drop)
            };
            tokio::spawn(request)
        };
        let page = Page::opened(world).await;
        assert!(page.value("claims").contains("CP1") && page.value("claims").contains("nbf"));
        assert_eq!(page.value("prompt"), "");
        world.http.push(
            Answer::new(world, "token", "refresh")
                .claim("nonce", page.value("nonce"))
                .step(),
        );
        page.post(&page.answer("code")).await;
        task.await.unwrap().unwrap();
        assert!(world.form(0)["claims"].contains("CP1"));
        // The next time the page is filled with the name.
        world.http.push(refusal("invalid_grant"));
        let task = ask(&credential);
        world.browser.opened(2).await;
        assert_eq!(Page::opened(world).await.value("login_hint"), "user@contoso.test");
        task.abort();
    });
}

#[test]
fn own_pages_are_shown() {
    run_still(async |world| {
        let credential = builder(world)
            .with_success_page("<p>welcome</p>")
            .build()
            .unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        world.http.push(
            Answer::new(world, "token", "refresh")
                .claim("nonce", page.value("nonce"))
                .step(),
        );
        assert!(page.post(&page.answer("code")).await.ends_with("<p>welcome</p>"));
        task.await.unwrap().unwrap();
    });
}

#[test]
fn settings_are_checked() {
    let invalid = |builder: InteractiveBrowserCredentialBuilder| {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
        assert_eq!(error.credential(), Some("InteractiveBrowserCredential"));
    };
    let builder = InteractiveBrowserCredential::builder;
    invalid(builder().with_redirect_uri("https://example.com"));
    invalid(builder().with_login_hint(""));
    invalid(builder().with_domain_hint("a\nb"));
    invalid(builder().with_success_page(""));
    invalid(builder().with_tenant_id("a/b"));
    assert_eq!(builder().build().unwrap().name(), "InteractiveBrowserCredential");
}
