//! Everything that one emulator's connections share.

use std::net::SocketAddr;

use crate::call::Call;
use crate::certificates::Certificates;
use crate::clock::EmulatorClock;
use crate::fault::{FaultPlan, Gates};
use crate::ids::Ids;
use crate::journal::Journal;
use crate::model::{CiHost, Directory, Host, HostState};
use crate::people::People;
use crate::registry::Registry;
use crate::sessions::Sessions;
use crate::signing::SigningKey;

/// The state of one emulator.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) host: Host,
    pub(crate) host_state: HostState,
    pub(crate) ci: CiHost,
    pub(crate) region: Option<String>,
    pub(crate) registry: Registry,
    pub(crate) sessions: Sessions,
    pub(crate) people: People,
    /// The pause that devices are asked to keep, in seconds.
    pub(crate) device_interval: u64,
    pub(crate) clock: EmulatorClock,
    pub(crate) signer: SigningKey,
    pub(crate) certificates: Certificates,
    pub(crate) ids: Ids,
    pub(crate) faults: FaultPlan,
    pub(crate) gates: Gates,
    pub(crate) journal: Journal,
    pub(crate) addresses: Addresses,
    pub(crate) issuer_base: Option<String>,
}

/// Where the emulator listens, and by which names.
#[derive(Debug)]
pub(crate) struct Addresses {
    pub(crate) tls: SocketAddr,
    pub(crate) plain: SocketAddr,
    pub(crate) names: Vec<String>,
    pub(crate) authority: String,
}

impl World {
    /// `https://localhost:<port>`.
    pub(crate) fn authority(&self) -> &str {
        &self.addresses.authority
    }

    pub(crate) fn tls_port(&self) -> u16 {
        self.addresses.tls.port()
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.addresses.names
    }

    /// Whether the server certificate is for this host name, given without a port.
    pub(crate) fn is_own_name(&self, host: &str) -> bool {
        self.addresses.names.iter().any(|name| {
            name.eq_ignore_ascii_case(host)
                || name.strip_prefix('*').is_some_and(|suffix| {
                    host.strip_suffix(suffix)
                        .is_some_and(|label| !label.is_empty() && !label.contains('.'))
                })
        })
    }

    /// The issuer of version 1 tokens. It does not depend on the host, as with Entra; Azure's services insist on it.
    pub(crate) fn issuer_v1(tenant: &str) -> String {
        format!("https://sts.windows.net/{tenant}/")
    }

    /// The issuer of version 2 tokens, under the host that was asked unless one was configured.
    pub(crate) fn issuer_v2(&self, call: &Call, tenant: &str) -> String {
        self.issuer_v2_under(&call.authority(self), tenant)
    }

    /// The same for tokens that nobody asked for over HTTP.
    pub(crate) fn issuer_v2_under(&self, authority: &str, tenant: &str) -> String {
        let base = self.issuer_base.as_deref().unwrap_or(authority);
        format!("{base}/{tenant}/v2.0")
    }

    /// Back to how it was at the start, open connections and elapsed time excepted.
    pub(crate) fn reset(&self) {
        self.faults.clear();
        self.gates.reset();
        self.journal.clear();
        self.host_state.reset();
        self.registry.reset();
        self.sessions.reset();
        self.people.reset();
        self.clock.reset_wall();
    }
}
