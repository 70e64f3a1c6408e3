//! The guard's self-test: a leak on every channel.
//!
//! The normal build shows that each leak is found. A build with `--cfg leak_demo` leaks and leaves the rest to the guard, so **every test of
//! it must fail**:
//!
//! ```text
//! cargo rustc --package identity-testkit --test leak_demo --message-format json -- --cfg leak_demo
//! ```
//!
//! builds it beside the normal one; the program is the `executable` of its last artifact, and prints `0 passed`.

use std::fmt;

use identity_base::seam::{
    BrowserOpener, FileSystem, HttpClient, HttpRequest, ProcessRequest, ProcessRunner, Resolver,
};
use identity_base::{Attempt, Error, ErrorKind, Event, EventKind, Observer};
use identity_testkit::leak_guard::{Channel, LeakGuard};
use identity_testkit::{
    HttpStep, MemoryFs, ProcessStep, RecordingBrowser, RecordingObserver, ScriptedHttp, ScriptedProcess,
    ScriptedResolver, block_on, leak_guard,
};

/// Makes a test of each leak: the first argument of the closure is the guard, the second the secret to leak.
macro_rules! leaks {
    ($($(#[$attribute:meta])* $name:ident on $channel:ident: $leak:expr;)*) => {
        $(
            $(#[$attribute])*
            #[test]
            fn $name() {
                check(Channel::$channel, $leak);
            }
        )*

        /// The channels that the tests above leak on.
        #[cfg(not(leak_demo))]
        const COVERED: &[Channel] = &[$($(#[$attribute])* Channel::$channel),*];
    };
}

/// The normal build: the leak is found, on this channel, and the report doesn't repeat it.
#[cfg(not(leak_demo))]
fn check(channel: Channel, leak: impl FnOnce(&LeakGuard, &str)) {
    let hits = leak_guard::run_sync(|guard| {
        let secret = guard.secret("leaked");
        leak(&guard, secret.expose());
        let hits = guard.take_hits();
        guard.check(&hits);
        hits
    });
    let found: Vec<_> = hits.iter().map(|hit| hit.channel).collect();
    assert!(
        found.contains(&channel),
        "leaked on {channel:?}, found on {found:?}"
    );
    assert!(hits.iter().all(|hit| hit.secret == "leaked"));
}

/// The leaking build: nothing but the guard can fail the test.
#[cfg(leak_demo)]
fn check(_: Channel, leak: impl FnOnce(&LeakGuard, &str)) {
    leak_guard::run_sync(|guard| {
        let secret = guard.secret("leaked");
        leak(&guard, secret.expose());
    });
}

/// The leaking build has no other test, so that all of it must fail.
#[cfg(not(leak_demo))]
#[test]
fn every_channel_is_leaked_on() {
    for channel in Channel::ALL {
        assert!(COVERED.contains(&channel), "{channel:?}");
    }
}

/// Shows its secret in some of its forms.
struct Careless {
    debug: String,
    display: String,
    source: Option<Box<Self>>,
}

impl Careless {
    fn new(debug: &str, display: &str) -> Self {
        Self {
            debug: debug.to_owned(),
            display: display.to_owned(),
            source: None,
        }
    }
}

impl fmt::Debug for Careless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.debug)
    }
}

impl fmt::Display for Careless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

impl std::error::Error for Careless {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Shows its secret with `{:#?}` only.
struct PrettyOnly(String);

impl fmt::Debug for PrettyOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if f.alternate() { &self.0 } else { "…" })
    }
}

/// Runs something that the guard must see on threads it did not make.
fn on_a_thread(work: impl FnOnce() + Send + 'static) {
    // A panic there is part of some leaks.
    drop(std::thread::spawn(work).join());
}

/// Starts a program that waits, with an argument and a variable, and lets the guard look at it.
#[cfg(target_os = "linux")]
#[expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the leak is a real child"
)]
fn look_at_a_child(guard: &LeakGuard, arg: &str, variable: &str) {
    use std::io::{Read as _, Write as _};
    use std::process::Stdio;

    // It repeats its input, and waits for more of it.
    let mut child = std::process::Command::new("cat")
        .args(["-", arg])
        .env("LEAKED", variable)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    guard.check_process("cat", child.id());
    child.kill().unwrap();
    child.wait().unwrap();
}

