//! Refresh tokens: found, renewed, dropped.

use super::*;

fn add(document: &mut Document, client: &str, family: Option<&str>, token: &str, scope: &str, now: u64) {
    let (public, access) = (environment("login.microsoftonline.com"), Secret::new("at"));
    let (token, info) = (Secret::new(token), client_info("u", "t"));
    let asked = scopes(&[scope]);
    let mut tokens = TokensToAdd::new(&public, "t", client, &asked, &access, HOUR)
        .with_refresh_token(&token)
        .with_client_info(&info);
    if let Some(family) = family {
        tokens = tokens.with_family_id(family);
    }
    document.add(&tokens, at(now));
}

fn names(tokens: &[StoredRefreshToken]) -> Vec<&str> {
    tokens.iter().map(|token| token.token().expose()).collect()
}

fn filled() -> Document {
    let mut document = Document::new();
    add(&mut document, "a", Some("1"), "a-old", "s1", 100);
    add(&mut document, "a", Some("1"), "a-new", "s2", 300);
    add(&mut document, "b", Some("1"), "b", "s1", 200);
    add(&mut document, "c", None, "c", "s1", 400);
    add(&mut document, "d", Some("2"), "d", "s1", 500);
    document
}

#[test]
fn they_are_found_by_client_or_family_newest_first() {
    let document = filled();
    let windows = environment("login.windows.net");
    assert_eq!(
        names(&document.refresh_tokens(&windows, "u.t", "A")),
        ["a-new", "a-old"]
    );
    assert_eq!(
        names(&document.family_refresh_tokens(&windows, "u.t", "1")),
        ["a-new", "b", "a-old"]
    );
    assert_eq!(
        names(&document.shared_refresh_tokens(&windows, "u.t")),
        ["d", "a-new", "b", "a-old"]
    );
    assert!(document.family_refresh_tokens(&windows, "u.t", "").is_empty());
    assert!(document.refresh_tokens(&windows, "", "c").is_empty());
    assert!(document.refresh_tokens(&windows, "other.t", "a").is_empty());
    assert!(
        document
            .refresh_tokens(&environment("login.microsoftonline.us"), "u.t", "a")
            .is_empty()
    );
}

#[test]
fn a_renewed_one_takes_the_place_of_the_old_one() {
    let mut document = filled();
    let windows = environment("login.windows.net");
    let redeemed = document.family_refresh_tokens(&windows, "u.t", "1").remove(1);
    assert_eq!(redeemed.token().expose(), "b");

    // Application e joins the family by redeeming b's token.
    let (access, renewed) = (Secret::new("at"), Secret::new("b-2"));
    let asked = scopes(&["s9"]);
    let tokens = TokensToAdd::new(&windows, "t", "e", &asked, &access, HOUR)
        .with_refresh_token(&renewed)
        .with_family_id("1");
    let accounts = document.accounts(None);
    document.add_refreshed(&tokens, &redeemed, at(600));
    assert_eq!(
        names(&document.family_refresh_tokens(&windows, "u.t", "1")),
        ["b-2", "a-new", "a-old"]
    );
    assert_eq!(document.accounts(None), accounts);
    assert!(document.refresh_tokens(&windows, "u.t", "e").is_empty());
    assert_eq!(
        document.app_metadata(&windows, "e").unwrap().family_id.as_deref(),
        Some("1")
    );
    let query = AccessTokenQuery::of_account(&windows, "t", "e", "u.t", &asked);
    assert!(
        document.access_token(&query, at(600)).is_some(),
        "without client info it is the same account's"
    );
}

#[test]
fn what_was_signed_out_meanwhile_does_not_come_back() {
    let mut document = filled();
    let windows = environment("login.windows.net");
    let redeemed = document.refresh_tokens(&windows, "u.t", "c").remove(0);
    assert!(document.remove_refresh_token(&redeemed));
    assert!(!document.remove_refresh_token(&redeemed));
    assert!(!document.update_refresh_token(&redeemed, &Secret::new("c-2"), at(600)));
    assert!(document.refresh_tokens(&windows, "u.t", "c").is_empty());
}

#[test]
fn one_that_was_renewed_meanwhile_is_not_dropped() {
    let mut document = filled();
    let windows = environment("login.windows.net");
    let refused = document.refresh_tokens(&windows, "u.t", "c").remove(0);
    assert!(document.update_refresh_token(&refused, &Secret::new("c-2"), at(600)));
    assert!(!document.remove_refresh_token(&refused));
    assert_eq!(names(&document.refresh_tokens(&windows, "u.t", "c")), ["c-2"]);
}

