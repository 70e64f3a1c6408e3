//! An Azure host: the managed identities that its programs can have tokens of, and the secrets of its endpoints.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{DEFAULT_CLIENT_ID, guid};

/// What [`Host::fixed`] expects in `X-IDENTITY-HEADER`, and in `Secret` where Service Fabric is emulated.
pub const DEFAULT_IDENTITY_HEADER: &str = "emulator-identity-header";
/// What [`Host::fixed`] expects in `secret` where Azure ML and old App Service versions are emulated.
pub const DEFAULT_MSI_SECRET: &str = "emulator-msi-secret";
/// What endpoints give: one second short of a day.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(86_399);

/// A managed identity.
///
/// ```
/// use identity_emulator::ManagedIdentity;
/// let backup = ManagedIdentity::user_assigned("backup").client_id("44444444-4444-4444-4444-444444444444");
/// assert!(backup.resource_id_text().ends_with("/userAssignedIdentities/backup"));
/// ```
#[derive(Clone, Debug)]
pub struct ManagedIdentity {
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) object_id: String,
    pub(crate) resource_id: String,
    pub(crate) is_system: bool,
}

impl ManagedIdentity {
    /// An identity that was assigned to the host. Its ids are derived from its name.
    pub fn user_assigned(name: impl Into<String>) -> Self {
        Self::new(name.into(), false)
    }

    /// The host's own identity. Its ids are derived from its name.
    pub fn system_assigned(name: impl Into<String>) -> Self {
        Self::new(name.into(), true)
    }

    fn new(name: String, is_system: bool) -> Self {
        let kind = if is_system {
            "Microsoft.Compute/virtualMachines"
        } else {
            "Microsoft.ManagedIdentity/userAssignedIdentities"
        };
        Self {
            client_id: guid::derive(&["managed-identity", "client", &name]),
            object_id: guid::derive(&["managed-identity", "object", &name]),
            resource_id: format!(
                "/subscriptions/{}/resourceGroups/emulator/providers/{kind}/{name}",
                guid::derive(&["subscription"])
            ),
            name,
            is_system,
        }
    }

    /// Sets the client id.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = id.into();
        self
    }

    /// Sets the object id of the service principal.
    #[must_use]
    pub fn object_id(mut self, id: impl Into<String>) -> Self {
        self.object_id = id.into();
        self
    }

    /// Sets the resource id.
    #[must_use]
    pub fn resource_id(mut self, id: impl Into<String>) -> Self {
        self.resource_id = id.into();
        self
    }

    /// The client id.
    pub fn client_id_text(&self) -> &str {
        &self.client_id
    }

    /// The object id.
    pub fn object_id_text(&self) -> &str {
        &self.object_id
    }

    /// The resource id.
    pub fn resource_id_text(&self) -> &str {
        &self.resource_id
    }
}

/// How an old App Service version writes the end of a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpiresOn {
    /// Seconds since 1970, as Azure ML does.
    #[default]
    Seconds,
    /// `01/02/2026 13:04:05 +00:00`, as on Linux.
    Date,
    /// `1/2/2026 1:04:05 PM +00:00`, as on Windows.
    DateAmPm,
}

/// The emulated host. All its endpoints are there at once; a program asks the one that its environment points to.
///
/// ```
/// use identity_emulator::{Emulator, Host, HostKind, ManagedIdentity};
///
/// let host = Host::new()
///     .identity(ManagedIdentity::system_assigned("web"))
///     .identity(ManagedIdentity::user_assigned("backup"));
/// let emulator = Emulator::builder().host(host).start_blocking()?;
/// // The environment of a program on App Service.
/// let variables = emulator.host_environment(HostKind::AppService);
/// assert_eq!(variables[0].0, "IDENTITY_ENDPOINT");
/// # Ok::<_, identity_emulator::StartError>(())
/// ```
#[derive(Clone)]
pub struct Host {
    pub(crate) identities: Vec<ManagedIdentity>,
    pub(crate) identity_header: String,
    pub(crate) msi_secret: String,
    pub(crate) arc_keys: Option<PathBuf>,
    pub(crate) arc_key: Option<String>,
    pub(crate) expires_on: ExpiresOn,
    pub(crate) ignores_selection: bool,
    pub(crate) token_lifetime: Duration,
}

