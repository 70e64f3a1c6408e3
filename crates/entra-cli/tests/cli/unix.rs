//! What only Unix has: signals, pipes that close, terminals, limits.

use std::fs::File;
use std::future::poll_fn;
use std::io::{BufRead as _, BufReader, Read as _};
use std::pin::{Pin, pin};
use std::process::{Child, Command, Stdio};
use std::task::Poll;

use crate::support::{Run, Stand, entra};
use identity_emulator::{Fault, Route};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

fn signal(process: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Runs a command whose request waits at a gate, does `act` to the process meanwhile, and gives the exit code and standard output.
fn while_it_waits(stand: &Stand, act: impl FnOnce(u32)) -> (Option<i32>, String) {
    let gate = stand.emulator.gate("wait");
    stand.emulator.fault(Fault::on(Route::Token).hold(&gate));
    let mut command = stand.token(&[]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let process = child.id();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let output = runtime.block_on(async {
        let mut end = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
        let mut asked = pin!(stand.emulator.wait_for_requests(Route::Token, 1));
        poll_fn(
            |cx| match (asked.as_mut().poll(cx), Pin::new(&mut end).poll(cx)) {
                (Poll::Ready(()), _) => Poll::Ready(()),
                (_, Poll::Ready(output)) => panic!("ended before it asked: {:?}", Run::from(output.unwrap())),
                _ => Poll::Pending,
            },
        )
        .await;
        act(process);
        end.await.unwrap()
    });
    let run = Run::from(output);
    (run.code, run.stdout)
}

#[test]
fn signals_end_a_wait_with_their_codes_and_without_output() {
    let stand = Stand::start();
    let interrupted = while_it_waits(&stand, |process| signal(process, Signal::INT));
    assert_eq!(interrupted, (Some(130), String::new()));
    let stand = Stand::start();
    let terminated = while_it_waits(&stand, |process| signal(process, Signal::TERM));
    assert_eq!(terminated, (Some(143), String::new()));
}

#[cfg(target_os = "linux")]
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the test reads what the system says about the program"
)]
fn core_dumps_are_off_before_a_secret_is_sent_and_no_secret_is_in_the_arguments() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    // The program inherits a limit that would allow dumps, where the system lets a test have one.
    let limit = getrlimit(Resource::Core);
    let allowed = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Core, allowed).unwrap();
    let stand = Stand::start();
    let look = |process: u32| {
        let about = |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap();
        let limits = about("limits");
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"))
            .unwrap();
        let numbers: Vec<_> = line.split_whitespace().filter(|word| *word == "0").collect();
        assert_eq!(numbers.len(), 2, "{line}");
        assert!(!about("cmdline").contains(identity_emulator::DEFAULT_SECRET));
        signal(process, Signal::TERM);
    };
    assert_eq!(while_it_waits(&stand, look).0, Some(143));
}

#[test]
fn a_reader_that_went_away_is_no_panic() {
    let stand = Stand::start();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = stand.token(&["--quiet"]);
    let output = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let output = output.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(141), &b""[..])
    );
}

/// Runs a command with a terminal as its standard output, and gives what the terminal got.
fn on_a_terminal(mut command: Command) -> (Option<i32>, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = File::options().read(true).write(true).open(name).unwrap();
    let mut child = command.stdout(slave).stderr(Stdio::null()).spawn().unwrap();
    // The command holds the last descriptor of the other side, so the end of the child is the end of the reading.
    drop(command);
    let mut text = Vec::new();
    // Linux tells the end of a terminal as an error.
    File::from(master).read_to_end(&mut text).ok();
    let code = child.wait().unwrap().code();
    (code, String::from_utf8(text).unwrap().replace("\r\n", "\n"))
}

#[test]
fn a_terminal_shows_who_and_until_when_and_the_token_only_when_asked_for() {
    let stand = Stand::start();
    let (code, text) = on_a_terminal(stand.token(&[]));
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("identity") && text.contains("expires") && !text.contains("ey"),
        "{text}"
    );
    let (_, json) = on_a_terminal(stand.token(&["-o", "json"]));
    assert!(
        json.contains("expires_at") && !json.contains("access_token"),
        "{json}"
    );
    assert_eq!(
        on_a_terminal(stand.token(&["-o", "header"])),
        (Some(2), String::new())
    );
    for arguments in [
        &["-o", "raw"][..],
        &["--show"],
        &["-o", "header", "--show"],
        &["--json", "--show"],
    ] {
        let (code, text) = on_a_terminal(stand.token(arguments));
        assert!(code == Some(0) && text.contains("ey"), "{arguments:?} {text}");
    }
}

