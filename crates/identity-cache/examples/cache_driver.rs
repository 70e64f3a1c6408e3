//! Signs users in to a cache file and looks them up, as another program tells it: one command a line on the standard input.
//!
//! `cache_driver FOLDER NAME [keyring|sealed]` keeps the cache in a file without encryption or, with the feature `keyring`, in the keyring alone or in a file that is sealed with a key in the keyring. It knows `add USER NUMBER`, `find USER`, `accounts` and `quit`. It answers each with one line.
#![expect(clippy::print_stdout, reason = "its answers are what it is for")]
#![expect(clippy::disallowed_methods, reason = "a program has the real time")]

use std::io::{BufRead as _, Write as _};
use std::time::{Duration, SystemTime};

use identity_base::{Authority, Error, Scopes, Secret};
use identity_cache::document::{Document, TokensToAdd};
use identity_cache::{Environment, TokenCache, TokenCachePersistenceOptions};
use identity_runtime::ClientOptions;
use identity_runtime::crypto::base64url;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: cache_driver FOLDER NAME [keyring|sealed]".into());
    };
    let options = TokenCachePersistenceOptions::new()
        .with_name(name)
        .with_directory(folder);
    let options = match arguments.next().as_deref() {
        None => options.with_allow_unencrypted_storage(true),
        Some("keyring") => options,
        Some("sealed") => options.with_sealing_key_in_keyring(),
        Some(_) => return Err("the third argument is `keyring` or `sealed`".into()),
    };
    let cache = TokenCache::persistent(&options, false, &ClientOptions::default())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        let answer = match words.as_slice() {
            ["add", user, number] => runtime.block_on(async {
                cache
                    .update(|document| sign_in(document, user, number))
                    .await
                    .map(|()| format!("{:?}", cache.status()))
            })?,
            ["find", user] => runtime.block_on(cache.read(|document| find(document, user))),
            ["accounts"] => runtime
                .block_on(cache.read(|document| document.accounts(None).len()))
                .to_string(),
            ["quit"] => break,
            _ => "unknown command".to_owned(),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn sign_in(document: &mut Document, user: &str, number: &str) -> Result<(), Error> {
    let environment = Environment::of(&Authority::public());
    let scopes = Scopes::parse(["https://vault.azure.net/.default"])?;
    let info = base64url(format!(r#"{{"uid": "{user}", "utid": "tenant"}}"#).as_bytes());
    let [access, refresh] = ["at", "rt"].map(|kind| Secret::new(format!("{kind}-{user}-{number}")));
    let hour = Duration::from_secs(3600);
    let tokens = TokensToAdd::new(&environment, "tenant", "client", &scopes, &access, hour)
        .with_refresh_token(&refresh)
        .with_client_info(&info)
        .with_grant_type("authorization_code");
    document.add(&tokens, SystemTime::now());
    Ok(())
}

fn find(document: &Document, user: &str) -> String {
    let environment = Environment::of(&Authority::public());
    document
        .refresh_tokens(&environment, &format!("{user}.tenant"), "client")
        .first()
        .map_or_else(|| "-".to_owned(), |token| token.token().expose().to_owned())
}
