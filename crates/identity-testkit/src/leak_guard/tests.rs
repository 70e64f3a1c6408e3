//! Tests of the guard itself. What each channel finds is shown by `tests/leak_demo.rs`.

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::*;
use crate::{HttpStep, ScriptedHttp, block_on};

fn hits(guard: &LeakGuard, text: impl AsRef<[u8]>) -> Vec<Hit> {
    guard.check_text("here", text);
    guard.take_hits()
}

fn encodings(guard: &LeakGuard, text: impl AsRef<[u8]>) -> BTreeSet<Encoding> {
    hits(guard, text).into_iter().map(|hit| hit.encoding).collect()
}

#[test]
fn canaries_are_random_and_recognisable() {
    let guard = LeakGuard::new();
    let (first, second) = (guard.secret("a"), guard.secret("b"));
    assert_ne!(first.expose(), second.expose());
    assert!(first.expose().starts_with("CNRY") && first.expose().len() == 44);
    assert!(first.expose().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let symbols: String = (0..20)
        .map(|_| guard.secret_with_symbols("s").expose().to_owned())
        .collect();
    assert!(symbols.contains('&') && symbols.contains('"') && symbols.contains('%'));
}

#[test]
fn text_without_a_secret_is_no_find() {
    let guard = LeakGuard::new();
    let secret = guard.secret("a");
    assert!(hits(&guard, "CNRYCNRYCNRYCNRY and nothing else, 0123456789abcdef").is_empty());
    assert!(
        hits(&guard, &secret.expose()[..11]).is_empty(),
        "11 characters are no leak"
    );
    assert_eq!(
        hits(&guard, &secret.expose()[20..32]).len(),
        1,
        "12 characters are"
    );
    assert!(hits(&guard, "").is_empty());
}

#[test]
fn every_encoding_is_recognised() {
    let guard = LeakGuard::new();
    let secret = guard.secret("a").expose().to_owned();
    let bytes = secret.as_bytes();
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let units: String = bytes.iter().map(|byte| format!("\\u{byte:04x}")).collect();
    let percent: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    let texts: [(Encoding, Vec<Vec<u8>>); 11] = [
        (Encoding::Raw, vec![format!("x{secret}y").into()]),
        (
            Encoding::Percent,
            vec![percent.to_lowercase().into(), percent.into()],
        ),
        (Encoding::Escaped, vec![units.into()]),
        (
            Encoding::Base64,
            ["", "x", "xy", "user:"]
                .map(|b| STANDARD.encode(format!("{b}{secret}z")).into())
                .into(),
        ),
        (
            Encoding::Base64Url,
            vec![URL_SAFE.encode([&[0xFF, 0xFE], bytes].concat()).into()],
        ),
        (Encoding::Hex, vec![hex.to_uppercase().into(), hex.into()]),
        (
            Encoding::ByteList,
            [
                format!("{bytes:?}"),
                format!("a: {bytes:#?}"),
                format!("{bytes:02x?}"),
            ]
            .map(Vec::from)
            .into(),
        ),
        (
            Encoding::Reversed,
            vec![secret.chars().rev().collect::<String>().into()],
        ),
        (
            Encoding::OtherCase,
            vec![
                secret.to_uppercase().into(),
                format!("{}.test", secret.to_lowercase()).into(),
            ],
        ),
        (Encoding::Utf16, vec![utf16.clone()]),
        (
            Encoding::Utf16Base64,
            ["", "x"]
                .map(|b| STANDARD.encode([b.as_bytes(), &utf16].concat()).into())
                .into(),
        ),
    ];
    assert_eq!(
        texts.iter().map(|(encoding, _)| *encoding).collect::<Vec<_>>(),
        Encoding::ALL
    );
    for (encoding, texts) in texts {
        for text in texts {
            let found = encodings(&guard, &text);
            // Without a letter that differs, base64 for URLs is base64.
            let same = encoding == Encoding::Base64Url && found.contains(&Encoding::Base64);
            assert!(
                found.contains(&encoding) || same,
                "{encoding:?}: {found:?} in {}",
                String::from_utf8_lossy(&text)
            );
        }
    }
}

#[test]
fn escaped_forms_of_symbols_are_recognised() {
    let guard = LeakGuard::new();
    let secret = guard
        .know("password", "pa ss&\"wörd\"\\%+<>=end")
        .expose()
        .to_owned();
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    assert_eq!(encodings(&guard, &form), [Encoding::Percent].into());
    let url = form.replace('+', "%20");
    assert_eq!(encodings(&guard, url), [Encoding::Percent].into());
    assert_eq!(
        encodings(&guard, serde_json::json!({ "a": secret }).to_string()),
        [Encoding::Escaped].into()
    );
    assert_eq!(
        encodings(&guard, format!("{:?}", Some(&secret))),
        [Encoding::Escaped].into()
    );
}

#[test]
fn short_values_are_found_whole_and_too_short_ones_refused() {
    let guard = LeakGuard::new();
    guard.know("short", "s3cret&=%");
    assert!(hits(&guard, "client_secret=s3cret&=").is_empty());
    assert_eq!(hits(&guard, "client_secret=s3cret&=%").len(), 1);
    assert_eq!(encodings(&guard, "s3cret%26%3D%25"), [Encoding::Percent].into());
    for before in ["", "x", "xy"] {
        let text = STANDARD.encode(format!("{before}s3cret&=%z"));
        assert_eq!(
            encodings(&guard, text),
            [Encoding::Base64].into(),
            "after {before:?}"
        );
    }
    assert!(catch_unwind(|| guard.know("x", "1234567")).is_err());
}

#[test]
fn a_report_names_the_leak_and_does_not_repeat_it() {
    let guard = LeakGuard::new();
    let (secret, other) = (guard.secret("client_secret"), guard.secret("other"));
    guard.check_text(
        "a form",
        format!("grant=x&client_secret={}&b={}", secret.expose(), other.expose()),
    );
    guard.check_text(secret.expose(), "nothing");
    let panic = catch_unwind(|| guard.finish()).unwrap_err();
    let report = panics::text(&*panic);
    for part in [
        "secrets leaked (2)",
        "a text (a form)",
        "secret `client_secret`, as it is, 44 bytes",
        "grant=x",
        "[secret other]",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    let again = LeakGuard::new();
    again.know("client_secret", secret);
    again.know("other", other);
    assert!(hits(&again, report).is_empty());
    guard.finish();
}

#[test]
fn a_secret_that_becomes_known_later_is_found_in_what_was_seen_before() {
    let guard = LeakGuard::new();
    guard.check_text("before", "token eyJhbGciOiJub25lIn0.e30.");
    guard.know("access_token", "eyJhbGciOiJub25lIn0.e30.");
    assert_eq!(guard.take_hits().len(), 1);
}

#[test]
fn the_check_is_made_when_the_guard_is_dropped() {
    let result = catch_unwind(|| {
        let guard = LeakGuard::new();
        let secret = guard.secret("a");
        guard.check_text("here", secret.expose());
    });
    assert!(panics::text(&*result.unwrap_err()).contains("secrets leaked (1)"));
}

#[test]
fn run_tells_of_the_leak_when_the_test_fails_too() {
    let result = catch_unwind(|| {
        run_sync(|guard| {
            let secret = guard.secret("client_secret");
            panic!("expected {}, got nothing", secret.expose());
        })
    });
    let panic = result.unwrap_err();
    let text = panics::text(&*panic);
    assert!(
        text.contains("the text of a panic")
            && text.contains("the test itself failed: expected [secret client_secret]")
    );
    let result = catch_unwind(|| run_sync(|_| panic!("only this")));
    assert_eq!(panics::text(&*result.unwrap_err()), "only this");
}

#[test]
fn recordings_are_looked_at_again_each_time_and_counted_once() {
    let guard = LeakGuard::new();
    let http = ScriptedHttp::new().respond_with(|_, _| HttpStep::status(200));
    guard.watch(&http);
    let secret = guard.secret("code");
    assert_eq!((guard.take_hits().len(), guard.seen(Channel::Url)), (0, 0));
    let uri = format!("https://h/?code={}", secret.expose()).parse().unwrap();
    block_on(identity_base::seam::HttpClient::send(
        &http,
        identity_base::seam::HttpRequest::get(uri),
    ))
    .unwrap();
    assert_eq!(guard.seen(Channel::Url), 1);
    let found = guard.take_hits();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].channel, Channel::Url);
    assert!(guard.take_hits().is_empty(), "each find is handed over once");
}

