//! The two steps with the agent, and agents that don't keep to them.

use identity_base::ErrorKind;
use identity_base::seam::HttpErrorKind;
use identity_testkit::{FsOp, HttpStep, LeakGuard, TestClock, leak_guard};
use serde_json::json;

use crate::testing::*;
use crate::{ManagedIdentityCredential, ManagedIdentitySource, UserAssignedId};

const DIRECTORY: &str = "/var/opt/azcmagent/tokens";
const ENDPOINT: &str = "http://localhost:40342/metadata/identity/oauth2/token";

fn run(test: impl AsyncFnOnce(LeakGuard, Machine)) {
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock, async |guard| {
        let machine = Machine::with_clock(&guard, &clock);
        machine
            .var("IDENTITY_ENDPOINT", ENDPOINT)
            .var("IMDS_ENDPOINT", "http://localhost:40342");
        machine.files.put_directory(DIRECTORY).set_owner(DIRECTORY, 998);
        test(guard, machine).await;
    });
}

fn challenge(path: &str) -> HttpStep {
    HttpStep::status(401).header("www-authenticate", &format!("Basic realm={path}"))
}

fn good_challenge(machine: &Machine, key: &str) -> HttpStep {
    let path = format!("{DIRECTORY}/8f4e.key");
    machine.files.put(&path, format!("{key}\n"));
    challenge(&path)
}

async fn fails(guard: &LeakGuard, credential: &ManagedIdentityCredential) -> identity_base::Error {
    get(guard, credential).await.unwrap_err()
}

#[test]
fn the_key_of_the_file_that_the_agent_names_answers_its_challenge() {
    run(async |guard, machine| {
        let (key, secret) = (guard.secret("key"), guard.secret("token"));
        machine
            .answer(good_challenge(&machine, key.expose()))
            .answer(plain(secret.expose()));
        let token = get(&guard, &machine.credential()).await.unwrap();
        assert_eq!(token.secret(), secret.expose());
        let requests = machine.http.requests();
        assert_eq!(requests.len(), 2);
        for request in &requests {
            assert_eq!(
                (request.method(), request.url().split('?').next().unwrap()),
                ("GET", ENDPOINT)
            );
            assert_eq!(
                request.query(),
                [
                    ("api-version".to_owned(), "2020-06-01".to_owned()),
                    ("resource".to_owned(), RESOURCE.to_owned())
                ]
            );
            assert_eq!(request.header("metadata"), Some("true"));
            assert!(request.request().policy.no_proxy);
        }
        assert_eq!(requests[0].header("authorization"), None);
        assert_eq!(
            requests[1].header("authorization"),
            Some(&*format!("Basic {}", key.expose()))
        );
        assert!(requests[1].request().headers["authorization"].is_sensitive());
    });
}

#[test]
fn a_user_assigned_identity_has_to_be_confirmed() {
    for (id, parameter, echo) in [
        (UserAssignedId::client_id(CLIENT), "client_id", "client_id"),
        (UserAssignedId::object_id(OBJECT), "object_id", "object_id"),
        (
            UserAssignedId::resource_id(RESOURCE_ID),
            "msi_res_id",
            "msi_res_id",
        ),
        (
            UserAssignedId::resource_id(RESOURCE_ID),
            "msi_res_id",
            "mi_res_id",
        ),
    ] {
        let id = id.unwrap();
        run(async |guard, machine| {
            let build = || machine.builder().with_user_assigned(id.clone()).build().unwrap();
            let confirmed = token("t", &json!({echo: id.as_str().to_uppercase()}));
            machine.answer(good_challenge(&machine, "key")).answer(confirmed);
            get(&guard, &build()).await.unwrap();
            assert_eq!(
                machine.last_query(),
                [(parameter.to_owned(), id.as_str().to_owned())]
            );

            // An old agent gives the machine's own identity and says so, or says nothing.
            for other in [json!({echo: "/66666666"}), json!({})] {
                machine
                    .answer(good_challenge(&machine, "key"))
                    .answer(token(guard.secret("token").expose(), &other));
                let credential = build();
                let error = fails(&guard, &credential).await;
                assert_eq!(error.kind(), ErrorKind::IdentityMismatch, "{error}");
                assert!(error.hint().unwrap().contains("agent"), "{error}");
                // Nothing was kept.
                machine.answer(HttpStep::status(403));
                machine.clock.advance(std::time::Duration::from_secs(60));
                assert!(fails(&guard, &credential).await.http_status() == Some(403));
            }
        });
    }
}

