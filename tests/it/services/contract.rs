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

/// Compiles for what can be cloned, sent to and shared with other threads, printed, and used without its type; says its name.
fn shared<C: TokenCredential + Clone + Debug + Send + Sync + 'static>() -> &'static str {
    let _without_its_type: fn(C) -> Arc<dyn TokenCredential> = |credential| Arc::new(credential);
    let name = type_name::<C>();
    name.rsplit("::").next().unwrap_or(name)
}

#[test]
fn every_credential_can_be_cloned_shared_and_used_without_its_type() {
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
    // The interfaces of the crates say which there are.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/public-api");
    let mut known = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let of_a_type = text.lines().filter_map(|line| {
            line.strip_prefix("impl identity_base::TokenCredential for ")
                .map(str::to_owned)
        });
        known.extend(of_a_type);
    }
    assert_eq!(BTreeSet::from(names.map(str::to_owned)), known);
}
