//! What every credential is, whichever it is.

use std::any::type_name;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::sync::Arc;

use entra_identity::{
    AuthorizationCodeCredential, AzureCliCredential, AzureDeveloperCliCredential, AzurePipelinesCredential,
    AzurePowerShellCredential, CertificateCredential, ChainedTokenCredential, ClientAssertionCredential,
    ClientSecretCredential, DefaultAzureCredential, DeviceCodeCredential, EnvironmentCredential,
    GitHubActionsCredential, InteractiveBrowserCredential, ManagedIdentityCredential, OnBehalfOfCredential,
    SharedTokenCacheCredential, TokenCredential, UsernamePasswordCredential, VisualStudioCodeCredential,
    WorkloadIdentityCredential,
};
use identity_testkit::leak_guard;

/// Compiles for what can be cloned, sent to and shared with other threads, printed, and used without its type; says its name.
fn shared<C: TokenCredential + Clone + Debug + Send + Sync + 'static>() -> &'static str {
    let _without_its_type: fn(C) -> Arc<dyn TokenCredential> = |credential| Arc::new(credential);
    let name = type_name::<C>();
    name.rsplit("::").next().unwrap_or(name)
}

/// What the interfaces of the crates name as credentials.
#[expect(clippy::disallowed_methods, reason = "the test reads the project's own files")]
fn public_credentials() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/public-api");
    let mut known = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let named = text
            .lines()
            .filter_map(|line| line.strip_prefix("impl identity_base::TokenCredential for "));
        known.extend(named.map(str::to_owned));
    }
    known
}

#[test]
fn every_credential_can_be_cloned_shared_and_used_without_its_type() {
    leak_guard::run_sync(|_guard| {
        let names = [
            shared::<AuthorizationCodeCredential>(),
            shared::<AzureCliCredential>(),
            shared::<AzureDeveloperCliCredential>(),
            shared::<AzurePipelinesCredential>(),
            shared::<AzurePowerShellCredential>(),
            shared::<CertificateCredential>(),
            shared::<ChainedTokenCredential>(),
            shared::<ClientAssertionCredential>(),
            shared::<ClientSecretCredential>(),
            shared::<DefaultAzureCredential>(),
            shared::<DeviceCodeCredential>(),
            shared::<EnvironmentCredential>(),
            shared::<GitHubActionsCredential>(),
            shared::<InteractiveBrowserCredential>(),
            shared::<ManagedIdentityCredential>(),
            shared::<OnBehalfOfCredential>(),
            shared::<SharedTokenCacheCredential>(),
            shared::<UsernamePasswordCredential>(),
            shared::<VisualStudioCodeCredential>(),
            shared::<WorkloadIdentityCredential>(),
        ];
        let known = public_credentials();
        assert_eq!(BTreeSet::from(names.map(str::to_owned)), known);
    });
}
