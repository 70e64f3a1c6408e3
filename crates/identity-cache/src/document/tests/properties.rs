//! Properties: whatever somebody left in a file is a document or damage, and what is read of it is what it says.

use proptest::prelude::*;

use super::*;

/// The names that matter in documents.
const NAMES: &[&str] = &[
    "AccessToken",
    "Account",
    "IdToken",
    "RefreshToken",
    "AppMetadata",
    "Version",
    "version",
    "Custom",
    "home_account_id",
    "environment",
    "client_id",
    "realm",
    "target",
    "secret",
    "expires_on",
    "extended_expires_on",
    "refresh_on",
    "last_modification_time",
    "family_id",
    "credential_type",
    "token_type",
    "key_id",
    "ext_cache_key",
    "username",
];
/// The values that matter.
const VALUES: &[&str] = &[
    "\"u.t\"",
    "\"login.windows.net\"",
    "\"c\"",
    "\"t\"",
    "\"s1 s2\"",
    "\"1\"",
    "\"99999999999999999999\"",
    "\"-5\"",
    "9000",
    "-9223372036854775808",
    "1e400",
    "1.5",
    "true",
    "null",
    "[]",
    "\"\\u0000\"",
    "\"\"",
];

/// Texts of nested objects with these names and values, well-formed or nearly so.
fn texts() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(VALUES).prop_map(str::to_owned);
    let tree = leaf.prop_recursive(3, 48, 8, |inner| {
        prop::collection::vec((prop::sample::select(NAMES), inner), 0..8).prop_map(|members| {
            let members: Vec<_> = members
                .iter()
                .enumerate()
                // Nothing is named twice, as a rule.
                .filter(|(at, (name, _))| {
                    *at % 7 == 6 || members[..*at].iter().all(|(known, _)| known != name)
                })
                .map(|(_, (name, value))| format!("\"{name}\": {value}"))
                .collect();
            format!("{{{}}}", members.join(", "))
        })
    });
    (tree, prop_oneof![9 => Just(""), 1 => Just("}"), 1 => Just(" \n")]).prop_map(|(text, end)| text + end)
}

/// Entries that a query might find, with one member or the other of somebody else.
fn entries() -> impl Strategy<Value = String> {
    let pick = |right: &'static str, wrong: &'static [&'static str]| prop_oneof![4 => Just(right), 1 => prop::sample::select(wrong)];
    (
        pick("u.t", &["u.x", "U.T", ""]),
        pick("login.windows.net", &["login.microsoftonline.us", "evil.test", ""]),
        pick("c", &["d", ""]),
        pick("t", &["x", ""]),
        pick("s1 s2", &["s1", "s1s2", ""]),
        pick("9000", &["1000", "0", "x", ""]),
        pick("Bearer", &["pop", ""]),
    )
        .prop_map(|(account, environment, client, realm, target, expires_on, kind)| {
            format!(
                r#"{{"secret": "{account}|{environment}|{client}|{realm}|{target}|{expires_on}|{kind}", "home_account_id": "{account}",
                "environment": "{environment}", "client_id": "{client}", "realm": "{realm}", "target": "{target}", "expires_on": "{expires_on}",
                "token_type": "{kind}"}}"#
            )
        })
}

/// Everything that is done with a document, on one that may be anything.
fn use_all(document: &Document) {
    let windows = environment("login.windows.net");
    let asked = scopes(&["s1"]);
    let mut changed = document.clone();
    for now in [at(0), at(5000), at(u64::from(u32::MAX))] {
        let query = AccessTokenQuery::of_account(&windows, "t", "c", "u.t", &asked);
        drop(changed.access_token(&query, now));
        drop(changed.access_token(&query.with_min_remaining(Duration::MAX), now));
        drop(changed.access_token(&AccessTokenQuery::of_app(&windows, "t", "c", &asked), now));
    }
    drop((changed.accounts(None), changed.app_metadata(&windows, "c")));
    let token = Secret::new("new");
    for known in changed.shared_refresh_tokens(&windows, "u.t") {
        changed.update_refresh_token(&known, &token, at(1));
    }
    let info = client_info("u", "t");
    let tokens = TokensToAdd::new(&windows, "t", "c", &asked, &token, Duration::MAX)
        .with_refresh_in(Duration::MAX)
        .with_refresh_token(&token)
        .with_id_token(&token)
        .with_client_info(&info)
        .with_family_id("1");
    changed.add(&tokens, at(1));
    let query = AccessTokenQuery::of_account(&windows, "t", "c", "u.t", &asked);
    assert!(
        changed.access_token(&query, at(1)).is_some(),
        "what was added is found"
    );
    assert!(!changed.refresh_tokens(&windows, "u.t", "c").is_empty());
    let mut changes = Changes::new();
    changes.record(document, &changed);
    let mut again = document.clone();
    changes.apply(&mut again);
    changed.remove_account(&windows, "u.t", "c");
    assert!(
        changed.access_token(&query, at(1)).is_none()
            && changed.accounts(None).iter().all(|a| a.home_account_id != "u.t")
    );
    changed.drop_expired(at(u64::from(u32::MAX)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_is_a_document_exactly_if_it_is_an_object_of_a_known_form(text in texts()) {
        let object = Json::parse(text.as_bytes()).ok().filter(|json| json.as_object().is_some());
        let parsed = Document::parse(text.as_bytes());
        let Some(object) = object else {
            prop_assert!(matches!(parsed, Err(DocumentError::Malformed(_))), "{}", text);
            return Ok(());
        };
        let has_maps = EntryMap::ALL.iter().all(|map| object.get(map.as_str()).is_none_or(|map| map.as_object().is_some()));
        let is_known = ["Version", "version"].iter().all(|name| match object.get(name) {
            None => true,
            Some(Json::Text(text)) => text.split('.').next().unwrap().parse::<i64>().is_ok_and(|number| number <= 1),
            Some(other) => other.as_integer().is_some_and(|number| number <= 1),
        });
        match parsed {
            Ok(document) => {
                prop_assert!(has_maps && is_known, "{}", text);
                let written = document.to_text();
                let read = Document::parse(written.as_bytes()).unwrap();
                prop_assert_eq!(read.to_text(), written, "nothing is lost");
                use_all(&document);
            }
            Err(error) => prop_assert!(!(has_maps && is_known) && matches!(error, DocumentError::Newer(_)), "{} {}", text, error),
        }
    }

    #[test]
    fn any_bytes_are_a_document_or_damage(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        if let Ok(document) = Document::parse(&bytes) {
            use_all(&document);
        }
    }

    #[test]
    fn only_a_token_that_fits_in_everything_is_found(found in prop::collection::vec(entries(), 0..6)) {
        let members: Vec<_> = found.iter().enumerate().map(|(at, entry)| format!("\"{at}\": {entry}")).collect();
        let document = Document::parse(format!("{{\"AccessToken\": {{{}}}}}", members.join(", ")).as_bytes()).unwrap();
        let windows = environment("login.windows.net");
        let asked = scopes(&["s2"]);
        let query = AccessTokenQuery::of_account(&windows, "t", "c", "u.t", &asked);
        let token = document.access_token(&query, at(5000)).map(|token| token.token.expose().to_owned());
        let fits = |kind: &str| format!("u.t|login.windows.net|c|t|s1 s2|9000|{kind}");
        let expected = found.iter().any(|entry| entry.contains(&fits("Bearer")) || entry.contains(&format!("{}\"", fits(""))));
        prop_assert_eq!(token.is_some(), expected);
        if let Some(token) = token {
            prop_assert!(token == fits("Bearer") || token == fits(""), "{}", token);
        }
    }
}
