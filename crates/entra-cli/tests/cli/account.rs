//! `entra login`, `whoami`, `logout`, and `entra token --via account`.

use std::path::Path;
use std::process::Command;

use identity_emulator::{Route, SignIn, User};
use serde_json::Value;

use crate::support::{Run, Stand, entra};

const SCOPE: &str = "https://graph.microsoft.com/User.Read";

/// A command in a home of its own, pointed at the stand.
fn at(stand: &Stand, home: &Path, arguments: &[&str]) -> Run {
    let mut command: Command = entra();
    command.args(arguments).env("HOME", home);
    if ["login", "token"].contains(&arguments[0]) {
        command
            .args(["--trust-authority", "--authority", stand.emulator.authority()])
            .args(["--ca-file", stand.ca_file()]);
    }
    command.output().unwrap().into()
}

#[test]
fn an_account_is_signed_in_used_shown_and_signed_out() {
    let stand = Stand::with(|builder| builder.device_interval(1));
    let home = tempfile::tempdir().unwrap();
    let at = |arguments: &[&str]| at(&stand, home.path(), arguments);
    let none = at(&["whoami"]);
    assert_eq!(none.code, Some(3), "{none:?}");
    assert!(none.stderr.contains("entra login"));
    assert_eq!(at(&["token", SCOPE, "--via", "account"]).code, Some(3));

    stand
        .emulator
        .script(SignIn::of(User::new("bob@contoso.test")).after_polls(1));
    let login = at(&["login", SCOPE, "--device-code", "--allow-unencrypted-storage"]);
    assert_eq!(login.code, Some(0), "{login:?}");
    assert!(login.stderr.contains("/devicelogin") && login.stderr.contains("signed in as bob@contoso.test"));
    assert!(login.stdout.is_empty());

    let who: Value = serde_json::from_str(&at(&["whoami", "--json"]).stdout).unwrap();
    assert_eq!(
        (&who["account"], &who["has_refresh_token"]),
        (&"bob@contoso.test".into(), &true.into())
    );

    let requests = stand.emulator.requests().count();
    let token = at(&["token", SCOPE, "--via", "account", "--json"]);
    let token: Value =
        serde_json::from_str(&token.stdout).unwrap_or_else(|error| panic!("{error}: {token:?}"));
    assert_eq!(
        (&token["source"], &token["account"]),
        (&"account".into(), &"bob@contoso.test".into())
    );
    assert_eq!(stand.emulator.requests().count(), requests, "from the cache");
    let other = at(&[
        "token",
        "https://vault.azure.net/.default",
        "--via",
        "account",
        "-o",
        "raw",
    ]);
    assert_eq!(other.code, Some(0), "{other:?}");
    assert_eq!(stand.emulator.requests().grant("refresh_token").count(), 1);
    assert_eq!(
        stand
            .emulator
            .requests()
            .route(Route::DeviceAuthorization)
            .count(),
        1,
        "nobody was asked again"
    );

    let logout = at(&["logout"]);
    assert!(
        logout.code == Some(0) && logout.stderr.contains("bob@contoso.test"),
        "{logout:?}"
    );
    assert_eq!(at(&["whoami"]).code, Some(3));
    assert_eq!(at(&["token", SCOPE, "--via", "account"]).code, Some(3));
    assert!(at(&["logout"]).stderr.contains("nobody was signed in"));
}

#[test]
fn what_does_not_work_is_told() {
    let stand = Stand::with(|builder| builder.device_interval(1));
    let home = tempfile::tempdir().unwrap();
    stand.emulator.script(SignIn::cancelled());
    let run = at(
        &stand,
        home.path(),
        &[
            "login",
            "--device-code",
            SCOPE,
            "--allow-unencrypted-storage",
            "--json",
        ],
    );
    assert_eq!(run.code, Some(4), "{run:?}");
    let run = at(
        &stand,
        home.path(),
        &["login", SCOPE, "--allow-unencrypted-storage"],
    );
    assert_eq!(run.code, Some(3), "no browser: {run:?}");
    assert!(run.stderr.contains("entra login --device-code"), "{run:?}");
    let mut nowhere = entra();
    let run: Run = nowhere.args(["login", "--device-code"]).output().unwrap().into();
    assert_eq!(run.code, Some(3), "no home: {run:?}");
    assert!(run.stderr.contains("HOME"));
}

/// Keychain and data protection are always there; the Secret Service is where there is a desktop.
#[cfg(not(any(windows, target_os = "macos")))]
#[test]
fn without_a_keyring_nobody_is_asked_to_sign_in() {
    let stand = Stand::with(|builder| builder.device_interval(1));
    let home = tempfile::tempdir().unwrap();
    let at = |bus: Option<&str>| -> Run {
        let mut command = entra();
        command
            .args(["login", SCOPE, "--device-code", "--trust-authority"])
            .args(["--authority", stand.emulator.authority()])
            .args(["--ca-file", stand.ca_file()])
            .env("HOME", home.path());
        if let Some(bus) = bus {
            command.env("DBUS_SESSION_BUS_ADDRESS", bus);
        }
        command.output().unwrap().into()
    };
    // A machine without a session, and one whose bus is gone.
    for bus in [None, Some("unix:path=/nowhere/bus")] {
        let run = at(bus);
        assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""), "{run:?}");
        assert!(run.stderr.contains("--allow-unencrypted-storage"), "{run:?}");
        assert_eq!(
            run.stderr.contains("without the feature `keyring`"),
            !cfg!(feature = "keyring"),
            "{run:?}"
        );
        assert!(run.stderr.contains("keyring"), "{run:?}");
        assert!(
            !run.stderr.contains("warning"),
            "before the sign-in begins: {run:?}"
        );
    }
    assert_eq!(stand.emulator.requests().count(), 0);
}

#[test]
fn slips_of_a_sign_in_are_told_before_it_begins() {
    let stand = Stand::start();
    let home = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        (&["login"][..], "no default scopes for this authority"),
        (
            &["login", "--device-code"],
            "no default scopes for this authority",
        ),
        (
            &["login", SCOPE, "--claims", "{bad"],
            "--claims is no JSON object",
        ),
        (
            &["login", SCOPE, "--device-code", "--login-hint", "a"],
            "--login-hint is for the browser",
        ),
    ] {
        let run = at(&stand, home.path(), arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert!(
            run.stderr.starts_with("error: ") && run.stderr.contains(part),
            "{run:?}"
        );
    }
    assert_eq!(stand.emulator.requests().count(), 0);
}
