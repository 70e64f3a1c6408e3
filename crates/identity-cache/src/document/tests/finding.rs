//! Whose token is found.

use super::*;

fn found(document: &Document, query: &AccessTokenQuery<'_>, now: u64) -> Option<String> {
    document
        .access_token(query, at(now))
        .map(|token| token.token.expose().to_owned())
}

#[test]
fn everything_has_to_fit() {
    let document = as_msal_was_told();
    let windows = environment("login.windows.net");
    let all = scopes(&["s1", "s2"]);
    let query = AccessTokenQuery::of_account(&windows, "Tenant", "Client", "Uid.Utid", &all);
    assert_eq!(found(&document, &query, 1000).as_deref(), Some("at-1"));
    let token = document.access_token(&query, at(1000)).unwrap();
    assert_eq!((token.expires_on, token.refresh_on), (at(4600), Some(at(2800))));

    // Another host of the same cloud, another case of tenant, client and scopes.
    let (public, upper) = (environment("login.microsoftonline.com"), scopes(&["S2"]));
    let query = AccessTokenQuery::of_account(&public, "TENANT", "cLIENT", "Uid.Utid", &upper);
    assert_eq!(found(&document, &query, 1000).as_deref(), Some("at-1"));

    let (usgov, more) = (environment("login.microsoftonline.us"), scopes(&["s1", "s3"]));
    for (environment, realm, client, account, scopes) in [
        (&usgov, "Tenant", "Client", "Uid.Utid", &all),
        (&windows, "Other", "Client", "Uid.Utid", &all),
        (&windows, "Tenant", "Other", "Uid.Utid", &all),
        (&windows, "Tenant", "Client", "Other.Utid", &all),
        (&windows, "Tenant", "Client", "uid.utid", &all),
        (&windows, "Tenant", "Client", "", &all),
        (&windows, "Tenant", "Client", "Uid.Utid", &more),
    ] {
        let query = AccessTokenQuery::of_account(environment, realm, client, account, scopes);
        assert_eq!(found(&document, &query, 1000), None, "{query:?}");
    }
}

#[test]
fn an_application_never_gets_a_users_token_nor_the_other_way() {
    let document = as_msal_was_told();
    let windows = environment("login.windows.net");
    let (of_user, of_app) = (scopes(&["s1"]), scopes(&["https://a/.default"]));
    let query = AccessTokenQuery::of_app(&windows, "Tenant", "Client", &of_user);
    assert_eq!(found(&document, &query, 1000), None);
    let query = AccessTokenQuery::of_app(&windows, "Tenant", "Client", &of_app);
    assert_eq!(found(&document, &query, 3000).as_deref(), Some("at-3"));
    let query = AccessTokenQuery::of_account(&windows, "Tenant", "Client", "Uid.Utid", &of_app);
    assert_eq!(found(&document, &query, 3000), None);
}

#[test]
fn tokens_with_parameters_are_found_with_the_same_ones_alone() {
    let document = as_msal_was_told();
    let (public, scope) = (
        environment("login.microsoftonline.com"),
        scopes(&["https://a/.default"]),
    );
    let query = |components: &[(&'static str, &'static str)]| {
        AccessTokenQuery::of_app(&public, "Tenant", "Client", &scope)
            .with_components(Components::new(components.iter().copied()))
    };
    let right = query(&[("another", "x"), ("fmi_path", "a/b")]);
    assert_eq!(found(&document, &right, 3000).as_deref(), Some("at-4"));
    for wrong in [
        &[("fmi_path", "a/b")][..],
        &[("fmi_path", "x"), ("another", "a/b")],
        &[("fmi_pat", "ha/b"), ("another", "x")],
    ] {
        assert_eq!(found(&document, &query(wrong), 3000), None, "{wrong:?}");
    }
    // However another writer marks it.
    for mark in [
        r#""ext_cache_key": "x""#,
        r#""credential_type": "AccessToken_Extended""#,
        r#""key_id": "x""#,
        r#""token_type": "pop""#,
    ] {
        let text = format!(
            r#"{{"AccessToken": {{"k": {{"secret": "at", "environment": "login.microsoftonline.com", "client_id": "Client", "realm": "Tenant", "target": "https://a/.default", "expires_on": "9000", {mark}}}}}}}"#
        );
        let document = Document::parse(text.as_bytes()).unwrap();
        assert_eq!(found(&document, &query(&[]), 3000), None, "{mark}");
    }
}

