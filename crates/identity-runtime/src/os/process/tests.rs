//! Real children. The time limits here are the requirement itself, so these tests look at real clocks, with ample room.
#![expect(
    clippy::disallowed_methods,
    reason = "real programs need real files, and take real time"
)]

mod ending;
mod planted;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use super::*;
use identity_testkit::{LeakGuard, leak_guard};

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A program of this name, in a directory of its own.
    fn program(&self, directory: &str, name: &str, script: &str) -> PathBuf {
        let directory = self.path(directory);
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

fn runner(path: &str) -> SystemProcess {
    SystemProcess::with_env(Arc::new(identity_testkit::env([("PATH", path)])))
}

fn run(request: ProcessRequest) -> Result<ProcessOutput, ProcessError> {
    run_by(&runner("/usr/bin:/bin"), request)
}

fn run_by(runner: &SystemProcess, request: ProcessRequest) -> Result<ProcessOutput, ProcessError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(runner.run(request))
}

fn shell(script: &str) -> ProcessRequest {
    ProcessRequest::new("sh").arg("-c").arg(script)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let outcome = what();
    (outcome, begun.elapsed())
}

/// Whether a process of this id is there and no zombie.
fn is_alive(id: &str) -> bool {
    let stat = std::fs::read(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat).into_owned();
    stat.rsplit(") ")
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn outputs_code_and_program_come_back() {
    let output = run(shell("printf out; printf err >&2; exit 3")).unwrap();
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("out", "err"));
    assert_eq!((output.code, output.signal), (Some(3), None));
    assert!(output.program.is_absolute() && output.program.ends_with("sh"));
    let killed = run(shell("kill -9 $$")).unwrap();
    assert_eq!((killed.code, killed.signal), (None, Some(9)));
}