impl Host {
    /// A host without identities: every request for a token is refused.
    pub fn new() -> Self {
        Self {
            identities: Vec::new(),
            identity_header: DEFAULT_IDENTITY_HEADER.to_owned(),
            msi_secret: DEFAULT_MSI_SECRET.to_owned(),
            arc_keys: None,
            arc_key: None,
            expires_on: ExpiresOn::Seconds,
            ignores_selection: false,
            token_lifetime: DEFAULT_LIFETIME,
        }
    }

    /// A host with an identity of its own, `host`, and one that was assigned to it, `user`, whose client id is
    /// [`DEFAULT_CLIENT_ID`](crate::DEFAULT_CLIENT_ID).
    pub fn fixed() -> Self {
        Self::new()
            .identity(ManagedIdentity::system_assigned("host"))
            .identity(ManagedIdentity::user_assigned("user").client_id(DEFAULT_CLIENT_ID))
    }

    /// Adds an identity.
    #[must_use]
    pub fn identity(mut self, identity: ManagedIdentity) -> Self {
        self.identities.push(identity);
        self
    }

    /// Sets the value of `IDENTITY_HEADER`.
    #[must_use]
    pub fn identity_header(mut self, value: impl Into<String>) -> Self {
        self.identity_header = value.into();
        self
    }

    /// Sets the value of `MSI_SECRET`.
    #[must_use]
    pub fn msi_secret(mut self, value: impl Into<String>) -> Self {
        self.msi_secret = value.into();
        self
    }

    /// Lets the endpoint of Azure Arc write its key files into this directory, which has to be there. Without one
    /// it answers nothing.
    #[must_use]
    pub fn arc_key_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.arc_keys = Some(directory.into());
        self
    }

    /// Makes every key file of Azure Arc hold this key. By default each challenge has a new one.
    #[must_use]
    pub fn arc_key(mut self, key: impl Into<String>) -> Self {
        self.arc_key = Some(key.into());
        self
    }

    /// Sets how version 2017-09-01 writes the end of a token.
    #[must_use]
    pub fn expires_on(mut self, form: ExpiresOn) -> Self {
        self.expires_on = form;
        self
    }

    /// Gives the host's own identity whichever was asked for, and says so in the answer, as old agents do.
    #[must_use]
    pub fn ignores_selection(mut self) -> Self {
        self.ignores_selection = true;
        self
    }

    /// Sets how long tokens live, in whole seconds; 86,399 s by default.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// The identity that a request means. Without a wish it is the host's own, else the only one there is.
    pub(crate) fn select(&self, wish: &Wish<'_>) -> Option<&ManagedIdentity> {
        let system = || self.identities.iter().find(|identity| identity.is_system);
        let same = |wanted: &str, given: &str| wanted.eq_ignore_ascii_case(given);
        let by =
            |test: &dyn Fn(&ManagedIdentity) -> bool| self.identities.iter().find(|identity| test(identity));
        match wish {
            _ if self.ignores_selection => system(),
            Wish::Nothing => system().or(match self.identities.as_slice() {
                [only] => Some(only),
                _ => None,
            }),
            Wish::ClientId(id) => by(&|identity| same(id, &identity.client_id)),
            Wish::ObjectId(id) => by(&|identity| same(id, &identity.object_id)),
            Wish::ResourceId(id) => by(&|identity| same(id, &identity.resource_id)),
        }
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::fixed()
    }
}

