//! Managed identity, each source of it.

use std::sync::Arc;

use entra_identity::{ClientOptions, DefaultAzureCredential, ManagedIdentityCredential, RetryPolicy};
use identity_emulator::HostKind;

use super::{Flow, HOST, Made, Make, SERVICE};
use crate::check::Family;
use crate::stage::{Stage, quick, within};

const fn source(name: &'static str, make: fn(&Stage, &ClientOptions, u64) -> Made) -> Flow {
    Flow {
        name,
        make: Make::Now(make),
        ..HOST
    }
}

pub(super) const FLOWS: &[Flow] = &[
    source("IMDS", |stage, options, _| of(stage, options, HostKind::Imds)),
    source("App Service", |stage, options, _| {
        of(stage, options, HostKind::AppService)
    }),
    source("Azure Arc", |stage, options, _| {
        of(stage, options, HostKind::AzureArc)
    }),
    source("Service Fabric", |stage, options, _| {
        of(stage, options, HostKind::ServiceFabric)
    }),
    source("Azure ML", |stage, options, _| {
        of(stage, options, HostKind::AzureMl)
    }),
    source("Cloud Shell", |stage, options, _| {
        of(stage, options, HostKind::CloudShell)
    }),
    Flow {
        name: "token exchange (AKS)",
        family: Family::Host,
        make: Make::Now(|stage, options, _| {
            let options = within(options, stage.pod());
            let builder = ManagedIdentityCredential::builder()
                .with_options(&options)
                .with_retry_policy(quick(RetryPolicy::metadata()));
            Ok(Arc::new(builder.build()?))
        }),
        ..SERVICE
    },
    Flow {
        chained: true,
        ..source("default, IMDS", |stage, options, _| {
            let options = within(options, stage.host(HostKind::Imds));
            let builder = DefaultAzureCredential::builder().deny_developer_tools();
            Ok(Arc::new(builder.with_options(&options).build()?))
        })
    },
];

pub(super) fn of(stage: &Stage, options: &ClientOptions, kind: HostKind) -> Made {
    let options = within(options, stage.host(kind));
    let builder = ManagedIdentityCredential::builder()
        .with_options(&options)
        .with_retry_policy(quick(RetryPolicy::metadata()))
        .with_arc_key_directory(stage.path("arc").to_string_lossy());
    Ok(Arc::new(builder.build()?))
}
