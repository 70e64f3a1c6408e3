//! `entra token` against the emulator, over TLS: what is printed, what is not, and how each failure ends.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use crate::support::{CANARY, Run, Stand, entra};
use identity_emulator::{Fault, Route};
use serde_json::{Value, json};

/// What the emulator's default application has as its secret.
const SECRET: &str = identity_emulator::DEFAULT_SECRET;

fn finish(mut command: std::process::Command) -> Run {
    let run: Run = command.output().unwrap().into();
    assert!(
        !run.stderr.contains(SECRET) && !run.stdout.contains(SECRET),
        "{run:?}"
    );
    run
}

#[test]
fn a_pipe_gets_the_token_and_nothing_else() {
    let stand = Stand::start();
    let run = finish(stand.token(&["--quiet"]));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    let token = run.stdout.strip_suffix('\n').unwrap();
    assert_eq!(token.split('.').count(), 3, "{token}");
    let requests = stand.emulator.requests().token().exactly(1);
    let request = requests.first().unwrap();
    assert_eq!(
        request.form("scope"),
        Some("https://graph.microsoft.com/.default")
    );
    assert!(
        request.header("user-agent").unwrap().contains("entra-cli/"),
        "{request:?}"
    );
}

#[test]
fn each_format_prints_its_form() {
    let stand = Stand::start();
    let header = finish(stand.token(&["-o", "header"])).stdout;
    assert!(
        header.starts_with("Authorization: Bearer ey") && header.ends_with('\n'),
        "{header}"
    );
    let json: Value = serde_json::from_str(&finish(stand.token(&["--json"])).stdout).unwrap();
    assert_eq!(json.get("tenant_id").unwrap(), stand.emulator.tenant_id());
    assert_eq!(json.get("client_id").unwrap(), stand.emulator.client_id());
    assert_eq!(json.get("source").unwrap(), "environment");
    assert!(
        json.get("access_token")
            .unwrap()
            .as_str()
            .unwrap()
            .starts_with("ey")
    );
    let table = finish(stand.token(&["-o", "table"])).stdout;
    assert!(
        table.contains("identity   default") || table.contains(stand.emulator.client_id()),
        "{table}"
    );
    assert!(table.contains("\nexpires ") && !table.contains("ey"), "{table}");
    let shown = finish(stand.token(&["-o", "table", "--show"])).stdout;
    assert!(shown.contains("\ntoken      ey"), "{shown}");
}

#[test]
fn options_reach_the_request() {
    let stand = Stand::start();
    let run = finish(stand.token(&[
        "--tenant",
        "CONTOSO.test",
        "--cae",
        "--claims",
        r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#,
        "--via",
        "ClientSecretCredential",
    ]));
    assert_eq!(run.code, Some(0), "{run:?}");
    let requests = stand.emulator.requests().token().exactly(1);
    let request = requests.first().unwrap();
    assert_eq!(request.tenant().unwrap().to_ascii_lowercase(), "contoso.test");
    let claims: Value = serde_json::from_str(request.form("claims").unwrap()).unwrap();
    assert_eq!(claims.pointer("/access_token/nbf/value"), Some(&json!("1")));
    assert!(
        claims.pointer("/access_token/xms_cc/values").is_some(),
        "{claims}"
    );
}

#[test]
fn the_secret_may_come_from_a_file_or_from_standard_input() {
    let stand = Stand::start();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{SECRET}").unwrap();
    let path = file.path().to_str().unwrap();
    let mut by_option = stand.token(&["--client-secret-file", path]);
    by_option.env("AZURE_CLIENT_SECRET", "wrong");
    assert_eq!(finish(by_option).code, Some(0));
    let mut by_variable = stand.token(&[]);
    by_variable
        .env_remove("AZURE_CLIENT_SECRET")
        .env("AZURE_CLIENT_SECRET_FILE", path);
    assert_eq!(finish(by_variable).code, Some(0));
    let mut piped = stand.token(&["--client-secret-file", "-"]);
    let piped = piped
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.env_remove("AZURE_CLIENT_SECRET").spawn().unwrap();
    child.stdin.take().unwrap().write_all(SECRET.as_bytes()).unwrap();
    let run: Run = child.wait_with_output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let stand = Stand::start();
    let code_of = |fault: Option<Fault>, arguments: &[&str]| {
        stand.emulator.clear_faults();
        if let Some(fault) = fault {
            stand.emulator.fault(fault);
        }
        let run = finish(stand.token(&[&["--json"], arguments].concat()));
        assert_eq!(run.stdout, "", "{run:?}");
        let failure = run.failure();
        assert_eq!(
            failure.get("exit_code").and_then(Value::as_i64),
            run.code.map(i64::from)
        );
        let kind = failure.pointer("/error/kind").and_then(Value::as_str);
        (run.code.unwrap(), kind.unwrap().to_owned())
    };
    let on_token = || Fault::on(Route::Token);
    let expected = |code, kind: &str| (code, kind.to_owned());
    assert_eq!(
        code_of(None, &["--tenant", "-x"]),
        expected(2, "invalid_configuration")
    );
    assert_eq!(
        code_of(Some(on_token().aadsts(7_000_222)), &[]),
        expected(4, "authentication_failed")
    );
    assert_eq!(
        code_of(
            Some(on_token().status(429).retry_after(Duration::from_secs(3600))),
            &[]
        ),
        expected(7, "throttled")
    );
    assert_eq!(code_of(Some(on_token().aadsts(53_003)), &[]).0, 8);
    assert_eq!(
        code_of(Some(on_token().hang()), &["--timeout", "300ms"]),
        expected(6, "timeout")
    );
    assert_eq!(
        code_of(Some(on_token().body(Some("text/html"), "<html>")), &[]),
        expected(6, "protocol")
    );
}

#[test]
fn a_refusal_is_told_with_code_ids_and_what_to_do() {
    let stand = Stand::start();
    let mut command = stand.token(&[]);
    command.env("AZURE_CLIENT_SECRET", CANARY);
    let run = finish(command);
    assert_eq!((run.code, run.stdout.as_str()), (Some(4), ""), "{run:?}");
    assert!(
        run.stderr.starts_with("error: ClientSecretCredential: "),
        "{run:?}"
    );
    for part in ["AADSTS7000215", "correlation id: ", "trace id: ", "hint: "] {
        assert!(run.stderr.contains(part), "{part}: {run:?}");
    }
    assert!(!run.stderr.contains(CANARY), "{run:?}");
}

#[test]
fn nobody_at_the_port_and_a_stranger_at_the_port_are_network_failures() {
    let stand = Stand::start();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = finish(stand.token(&["--authority", &format!("127.0.0.1:{port}"), "--timeout", "5s"]));
    assert_eq!((nobody.code, nobody.stdout.as_str()), (Some(6), ""), "{nobody:?}");
    // Without the certificate the emulator is nobody that is trusted.
    let mut command = entra();
    command
        .args(["token", "s", "--trust-authority"])
        .envs(stand.emulator.environment());
    let stranger = finish(command);
    assert_eq!(
        (stranger.code, stranger.stdout.as_str()),
        (Some(6), ""),
        "{stranger:?}"
    );
    stand.emulator.requests().none();
}