/// Without the secrets.
impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("identities", &self.identities)
            .field("arc_keys", &self.arc_keys)
            .field("expires_on", &self.expires_on)
            .field("ignores_selection", &self.ignores_selection)
            .finish_non_exhaustive()
    }
}

/// How a request names an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish<'a> {
    Nothing,
    ClientId(&'a str),
    ObjectId(&'a str),
    ResourceId(&'a str),
}

/// A kind of host, for [`Emulator::host_environment`](crate::Emulator::host_environment).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostKind {
    /// A virtual machine: the instance metadata service.
    Imds,
    /// App Service with its interface of 2019-08-01.
    AppService,
    /// Azure ML, and App Service with its interface of 2017-09-01.
    AzureMl,
    /// Cloud Shell.
    CloudShell,
    /// A machine with the agent of Azure Arc.
    AzureArc,
    /// A Service Fabric cluster.
    ServiceFabric,
}

/// What the host remembers between requests.
#[derive(Debug, Default)]
pub(crate) struct HostState {
    keys: Mutex<Vec<String>>,
    tokens: Mutex<BTreeMap<(String, String), Kept>>,
}

/// A token that an endpoint gives again while it is good.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) token: String,
    pub(crate) end: i64,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl HostState {
    /// Remembers a key that answers Azure Arc's challenge.
    pub(crate) fn add_key(&self, key: String) {
        lock(&self.keys).push(key);
    }

    /// Whether `key` is one of them. It is used up with that.
    pub(crate) fn take_key(&self, key: &str) -> bool {
        let mut keys = lock(&self.keys);
        let found = keys.iter().position(|known| known == key);
        found.map(|at| keys.swap_remove(at)).is_some()
    }

    pub(crate) fn kept(&self, identity: &str, resource: &str) -> Option<Kept> {
        lock(&self.tokens)
            .get(&(identity.to_owned(), resource.to_owned()))
            .cloned()
    }

    pub(crate) fn keep(&self, identity: &str, resource: &str, kept: Kept) {
        lock(&self.tokens).insert((identity.to_owned(), resource.to_owned()), kept);
    }

    pub(crate) fn reset(&self) {
        lock(&self.keys).clear();
        lock(&self.tokens).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Host, HostState, ManagedIdentity, Wish};

    #[test]
    fn identities_are_selected_by_each_id() {
        let user = ManagedIdentity::user_assigned("user");
        let host = Host::new()
            .identity(user.clone())
            .identity(ManagedIdentity::system_assigned("own"));
        let name = |wish: &Wish<'_>| host.select(wish).map(|identity| identity.name.as_str());
        assert_eq!(name(&Wish::Nothing), Some("own"));
        assert_eq!(
            name(&Wish::ClientId(&user.client_id.to_uppercase())),
            Some("user")
        );
        assert_eq!(name(&Wish::ObjectId(&user.object_id)), Some("user"));
        assert_eq!(
            name(&Wish::ResourceId(&user.resource_id.to_uppercase())),
            Some("user")
        );
        assert_eq!(name(&Wish::ClientId(&user.object_id)), None);
        let old = host.clone().ignores_selection();
        assert_eq!(old.select(&Wish::ObjectId(&user.object_id)).unwrap().name, "own");
    }

    #[test]
    fn a_lone_user_assigned_identity_needs_no_naming_and_two_do() {
        let one = Host::new().identity(ManagedIdentity::user_assigned("a"));
        assert_eq!(one.select(&Wish::Nothing).unwrap().name, "a");
        assert!(
            one.identity(ManagedIdentity::user_assigned("b"))
                .select(&Wish::Nothing)
                .is_none()
        );
        assert!(Host::new().select(&Wish::Nothing).is_none());
    }

    #[test]
    fn a_key_answers_once() {
        let state = HostState::default();
        state.add_key("k".to_owned());
        assert!(!state.take_key("other") && state.take_key("k") && !state.take_key("k"));
    }
}
