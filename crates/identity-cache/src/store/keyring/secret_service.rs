//! The Secret Service of Linux desktops: GNOME Keyring, KWallet, KeePassXC and others, over the session bus.
//!
//! Secrets go over the bus in a plain session: the bus is a socket of this user, and whoever could listen there could ask the keyring itself.

mod client;

use std::future::Future;

use identity_base::seam::Env;
use zeroize::Zeroizing;

use self::client::Client;
use super::{Backend, Item};

/// Where the session bus is, unless this says otherwise.
const ADDRESS: &str = "DBUS_SESSION_BUS_ADDRESS";
/// The folder that has the session bus by default.
const RUNTIME_DIRECTORY: &str = "XDG_RUNTIME_DIR";

/// The service on a session bus.
#[derive(Debug)]
pub(super) struct SecretService {
    address: String,
}

impl SecretService {
    /// The service of the session that the environment describes, if there is one.
    pub(super) fn of_env(env: &dyn Env) -> Option<Self> {
        let address = env.var(ADDRESS).or_else(|| {
            let directory = env.var(RUNTIME_DIRECTORY)?;
            // Other characters would have to be escaped in an address.
            let is_plain = directory
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.'));
            (directory.starts_with('/') && is_plain).then(|| format!("unix:path={directory}/bus"))
        })?;
        Some(Self { address })
    }

    /// Connects and works, on this thread alone.
    fn run<T, F>(&self, work: impl FnOnce(Client) -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, zbus::Error>>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let client = Client::connect(&self.address).await.map_err(in_words)?;
            work(client).await.map_err(in_words)
        })
    }
}

impl Backend for SecretService {
    fn get(&self, item: &Item) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        self.run(async |client| client.secret(item).await)
    }

    fn set(&self, item: &Item, secret: &[u8]) -> Result<(), String> {
        self.run(async |client| client.set_secret(item, secret).await)
    }

    fn probe(&self) -> Result<(), String> {
        self.run(async |client| client.default_collection().await.map(drop))
    }
}

/// What went wrong, without what a service may have put into a message.
fn in_words(error: zbus::Error) -> String {
    match error {
        zbus::Error::InputOutput(error) | zbus::Error::Connection(error, _) => {
            format!("the session bus can't be reached: {}", error.kind())
        }
        zbus::Error::MethodError(name, ..) => format!("the secret service refused: {name}"),
        zbus::Error::FDO(error) => match *error {
            zbus::fdo::Error::ServiceUnknown(_) => "no secret service is running".to_owned(),
            other => format!("the secret service refused: {}", zbus::DBusError::name(&other)),
        },
        zbus::Error::Failure(why) => why,
        other => format!("the secret service answered unexpectedly: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn address(variables: &[(&str, &str)]) -> Option<String> {
        let env: HashMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        SecretService::of_env(&env).map(|service| service.address)
    }

    #[test]
    fn the_session_bus_is_found_in_the_environment() {
        assert_eq!(address(&[]), None);
        assert_eq!(
            address(&[(RUNTIME_DIRECTORY, "/run/user/1000")]).as_deref(),
            Some("unix:path=/run/user/1000/bus")
        );
        assert_eq!(
            address(&[(RUNTIME_DIRECTORY, "/run"), (ADDRESS, "unix:path=/x")]).as_deref(),
            Some("unix:path=/x")
        );
        for odd in ["relative", "/a;unix:path=/b", "/a,guid=1", "/a b"] {
            assert_eq!(address(&[(RUNTIME_DIRECTORY, odd)]), None, "{odd}");
        }
    }

    #[test]
    fn a_bus_that_is_not_there_is_an_error_at_once() {
        let service = SecretService {
            address: "unix:path=/nowhere/bus".to_owned(),
        };
        let why = service.probe().unwrap_err();
        assert!(why.contains("can't be reached"), "{why}");
        let service = SecretService {
            address: "no address".to_owned(),
        };
        assert!(service.probe().is_err());
    }
}