/// `entra emulate`, up and running, with a pipe as its standard input.
fn emulate(arguments: &[&str]) -> (Child, serde_json::Value) {
    let mut command = entra();
    command.arg("emulate").args(arguments);
    #[expect(clippy::disallowed_methods, reason = "where the test door keeps the key")]
    if let Some(path) = std::env::var_os("IDENTITY_EMULATOR_KEY_FILE") {
        command.env("IDENTITY_EMULATOR_KEY_FILE", path);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

fn text<'a>(description: &'a serde_json::Value, name: &str) -> &'a str {
    description.get(name).unwrap().as_str().unwrap()
}

#[test]
fn the_emulator_describes_itself_and_gives_tokens_until_its_input_closes() {
    let (mut child, about) = emulate(&[]);
    let ca_file = text(&about, "ca_file").to_owned();
    let mut command = entra();
    command
        .args([
            "token",
            "https://graph.microsoft.com/.default",
            "--trust-authority",
            "--ca-file",
            &ca_file,
        ])
        .args(["--authority", text(&about, "authority")])
        .env("AZURE_TENANT_ID", text(&about, "tenant_id"))
        .env("AZURE_CLIENT_ID", text(&about, "client_id"))
        .env("AZURE_CLIENT_SECRET", text(&about, "client_secret"));
    let output = command.output().unwrap();
    assert!(
        output.status.success() && output.stdout.starts_with(b"ey"),
        "{output:?}"
    );
    assert!(text(&about, "ca_pem").contains("BEGIN CERTIFICATE"));
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!std::path::Path::new(&ca_file).exists());
}

#[test]
fn the_emulator_takes_a_seed_and_ends_in_order_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("seed.json");
    let ca = folder.path().join("ca.pem");
    let contents = r#"{"tenants":[{"name":"Fabrikam","domains":["fabrikam.test"],
        "apps":[{"name":"tool","public":true},{"name":"job","secrets":["s&%+"]}]}]}"#;
    #[expect(clippy::disallowed_methods, reason = "the test lays out its own file")]
    std::fs::write(&seed, contents).unwrap();
    let (mut child, about) = emulate(&[
        "--seed",
        seed.to_str().unwrap(),
        "--ca-file",
        ca.to_str().unwrap(),
    ]);
    assert_eq!(text(&about, "client_secret"), "s&%+");
    assert_eq!(
        about.pointer("/tenants/0/apps/1/client_id").unwrap(),
        text(&about, "client_id")
    );
    let mut command = entra();
    command
        .args([
            "token",
            "https://graph.microsoft.com/.default",
            "--trust-authority",
        ])
        .args(["--ca-file", ca.to_str().unwrap(), "--tenant", "fabrikam.test"])
        .args([
            "--authority",
            text(&about, "authority"),
            "--client-id",
            text(&about, "client_id"),
        ])
        .env("AZURE_CLIENT_SECRET", "s&%+");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    signal(child.id(), Signal::TERM);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(ca.exists(), "a file that was named stays");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let stand = Stand::start();
    let address = stand.emulator.address().to_string();
    let output = entra().args(["emulate", "--listen", &address]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.len()),
        (Some(2), 0),
        "{stderr}"
    );
    assert!(
        stderr.contains("another program listens there") && stderr.contains("--listen"),
        "{stderr}"
    );
    // An address for documentation, which no machine has.
    for option in ["--listen", "--listen-plain"] {
        let run: Run = entra()
            .args(["emulate", option, "192.0.2.1:0"])
            .output()
            .unwrap()
            .into();
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.stderr.contains("does not have that address"), "{run:?}");
    }
}

#[test]
fn files_of_the_emulator_that_cannot_be_used_are_slips() {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("seed.json");
    #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
    std::fs::write(&seed, r#"{"tenants": [{"nmae": "Contoso"}]}"#).unwrap();
    for (option, path, hint) in [
        ("--seed", seed.to_str().unwrap(), "entra help emulate"),
        ("--key-file", "/dev/null/key", "--key-file names"),
    ] {
        let run: Run = entra().args(["emulate", option, path]).output().unwrap().into();
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.stderr.contains(hint), "{run:?}");
    }
}
