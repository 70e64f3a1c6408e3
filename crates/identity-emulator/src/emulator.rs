//! The handle of a running emulator.

pub(crate) mod seed;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use serde_json::Value;
use tokio::sync::oneshot;

use crate::builder::{Builder, Running};
use crate::call::Listener;
use crate::clock::EmulatorClock;
use crate::fault::{Fault, FaultHandle, Gate};
use crate::journal::{Connections, Requests};
use crate::model::{HostKind, ManagedIdentity};
use crate::routes::Route;
use crate::world::World;

/// A running emulator. Dropping it ends everything that it started and frees its ports.
///
/// ```
/// use identity_emulator::{App, Emulator};
///
/// let emulator = Emulator::builder().app(App::confidential("daemon").secret("s3cret")).start_blocking()?;
/// assert!(emulator.authority().starts_with("https://localhost:"));
/// assert!(emulator.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// emulator.requests().token().none();
/// # Ok::<_, identity_emulator::StartError>(())
/// ```
pub struct Emulator {
    world: Arc<World>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// Options for a new emulator. Strict, with one tenant and one application, on free ports of loopback.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(running: Running, thread: JoinHandle<()>) -> Self {
        Self {
            world: running.world,
            stop: Some(running.stop),
            thread: Some(thread),
        }
    }

    fn world(&self) -> &World {
        &self.world
    }

    pub(crate) fn shared(&self) -> Arc<World> {
        Arc::clone(&self.world)
    }

    /// What clients take as their authority host, `https://localhost:<port>`.
    pub fn authority(&self) -> &str {
        self.world.authority()
    }

    /// The token endpoint of version 2 of the first tenant.
    pub fn token_endpoint(&self) -> String {
        format!("{}/{}/oauth2/v2.0/token", self.authority(), self.tenant_id())
    }

    /// The plain HTTP port, `http://127.0.0.1:<port>`, where the administration is.
    pub fn plain_url(&self) -> String {
        format!("http://{}", self.world.addresses.plain)
    }

    /// The address of the TLS port.
    pub fn address(&self) -> SocketAddr {
        self.world.addresses.tls
    }

    /// The address of the plain HTTP port.
    pub fn plain_address(&self) -> SocketAddr {
        self.world.addresses.plain
    }

    /// The certificate of the emulator's authority as PEM, for clients to trust.
    pub fn ca_pem(&self) -> String {
        self.world.certificates.ca_pem()
    }

    /// The certificate of the emulator's authority as DER.
    pub fn ca_der(&self) -> Vec<u8> {
        self.world.certificates.ca_der().to_vec()
    }

    /// The id of the first tenant.
    pub fn tenant_id(&self) -> &str {
        self.world
            .directory
            .tenants()
            .first()
            .map_or("", |tenant| tenant.id.as_str())
    }

    /// The id of the tenant with this display name.
    pub fn tenant_id_of(&self, name: &str) -> Option<&str> {
        let tenants = self.world.directory.tenants();
        tenants
            .iter()
            .find(|tenant| tenant.name == name)
            .map(|tenant| tenant.id.as_str())
    }

    /// The client id of the first application of the first tenant that has one.
    pub fn client_id(&self) -> &str {
        let mut apps = self
            .world
            .directory
            .tenants()
            .iter()
            .flat_map(|tenant| &tenant.apps);
        apps.next().map_or("", |app| app.id.as_str())
    }

    /// The client id of the application with this name, whichever tenant it is in.
    pub fn client_id_of(&self, name: &str) -> Option<&str> {
        let mut apps = self
            .world
            .directory
            .tenants()
            .iter()
            .flat_map(|tenant| &tenant.apps);
        apps.find(|app| app.name == name).map(|app| app.id.as_str())
    }

    /// The object id that the first tenant's tokens of `client_id` carry as `oid`.
    pub fn object_id_of(&self, client_id: &str) -> Option<String> {
        let tenant = self.world.directory.tenants().first()?;
        tenant
            .apps
            .iter()
            .find(|app| app.id == client_id)
            .map(|app| tenant.object_id(&app.id))
    }

    /// Environment variables that point a program's environment credential at the first application of the first
    /// tenant. Nothing is set; hand them to a child process. Trust in [`ca_pem`](Self::ca_pem) is for the caller to
    /// arrange, since programs differ in how they take it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("AZURE_AUTHORITY_HOST", self.authority().to_owned()),
            ("AZURE_TENANT_ID", self.tenant_id().to_owned()),
        ];
        let tenant = self.world.directory.tenants().first();
        if let Some(app) = tenant.and_then(|tenant| tenant.apps.first()) {
            variables.push(("AZURE_CLIENT_ID", app.id.clone()));
            variables.extend(
                app.first_secret()
                    .map(|secret| ("AZURE_CLIENT_SECRET", secret.to_owned())),
            );
        }
        variables
    }

    /// The managed identity with this name.
    pub fn managed_identity(&self, name: &str) -> Option<&ManagedIdentity> {
        let mut identities = self.world.host.identities.iter();
        identities.find(|identity| identity.name == name)
    }

    /// The variables that a host of this kind sets for its programs, so that a managed identity credential asks the
    /// emulator. Nothing is set; hand them to a child process or to the credential.
    ///
    /// Azure Arc's endpoint needs [`Host::arc_key_directory`](crate::Host::arc_key_directory), and the credential has to be told the same directory.
    pub fn host_environment(&self, kind: HostKind) -> Vec<(&'static str, String)> {
        let host = &self.world.host;
        let plain = self.plain_url();
        let header = || ("IDENTITY_HEADER", host.identity_header.clone());
        match kind {
            HostKind::Imds => vec![("AZURE_POD_IDENTITY_AUTHORITY_HOST", plain)],
            HostKind::AppService => vec![("IDENTITY_ENDPOINT", format!("{plain}/msi/token")), header()],
            HostKind::AzureMl => vec![
                ("MSI_ENDPOINT", format!("{plain}/msi/token")),
                ("MSI_SECRET", host.msi_secret.clone()),
            ],
            HostKind::CloudShell => vec![("MSI_ENDPOINT", format!("{plain}/msi/token"))],
            HostKind::AzureArc => vec![
                (
                    "IDENTITY_ENDPOINT",
                    format!("{plain}/metadata/identity/oauth2/token/arc"),
                ),
                ("IMDS_ENDPOINT", plain),
            ],
            HostKind::ServiceFabric => vec![
                ("IDENTITY_ENDPOINT", format!("{}/msi/token", self.authority())),
                header(),
                ("IDENTITY_SERVER_THUMBPRINT", self.server_thumbprint()),
            ],
        }
    }

    /// The SHA-1 thumbprint of the certificate on the TLS port: 40 hexadecimal digits in capitals.
    pub fn server_thumbprint(&self) -> String {
        self.world.certificates.thumbprint()
    }

    /// The clock that token times go by.
    pub fn clock(&self) -> &EmulatorClock {
        &self.world.clock
    }

    /// Adds a fault.
    ///
    /// # Panics
    /// When the rule makes no sense, such as one with a status of 99; [`try_fault`](Self::try_fault) says so instead.
    #[track_caller]
    #[expect(clippy::panic, reason = "a senseless rule fails the test that makes it")]
    pub fn fault(&self, fault: Fault) -> FaultHandle {
        match self.try_fault(fault) {
            Ok(handle) => handle,
            Err(reason) => panic!("the fault makes no sense: {reason}"),
        }
    }

    /// Adds a fault that may come from outside.
    ///
    /// # Errors
    /// When the rule makes no sense; the text says why.
    pub fn try_fault(&self, fault: Fault) -> Result<FaultHandle, String> {
        self.world.faults.add(fault)
    }

    /// Takes all faults out of force.
    pub fn clear_faults(&self) {
        self.world.faults.clear();
    }

    /// The gate of this name, closed at first; [`Fault::hold`] makes requests wait at it.
    pub fn gate(&self, name: &str) -> Gate {
        self.world.gates.get(name)
    }

    /// The requests seen so far, the administration's excepted.
    pub fn requests(&self) -> Requests {
        self.world.journal.requests()
    }

    /// Waits until `count` requests for `route` have been read, answered or not.
    pub async fn wait_for_requests(&self, route: Route, count: usize) {
        self.wait_until(|requests| requests.clone().route(route).count() >= count)
            .await;
    }

    /// Waits until the requests seen so far meet a condition, which is asked again with each new request.
    pub async fn wait_until(&self, condition: impl Fn(&Requests) -> bool) {
        self.world.journal.wait(condition).await;
    }

    /// Forgets the requests seen so far.
    pub fn clear_requests(&self) {
        self.world.journal.clear();
    }

    /// Counts of the connections to the TLS port.
    pub fn connections(&self) -> Connections {
        self.world.journal.connections(Listener::Tls)
    }

    /// Counts of the connections to the plain HTTP port.
    pub fn plain_connections(&self) -> Connections {
        self.world.journal.connections(Listener::Plain)
    }

    /// Forgets faults, gates, requests, sessions, what was registered later, and shifts of the time of day, so that the next test finds the emulator as new.
    /// Requests that wait at a gate are let go.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// Signs claims of the caller's choice with the emulator's key, as a compact JWT, for tests of whoever validates
    /// tokens. `None` if the claims are no JSON object.
    pub fn forge_token(&self, claims: &Value) -> Option<String> {
        claims
            .is_object()
            .then(|| self.world.signer.sign(claims))
            .flatten()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.take();
        // A handler's panic would end its task alone, so the thread ends in order. It must not wait for itself.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _in_order = thread.join();
        }
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("authority", &self.authority())
            .field("plain_url", &self.plain_url())
            .field("tenants", &self.world.directory.tenants())
            .field("clock", &self.world.clock)
            .finish_non_exhaustive()
    }
}
