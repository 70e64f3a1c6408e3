//! `--via azure-pipelines`: a job of Azure Pipelines.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::Arc;

use entra_identity::AzurePipelinesCredential;
use identity_base::BoxFuture;
use identity_base::seam::Env;

use super::{Inputs, Opened, Way};
use crate::failure::Failure;

const TENANT: &str = "AZURESUBSCRIPTION_TENANT_ID";
const CLIENT_ID: &str = "AZURESUBSCRIPTION_CLIENT_ID";
const CONNECTION: &str = "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID";

pub(super) const WAY: Way = Way {
    name: "azure-pipelines",
    credential: "AzurePipelinesCredential",
    summary: "a job of Azure Pipelines, through a service connection without a secret",
    variables: &[
        (
            "AZURESUBSCRIPTION_TENANT_ID, AZURESUBSCRIPTION_CLIENT_ID",
            "tenant and client id of the service connection, set by Azure's tasks",
        ),
        (
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
            "the service connection's id, set by Azure's tasks",
        ),
        (
            "SYSTEM_ACCESSTOKEN",
            "the job's access token; a step has to map it in: $(System.AccessToken)",
        ),
        (
            "SYSTEM_OIDCREQUESTURI",
            "set by the agent: where id tokens are asked for",
        ),
    ],
    open: |inputs| open(inputs),
};

fn open(inputs: &Inputs) -> BoxFuture<'_, Result<Opened, Failure>> {
    Box::pin(async {
        let settings = &inputs.settings;
        let given = [
            (TENANT, &settings.tenant),
            (CLIENT_ID, &settings.client_id),
            (CONNECTION, &settings.service_connection_id),
        ];
        let given = given.into_iter();
        let env = Arc::new(Overlaid {
            given: given
                .filter_map(|(name, value)| Some((name, value.clone()?)))
                .collect(),
            below: Arc::clone(inputs.client.env()),
        });
        let either = |name, other| env.var(name).or_else(|| env.var(other));
        let (tenant, client_id) = (
            either(TENANT, "AZURE_TENANT_ID"),
            either(CLIENT_ID, "AZURE_CLIENT_ID"),
        );
        // What is missing the credential lists at once, with the variables that the pipeline should have set.
        let credential = AzurePipelinesCredential::from_env()
            .with_options(&inputs.client.clone().with_env(env))
            .build()?;
        Ok(Opened {
            credential: Arc::new(credential),
            tenant,
            client_id,
        })
    })
}

/// An environment in which options stand for the variables that they go before.
#[derive(Debug)]
struct Overlaid {
    given: HashMap<&'static str, String>,
    below: Arc<dyn Env>,
}

impl Env for Overlaid {
    fn raw(&self, name: &str) -> Option<OsString> {
        match self.given.get(name) {
            Some(value) => Some(value.into()),
            None => self.below.raw(name),
        }
    }
}