#[test]
fn one_under_a_wrong_key_moves_to_its_right_one() {
    let text = r#"{"RefreshToken": {"wrong": {"secret": "rt", "home_account_id": "u.t", "environment": "login.windows.net", "client_id": "c", "target": "S", "own": "kept"}}}"#;
    let mut document = Document::parse(text.as_bytes()).unwrap();
    let windows = environment("login.windows.net");
    let old = document.refresh_tokens(&windows, "u.t", "c").remove(0);
    document.update_refresh_token(&old, &Secret::new("rt-2"), at(7));
    let entries = document.map(EntryMap::RefreshToken);
    assert_eq!(entries.len(), 1);
    let (key, entry) = &entries[0];
    assert_eq!(key, "u.t-login.windows.net-refreshtoken-c--s");
    assert_eq!(
        (entry.text("secret"), entry.text("own")),
        (Some("rt-2"), Some("kept"))
    );
    assert_eq!(entry.text("last_modification_time"), Some("7"));
}

#[test]
fn signing_out_drops_the_accounts_entries_and_the_familys_tokens() {
    let mut document = filled();
    let windows = environment("login.windows.net");
    assert_eq!(document.remove_account(&windows, "other.t", "a"), 0);
    assert_eq!(document.remove_account(&windows, "", "a"), 0);
    assert!(document.remove_account(&windows, "u.t", "a") > 0);
    assert!(document.accounts(None).is_empty());
    assert_eq!(document.len(EntryMap::AccessToken), 0);
    // Application c belongs to no family, and d to another one.
    assert_eq!(names(&document.refresh_tokens(&windows, "u.t", "c")), ["c"]);
    assert_eq!(names(&document.shared_refresh_tokens(&windows, "u.t")), ["d"]);
    document.remove_account(&windows, "u.t", "c");
    assert!(document.refresh_tokens(&windows, "u.t", "c").is_empty());
}

#[test]
fn expired_tokens_of_the_same_application_go_when_it_gets_another() {
    let mut document = filled();
    let windows = environment("login.windows.net");
    let has = |document: &Document, client: &str, scope: &str| {
        let asked = scopes(&[scope]);
        let query = AccessTokenQuery::of_account(&windows, "t", client, "u.t", &asked);
        document.access_token(&query, at(0)).is_some()
    };
    // At 3750 those of 100 are expired, the one of a at 300 is not.
    add(&mut document, "a", Some("1"), "a-newer", "s3", 3750);
    assert!(!has(&document, "a", "s1") && has(&document, "a", "s2") && has(&document, "a", "s3"));
    assert!(has(&document, "b", "s1"), "others look after theirs");
    add(&mut document, "a", Some("1"), "a-newer", "s3", 9000);
    assert!(has(&document, "b", "s1") && !has(&document, "a", "s2"));
    assert_eq!(
        names(&document.refresh_tokens(&windows, "u.t", "a")).len(),
        3,
        "refresh tokens have no end"
    );
    let text = r#"{"AccessToken": {"k": {"expires_on": "100", "extended_expires_on": "200"}, "l": {"secret": "no end"}}}"#;
    let mut document = Document::parse(text.as_bytes()).unwrap();
    assert_eq!(document.drop_expired(at(150)), 0);
    assert_eq!(document.drop_expired(at(201)), 1);
}

#[test]
fn what_others_wrote_is_no_change_of_ours_whatever_it_is() {
    for value in [
        "1.5",
        "18446744073709551615",
        "[1, {\"a\": [null, 2.5]}]",
        "true",
        "7",
        "null",
        "\"x\"",
        "{}",
    ] {
        let text = format!("{{\"Account\": {{\"k\": {{\"odd\": {value}}}, \"l\": {value}}}}}");
        let before = Document::parse(text.as_bytes()).unwrap();
        let mut after = before.clone();
        let mut changes = Changes::new();
        changes.record(&before, &after);
        assert!(changes.is_empty(), "{value}");
        after.put(
            EntryMap::Account,
            "k",
            Json::parse(b"[1, {\"a\": [null, 3.5]}]").unwrap(),
        );
        changes.record(&before, &after);
        let mut again = before.clone();
        changes.apply(&mut again);
        assert_eq!(again.to_text(), after.to_text(), "{value}");
    }
}

#[test]
fn changes_are_done_again_to_a_later_document() {
    let before = filled();
    let mut after = before.clone();
    let windows = environment("login.windows.net");
    let old = after.refresh_tokens(&windows, "u.t", "c").remove(0);
    after.update_refresh_token(&old, &Secret::new("c-2"), at(600));
    let gone = after.refresh_tokens(&windows, "u.t", "b").remove(0);
    after.remove_refresh_token(&gone);
    let mut changes = Changes::new();
    changes.record(&before, &before);
    assert!(changes.is_empty());
    changes.record(&before, &after);
    assert!(!changes.is_empty());

    let mut later = before.clone();
    changes.apply(&mut later);
    assert_eq!(names(&later.refresh_tokens(&windows, "u.t", "c")), ["c-2"]);
    assert!(later.refresh_tokens(&windows, "u.t", "b").is_empty());

    // Somebody else renewed it later.
    let mut later = before;
    later.update_refresh_token(&old, &Secret::new("c-3"), at(700));
    changes.apply(&mut later);
    assert_eq!(names(&later.refresh_tokens(&windows, "u.t", "c")), ["c-3"]);
}