#[test]
fn a_hostile_challenge_reads_nothing() {
    let several = HttpStep::status(401)
        .header("www-authenticate", &format!("Basic realm={DIRECTORY}/a.key"))
        .header("www-authenticate", &format!("Basic realm={DIRECTORY}/b.key"));
    for step in [
        HttpStep::status(401),
        several,
        challenge(""),
        challenge("/etc/shadow"),
        challenge("/etc/a.key"),
        challenge(&format!("{DIRECTORY}/../../../../etc/a.key")),
        challenge(&format!("{DIRECTORY}/sub/a.key")),
        challenge(&format!("{DIRECTORY}/a.txt")),
        challenge("a.key"),
    ] {
        run(async |guard, machine| {
            machine
                .files
                .put("/etc/a.key", "outside")
                .put("/etc/shadow", "outside")
                .put(format!("{DIRECTORY}/a.key"), "inside");
            machine.answer(step.clone());
            let error = fails(&guard, &machine.credential()).await;
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
            assert_eq!(machine.http.calls(), 1, "nothing is sent back: {error}");
            assert!(
                !machine
                    .files
                    .operations()
                    .iter()
                    .any(|(operation, _)| *operation == FsOp::Read),
                "{error}"
            );
        });
    }
}

#[test]
fn key_files_that_are_not_as_they_should_be_are_refused() {
    run(async |guard, machine| {
        let path = format!("{DIRECTORY}/a.key");
        let credential = || machine.credential();
        machine.answer(challenge(&path));
        assert!(
            fails(&guard, &credential())
                .await
                .message()
                .contains("does not exist")
        );
        machine.files.put(&path, vec![b'x'; 4097]);
        machine.answer(challenge(&path));
        assert!(
            fails(&guard, &credential())
                .await
                .message()
                .contains("more than 4096 bytes")
        );
        machine
            .files
            .delete(&path)
            .put_symlink(&path, "/etc/shadow")
            .put("/etc/shadow", "outside");
        machine.answer(challenge(&path));
        assert!(
            fails(&guard, &credential())
                .await
                .message()
                .contains("symbolic link")
        );
        machine.files.delete(&path).put_special(&path);
        machine.answer(challenge(&path));
        assert!(
            fails(&guard, &credential())
                .await
                .message()
                .contains("not a regular file")
        );
        machine
            .files
            .delete(DIRECTORY)
            .put_symlink(DIRECTORY, "/elsewhere")
            .put("/elsewhere/a.key", "x");
        machine.answer(challenge(&path));
        assert!(
            fails(&guard, &credential())
                .await
                .message()
                .contains("is not a directory")
        );
        assert_eq!(machine.http.calls(), 5, "no key was sent");
    });
}

#[test]
fn an_agent_that_does_not_challenge_is_not_believed() {
    run(async |guard, machine| {
        machine.answer(plain(guard.secret("token").expose()));
        let error = fails(&guard, &machine.credential()).await;
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
        assert!(error.message().contains("without a challenge"), "{error}");
    });
}

