//! Applications with a proof of their own, alone and in chains.

use std::sync::Arc;

use entra_identity::{
    AssertionSource, AzurePipelinesCredential, CertificateCredential, ChainedTokenCredential,
    ClientAssertionCredential, ClientCertificate, ClientOptions, ClientSecretCredential,
    DefaultAzureCredential, EnvironmentCredential, FederatedIdentity, GitHubActionsCredential,
    WorkloadIdentityCredential,
};
use identity_emulator::HostKind;

use super::{Flow, Made, Make, SERVICE, hosts};
use crate::check::Family;
use crate::stage::{CLIENT, EXCHANGE, OTHER_TENANT, Stage, within};

pub(super) const FLOWS: &[Flow] = &[
    Flow {
        name: "client secret",
        other_tenant: true,
        ..SERVICE
    },
    Flow {
        name: "client certificate",
        other_tenant: true,
        make: Make::Now(|stage, options, _| {
            let builder =
                CertificateCredential::from_certificate(stage.tenant(), CLIENT, certificate(stage)?);
            let builder = builder.with_additionally_allowed_tenants([OTHER_TENANT]);
            Ok(Arc::new(builder.with_options(options).build()?))
        }),
        ..SERVICE
    },
    Flow {
        name: "client assertion",
        make: Make::Now(|stage, options, _| {
            let builder = ClientAssertionCredential::builder(stage.tenant(), CLIENT, service_account(stage));
            Ok(Arc::new(builder.with_options(options).build()?))
        }),
        ..SERVICE
    },
    Flow {
        name: "managed identity as assertion",
        family: Family::Host,
        make: Make::Now(|stage, options, _| {
            let host = hosts::of(stage, options, HostKind::Imds)?;
            let source = FederatedIdentity::new(host).with_audience(EXCHANGE);
            let builder = ClientAssertionCredential::builder(stage.tenant(), CLIENT, source);
            Ok(Arc::new(builder.with_options(options).build()?))
        }),
        ..SERVICE
    },
    Flow {
        name: "workload identity",
        make: Make::Now(|stage, options, _| {
            let builder = WorkloadIdentityCredential::builder()
                .with_tenant_id(stage.tenant())
                .with_client_id(CLIENT)
                .with_token_file_path(stage.token_file());
            Ok(Arc::new(builder.with_options(options).build()?))
        }),
        ..SERVICE
    },
    Flow {
        name: "workload identity, proxy",
        make: Make::Now(|stage, options, _| {
            let mut variables = stage.emulator.binding_environment();
            let file = stage.token_file().to_string_lossy().into_owned();
            variables.push(("AZURE_FEDERATED_TOKEN_FILE", file));
            let builder = WorkloadIdentityCredential::builder().with_identity_binding_proxy(true);
            Ok(Arc::new(
                builder.with_options(&within(options, variables)).build()?,
            ))
        }),
        ..SERVICE
    },
    Flow {
        name: "Azure Pipelines",
        family: Family::Build,
        make: Make::Now(|stage, options, _| {
            let options = within(options, stage.emulator.pipelines_environment());
            let builder = AzurePipelinesCredential::from_env();
            Ok(Arc::new(builder.with_options(&options).build()?))
        }),
        ..SERVICE
    },
    Flow {
        name: "GitHub Actions",
        family: Family::Build,
        make: Make::Now(|stage, options, _| {
            let options = within(options, stage.emulator.github_environment());
            let builder = GitHubActionsCredential::from_env().with_audience(EXCHANGE);
            Ok(Arc::new(builder.with_options(&options).build()?))
        }),
        ..SERVICE
    },
    Flow {
        name: "environment",
        make: Make::Now(|stage, options, _| {
            let options = within(options, stage.application());
            Ok(Arc::new(
                EnvironmentCredential::builder().with_options(&options).build()?,
            ))
        }),
        ..SERVICE
    },
    Flow {
        name: "chain",
        chained: true,
        make: Make::Now(|stage, options, number| {
            // An environment that names nobody comes first.
            let nobody = EnvironmentCredential::builder().with_options(options).build()?;
            let members = vec![Arc::new(nobody), secret(stage, options, number)?];
            Ok(Arc::new(ChainedTokenCredential::new(members)?))
        }),
        ..SERVICE
    },
    Flow {
        name: "default, environment",
        chained: true,
        make: Make::Now(|stage, options, _| {
            let options = within(options, stage.application());
            Ok(Arc::new(
                DefaultAzureCredential::builder().with_options(&options).build()?,
            ))
        }),
        ..SERVICE
    },
];

pub(super) fn secret(stage: &Stage, options: &ClientOptions, _: u64) -> Made {
    let builder = ClientSecretCredential::builder(stage.tenant(), CLIENT, Stage::secret())
        .with_additionally_allowed_tenants([OTHER_TENANT])
        .with_options(options);
    Ok(Arc::new(builder.build()?))
}

pub(super) fn certificate(stage: &Stage) -> Result<ClientCertificate, entra_identity::Error> {
    ClientCertificate::from_bytes(stage.certificate.pem().as_bytes(), None)
}

/// The token of a cluster's service account, made anew for each request.
pub(super) fn service_account(stage: &Stage) -> AssertionSource {
    let token = stage.emulator.service_account_token("shop", "orders");
    AssertionSource::from_fn(move || Ok(token.clone().into()))
}