#[test]
fn much_text_is_searched_and_let_go() {
    let guard = LeakGuard::new();
    let secret = guard.secret("a");
    guard.check_text("early", secret.expose());
    for _ in 0..5 {
        guard.check_text("filler", vec![b'.'; 4 * 1024 * 1024]);
    }
    assert_eq!(lock(&guard.0.store).seen(Channel::Text), 6);
    let found = guard.take_hits();
    assert_eq!((found.len(), found[0].place.as_str()), (1, "early"));
}

#[test]
fn logs_keep_names_fields_and_spans_of_this_guard() {
    run(async |guard| {
        let span = tracing::info_span!("fetch", tenant = "t", status = tracing::field::Empty);
        span.in_scope(|| {
            tracing::Span::current().record("status", 200);
            tracing::debug!(attempt = 2, "sent");
        });
        tracing::warn!(target: "elsewhere", "outside");
        let logs = guard.logs();
        assert_eq!(
            logs.iter().map(|log| log.kind).collect::<Vec<_>>(),
            [LogKind::Span, LogKind::Record, LogKind::Event, LogKind::Event]
        );
        assert_eq!(
            (logs[0].name, logs[0].field("tenant"), logs[0].field("status")),
            ("fetch", Some("t"), None)
        );
        assert_eq!(logs[1].field("status"), Some("200"));
        assert_eq!(
            (logs[2].field("message"), logs[2].field("attempt")),
            (Some("sent"), Some("2"))
        );
        assert_eq!(
            (logs[2].spans.as_slice(), logs[3].spans.as_slice()),
            (&["fetch"][..], &[][..])
        );
        assert_eq!(
            (logs[3].target, logs[3].level),
            ("elsewhere", tracing::Level::WARN)
        );
        assert_eq!(guard.seen(Channel::Tracing), 5);
    });
}