#[test]
fn errors_before_and_after_the_challenge_are_told() {
    run(async |guard, machine| {
        let body = json!({"error": "invalid_resource", "error_description": "no such resource"});
        machine.answer(HttpStep::json(400, &body));
        let error = fails(&guard, &machine.credential()).await;
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::AuthenticationFailed, Some("invalid_resource"))
        );

        let key = guard.secret("key");
        let echoing = json!({"error": "bad", "error_description": format!("did not like {}", key.expose())});
        machine
            .answer(good_challenge(&machine, key.expose()))
            .answer(HttpStep::json(400, &echoing));
        let error = fails(&guard, &machine.credential()).await;
        assert!(error.message().contains("did not like <redacted>"), "{error}");

        // A second challenge is a refusal of the key, not an invitation to read another file.
        machine
            .answer(good_challenge(&machine, "key"))
            .answer(challenge(&format!("{DIRECTORY}/other.key")));
        let reads = machine.files.count(FsOp::Read, format!("{DIRECTORY}/other.key"));
        let error = fails(&guard, &machine.credential()).await;
        assert_eq!(
            (error.kind(), error.http_status(), reads),
            (ErrorKind::AuthenticationFailed, Some(401), 0)
        );
    });
}

#[test]
fn an_agent_that_starts_is_waited_for_and_one_that_is_down_is_unavailable() {
    run(async |guard, machine| {
        machine
            .answer(HttpStep::status(503))
            .answer(good_challenge(&machine, "key"))
            .answer(HttpStep::status(500))
            .answer(plain("t"));
        get(&guard, &machine.credential()).await.unwrap();
        assert_eq!(machine.http.calls(), 4);
    });
    run(async |guard, machine| {
        let http = machine
            .http
            .clone()
            .respond_with(|_, _| HttpStep::fails_before_sending(HttpErrorKind::Connect));
        let machine = Machine { http, ..machine };
        let error = fails(&guard, &machine.credential()).await;
        assert!(
            error.is_unavailable() && error.message().contains("does not listen"),
            "{error}"
        );
    });
}

#[test]
fn the_endpoint_has_to_be_on_this_machine() {
    for endpoint in [
        "http://169.254.169.254/x",
        "http://10.0.0.1/x",
        "https://agent.example/x",
        "http://localhost.example/x",
    ] {
        run(async |guard, machine| {
            machine.var("IDENTITY_ENDPOINT", endpoint);
            let error = machine.builder().build().unwrap_err();
            guard.check_error(&error);
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{endpoint}");
        });
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_agent_without_variables_is_found_by_its_program() {
    run(async |guard, machine| {
        machine.env.unset("IDENTITY_ENDPOINT").unset("IMDS_ENDPOINT");
        let credential = machine.credential();
        assert_eq!(credential.detect().await.source(), ManagedIdentitySource::Imds);
        machine.files.put("/opt/azcmagent/bin/himds", "");
        let detection = credential.detect().await;
        assert_eq!(
            detection.to_string(),
            "Azure Arc: its agent is installed as /opt/azcmagent/bin/himds"
        );
        machine.answer(good_challenge(&machine, "key")).answer(plain("t"));
        get(&guard, &credential).await.unwrap();
        assert!(
            machine
                .last()
                .url()
                .starts_with("http://127.0.0.1:40342/metadata/identity/oauth2/token?")
        );
    });
}

#[test]
fn another_directory_can_be_given() {
    run(async |guard, machine| {
        let credential = machine
            .builder()
            .with_arc_key_directory("/mnt/keys/")
            .build()
            .unwrap();
        machine.files.put("/mnt/keys/a.key", "key");
        machine.answer(challenge("/mnt/keys/a.key")).answer(plain("t"));
        get(&guard, &credential).await.unwrap();
        machine.answer(challenge(&format!("{DIRECTORY}/a.key")));
        let error = fails(
            &guard,
            &machine
                .builder()
                .with_arc_key_directory("/mnt/keys")
                .build()
                .unwrap(),
        )
        .await;
        assert!(error.message().contains("not in /mnt/keys"), "{error}");
    });
}