leaks! {
    event_message on Tracing: |_, secret| tracing::trace!("sending {secret}");
    event_field on Tracing: |_, secret| tracing::trace!(body = secret, "sending");
    span_field on Tracing: |_, secret| drop(tracing::trace_span!("request", header = secret));
    span_field_recorded_later on Tracing: |_, secret| {
        tracing::trace_span!("request", header = tracing::field::Empty).record("header", secret);
    };
    event_error_source on Tracing: |_, secret| {
        let mut error = Careless::new("", "failed");
        error.source = Some(Box::new(Careless::new("", secret)));
        tracing::error!(error = &error as &(dyn std::error::Error + 'static), "failed");
    };
    event_on_a_thread on Tracing: |_, secret| {
        let secret = secret.to_owned();
        on_a_thread(move || tracing::trace!("sending {secret}"));
    };
    event_on_a_worker on Tracing: |_, secret| {
        let secret = secret.to_owned();
        identity_testkit::block_on_threads(1, async {
            tokio::spawn(async move { tracing::trace!("sending {secret}") }).await.unwrap();
        });
    };
    log_record on Log: |_, secret| log::trace!("sending {secret}");
    debug on Debug: |guard, secret| {
        guard.check(&Careless::new(secret, ""));
    };
    debug_of_bytes on Debug: |guard, secret| {
        guard.check(secret.as_bytes());
    };
    debug_pretty on DebugPretty: |guard, secret| {
        guard.check(&PrettyOnly(secret.to_owned()));
    };
    display on Display: |guard, secret| {
        guard.check_error(&Careless::new("", secret));
    };
    display_of_an_attempt on Display: |guard, secret| {
        let attempt = Error::new(ErrorKind::Protocol, format!("answer {secret}"));
        let chain = Error::unavailable("nothing worked");
        let elapsed = std::time::Duration::ZERO;
        guard.check_error(&chain.with_attempts(vec![Attempt::new("A", attempt, elapsed)]));
    };
    source_of_an_attempt on ErrorSource: |guard, secret| {
        let attempt = Error::new(ErrorKind::Transport, "no answer").with_source(Careless::new(secret, ""));
        let chain = Error::unavailable("nothing worked");
        let elapsed = std::time::Duration::ZERO;
        guard.check_error(&chain.with_attempts(vec![Attempt::new("A", attempt, elapsed)]));
    };
    source_of_a_source on ErrorSource: |guard, secret| {
        let mut inner = Careless::new("", "inner");
        inner.source = Some(Box::new(Careless::new(secret, "")));
        guard.check_error(&Error::new(ErrorKind::Transport, "outer").with_source(inner));
    };
    panic_that_is_caught on Panic: |_, secret| {
        let secret = secret.to_owned();
        on_a_thread(move || panic!("unexpected answer {secret}"));
    };
    stdout on Stdout: |guard, secret| guard.check_output("entra", secret, "");
    stderr on Stderr: |guard, secret| guard.check_output("entra", "", secret);
    argv on Argv: |guard, secret| {
        let tools = ScriptedProcess::new();
        tools.install("az", "/usr/bin/az").push("az", ProcessStep::output("{}"));
        guard.watch(&tools);
        block_on(tools.run(ProcessRequest::new("az").arg(format!("--password={secret}")))).unwrap();
    };
    argv_of_another_child on Argv: |guard, secret| guard.check_argv("pwsh", [secret]);
    environ on Environ: |guard, secret| {
        let tools = ScriptedProcess::new();
        tools.install("az", "/usr/bin/az").push("az", ProcessStep::output("{}"));
        guard.watch(&tools);
        block_on(tools.run(ProcessRequest::new("az").env("AZURE_CLIENT_SECRET", secret))).unwrap();
    };
    environ_of_another_child on Environ: |guard, secret| guard.check_environ("az", [("HOME", "/"), ("A", secret)]);
    #[cfg(target_os = "linux")]
    argv_of_a_running_child on Argv: |guard, secret| look_at_a_child(guard, secret, "");
    #[cfg(target_os = "linux")]
    environ_of_a_running_child on Environ: |guard, secret| look_at_a_child(guard, "", secret);
    url on Url: |guard, secret| {
        let http = ScriptedHttp::new().then(HttpStep::status(200));
        guard.watch(&http);
        let uri = format!("https://h/token?code={secret}").parse().unwrap();
        block_on(http.send(HttpRequest::get(uri))).unwrap();
    };
    url_in_a_journal on Url: |guard, secret| {
        guard.check_journal(&serde_json::json!({ "requests": [{ "path": "/token", "query": { "code": secret } }] }));
    };
    url_in_a_browser on Url: |guard, secret| {
        let browser = RecordingBrowser::new();
        guard.watch(&browser);
        block_on(browser.open(&format!("https://h/authorize?login_hint={secret}"))).unwrap();
    };
    url_as_a_host on Url: |guard, secret| {
        let resolver = ScriptedResolver::new();
        guard.watch(&resolver);
        drop(block_on(resolver.resolve(&format!("{}.test", secret.to_lowercase()))));
    };
    header on Header: |guard, secret| {
        let http = ScriptedHttp::new().then(HttpStep::status(200));
        guard.watch(&http);
        let request = HttpRequest::get("https://h/".parse().unwrap());
        let name = http::HeaderName::from_static("user-agent");
        block_on(http.send(request.header(name, secret.parse().unwrap()))).unwrap();
    };
    header_in_a_journal on Header: |guard, secret| {
        guard.check_journal(&serde_json::json!([{ "headers": { "cookie": format!("a={secret}") } }]));
    };
    file_in_memory on File: |guard, secret| {
        let fs = MemoryFs::new();
        guard.watch(&fs);
        let options = identity_base::seam::WriteOptions::new().create_parents(true);
        block_on(fs.write("/cache/tokens.json".as_ref(), secret.as_bytes(), options)).unwrap();
    };
    file_on_disk on File: |guard, secret| {
        // It stays: the guard looks when the test is over.
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("leak_demo");
        std::fs::create_dir_all(folder.join("below")).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the leak is a real file")]
        std::fs::write(folder.join("below/trace.txt"), secret).unwrap();
        guard.watch_folder(folder);
    };
    name_of_a_file on File: |guard, secret| {
        let fs = MemoryFs::new();
        fs.put(format!("/cache/{secret}.json"), "{}");
        guard.watch(&fs);
    };
    metric on Metric: |guard, secret| {
        let observer = RecordingObserver::new();
        guard.watch(&observer);
        observer.event(&Event::new(secret, EventKind::Hit));
    };
    text on Text: |guard, secret| guard.check_text("a table", format!("| {secret} |"));
    message_of_an_error on Text: |guard, secret| {
        guard.check_error(&Error::new(ErrorKind::Protocol, "x").with_claims(&format!("{{\"a\":\"{secret}\"}}")));
    };
}
