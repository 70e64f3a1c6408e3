//! Tests of the scripted runner.

use std::time::Duration;

use super::*;
use crate::poll::{PollOnce as _, block_on};
use crate::{Gate, TestClock};

fn az() -> ScriptedProcess {
    let tools = ScriptedProcess::new();
    tools.install("az", "/usr/bin/az");
    tools
}

#[test]
fn only_installed_programs_are_found() {
    let tools = az();
    assert_eq!(tools.locate("az").unwrap(), PathBuf::from("/usr/bin/az"));
    assert_eq!(tools.locate("azd").unwrap_err().kind, ProcessErrorKind::NotFound);
    let error = block_on(tools.run(ProcessRequest::new("azd"))).unwrap_err();
    assert_eq!((error.kind, tools.calls()), (ProcessErrorKind::NotFound, 0));
    tools.uninstall("az");
    assert!(tools.locate("az").is_err());
    assert!(std::panic::catch_unwind(|| tools.push("az", ProcessStep::hang())).is_err());
}

#[test]
fn runs_are_recorded_and_follow_the_script() {
    let tools = az();
    tools
        .push("az", ProcessStep::fails(1, "please run az login"))
        .push("az", ProcessStep::signalled(9))
        .push("az", ProcessStep::error(ProcessErrorKind::Io))
        .always("az", ProcessStep::output("{}"));
    let request = || {
        ProcessRequest::new("/usr/bin/az")
            .arg("account")
            .env("NO_COLOR", "1")
    };
    block_on(async {
        let first = tools.run(request()).await.unwrap();
        assert_eq!(
            (first.code, first.stderr.as_slice()),
            (Some(1), &b"please run az login"[..])
        );
        assert_eq!(tools.run(request()).await.unwrap().signal, Some(9));
        assert_eq!(tools.run(request()).await.unwrap_err().kind, ProcessErrorKind::Io);
        assert_eq!(tools.run(request()).await.unwrap().stdout.as_slice(), b"{}");
    });
    assert_eq!((tools.calls(), tools.killed(), tools.running()), (4, 0, 0));
    assert_eq!(tools.argv(0), ["account"]);
    assert_eq!(tools.runs()[0].env[0], ("NO_COLOR".into(), "1".into()));
}

#[test]
fn a_program_without_a_step_fails() {
    assert_eq!(
        block_on(az().run(ProcessRequest::new("az"))).unwrap_err().kind,
        ProcessErrorKind::Spawn
    );
}

#[test]
fn limits_are_kept_and_whoever_leaves_kills_the_child() {
    let (tools, clock, gate) = (az(), TestClock::new(), Gate::closed());
    tools
        .push("az", ProcessStep::output("late").at(&gate))
        .keep_time_by(clock.clone())
        .push("az", ProcessStep::hang())
        .push("az", ProcessStep::output(vec![b'x'; 101]));
    let mut dropped = tools.run(ProcessRequest::new("az"));
    assert!(dropped.poll_once().is_pending());
    assert_eq!(tools.running(), 1);
    drop(dropped);
    assert_eq!((tools.running(), tools.killed()), (0, 1));
    let start = clock.now();
    let limited = ProcessRequest::new("az").timeout(Duration::from_secs(3));
    assert_eq!(
        clock.block_on(tools.run(limited)).unwrap_err().kind,
        ProcessErrorKind::Timeout
    );
    assert_eq!(
        (clock.now().since(start), tools.killed()),
        (Duration::from_secs(3), 2)
    );
    let mut flood = ProcessRequest::new("az");
    flood.max_output = 100;
    assert_eq!(
        block_on(tools.run(flood)).unwrap_err().kind,
        ProcessErrorKind::TooMuchOutput
    );
}
