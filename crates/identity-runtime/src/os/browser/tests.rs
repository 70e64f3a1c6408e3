//! Openers that are recorders.
#![expect(
    clippy::disallowed_methods,
    reason = "real programs need real files, and take real time"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;

const URL: &str = "https://login.microsoftonline.com/t/oauth2/v2.0/authorize?client_id=c&state=a%20b";

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// An opener of this name that records its arguments, then goes on with `then`.
    fn opener(&self, name: &str, then: &str) -> PathBuf {
        let path = self.0.path().join(name);
        let record = self.0.path().join(format!("{name}.args"));
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" > {0}.tmp\nmv {0}.tmp {0}\n{then}\n",
            record.display()
        );
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn recorded(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.0.path().join(format!("{name}.args"))).ok()
    }

    fn open(&self, variables: &[(&str, &str)], url: &str) -> Result<(), Error> {
        let path = format!("{}:/usr/bin:/bin", self.0.path().display());
        let env = identity_testkit::env(variables.iter().copied().chain([("PATH", path.as_str())]));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(SystemBrowser::with_env(Arc::new(env)).open(url))
    }
}

#[test]
fn the_desktops_opener_gets_the_url_as_one_argument() {
    let scratch = Scratch::new();
    scratch.opener("xdg-open", "exit 0");
    scratch.open(&[("DISPLAY", ":0")], URL).unwrap();
    assert_eq!(scratch.recorded("xdg-open").unwrap(), format!("{URL}\n"));
}

#[test]
fn the_chosen_browser_goes_first_and_the_next_one_takes_over_when_it_fails() {
    let scratch = Scratch::new();
    let failing = scratch.opener("failing", "exit 1");
    scratch.opener("second", "exit 0");
    scratch.opener("xdg-open", "exit 0");
    let list = format!(
        "{}:no-such-browser:second --new %s --end:third",
        failing.display()
    );
    scratch
        .open(&[("BROWSER", &list), ("DISPLAY", ":0")], URL)
        .unwrap();
    assert_eq!(scratch.recorded("failing").unwrap(), format!("{URL}\n"));
    assert_eq!(
        scratch.recorded("second").unwrap(),
        format!("--new\n{URL}\n--end\n")
    );
    assert_eq!(scratch.recorded("xdg-open"), None);
}

#[test]
fn a_browser_that_stays_is_left_running() {
    let scratch = Scratch::new();
    let (go, proof) = (scratch.0.path().join("go"), scratch.0.path().join("proof"));
    let script = format!(
        "while [ ! -e {} ]; do sleep 0.02; done; echo > {}",
        go.display(),
        proof.display()
    );
    let browser = scratch.opener("stays", &script);
    scratch
        .open(&[("BROWSER", browser.to_str().unwrap())], URL)
        .unwrap();
    assert!(!proof.exists(), "its end was not waited for");
    std::fs::write(go, "").unwrap();
    for _ in 0..3000 {
        if proof.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the browser was killed");
}

#[test]
fn without_a_desktop_or_a_browser_it_is_unavailable() {
    let scratch = Scratch::new();
    scratch.opener("xdg-open", "exit 0");
    let error = scratch.open(&[], URL).unwrap_err();
    assert!(error.is_unavailable() && error.hint().is_some());
    assert_eq!(scratch.recorded("xdg-open"), None);
    let error = Scratch::new()
        .open(&[("BROWSER", "no-such-browser")], URL)
        .unwrap_err();
    assert!(error.is_unavailable());
}

/// What any Linux can test of the subsystem: the program of its utilities is a recorder, and the handler of the Windows side is looked at without being started.
#[cfg(not(target_vendor = "apple"))]
#[test]
fn within_the_subsystem_for_linux_the_windows_side_opens_it() {
    let scratch = Scratch::new();
    scratch.opener("wslview", "exit 0");
    scratch.opener("xdg-open", "exit 0");
    let within = ("WSL_DISTRO_NAME", "Debian");
    scratch.open(&[within, ("DISPLAY", ":0")], URL).unwrap();
    assert_eq!(scratch.recorded("wslview").unwrap(), format!("{URL}\n"));
    assert_eq!(scratch.recorded("xdg-open"), None);
    // Without the utilities the handler is called by its full path, and the address is one argument.
    let openers = openers::openers(&identity_testkit::env([within]), URL);
    let lines: Vec<Vec<_>> = openers
        .iter()
        .map(|request| {
            let words = std::iter::once(&request.program).chain(&request.args);
            words.map(|word| word.to_str().unwrap()).collect()
        })
        .collect();
    assert_eq!(
        lines,
        [
            vec!["wslview", URL],
            vec![
                "/mnt/c/Windows/System32/rundll32.exe",
                "url.dll,FileProtocolHandler",
                URL
            ],
        ]
    );
}

#[test]
fn only_harmless_urls_are_opened() {
    let scratch = Scratch::new();
    scratch.opener("xdg-open", "exit 0");
    for url in [
        "http://h/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://h/a b",
        "https://h/\"x",
        "https://h/é",
        "https://h/\n",
        "-x",
        "",
    ] {
        let error = scratch.open(&[("DISPLAY", ":0")], url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{url:?}");
    }
    assert_eq!(scratch.recorded("xdg-open"), None);
}

#[test]
fn no_shell_reads_what_names_the_browser() {
    let scratch = Scratch::new();
    let proof = scratch.0.path().join("proof");
    let browser = scratch.opener("browser", "exit 0");
    let words = format!(
        ";touch {0} $(touch\t{0}) `touch {0}` && >{0} | 'a b' \"%s\" ${{PATH}}",
        proof.display()
    );
    let list = format!("{} {words}", browser.display());
    scratch.open(&[("BROWSER", &list)], URL).unwrap();
    let expected: Vec<_> = words
        .split_ascii_whitespace()
        .map(|word| word.replace("%s", URL))
        .collect();
    assert_eq!(
        scratch.recorded("browser").unwrap().lines().collect::<Vec<_>>(),
        expected,
        "word by word, as they stand there"
    );
    assert!(!proof.exists());
}

#[test]
fn a_browser_is_not_looked_for_from_the_folder_at_hand() {
    // It is there, by a way that begins in whatever folder this runs in.
    let up = "../".repeat(32);
    for relative in [format!("{up}bin/true"), format!("./{up}bin/true")] {
        assert!(std::path::Path::new(&relative).exists());
        let error = Scratch::new().open(&[("BROWSER", &relative)], URL).unwrap_err();
        assert!(error.is_unavailable(), "{relative}");
    }
}

/// What a process with secrets in its environment is told: the browser to open.
const WORKER: &str = "IDENTITY_BROWSER_TEST_WORKER";

/// The process with secrets. Started by the test below; on its own there is nothing for it to do.
#[test]
fn worker() {
    let Ok(browser) = std::env::var(WORKER) else {
        return;
    };
    Scratch::new().open(&[("BROWSER", &browser)], URL).unwrap();
}

#[test]
fn a_browser_gets_none_of_our_secrets() {
    let scratch = Scratch::new();
    let environment = scratch.0.path().join("environment");
    let browser = scratch.opener("browser", &format!("env > {}", environment.display()));
    let outcome = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "os::browser::tests::worker"])
        .envs(crate::env_vars::SECRETS.iter().map(|name| (name, "CNRY")))
        .env("LANG", "kept")
        .env(WORKER, &browser)
        .output()
        .unwrap();
    assert!(outcome.status.success(), "{outcome:?}");
    let environment = std::fs::read_to_string(environment).unwrap();
    assert!(
        environment.contains("LANG=kept") && !environment.contains("CNRY"),
        "{environment}"
    );
}
