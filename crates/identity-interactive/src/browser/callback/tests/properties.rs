//! Properties: of all requests there are, only the right one is the answer, and nobody learns anything from the others' pages.

use proptest::prelude::*;

use super::super::super::pages::{self, Pages};
use super::*;

const FORM: &str = "application/x-www-form-urlencoded";
const OWN: &str = "https://login.microsoftonline.com/t/v2.0";

/// A request in its parts.
#[derive(Clone, Debug)]
struct Parts {
    method: &'static str,
    path: &'static str,
    host: &'static str,
    origin: Option<&'static str>,
    kind: &'static str,
    parameters: Vec<(&'static str, &'static str)>,
}

impl Parts {
    fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .finish()
    }

    fn verdict(&self) -> Verdict {
        let query = if self.method == "GET" {
            format!("?{}", self.encoded())
        } else {
            String::new()
        };
        let origin = self
            .origin
            .map_or_else(String::new, |origin| format!("Origin: {origin}\r\n"));
        let head = format!(
            "{} {}{query} HTTP/1.1\r\nHost: {}\r\n{origin}Content-Type: {}\r\n\r\n",
            self.method, self.path, self.host, self.kind
        );
        let head = Head::parse(head.as_bytes()).unwrap();
        expected("login.microsoftonline.com").judge(&head, self.encoded().as_bytes())
    }

    fn values(&self, name: &str) -> Vec<&'static str> {
        let meant = self.parameters.iter().filter(|(known, _)| *known == name);
        meant.map(|(_, value)| *value).collect()
    }

    /// What the rules make of it.
    fn meaning(&self) -> Meaning {
        let is_ours =
            self.path == "/cb" && ["localhost:8400", "127.0.0.1:8400", "[::1]:8400"].contains(&self.host);
        let has_state = self.values("state") == [STATE];
        let has_error = !self.values("error").is_empty();
        let codes = self.values("code");
        if !is_ours || !has_state {
            return Meaning::Nothing;
        }
        if self.method == "GET" {
            return if codes.is_empty() && has_error {
                Meaning::Refusal
            } else {
                Meaning::Nothing
            };
        }
        let is_posted = self.method == "POST"
            && self.kind.starts_with(FORM)
            && !self
                .origin
                .is_some_and(|origin| origin.contains("evil") || origin.starts_with("http:"));
        let issuers = self.values("iss");
        match (is_posted, &codes[..], has_error) {
            (false, ..) => Meaning::Nothing,
            _ if !issuers.is_empty() && issuers != [OWN] => Meaning::MixUp,
            (true, [code], false) if !code.is_empty() => Meaning::Code(code),
            (true, [_], _) => Meaning::Nothing,
            (true, _, true) => Meaning::Refusal,
            (true, _, false) => Meaning::Nothing,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Nothing,
    Code(&'static str),
    Refusal,
    MixUp,
}

fn requests() -> impl Strategy<Value = Parts> {
    let one = |right: &'static [&'static str], wrong: &'static [&'static str]| prop_oneof![9 => prop::sample::select(right), 1 => prop::sample::select(wrong)];
    let parameter = prop_oneof![
        4 => Just(("state", STATE)),
        1 => Just(("state", "wrong")),
        3 => Just(("code", "c")),
        1 => Just(("code", "")),
        1 => Just(("error", "access_denied")),
        1 => Just(("iss", OWN)),
        1 => Just(("iss", "https://evil.test/t/v2.0")),
        1 => Just(("State", STATE)),
        1 => Just(("x", "<script>")),
    ];
    (
        one(&["POST", "POST", "GET"], &["PUT", "OPTIONS"]),
        one(&["/cb"], &["/", "/cb/", "/CB", "/favicon.ico"]),
        one(
            &["localhost:8400", "127.0.0.1:8400", "[::1]:8400"],
            &["evil.test:8400", "localhost", "localhost:8401"],
        ),
        prop::option::of(one(
            &["null", "https://login.microsoftonline.com"],
            &[
                "https://evil.test",
                "http://login.microsoftonline.com",
                "https://login.microsoftonline.com.evil.test",
            ],
        )),
        one(
            &[FORM, "application/x-www-form-urlencoded; charset=utf-8"],
            &["text/plain", "multipart/form-data"],
        ),
        prop::collection::vec(parameter, 0..5),
    )
        .prop_map(|(method, path, host, origin, kind, parameters)| Parts {
            method,
            path,
            host,
            origin,
            kind,
            parameters,
        })
}

/// All that a stranger is ever sent.
fn answers() -> Vec<String> {
    let own = Pages::new(None, None).unwrap();
    let statuses = [
        "204 No Content",
        "403 Forbidden",
        "405 Method Not Allowed",
        "415 Unsupported Media Type",
    ];
    [Page::Warning, Page::Nothing]
        .map(|page| own.answer(page))
        .into_iter()
        .chain(statuses.map(pages::empty))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_the_right_request_is_the_answer(parts in requests()) {
        let meaning = match parts.verdict() {
            Verdict::Answer(Ok(code)) => {
                prop_assert_eq!(code.expose(), "c");
                Meaning::Code("c")
            }
            Verdict::Answer(Err(error)) if error.kind() == ErrorKind::IdentityMismatch => Meaning::MixUp,
            Verdict::Answer(Err(_)) => Meaning::Refusal,
            Verdict::Page(page) => {
                let answer = Pages::new(None, None).unwrap().answer(page);
                prop_assert!(answers().contains(&answer), "{:?}", page);
                Meaning::Nothing
            }
            Verdict::Status(status) => {
                prop_assert!(answers().contains(&pages::empty(status)), "{}", status);
                Meaning::Nothing
            }
        };
        prop_assert_eq!(meaning, parts.meaning());
    }

    #[test]
    fn any_body_without_the_state_is_none(
        body in prop::collection::vec(any::<u8>(), 0..512),
        query in "[!-~]{0,64}",
    ) {
        let head = format!("POST /cb?{query} HTTP/1.1\r\nHost: localhost:8400\r\nContent-Type: {FORM}\r\n\r\n");
        let head = Head::parse(head.as_bytes()).unwrap();
        let verdict = expected("login.microsoftonline.com").judge(&head, &body);
        prop_assert!(matches!(verdict, Verdict::Page(Page::Nothing)));
    }
}

#[test]
fn no_page_of_another_site_may_read_an_answer() {
    for answer in answers() {
        let head = answer.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
        assert!(!head.contains("access-control-"), "{head}");
    }
}
