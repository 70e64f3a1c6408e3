//! The rows: one for each credential, and for each kind of host that is asked in its own way.

use std::sync::Arc;

use entra_identity::{
    AssertionSource, AuthorizationCodeCredential, AzurePipelinesCredential, CertificateCredential,
    ClientAssertionCredential, ClientOptions, ClientSecretCredential, DefaultAzureCredential,
    DeviceCodeCredential, EnvironmentCredential, FederatedIdentity, GitHubActionsCredential,
    InteractiveBrowserCredential, ManagedIdentityCredential, OnBehalfOfCredential,
    UsernamePasswordCredential, WorkloadIdentityCredential,
};
use identity_emulator::{DEFAULT_SECRET, DeveloperTool, Emulator, HostKind};

use crate::row::{Made, Row};
use crate::stage::{DESKTOP, EXCHANGE, PASSWORD, REDIRECT, Stage, USER};
use crate::tools;

/// What most rows have in common: the emulator's application asks for Azure Resource Manager with one request.
const APPLICATION: Row = Row {
    variant: "",
    scope: "https://management.azure.com/.default",
    audience: "https://management.azure.com",
    emulator: |stage| &stage.emulator,
    client: |emulator| Some(emulator.client_id()),
    user: None,
    requests: 1,
    make: client_secret,
};
/// The same of the emulated host's own identity.
const HOST: Row = Row {
    client: |emulator| Some(emulator.managed_identity("host")?.client_id_text()),
    ..APPLICATION
};
/// The same of a user, for Graph.
const PERSON: Row = Row {
    scope: "https://graph.microsoft.com/User.Read",
    audience: "https://graph.microsoft.com",
    user: Some(USER),
    ..APPLICATION
};

/// The same of a user who signs in to a program on a desktop.
const DESKTOP_PERSON: Row = Row {
    client: |emulator| emulator.client_id_of(DESKTOP),
    // The page, the device's code or the realm, and the token.
    requests: 2,
    ..PERSON
};

