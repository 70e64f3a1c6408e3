//! Programs where somebody else could have put them.

use std::process::Command;

use super::*;

/// Set for the process in whose current directory a program was planted: that directory.
const PLANTED: &str = "IDENTITY_RUNTIME_TEST_PLANTED";

/// Every `PATH` by which the current directory has been searched, and one that has no entry at all.
const PATHS: [&str; 8] = ["", ":", "::", ".", "./", ":.", "..:.:", "./.:"];

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_everybody_may_write_to_is_never_run() {
    let scratch = Scratch::new();
    let marker = scratch.path("marker");
    let script = format!("echo planted > {}", marker.display());
    let planted = scratch.program("open", "tool", &script);
    let changed = scratch.program("changed", "tool", &script);
    scratch.program("good", "tool", "echo good");
    let (open, good) = (scratch.path("open"), scratch.path("good"));
    std::fs::create_dir(scratch.path("links")).unwrap();
    symlink(&planted, scratch.path("links/tool")).unwrap();
    symlink(&open, scratch.path("link-to-open")).unwrap();
    mode(&changed, 0o757);
    // Another's file can't be replaced in a sticky one, but anybody can be the first there.
    for permissions in [0o777, 0o1777] {
        mode(&open, permissions);
        for directory in ["open", "links", "link-to-open", "changed"] {
            let directory = scratch.path(directory);
            let path = directory.to_str().unwrap();
            let error = run_by(&runner(path), ProcessRequest::new("tool")).unwrap_err();
            assert_eq!(error.kind, ProcessErrorKind::Untrusted, "{path}: {error}");
            assert!(
                error.message.contains(path) && error.message.contains("everybody may write"),
                "{error}"
            );
            assert_eq!(
                runner(path).locate("tool").unwrap_err().kind,
                ProcessErrorKind::Untrusted
            );
            // By its path as well.
            let error = run(ProcessRequest::new(directory.join("tool"))).unwrap_err();
            assert_eq!(error.kind, ProcessErrorKind::Untrusted, "{path}");
            // The next directory is looked into.
            let path = format!(":.:{path}:{}", good.display());
            let output = run_by(&runner(&path), ProcessRequest::new("tool")).unwrap();
            assert_eq!(
                (text(&output.stdout), output.program),
                ("good\n", good.join("tool"))
            );
        }
    }
    assert!(!marker.exists(), "a planted program ran");
    // What is refused is what runs once not everybody may write there.
    mode(&open, 0o775);
    assert!(run(ProcessRequest::new(scratch.path("links/tool"))).is_ok());
    assert!(marker.exists());
}

#[test]
fn what_is_nowhere_is_not_found() {
    for path in ["/nonexistent", "/nonexistent:/usr/share", "", "relative"] {
        let error = runner(path).locate("no-such-tool").unwrap_err();
        assert_eq!(error.kind, ProcessErrorKind::NotFound, "{path}");
    }
}

/// The current directory belongs to a whole process, so this test starts itself there.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the test starts itself, and tells itself where"
)]
fn a_program_in_the_current_directory_is_never_run() {
    if let Some(here) = std::env::var_os(PLANTED) {
        return in_the_directory_of_a_planted_program(Path::new(&here));
    }
    let scratch = Scratch::new();
    let marker = scratch.path("here/marker");
    let script = format!("echo planted >> {}", marker.display());
    scratch.program("here", "tool", &script);
    scratch.program("here/below", "tool", &script);
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "os::process::tests::planted::a_program_in_the_current_directory_is_never_run",
        ])
        .env(PLANTED, scratch.path("here"))
        .current_dir(scratch.path("here"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert!(!marker.exists(), "a planted program ran");
    assert!(scratch.path("here/looked").exists(), "the look was taken");
}

#[expect(clippy::disallowed_methods, reason = "what would happen without the runner")]
fn in_the_directory_of_a_planted_program(here: &Path) {
    assert_eq!(std::env::current_dir().unwrap(), here.canonicalize().unwrap());
    let marker = here.join("marker");
    for path in PATHS {
        // The plant is one: looked for in the usual way the program is found.
        if !path.is_empty() {
            let usual = Command::new("/bin/sh")
                .args(["-c", "tool"])
                .env("PATH", path)
                .status()
                .unwrap();
            assert!(usual.success() && marker.exists(), "{path}");
            std::fs::remove_file(&marker).unwrap();
        }
        let runner = runner(path);
        for name in ["tool", "./tool", "below/tool", "here/tool"] {
            let error = run_by(&runner, ProcessRequest::new(name)).unwrap_err();
            assert_eq!(error.kind, ProcessErrorKind::NotFound, "{path} {name}");
            assert!(runner.locate(name).is_err(), "{path} {name}");
        }
        // Nor by what a tool starts itself.
        let tool = run_by(&runner, ProcessRequest::new("/bin/sh").arg("-c").arg("tool")).unwrap();
        assert_eq!(tool.code, Some(127), "{path}");
        assert!(!marker.exists(), "{path}");
    }
    for path in ["below", "./below", "../here/below"] {
        assert!(runner(path).locate("tool").is_err(), "{path}");
    }
    std::fs::write(here.join("looked"), "").unwrap();
}
