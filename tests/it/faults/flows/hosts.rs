//! Managed identity, each source of it.

use std::sync::Arc;

use entra_identity::{ClientOptions, DefaultAzureCredential, ManagedIdentityCredential, TokenCredential};
use identity_emulator::{HostKind, Route};

use super::{Flow, Kind};
use crate::faults::stage::Stage;

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("IMDS", Kind::Imds, Route::Imds, |stage, options| {
        Box::pin(async move { of(stage, &options, HostKind::Imds) })
    }),
    Flow::new(
        "IMDS, token due for refresh",
        Kind::Soft,
        Route::Imds,
        |stage, options| Box::pin(async move { of(stage, &options, HostKind::Imds) }),
    )
    .aged(82_000),
    Flow::new("IMDS, kept token", Kind::Kept, Route::Imds, |stage, options| {
        Box::pin(async move { of(stage, &options, HostKind::Imds) })
    })
    .aged(60),
    Flow::new("App Service", Kind::Host, Route::AppService, |stage, options| {
        Box::pin(async move { of(stage, &options, HostKind::AppService) })
    }),
    Flow::new("Azure ML", Kind::Host, Route::AppService, |stage, options| {
        Box::pin(async move { of(stage, &options, HostKind::AzureMl) })
    }),
    Flow::new("Cloud Shell", Kind::Host, Route::CloudShell, |stage, options| {
        Box::pin(async move { of(stage, &options, HostKind::CloudShell) })
    }),
    Flow::new(
        "Service Fabric",
        Kind::Host,
        Route::ServiceFabric,
        |stage, options| Box::pin(async move { of(stage, &options, HostKind::ServiceFabric) }),
    ),
    Flow::new(
        "Azure Arc, challenge",
        Kind::Host,
        Route::AzureArc,
        |stage, options| Box::pin(async move { of(stage, &options, HostKind::AzureArc) }),
    ),
    Flow::new(
        "Azure Arc, then token",
        Kind::Key,
        Route::AzureArc,
        |stage, options| Box::pin(async move { of(stage, &options, HostKind::AzureArc) }),
    )
    .skip(1),
    Flow::new(
        "default chain, IMDS",
        Kind::Probe,
        Route::Imds,
        |stage, options| {
            Box::pin(async move {
                stage.set(stage.emulator.host_environment(HostKind::Imds));
                let chain = DefaultAzureCredential::builder().deny_developer_tools();
                Arc::new(chain.with_options(&options).build().unwrap()) as Arc<dyn TokenCredential>
            })
        },
    ),
];

fn of(stage: &Stage, options: &ClientOptions, kind: HostKind) -> Arc<dyn TokenCredential> {
    stage.set(stage.emulator.host_environment(kind));
    let builder = ManagedIdentityCredential::builder()
        .with_arc_key_directory(stage.path("arc").to_str().unwrap())
        .with_options(options);
    Arc::new(builder.build().unwrap())
}
