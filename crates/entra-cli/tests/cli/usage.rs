//! Command lines that can't be: exit code 2, an answer that helps, nothing on standard output, no value repeated.

use crate::support::{CANARY, Run, entra, run};

#[track_caller]
fn assert_usage(run: &Run, part: &str) {
    assert_eq!(run.code, Some(2), "{run:?}");
    assert_eq!(run.stdout, "", "{run:?}");
    assert!(run.stderr.contains(part), "{part}: {run:?}");
}

#[test]
fn slips_get_an_answer_that_helps() {
    for (arguments, part) in [
        (&["tokn"][..], "did you mean `entra token`?"),
        (&["token"], "A scope is missing"),
        (&["token", "s", "--tennant", "t"], "did you mean --tenant?"),
        (&["token", "s", "--resource", "r"], "--scope RESOURCE/.default"),
        (&["token", "s", "-o", "jsn"], "did you mean json?"),
        (
            &["token", "s", "--via", "client-secert"],
            "did you mean client-secret?",
        ),
        (&["token", "s", "--timeout", "soon"], "write it as 30s"),
        (&["token", "s", "--tenant"], "--tenant needs a value"),
        (&["token", "s", "--show=yes"], "--show takes no value"),
        (
            &["token", "s", "--ca-file", "no/such/file"],
            "cannot read \"no/such/file\"",
        ),
        (&["token", "s", "--authority", "http://plain.test"], "only https"),
        (&["emulate", "somewhere"], "takes no arguments"),
        (&["emulate", "--listen", "8080"], "127.0.0.1:8443"),
        (&["emulate", "--seed", "no/such/file"], "cannot read"),
        (&["version", "--all"], "no option --all"),
        (&["help", "tokens"], "did you mean `entra token`?"),
    ] {
        assert_usage(&run(arguments), part);
    }
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    for arguments in [
        &["token", "s", "--client-secret", CANARY][..],
        &["token", "s", &format!("--client-secret={CANARY}")],
        &["token", "s", "--password", CANARY],
        &["token", "s", &format!("--quiet={CANARY}")],
        &["token", "s", "--via", CANARY],
        &["token", "s", "--timeout", CANARY],
        &["token", "s", "-o", CANARY],
        &["emulate", CANARY],
        &[CANARY],
    ] {
        let run = run(arguments);
        assert_usage(&run, "error: ");
        assert!(!run.stderr.contains(CANARY), "{run:?}");
    }
    assert_usage(
        &run(&["token", "s", "--client-secret", CANARY]),
        "--client-secret-file",
    );
    assert_usage(
        &run(&["token", "s", "--password", CANARY]),
        "never taken from arguments",
    );
}

#[test]
fn claims_are_looked_at_before_anybody_is_asked() {
    let run = run(&["token", "s", "--claims", "{bad"]);
    assert_usage(&run, "--claims is no JSON object");
    assert!(!run.stderr.contains("EnvironmentCredential"), "{run:?}");
}

#[test]
fn failures_to_parse_are_json_when_json_was_asked_for() {
    let failure = run(&["token", "--json", "s", "--tennant"]).failure();
    assert_eq!(failure.pointer("/error/kind").unwrap(), "usage");
    assert_eq!(failure.pointer("/exit_code").unwrap(), 2);
    assert!(
        failure
            .pointer("/error/hint")
            .unwrap()
            .as_str()
            .unwrap()
            .contains("--tenant")
    );
}

#[test]
fn what_is_not_set_up_has_its_own_code_and_says_what_to_do() {
    let steps = [
        ("there is no tenant", "set AZURE_TENANT_ID, or use --tenant"),
        ("there is no client id", "set AZURE_CLIENT_ID, or use --client-id"),
        (
            "there is no client secret",
            "set AZURE_CLIENT_SECRET or AZURE_CLIENT_SECRET_FILE",
        ),
    ];
    let set = [
        ("AZURE_TENANT_ID", "contoso.test"),
        ("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555"),
    ];
    for (at, (what, hint)) in steps.iter().enumerate() {
        let mut command = entra();
        command
            .args(["token", "s", "--via", "client-secret"])
            .envs(set.iter().copied().take(at));
        let run: Run = command.output().unwrap().into();
        assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""), "{run:?}");
        assert!(run.stderr.contains(what) && run.stderr.contains(hint), "{run:?}");
    }
}

#[test]
fn colours_are_for_terminals_or_when_forced() {
    let colour = "\u{1b}[";
    assert!(!run(&["nope"]).stderr.contains(colour));
    let forced = |name: &str, value: &str| -> Run {
        let mut command = entra();
        command.arg("nope").env("CLICOLOR_FORCE", "1").env(name, value);
        command.output().unwrap().into()
    };
    assert!(forced("UNRELATED", "").stderr.contains(colour));
    assert!(!forced("NO_COLOR", "1").stderr.contains(colour));
}
