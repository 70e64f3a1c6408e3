//! Developer tools when the program itself is ended. The limit is about real time, so these tests look at it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::developer_tools::{Tools, WAYS};
use crate::support::Run;
use identity_emulator::{DeveloperTool, ToolAnswer};
use rustix::process::{Pid, Signal, kill_process};

/// Within this time after the program's end nothing of a tool is left.
const GONE_WITHIN: Duration = Duration::from_secs(1);
/// More than anything here takes, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);

#[expect(clippy::disallowed_methods, reason = "processes end when they end")]
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    begun.elapsed()
}

/// Whether a process of this id runs. A zombie doesn't: the system collects it when it finds the time.
#[expect(clippy::disallowed_methods, reason = "the real process table is looked at")]
fn is_running(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// The ids of a tool that hangs and of the child that it started, once both run.
fn ids(tools: &Tools, tool: DeveloperTool) -> Vec<u32> {
    wait_until("the tool and its child run", || {
        tools.tools.calls(tool).unwrap().len() >= 2
    });
    let calls = tools.tools.calls(tool).unwrap();
    calls.iter().map(|call| call.process_id).collect()
}

/// As Ctrl-C does at a terminal, where the tool, in a group of its own, gets no signal: `entra` alone does.
#[test]
fn a_signal_ends_the_tool_and_what_it_started() {
    let tools = Tools::new();
    for (way, tool) in WAYS {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            tools.tools.install(tool, &ToolAnswer::hang()).unwrap();
            let mut command = tools.token(way, &["--timeout", "600s"]);
            let child = command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let ids = ids(&tools, tool);
            kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), signal).unwrap();
            let run: Run = child.wait_with_output().unwrap().into();
            assert_eq!(
                (run.code, run.stdout.as_str()),
                (Some(code), ""),
                "{way}: {run:?}"
            );
            let took = wait_until("nothing of the tool is left", || {
                !ids.iter().any(|id| is_running(*id))
            });
            assert!(took < GONE_WITHIN, "{way}: {took:?}");
        }
    }
}