#[test]
fn arguments_arrive_byte_for_byte_without_a_shell() {
    let scratch = Scratch::new();
    scratch.program("bin", "tool", r#"for arg; do printf '<%s>' "$arg"; done"#);
    let runner = runner(scratch.path("bin").to_str().unwrap());
    let args = [
        "",
        "two words",
        "a;b",
        "$(id)",
        "`id`",
        "a'b\"c",
        "*",
        "a\nb",
        "ä",
        "--x=%PATH%",
        "\\",
    ];
    let output = run_by(&runner, ProcessRequest::new("tool").args(args)).unwrap();
    let expected: String = args.iter().map(|arg| format!("<{arg}>")).collect();
    assert_eq!(text(&output.stdout), expected);
    let nul = run(ProcessRequest::new("sh").arg("a\0b")).unwrap_err();
    assert_eq!(nul.kind, ProcessErrorKind::InvalidArgument);
}

#[test]
fn only_programs_count_and_only_names_or_absolute_paths() {
    let scratch = Scratch::new();
    let program = scratch.program("bin", "tool", "");
    std::fs::create_dir(scratch.path("bin/directory")).unwrap();
    let plain = scratch.program("bin", "plain", "");
    std::fs::set_permissions(plain, std::fs::Permissions::from_mode(0o644)).unwrap();
    symlink(&program, scratch.path("bin/link")).unwrap();
    symlink("/nonexistent", scratch.path("bin/dangling")).unwrap();
    let runner = runner(scratch.path("bin").to_str().unwrap());
    let path = program.to_str().unwrap();
    assert_eq!(runner.locate(path).unwrap(), program);
    assert!(runner.locate("link").is_ok());
    for bad in [
        "directory",
        "plain",
        "dangling",
        "",
        ".",
        "..",
        "./tool",
        "bin/tool",
        "../bin/tool",
        "tool/",
        "a\0b",
    ] {
        assert_eq!(
            runner.locate(bad).unwrap_err().kind,
            ProcessErrorKind::NotFound,
            "{bad:?}"
        );
    }
    let missing = run_by(&runner, ProcessRequest::new("/nonexistent/tool")).unwrap_err();
    assert_eq!(missing.kind, ProcessErrorKind::NotFound);
}

#[test]
fn a_program_that_can_not_be_started_says_why() {
    let scratch = Scratch::new();
    let program = scratch.program("bin", "tool", "");
    std::fs::write(&program, "#!/nonexistent/interpreter\n").unwrap();
    let error = run(ProcessRequest::new(program)).unwrap_err();
    assert_eq!(error.kind, ProcessErrorKind::Spawn);
}

#[test]
fn the_child_is_alone_in_a_system_directory_with_nothing_to_read() {
    let output = run(shell(
        "pwd; cat; ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat; echo $$",
    ))
    .unwrap();
    let lines: Vec<_> = text(&output.stdout).lines().map(str::trim).collect();
    assert_eq!(lines[0], "/");
    assert_eq!(lines[1], lines[2], "it leads a group of its own");
}

#[test]
fn the_child_looks_for_programs_where_nobody_can_plant_one() {
    let scratch = Scratch::new();
    scratch.program("open", "tool", "echo planted");
    let good = scratch.program("good", "tool", "echo good");
    for mode in [0o777, 0o1777] {
        std::fs::set_permissions(scratch.path("open"), std::fs::Permissions::from_mode(mode)).unwrap();
        let (open, good) = (scratch.path("open"), good.parent().unwrap());
        let path = format!(":.:relative:{}:/nonexistent:{}:", open.display(), good.display());
        let asked = |script: &str| {
            run_by(
                &runner(&path),
                ProcessRequest::new("/bin/sh").arg("-c").arg(script),
            )
        };
        let output = asked("printf %s \"$PATH\"").unwrap();
        assert_eq!(text(&output.stdout), good.to_str().unwrap());
        // A launcher that looks for its interpreter by itself.
        let launcher = scratch.program("good", "launcher", "");
        std::fs::write(&launcher, "#!/usr/bin/env tool\n").unwrap();
        let output = run_by(&runner(&path), ProcessRequest::new("launcher")).unwrap();
        assert_eq!(text(&output.stdout), "good\n");
    }
    // Nothing at all would mean the current directory to some shells.
    let output = run_by(
        &runner(":."),
        ProcessRequest::new("/bin/sh")
            .arg("-c")
            .arg("printf %s \"$PATH\""),
    )
    .unwrap();
    assert_eq!(text(&output.stdout), "/usr/bin:/bin");
}

#[test]
fn variables_are_added_and_wrong_names_left_out() {
    let request = shell("printf '%s' \"$ADDED\"")
        .env("ADDED", "yes")
        .env("", "x")
        .env("A=B", "x")
        .env("NUL", "a\0b");
    assert_eq!(text(&run(request).unwrap().stdout), "yes");
    let command = command::build(Path::new("/bin/sh"), &shell(""), &SystemEnv::new()).unwrap();
    let removed: Vec<_> = command
        .get_envs()
        .filter(|(_, value)| value.is_none())
        .map(|(name, _)| name.to_owned())
        .collect();
    for secret in crate::env_vars::SECRETS {
        assert!(removed.iter().any(|name| name == secret), "{secret}");
    }
}

#[test]
fn a_flood_is_stopped_at_the_cap() {
    for script in ["cat /dev/zero", "cat /dev/zero >&2"] {
        let (outcome, took) = timed(|| run(shell(script)));
        assert_eq!(outcome.unwrap_err().kind, ProcessErrorKind::TooMuchOutput);
        assert!(took < Duration::from_secs(30), "{took:?}");
    }
    let mut exact = shell("head -c 100000 /dev/zero");
    exact.max_output = 100_000;
    assert_eq!(run(exact).unwrap().stdout.len(), 100_000);
}

#[test]
fn without_a_runtime_with_io_it_is_an_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime
        .block_on(runner("/usr/bin:/bin").run(shell("sleep 1000").timeout(Duration::from_secs(1))))
        .unwrap_err();
    assert_eq!(error.kind, ProcessErrorKind::Spawn);
}

#[test]
fn neither_errors_nor_debug_show_what_a_child_printed() {
    leak_guard::run_sync(|guard: LeakGuard| {
        let secret = guard.secret("token on both outputs");
        let script = format!("printf %s {0}; printf %s {0} >&2; exit 1", secret.expose());
        let output = run(shell(&script)).unwrap();
        guard.check(&output);
        let mut flooding = shell(&format!("while :; do printf %s {}; done", secret.expose()));
        flooding.max_output = 1000;
        guard.check_error(&run(flooding).unwrap_err());
    });
}
