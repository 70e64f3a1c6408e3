//! What an emulator is made of, and its start.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use tokio::runtime;
use tokio::sync::oneshot;

use crate::call::Listener;
use crate::certificates::Certificates;
use crate::clock::EmulatorClock;
use crate::emulator::Emulator;
use crate::error::StartError;
use crate::fault::{FaultPlan, Gates};
use crate::ids::Ids;
use crate::journal::Journal;
use crate::model::{App, CiHost, Directory, Host, HostState, Resource, Tenant, User};
use crate::people::People;
use crate::registry::Registry;
use crate::server::BoundPort;
use crate::sessions::Sessions;
use crate::signing::{SigningKey, Source};
use crate::world::{Addresses, World};

/// The name that the identity-binding proxy's certificate is for. Clients take it from their environment and never look it up.
pub(crate) const BINDING_SERVER_NAME: &str = "identity-binding.emulator.test";
/// How many requests the journal keeps by default.
const JOURNAL_LIMIT: usize = 100_000;

/// Options of an [`Emulator`]; get one from [`Emulator::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    tenants: Vec<Tenant>,
    resources: Vec<Resource>,
    host: Host,
    ci: CiHost,
    region: Option<String>,
    device_interval: u64,
    /// Whether there is a tenant only because a person was registered.
    only_people: bool,
    names: Vec<String>,
    tls: SocketAddr,
    plain: SocketAddr,
    key: Source,
    clock: Option<EmulatorClock>,
    issuer_base: Option<String>,
    lenient: bool,
    http2: bool,
    seed: u64,
    journal_limit: usize,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            tenants: Vec::new(),
            resources: Vec::new(),
            host: Host::fixed(),
            ci: CiHost::fixed(),
            region: None,
            device_interval: 5,
            only_people: false,
            names: vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()],
            tls: any_port,
            plain: any_port,
            key: Source::Memory,
            clock: None,
            issuer_base: None,
            lenient: false,
            http2: true,
            seed: 0,
            journal_limit: JOURNAL_LIMIT,
        }
    }

    /// Adds a tenant. Without any there is [`Tenant::fixed`].
    pub fn tenant(mut self, tenant: Tenant) -> Self {
        self.tenants.push(tenant);
        self
    }

    /// Registers an application in the tenant that was added last, or in [`Tenant::fixed`] if none was. Without any
    /// application and tenant there is [`App::fixed`].
    pub fn app(mut self, app: App) -> Self {
        let tenant = self.tenants.pop().unwrap_or_else(Tenant::fixed);
        self.tenants.push(tenant.app(app));
        self
    }

    /// Adds an API that tokens can be asked for. Azure's own are known.
    pub fn resource(mut self, resource: Resource) -> Self {
        self.resources.push(resource);
        self
    }

    /// Sets the Azure host whose endpoints for managed identities are emulated; [`Host::fixed`] by default. Its tokens are
    /// of the first tenant.
    pub fn host(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// Sets the build systems whose id tokens are emulated; [`CiHost::fixed`] by default.
    pub fn ci(mut self, ci: CiHost) -> Self {
        self.ci = ci;
        self
    }

    /// Puts the emulated host into an Azure region, such as `westeurope`: the metadata service tells it, and the server
    /// certificate gets the regional names `<region>.localhost` and `<region>.login.microsoft.com`. By default it is in none.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        let region = region.into();
        self.names.push(format!("{region}.localhost"));
        self.names.push(format!("{region}.login.microsoft.com"));
        self.region = Some(region);
        self
    }

    /// Adds a host name or address to the server certificate, such as `login.microsoftonline.com`. It always has
    /// `localhost`, `127.0.0.1` and `::1`.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// Sets the address of the TLS port, `127.0.0.1:0` by default: a free port of loopback. With an IPv4 loopback
    /// address the same port of `::1` is served too where the machine has it.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.tls = address;
        self
    }

    /// Sets the address of the plain HTTP port, `127.0.0.1:0` by default.
    pub fn listen_plain(mut self, address: SocketAddr) -> Self {
        self.plain = address;
        self
    }

    /// Keeps the token signing key in this file, a PKCS#8 PEM that is made if it is missing. Starts are then quick, and
    /// tokens verify from run to run. Without it the key is made anew in memory, which takes some hundred milliseconds.
    pub fn signing_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key = Source::File(path.into());
        self
    }

    /// Uses this clock, for example one that a test shares with the credential it tests.
    pub fn clock(mut self, clock: EmulatorClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Uses a clock that stands at `wall` until it is moved.
    pub fn frozen_at(self, wall: SystemTime) -> Self {
        self.clock(EmulatorClock::frozen_at(wall))
    }

    /// Sets what version 2 issuers begin with, such as `https://login.microsoftonline.com`. By default it is the host
    /// that the client asked, so that discovery and tokens agree under every name.
    pub fn issuer_base(mut self, base: impl Into<String>) -> Self {
        self.issuer_base = Some(base.into());
        self
    }

    /// Takes tenants, applications and APIs that were never configured, for tests that are not about them. Malformed
    /// requests and wrong secrets of configured applications are still refused.
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Whether HTTP/2 is offered; it is by default.
    pub fn http2(mut self, offered: bool) -> Self {
        self.http2 = offered;
        self
    }

    /// Sets what trace ids and token ids are derived from. Equal seeds give equal ids; 0 by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Registers a person in the last tenant that was added, or in [`Tenant::fixed`] when there is none yet.
    pub fn user(mut self, user: User) -> Self {
        self.only_people |= self.tenants.is_empty();
        let tenant = self.tenants.pop().unwrap_or_else(Tenant::fixed);
        self.tenants.push(tenant.user(user));
        self
    }

    /// Sets the pause, in seconds, that devices are asked to keep between two polls; 5 by default.
    pub fn device_interval(mut self, seconds: u64) -> Self {
        self.device_interval = seconds;
        self
    }

    /// Sets how many requests the journal keeps, 100,000 by default; older ones are forgotten first.
    pub fn journal_limit(mut self, requests: usize) -> Self {
        self.journal_limit = requests.max(1);
        self
    }

    /// Starts the emulator on a thread of its own. Any async runtime will do, and none is needed afterwards.
    ///
    /// # Errors
    /// When an id is malformed or used twice, the key file cannot be used, or a port cannot be had.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let (report, started) = oneshot::channel();
        let thread = self.spawn(move |result| report.send(result).is_ok())?;
        let running = started
            .await
            .map_err(|_| StartError::config("its thread ended before it was ready"))??;
        Ok(Emulator::new(running, thread))
    }

    /// Starts the emulator and waits for it, where there is no async runtime.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_blocking(self) -> Result<Emulator, StartError> {
        let (report, started) = sync_channel(1);
        let thread = self.spawn(move |result| report.send(result).is_ok())?;
        let running = started
            .recv()
            .map_err(|_| StartError::config("its thread ended before it was ready"))??;
        Ok(Emulator::new(running, thread))
    }

    fn spawn(
        self,
        report: impl FnOnce(Result<Running, StartError>) -> bool + Send + 'static,
    ) -> Result<JoinHandle<()>, StartError> {
        thread::Builder::new()
            .name("identity-emulator".to_owned())
            .spawn(move || self.run(report))
            .map_err(|error| StartError::caused("no thread could be started", error))
    }

    /// The emulator's thread: everything that it starts lives in this runtime and ends with it.
    fn run(self, report: impl FnOnce(Result<Running, StartError>) -> bool) {
        let runtime = match runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => {
                report(Err(StartError::caused("no runtime could be made", error)));
                return;
            }
        };
        runtime.block_on(async {
            let (stop, stopped) = oneshot::channel();
            match self.prepare() {
                Err(error) => {
                    report(Err(error));
                }
                Ok(world) => {
                    if report(Ok(Running { world, stop })) {
                        // Ends when the emulator is dropped; it never sends anything.
                        let _dropped = stopped.await;
                    }
                }
            }
        });
    }

    fn prepare(mut self) -> Result<Arc<World>, StartError> {
        if self.tenants.is_empty() {
            self.tenants.push(Tenant::fixed().app(App::fixed()));
        }
        if let Some(tenant) = self
            .tenants
            .first_mut()
            .filter(|tenant| self.only_people && tenant.apps.is_empty())
        {
            tenant.apps.push(App::fixed());
        }
        let directory = Directory::new(self.tenants, self.resources, self.lenient)?;
        let signer = SigningKey::load(&self.key)?;
        let mut certified = self.names.clone();
        certified.push(BINDING_SERVER_NAME.to_owned());
        let certificates = Certificates::make(certified, self.http2)?;
        let tls = BoundPort::bind(self.tls)?;
        let plain = BoundPort::bind(self.plain)?;
        let host = match self.tls.ip() {
            ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
            IpAddr::V6(ip) => format!("[{ip}]"),
            IpAddr::V4(ip) => ip.to_string(),
        };
        let world = Arc::new(World {
            directory,
            host: self.host,
            host_state: HostState::default(),
            ci: self.ci,
            region: self.region,
            registry: Registry::default(),
            sessions: Sessions::default(),
            people: People::default(),
            device_interval: self.device_interval,
            clock: self.clock.unwrap_or_else(EmulatorClock::running),
            signer,
            certificates,
            ids: Ids::new(self.seed),
            faults: FaultPlan::default(),
            gates: Gates::default(),
            journal: Journal::new(self.journal_limit),
            addresses: Addresses {
                authority: format!("https://{host}:{}", tls.address.port()),
                tls: tls.address,
                plain: plain.address,
                names: self.names,
            },
            issuer_base: self.issuer_base.map(|base| base.trim_end_matches('/').to_owned()),
        });
        tls.serve(&world, Listener::Tls)?;
        plain.serve(&world, Listener::Plain)?;
        Ok(world)
    }
}

/// What the emulator's thread hands out once it serves.
pub(crate) struct Running {
    pub(crate) world: Arc<World>,
    /// Its drop ends the thread.
    pub(crate) stop: oneshot::Sender<()>,
}