/// A row for each credential.
pub(crate) const ROWS: &[Row] = &[
    Row {
        scope: "https://vault.azure.net/.default",
        audience: "https://vault.azure.net",
        ..APPLICATION
    },
    Row {
        make: |stage| {
            let builder =
                CertificateCredential::from_bytes(stage.tenant(), stage.client(), stage.certificate.pem());
            Ok(Arc::new(builder.with_options(&stage.options).build()?))
        },
        ..APPLICATION
    },
    Row {
        variant: " (a cluster's token)",
        make: |stage| {
            let token = stage.emulator.service_account_token("shop", "orders");
            client_assertion(stage, AssertionSource::from_fn(move || Ok(token.clone().into())))
        },
        ..APPLICATION
    },
    Row {
        variant: " (managed identity)",
        requests: 2,
        make: |stage| {
            let identity = managed_identity(stage, HostKind::Imds)?;
            client_assertion(
                stage,
                FederatedIdentity::new(identity).with_audience(EXCHANGE).into(),
            )
        },
        ..APPLICATION
    },
    Row {
        make: |stage| {
            let user = stage.users_token();
            let builder = OnBehalfOfCredential::builder(stage.tenant(), stage.client())
                .with_client_secret(DEFAULT_SECRET)
                .with_options(&stage.options);
            Ok(Arc::new(builder.build(user)?))
        },
        ..PERSON
    },
    Row {
        make: |stage| {
            let (code, verifier) = stage.code();
            let builder =
                AuthorizationCodeCredential::builder(stage.tenant(), stage.client(), code, REDIRECT)
                    .with_client_secret(DEFAULT_SECRET)
                    .with_code_verifier(verifier)
                    .with_options(&stage.options);
            Ok(Arc::new(builder.build()?))
        },
        ..PERSON
    },
    Row {
        make: |stage| {
            let builder = WorkloadIdentityCredential::builder()
                .with_tenant_id(stage.tenant())
                .with_client_id(stage.client())
                .with_token_file_path(stage.token_file());
            Ok(Arc::new(builder.with_options(&stage.options).build()?))
        },
        ..APPLICATION
    },
    Row {
        requests: 2,
        make: |stage| {
            let options = stage.within(stage.emulator.pipelines_environment());
            let builder = AzurePipelinesCredential::from_env();
            Ok(Arc::new(builder.with_options(&options).build()?))
        },
        ..APPLICATION
    },
    Row {
        requests: 2,
        make: |stage| {
            let options = stage.within(stage.emulator.github_environment());
            let builder = GitHubActionsCredential::from_env().with_audience(EXCHANGE);
            Ok(Arc::new(builder.with_options(&options).build()?))
        },
        ..APPLICATION
    },
    Row {
        make: |stage| {
            let options = stage
                .options
                .clone()
                .with_browser_opener(Arc::new(stage.emulator.browser()));
            let builder = InteractiveBrowserCredential::builder().with_client_id(stage.desktop());
            Ok(Arc::new(builder.with_options(&options).build()?))
        },
        ..DESKTOP_PERSON
    },
    Row {
        make: |stage| {
            let builder = DeviceCodeCredential::builder()
                .with_client_id(stage.desktop())
                .with_prompt(|_| ());
            Ok(Arc::new(builder.with_options(&stage.options).build()?))
        },
        ..DESKTOP_PERSON
    },
    Row {
        make: |stage| {
            let builder = UsernamePasswordCredential::builder(stage.desktop(), USER, PASSWORD);
            Ok(Arc::new(builder.with_options(&stage.options).build()?))
        },
        ..DESKTOP_PERSON
    },
    Row {
        variant: " (virtual machine)",
        make: |stage| managed_identity(stage, HostKind::Imds),
        ..HOST
    },
    Row {
        variant: " (App Service)",
        scope: "https://graph.microsoft.com/.default",
        audience: "https://graph.microsoft.com",
        make: |stage| managed_identity(stage, HostKind::AppService),
        ..HOST
    },
    Row {
        variant: " (App Service of 2017)",
        // Its answers tell the token's end as a date.
        emulator: |stage| &stage.old_app_service,
        make: |stage| managed_identity_of(&stage.old_app_service, stage, HostKind::AzureMl),
        ..HOST
    },
    Row {
        variant: " (Azure Arc)",
        // The challenge, and the answer with the key from the file that it named.
        requests: 2,
        make: |stage| {
            let options = stage.within(stage.emulator.host_environment(HostKind::AzureArc));
            let builder = ManagedIdentityCredential::builder()
                .with_options(&options)
                .with_arc_key_directory(stage.arc_keys());
            Ok(Arc::new(builder.build()?))
        },
        ..HOST
    },
    Row {
        variant: " (AKS)",
        make: |stage| {
            let options = stage.within(stage.pod());
            let builder = ManagedIdentityCredential::builder();
            Ok(Arc::new(builder.with_options(&options).build()?))
        },
        ..APPLICATION
    },
    Row {
        variant: " (Service Fabric)",
        scope: "https://vault.azure.net/.default",
        audience: "https://vault.azure.net",
        make: |stage| managed_identity(stage, HostKind::ServiceFabric),
        ..HOST
    },
    Row {
        variant: " (Azure ML)",
        scope: "https://storage.azure.com/.default",
        audience: "https://storage.azure.com",
        make: |stage| managed_identity(stage, HostKind::AzureMl),
        ..HOST
    },
    Row {
        variant: " (Cloud Shell)",
        make: |stage| managed_identity(stage, HostKind::CloudShell),
        ..HOST
    },
    Row {
        make: |stage| tools::credential(&stage.emulator, &stage.options, DeveloperTool::AzureCli),
        ..HOST
    },
    Row {
        scope: "https://vault.azure.net/.default",
        audience: "https://vault.azure.net",
        make: |stage| tools::credential(&stage.emulator, &stage.options, DeveloperTool::AzureDeveloperCli),
        ..HOST
    },
    Row {
        scope: "https://storage.azure.com/.default",
        audience: "https://storage.azure.com",
        make: |stage| tools::credential(&stage.emulator, &stage.options, DeveloperTool::PowerShell),
        ..HOST
    },
    Row {
        make: |stage| {
            let options = stage.within(stage.emulator.environment());
            let builder = EnvironmentCredential::builder();
            Ok(Arc::new(builder.with_options(&options).build()?))
        },
        ..APPLICATION
    },
    Row {
        variant: " (environment)",
        make: |stage| default_chain(&stage.within(stage.emulator.environment())),
        ..APPLICATION
    },
    Row {
        variant: " (virtual machine)",
        make: |stage| default_chain(&stage.within(stage.emulator.host_environment(HostKind::Imds))),
        ..HOST
    },
];

pub(crate) fn client_secret(stage: &Stage) -> Made {
    let credential = ClientSecretCredential::builder(stage.tenant(), stage.client(), DEFAULT_SECRET)
        .with_options(&stage.options)
        .build()?;
    Ok(Arc::new(credential))
}

fn client_assertion(stage: &Stage, source: AssertionSource) -> Made {
    let builder = ClientAssertionCredential::builder(stage.tenant(), stage.client(), source);
    Ok(Arc::new(builder.with_options(&stage.options).build()?))
}

fn default_chain(options: &ClientOptions) -> Made {
    let builder = DefaultAzureCredential::builder().with_options(options);
    Ok(Arc::new(builder.build()?))
}

/// On an emulated host of this kind: the credential sees the host's variables and not ours.
fn managed_identity(stage: &Stage, kind: HostKind) -> Made {
    managed_identity_of(&stage.emulator, stage, kind)
}

fn managed_identity_of(emulator: &Emulator, stage: &Stage, kind: HostKind) -> Made {
    let options = stage.within(emulator.host_environment(kind));
    let credential = ManagedIdentityCredential::builder().with_options(&options);
    Ok(Arc::new(credential.build()?))
}
