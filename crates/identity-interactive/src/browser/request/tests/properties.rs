//! Properties: what is read is what the grammar says, whatever comes.

use proptest::prelude::*;

use super::*;

/// The grammar once more, line by line.
fn is_head(text: &str) -> bool {
    let Some(lines) = text.strip_suffix("\r\n\r\n") else {
        return false;
    };
    let mut lines = lines.split("\r\n");
    let line = lines.next().unwrap_or_default();
    let words: Vec<&str> = line.split(' ').collect();
    let [method, target, "HTTP/1.1" | "HTTP/1.0"] = words[..] else {
        return false;
    };
    let tchar = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let is_line = is_token_of(method, tchar)
        && target.starts_with('/')
        && target.chars().all(|c| ('!'..='~').contains(&c));
    let mut seen = Vec::new();
    for header in lines {
        let Some((name, value)) = header.split_once(':') else {
            return false;
        };
        let is_value = value.chars().all(|c| c == '\t' || (c >= ' ' && c != '\u{7f}'));
        let name = name.to_ascii_lowercase();
        let value = value.trim_matches([' ', '\t']);
        let fits = match name.as_str() {
            "content-length" => {
                !value.is_empty()
                    && value.chars().all(|c| c.is_ascii_digit())
                    && value.parse::<u128>().is_ok_and(|length| length <= 65_536)
            }
            "transfer-encoding" | "upgrade" => false,
            _ => true,
        };
        let counts = ["host", "origin", "content-type", "content-length"].contains(&name.as_str());
        if !is_token_of(&name, tchar) || !is_value || !fits || (counts && seen.contains(&name)) {
            return false;
        }
        seen.push(name);
    }
    is_line && seen.iter().any(|name| name == "host")
}

fn is_token_of(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(allowed)
}

/// One of some texts, the first ones more often than the others.
fn mostly(
    right: &'static [&'static str],
    wrong: &'static [&'static str],
) -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => prop::sample::select(right), 1 => prop::sample::select(wrong)]
}

/// Heads that are right in most of their parts.
fn heads() -> impl Strategy<Value = String> {
    let line = (
        mostly(
            &["GET", "POST", "PUT", "x-y"],
            &["", "G T", "G\u{e4}T", "G\tT", "G(T"],
        ),
        mostly(
            &["/", "/cb?a=b", "/%00"],
            &["", "*", "http://h/", "/\u{e4}", "/\t", "/a b", "/\u{7f}"],
        ),
        mostly(
            &["HTTP/1.1", "HTTP/1.0"],
            &["", "HTTP/2", "http/1.1", "HTTP/1.1 "],
        ),
    );
    let name = mostly(
        &[
            "Host",
            "hOST",
            "Origin",
            "Content-Type",
            "Content-Length",
            "X-Other",
            "a!#$%&'*+-.^_`|~z",
        ],
        &["", "Transfer-Encoding", "Upgrade", "Ho st", "H\u{e4}", " Host"],
    );
    let value = mostly(
        &["1", " h:1 ", "65536", "\t0\t", "\u{e4}"],
        &[
            "",
            "65537",
            "99999999999999999999999999999",
            "-1",
            "0x1",
            "a\u{7f}",
            "a\u{1}",
            "a\rb",
            "a\nb",
        ],
    );
    let colon = mostly(&[":", ": "], &["", " :", "::"]);
    let end = mostly(&["\r\n"], &["\n", "\r", "", "\r\n "]);
    let header =
        (name, colon, value, end).prop_map(|(name, colon, value, end)| format!("{name}{colon}{value}{end}"));
    (
        line,
        prop::collection::vec(header, 0..4),
        mostly(&["\r\n"], &["", "\n", "\r\n\r\n"]),
    )
        .prop_map(|((method, target, version), headers, end)| {
            format!(
                "{method} {target} {version}\r\nHost: h\r\n{}{end}",
                headers.concat()
            )
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_head_is_read_exactly_if_the_grammar_has_it(head in heads()) {
        prop_assert_eq!(Head::parse(head.as_bytes()).is_ok(), is_head(&head), "{:?}", head);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        mut bytes in prop::collection::vec(any::<u8>(), 0..256),
        is_ended in any::<bool>(),
    ) {
        if is_ended {
            bytes.extend_from_slice(END);
        }
        let is_read = Head::parse(&bytes).is_ok();
        prop_assert_eq!(is_read, std::str::from_utf8(&bytes).is_ok_and(is_head));
        if let Some(end) = end_of_head(&bytes) {
            prop_assert!(bytes[..end].ends_with(END) && end_of_head(&bytes[..end - 1]).is_none());
        }
    }
}
