//! What lies on a disk: the cache document and saved records.

use std::time::{Duration, SystemTime};

use identity_base::{Authority, Scopes};
use identity_cache::document::AccessTokenQuery;
use identity_cache::{AuthenticationRecord, Document, Environment};
use identity_devtools::VisualStudioCodeAccount;

use super::outcome::{self, CLIENT, SCOPE, TENANT};

/// A cache document. One that is read is written and read again as the same, and everything that can be asked of it has an answer.
pub fn document(data: &[u8]) {
    let Ok(mut document) = Document::parse(data) else {
        return;
    };
    let text = document.to_text();
    let again = Document::parse(text.as_bytes()).expect("what we wrote");
    assert_eq!(again.to_text().as_str(), text.as_str());
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let environment = Environment::of(&Authority::default());
    let scopes = Scopes::parse([SCOPE]).expect("a scope");
    let account = format!("{CLIENT}.{TENANT}");
    for account in document.accounts(None) {
        drop(document.refresh_tokens(&environment, &account.home_account_id, CLIENT));
    }
    if let Some(token) = document.access_token(
        &AccessTokenQuery::of_account(&environment, TENANT, CLIENT, &account, &scopes),
        now,
    ) {
        assert!(token.expires_on > now, "a token that has ended");
    }
    document.drop_expired(now);
    document.remove_account(&environment, &account, CLIENT);
    Document::parse(document.to_text().as_bytes()).expect("what we wrote");
}

/// Records of an account: ours, and that of Visual Studio Code.
pub fn record(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        match AuthenticationRecord::deserialize(text) {
            Ok(record) => {
                let again = AuthenticationRecord::deserialize(&record.serialize()).expect("what we wrote");
                assert_eq!(again.serialize(), record.serialize());
                assert!(record.authority().as_str().starts_with("https://"));
            }
            Err(error) => outcome::error(&error),
        }
    }
    if let Err(error) = VisualStudioCodeAccount::parse(data) {
        outcome::error(&error);
    }
}
