//! The help pages as users see them. `SNAPSHOTS=overwrite cargo test -p entra-cli` writes them anew.

use crate::support::run;
use snapbox::{assert_data_eq, file};

#[test]
fn the_pages_are_as_recorded() {
    let overview = run(&["--help"]);
    assert_eq!((overview.code, overview.stderr.as_str()), (Some(0), ""));
    assert_data_eq!(overview.stdout, file!["snapshots/overview.txt"].raw());
    assert_data_eq!(
        run(&["token", "--help"]).stdout,
        file!["snapshots/token.txt"].raw()
    );
    assert_data_eq!(
        run(&["emulate", "--help"]).stdout,
        file!["snapshots/emulate.txt"].raw()
    );
}

#[test]
fn each_way_to_the_help_shows_the_same() {
    let page = run(&["token", "--help"]).stdout;
    assert_eq!(run(&["help", "token"]).stdout, page);
    assert_eq!(run(&["token", "-h"]).stdout, page);
    assert_eq!(run(&["token", "--scope", "a", "--help"]).stdout, page);
    assert_eq!(run(&["help"]).stdout, run(&["--help"]).stdout);
}

#[test]
fn without_a_command_the_help_is_talk_and_the_code_is_usage() {
    let run = run(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(
        run.stderr.starts_with("entra: ") && run.stderr.contains("no command was given"),
        "{run:?}"
    );
}

#[test]
fn the_version_is_that_of_the_package() {
    let line = format!("entra {} ", env!("CARGO_PKG_VERSION"));
    for arguments in [["version"], ["--version"], ["-V"]] {
        let run = run(&arguments);
        assert!(run.stdout.starts_with(&line) && run.code == Some(0), "{run:?}");
    }
    let json: serde_json::Value = serde_json::from_str(&run(&["version", "--json"]).stdout).unwrap();
    assert_eq!(json.get("version").unwrap(), env!("CARGO_PKG_VERSION"));
}
