//! What was registered with applications, or taken from them, while the emulator runs.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{App, FederatedCredential, RegisteredCertificate};

/// Changes to the applications that were configured at the start, by client id.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<HashMap<String, Changes>>);

#[derive(Debug, Default)]
struct Changes {
    certificates: Vec<RegisteredCertificate>,
    /// Thumbprints of certificates that are no longer good.
    removed: Vec<String>,
    federated: Vec<FederatedCredential>,
}

impl Registry {
    pub(crate) fn add_certificate(&self, client_id: &str, certificate: RegisteredCertificate) {
        let mut all = self.lock();
        let changes = all.entry(client_id.to_ascii_lowercase()).or_default();
        let thumbprint = certificate.thumbprint();
        changes.removed.retain(|removed| *removed != thumbprint);
        changes.certificates.push(certificate);
    }

    pub(crate) fn remove_certificate(&self, client_id: &str, thumbprint: &str) {
        let mut all = self.lock();
        let changes = all.entry(client_id.to_ascii_lowercase()).or_default();
        changes.removed.push(thumbprint.to_ascii_uppercase());
    }

    pub(crate) fn add_federated(&self, client_id: &str, credential: FederatedCredential) {
        let mut all = self.lock();
        let changes = all.entry(client_id.to_ascii_lowercase()).or_default();
        changes.federated.push(credential);
    }

    /// The application as it is now.
    pub(crate) fn apply(&self, app: &mut App) {
        let all = self.lock();
        let Some(changes) = all.get(&app.id) else { return };
        app.certificates.extend(changes.certificates.iter().cloned());
        app.certificates
            .retain(|certificate| !changes.removed.contains(&certificate.thumbprint()));
        app.federated.extend(changes.federated.iter().cloned());
    }

    pub(crate) fn reset(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Changes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
