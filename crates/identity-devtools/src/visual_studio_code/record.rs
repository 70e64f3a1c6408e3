//! The record that the extension leaves of the account.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use identity_base::seam::{Env, ReadOptions};
use identity_base::{Authority, ClientId, Error, TenantId};
use identity_runtime::json::Json;
use identity_runtime::{ClientOptions, env_vars};

/// The client id of the extension: a record of another application is not for us.
const CLIENT_ID: &str = "aebc6443-996d-45c2-90f0-388ff96faa56";
/// The folders in the home directory in which the record is looked for: both spellings have been used.
const FOLDERS: [&str; 2] = [".azure", ".Azure"];
/// The record, below these.
const FILE: &str = "ms-azuretools.vscode-azureresourcegroups/authRecord.json";
/// Longer records are refused; real ones have a few hundred bytes.
const MAX_RECORD_BYTES: u64 = 10 * 1024;
/// What to do when there is no usable record.
const SIGN_IN: &str = "sign in to Azure in Visual Studio Code with the extension Azure Resources";

/// The account of a record. It holds no secret, but says who somebody is, so `Debug` shows the directory alone.
#[derive(Clone)]
pub struct VisualStudioCodeAccount {
    tenant_id: TenantId,
    client_id: ClientId,
    username: String,
    home_account_id: String,
    authority: Authority,
}

impl VisualStudioCodeAccount {
    /// The tenant that the account signed in to.
    #[must_use]
    pub const fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
    }

    /// The extension's client id, for which the refresh token was issued.
    #[must_use]
    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// The user's name.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The account's id in token caches: object id and home tenant, with a dot between them.
    #[must_use]
    pub fn home_account_id(&self) -> &str {
        &self.home_account_id
    }

    /// Where the account signed in.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable), with all that is wrong with it.
    pub fn parse(record: &[u8]) -> Result<Self, Error> {
        let json = Json::parse(record).map_err(|error| unusable(&error.to_string()))?;
        if json.as_object().is_none() {
            return Err(unusable(&format!("it is {}", json.kind())));
        }
        let mut wrong = Vec::new();
        let mut text = |name: &'static str| match json.get(name) {
            Some(Json::Text(text)) if !text.trim().is_empty() => Some(text.to_string()),
            None => {
                wrong.push(format!("`{name}` is missing"));
                None
            }
            Some(Json::Text(_)) => {
                wrong.push(format!("`{name}` is empty"));
                None
            }
            Some(other) => {
                wrong.push(format!("`{name}` is {}", other.kind()));
                None
            }
        };
        let [tenant, client, username, home_account_id, authority] =
            ["tenantId", "clientId", "username", "homeAccountId", "authority"].map(&mut text);
        let tenant = tenant.map(|tenant| TenantId::parse(&tenant));
        let authority = authority.map(|authority| Authority::parse(&authority));
        let client = client.map(|client| {
            client
                .eq_ignore_ascii_case(CLIENT_ID)
                .then(|| ClientId::parse(CLIENT_ID))
        });
        if matches!(tenant, Some(Err(_))) {
            wrong.push("`tenantId` is no tenant".to_owned());
        }
        if matches!(client, Some(None)) {
            wrong.push("`clientId` is not that of the extension".to_owned());
        }
        if matches!(authority, Some(Err(_))) {
            wrong.push("`authority` is none".to_owned());
        }
        match (tenant, client, username, home_account_id, authority) {
            (
                Some(Ok(tenant_id)),
                Some(Some(Ok(client_id))),
                Some(username),
                Some(home_account_id),
                Some(Ok(authority)),
            ) => Ok(Self {
                tenant_id,
                client_id,
                username,
                home_account_id,
                authority,
            }),
            _ => Err(unusable(&wrong.join("; "))),
        }
    }
}

impl fmt::Debug for VisualStudioCodeAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VisualStudioCodeAccount")
            .field("tenant_id", &self.tenant_id)
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

/// Reads the record of this user.
pub(super) async fn read(options: &ClientOptions) -> Result<VisualStudioCodeAccount, Error> {
    let home = home(&**options.env(), cfg!(windows)).ok_or_else(|| {
        Error::unavailable("there is no home directory to look for the account of Visual Studio Code in")
            .with_hint(format!(
                "set {}",
                if cfg!(windows) {
                    env_vars::USERPROFILE
                } else {
                    env_vars::HOME
                }
            ))
    })?;
    for folder in FOLDERS {
        let path = home.join(folder).join(FILE);
        let read = options
            .file_system()
            .read(&path, ReadOptions::new().max_bytes(MAX_RECORD_BYTES))
            .await;
        match read {
            Ok((bytes, _)) => return VisualStudioCodeAccount::parse(&bytes),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Err(Error::unavailable("nobody is signed in to Azure in Visual Studio Code").with_hint(SIGN_IN))
}

/// The home directory, which has to be absolute: the record of whoever owns the current directory is not for us.
fn home(env: &dyn Env, windows: bool) -> Option<PathBuf> {
    let variables = match windows {
        true => [env_vars::USERPROFILE, env_vars::HOME],
        false => [env_vars::HOME, env_vars::USERPROFILE],
    };
    variables
        .iter()
        .filter_map(|name| env.raw(name))
        .map(PathBuf::from)
        .find(|path| Path::is_absolute(path))
}

fn unreadable(error: io::Error) -> Error {
    let text = match error.kind() {
        io::ErrorKind::FileTooLarge => {
            format!("the record of Visual Studio Code's account has more than {MAX_RECORD_BYTES} bytes")
        }
        _ => "the record of Visual Studio Code's account can't be read".to_owned(),
    };
    Error::unavailable(text).with_hint(SIGN_IN).with_source(error)
}

fn unusable(why: &str) -> Error {
    Error::unavailable(format!(
        "the record of Visual Studio Code's account can't be used: {why}"
    ))
    .with_hint(SIGN_IN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity_testkit::env;

    #[test]
    fn the_home_directory_is_absolute_and_the_platforms_own() {
        let both = env([("HOME", "/home/ada"), ("USERPROFILE", "/users/ada")]);
        assert_eq!(home(&both, false).unwrap(), Path::new("/home/ada"));
        assert_eq!(home(&both, true).unwrap(), Path::new("/users/ada"));
        let relative = env([("HOME", "ada"), ("USERPROFILE", "")]);
        assert_eq!((home(&relative, false), home(&relative, true)), (None, None));
    }
}