#[test]
fn a_token_is_kept_under_the_scopes_that_were_granted() {
    let (windows, token) = (environment("login.windows.net"), Secret::new("at"));
    let (asked, granted) = (scopes(&["Asked"]), scopes(&["b"]));
    let mut document = Document::new();
    document.add(
        &TokensToAdd::new(&windows, "t", "c", &asked, &token, HOUR).with_granted_scope("b  A"),
        at(1000),
    );
    assert_eq!(
        document.map(EntryMap::AccessToken)[0].1.text("target"),
        Some("A b")
    );
    let query = AccessTokenQuery::of_app(&windows, "t", "c", &granted);
    assert_eq!(found(&document, &query, 1000).as_deref(), Some("at"));
    let query = AccessTokenQuery::of_app(&windows, "t", "c", &asked);
    assert_eq!(found(&document, &query, 1000), None, "what was not granted");
}

#[test]
fn the_key_is_not_trusted_and_numbers_may_be_numbers() {
    let text = r#"{"AccessToken": {
        "wrong key": {"secret": "late", "environment": "LOGIN.microsoftonline.com", "client_id": "Client", "realm": "Tenant", "target": "b a", "expires_on": 9000},
        "another": {"secret": "early", "environment": "login.microsoftonline.com", "client_id": "Client", "realm": "Tenant", "target": "a", "expires_on": "8000"},
        "x-atext-y": {"secret": "extended", "environment": "login.microsoftonline.com", "client_id": "Client", "realm": "Tenant", "target": "a", "expires_on": "9999"},
        "no end": {"secret": "endless", "environment": "login.microsoftonline.com", "client_id": "Client", "realm": "Tenant", "target": "a"},
        "empty": {"secret": "", "environment": "login.microsoftonline.com", "client_id": "Client", "realm": "Tenant", "target": "a", "expires_on": "9999"},
        "no object": 7
    }}"#;
    let document = Document::parse(text.as_bytes()).unwrap();
    let (public, scope) = (environment("login.microsoftonline.com"), scopes(&["a"]));
    let query = AccessTokenQuery::of_app(&public, "Tenant", "Client", &scope);
    assert_eq!(found(&document, &query, 1000).as_deref(), Some("late"));
    assert_eq!(found(&document, &query, 8999).as_deref(), Some("late"));
    assert_eq!(found(&document, &query, 9000), None, "expired");
    let query = query.with_min_remaining(Duration::from_secs(300));
    assert_eq!(found(&document, &query, 8699).as_deref(), Some("late"));
    assert_eq!(found(&document, &query, 8700), None);
}

#[test]
fn accounts_are_listed_by_environment() {
    let document = as_msal_was_told();
    assert_eq!(document.accounts(None).len(), 2);
    let accounts = document.accounts(Some(&environment("login.microsoft.com")));
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].home_account_id, "Uid.Utid");
    assert_eq!(accounts[0].home_tenant(), Some("Utid"));
    assert_eq!(accounts[0].username, "Ada@contoso.com");
    assert_eq!(accounts[0].local_account_id.as_deref(), Some("object"));
    assert!(
        document
            .accounts(Some(&environment("login.chinacloudapi.cn")))
            .is_empty()
    );

    let public = environment("login.microsoftonline.com");
    let family = |client| document.app_metadata(&public, client).map(|app| app.family_id);
    assert_eq!(family("client"), Some(Some("1".to_owned())));
    assert_eq!(family("Other"), None);
}

#[test]
fn a_token_is_fresh_until_a_refresh_is_due() {
    let stored = |cached_at: Option<u64>, expires_on: u64, refresh_on: Option<u64>| StoredAccessToken {
        token: Secret::new("t"),
        expires_on: at(expires_on),
        refresh_on: refresh_on.map(at),
        cached_at: cached_at.map(at),
    };
    let hour = stored(Some(1000), 4600, None);
    assert!(hour.is_fresh(at(1000)) && hour.is_fresh(at(3999)));
    assert!(!hour.is_fresh(at(4000)), "ten minutes before the end");
    assert!(!hour.is_fresh(at(5000)), "it is over");
    assert!(!hour.is_fresh(at(999)), "the clock was set back");
    let short = stored(Some(1000), 1300, None);
    assert!(short.is_fresh(at(1199)) && !short.is_fresh(at(1200)), "a third");
    let of_unknown_age = stored(None, 4600, None);
    assert!(of_unknown_age.is_fresh(at(3999)) && !of_unknown_age.is_fresh(at(4000)));
    let advised = stored(Some(1000), 87_400, Some(44_200));
    assert!(advised.is_fresh(at(44_199)) && !advised.is_fresh(at(44_200)));
    let advised_late = stored(Some(1000), 4600, Some(4500));
    assert!(!advised_late.is_fresh(at(4000)), "advice makes it no fresher");

    let document = as_msal_was_told();
    let (public, asked) = (
        environment("login.microsoftonline.com"),
        scopes(&["https://a/.default"]),
    );
    let query = AccessTokenQuery::of_app(&public, "Tenant", "Client", &asked);
    let found = document.access_token(&query, at(3000)).unwrap();
    assert_eq!(found.cached_at, Some(at(3000)));
}