#[test]
fn worker_threads_belong_to_their_guard() {
    let other = LeakGuard::new();
    run_threads(2, async |guard| {
        let secret = guard.secret("a").expose().to_owned();
        let work = || async move { tracing::debug!(sent = secret, "on a worker") };
        tokio::spawn(work()).await.unwrap();
        assert_eq!(
            guard
                .logs()
                .iter()
                .filter(|log| log.field("message") == Some("on a worker"))
                .count(),
            1
        );
        assert_eq!(guard.take_hits().len(), 1);
    });
    assert!(
        other
            .logs()
            .iter()
            .all(|log| log.field("message") != Some("on a worker"))
    );
}

#[test]
fn allowed_headers_and_files_may_hold_secrets() {
    let guard = LeakGuard::new();
    let secret = guard.secret("a").expose().to_owned();
    let http = ScriptedHttp::new().respond_with(|_, _| HttpStep::status(200));
    let fs = crate::MemoryFs::new();
    fs.put("/token", secret.clone()).put("/trace", secret.clone());
    guard
        .watch(&http)
        .watch(&fs)
        .allow_file("/token")
        .allow_header("X-Arc-Secret");
    let request = [
        "authorization",
        "x-identity-header",
        "secret",
        "x-arc-secret",
        "x-other",
    ]
    .into_iter()
    .fold(
        identity_base::seam::HttpRequest::get("https://h/".parse().unwrap()),
        |request, name| request.header(::http::HeaderName::from_static(name), secret.parse().unwrap()),
    );
    block_on(identity_base::seam::HttpClient::send(&http, request)).unwrap();
    guard.check_journal(&serde_json::json!([{ "headers": { "Authorization": secret, "Cookie": [secret] } }]));
    let mut places: Vec<_> = guard
        .take_hits()
        .into_iter()
        .map(|hit| (hit.channel, hit.place))
        .collect();
    places.sort();
    let place = |channel, text: &str| (channel, text.to_owned());
    assert_eq!(
        places,
        [
            place(Channel::Header, "request 1, GET /, header x-other"),
            place(Channel::Header, "request 1, header Cookie"),
            place(Channel::File, "/trace"),
        ]
    );
}

#[test]
fn a_folder_that_cannot_be_looked_at_fails_the_test() {
    let result =
        catch_unwind(|| run_sync(|guard| guard.watch_folder("/no/such/folder").seen(Channel::Debug)));
    assert!(panics::text(&*result.unwrap_err()).contains("can't look at /no/such/folder"));
}
