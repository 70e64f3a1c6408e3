//! The account that `entra login` signed in: who it is stands in a file without secrets, its tokens in the token cache.

use std::path::{Path, PathBuf};

use entra_identity::{
    AuthenticationRecord, CacheStatus, StoreKind, TokenCachePersistenceOptions, TokenCaches,
};
use identity_base::seam::{Env, ReadOptions, WriteOptions};
use identity_runtime::ClientOptions;

use crate::failure::Failure;

/// The longest record.
const MAX_BYTES: u64 = 16 * 1024;

/// The file with the record: `entra/account.json` in the folder for settings.
///
/// # Errors
/// An `unavailable` failure when the environment names no such folder.
pub(crate) fn file(env: &dyn Env) -> Result<PathBuf, Failure> {
    let folder = |name: &str| env.raw(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let settings = folder("XDG_CONFIG_HOME")
        .or_else(|| folder("APPDATA").filter(|_| cfg!(windows)))
        .or_else(|| folder("HOME").map(|home| home.join(".config")));
    settings
        .map(|settings| settings.join("entra").join("account.json"))
        .ok_or_else(|| {
            Failure::unavailable("there is no folder for settings").hint("set HOME or XDG_CONFIG_HOME")
        })
}

/// What to do where there is no keyring.
pub(crate) const WITHOUT_KEYRING: &str = match cfg!(feature = "keyring") {
    true => {
        "where there is no keyring, --allow-unencrypted-storage keeps the tokens in a file that only you can read"
    }
    // No keyring of the machine would help.
    false => {
        "this `entra` was built without the feature `keyring`, so it uses none; --allow-unencrypted-storage keeps the tokens in a file that only you can read"
    }
};

/// Who is signed in, if anybody is.
///
/// # Errors
/// A failure when the file can't be read or isn't a record.
pub(crate) async fn load(client: &ClientOptions) -> Result<Option<AuthenticationRecord>, Failure> {
    let path = file(&**client.env())?;
    let options = ReadOptions::new().max_bytes(MAX_BYTES);
    match client.file_system().read(&path, options).await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(&path, "can't be read", &error.to_string())),
        Ok((contents, _)) => {
            let text = std::str::from_utf8(&contents)
                .map_err(|_| unusable(&path, "is no record", "it is not UTF-8"))?;
            AuthenticationRecord::deserialize(text)
                .map(Some)
                .map_err(|error| unusable(&path, "is no record", error.message()))
        }
    }
}

/// Who is signed in.
///
/// # Errors
/// As [`load`], and an `unavailable` failure when nobody is.
pub(crate) async fn signed_in(client: &ClientOptions) -> Result<AuthenticationRecord, Failure> {
    load(client)
        .await?
        .ok_or_else(|| Failure::unavailable("nobody is signed in").hint("sign in with `entra login`"))
}

/// Keeps who is signed in.
///
/// # Errors
/// A failure when the file can't be written.
pub(crate) async fn save(client: &ClientOptions, record: &AuthenticationRecord) -> Result<(), Failure> {
    let path = file(&**client.env())?;
    let options = WriteOptions::new().create_parents(true);
    client
        .file_system()
        .write(&path, record.serialize().as_bytes(), options)
        .await
        .map_err(|error| unusable(&path, "can't be written", &error.to_string()))
}

/// Forgets who is signed in.
///
/// # Errors
/// A failure when the file can't be removed.
pub(crate) async fn forget(client: &ClientOptions) -> Result<(), Failure> {
    let path = file(&**client.env())?;
    match client.file_system().remove(&path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(unusable(&path, "can't be removed", &error.to_string()))
        }
        _ => Ok(()),
    }
}

/// The cache that Microsoft's developer tools share. Where there is no keyring, a file is used if `unencrypted`; else tokens end with the program.
///
/// # Errors
/// A failure when there is no place for it.
pub(crate) fn caches(client: &ClientOptions, unencrypted: bool) -> Result<TokenCaches, Failure> {
    let persistence = TokenCachePersistenceOptions::new().with_allow_unencrypted_storage(unencrypted);
    TokenCaches::new(Some(&persistence), client).map_err(|error| match unencrypted {
        true => Failure::from(error),
        false => Failure::unavailable(error.message()).hint(WITHOUT_KEYRING),
    })
}

/// Says before a sign-in whether there is a keyring for its tokens.
///
/// # Errors
/// An `unavailable` failure where none answers.
pub(crate) async fn check_keyring(client: &ClientOptions) -> Result<(), Failure> {
    // Of a cache that is nowhere: where a file may stand in for the keyring, the kind of the store tells which it is. Nothing is written.
    let persistence = TokenCachePersistenceOptions::new()
        .with_name("entra-keyring-probe")
        .with_allow_unencrypted_storage(true);
    let cache = TokenCaches::new(Some(&persistence), client)?;
    let cache = cache.get(false);
    cache.read(|_| ()).await;
    match cache.status() {
        CacheStatus::Kept(StoreKind::UnencryptedFile) => Err(Failure::unavailable(
            "the token cache can't be encrypted: there is no keyring on this machine that answers",
        )
        .hint(WITHOUT_KEYRING)),
        _ => Ok(()),
    }
}

fn unusable(path: &Path, what: &str, why: &str) -> Failure {
    Failure::usage(format!("the file {} {what}: {why}", path.display()))
        .hint("`entra logout` removes it, `entra login` writes it anew")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_file_is_in_the_folder_for_settings() {
        let path = |pairs: &[(&str, &str)]| {
            let env: HashMap<String, String> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            file(&env).map(|path| path.display().to_string())
        };
        assert_eq!(
            path(&[("HOME", "/home/ada")]).unwrap(),
            "/home/ada/.config/entra/account.json"
        );
        assert_eq!(
            path(&[("HOME", "/home/ada"), ("XDG_CONFIG_HOME", "/etc/xdg")]).unwrap(),
            "/etc/xdg/entra/account.json"
        );
        assert!(path(&[("XDG_CONFIG_HOME", "relative")]).is_err() && path(&[]).is_err());
    }
}
