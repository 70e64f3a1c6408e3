//! What tests register and mint while the emulator runs, and the environments that its workloads find.

use serde_json::{Value, json};

use super::Emulator;
use crate::builder::BINDING_SERVER_NAME;
use crate::mint::{CodeRequest, UserTokenRequest, application};
use crate::model::{
    CLUSTER_ISSUER, DEFAULT_SERVICE_CONNECTION_ID, FederatedCredential, RegisteredCertificate,
    TOKEN_EXCHANGE, service_account_subject,
};
use crate::routes::{BINDING_PREFIX, GITHUB_PATH, PIPELINES_PATH};
use crate::script::SignIn;
use crate::world::World;

/// How long service accounts' tokens live, in seconds.
const SERVICE_ACCOUNT_LIFETIME: i64 = 3600;

impl Emulator {
    /// Registers a certificate, in PEM or DER, with the application that has this client id, and returns its SHA-1 thumbprint.
    /// [`reset`](Self::reset) forgets it.
    ///
    /// # Errors
    /// When there is no such application or no RSA certificate in the text; the text says which.
    pub fn register_certificate(&self, client_id: &str, pem: impl AsRef<[u8]>) -> Result<String, String> {
        register_certificate(self.world(), Some(client_id), pem.as_ref())
    }

    /// Takes the certificate with this SHA-1 thumbprint from an application, registered at the start or later.
    /// [`reset`](Self::reset) gives it back.
    pub fn remove_certificate(&self, client_id: &str, thumbprint: &str) {
        self.world().registry.remove_certificate(client_id, thumbprint);
    }

    /// Registers a federated credential with the application that has this client id. [`reset`](Self::reset) forgets it.
    ///
    /// # Errors
    /// When there is no such application, or the credential's key cannot be read; the text says which.
    pub fn register_federated_credential(
        &self,
        client_id: &str,
        credential: FederatedCredential,
    ) -> Result<(), String> {
        register_federated(self.world(), Some(client_id), credential)
    }

    /// Makes an authorization code, as a user's sign-in would.
    ///
    /// # Errors
    /// When there is no such application, or the redirect URI is not one of its own; the text says which.
    pub fn mint_code(&self, request: &CodeRequest) -> Result<String, String> {
        request.mint(self.world())
    }

    /// Makes a user's access token, for example as the assertion of an on-behalf-of request.
    ///
    /// # Errors
    /// When there is no such API or application; the text says which.
    pub fn mint_user_token(&self, request: &UserTokenRequest) -> Result<String, String> {
        request.mint(self.world())
    }

    /// Lets the next person who is asked to sign in do this; several are used up in their order.
    pub fn script(&self, script: SignIn) {
        self.world().people.script(script);
    }

    /// Ends all sessions of the user with this sign-in name, as a change of password does: refresh tokens are refused with
    /// AADSTS50173.
    pub fn revoke_sessions(&self, upn: &str) {
        self.world().sessions.revoke(upn);
    }

    /// A token of a Kubernetes service account, valid for an hour, for the audience `api://AzureADTokenExchange`. A workload
    /// identity finds it in the file that `AZURE_FEDERATED_TOKEN_FILE` names.
    ///
    /// [`FederatedCredential::service_account`] lets an application take it.
    pub fn service_account_token(&self, namespace: &str, name: &str) -> String {
        let subject = service_account_subject(namespace, name);
        self.federated_token(CLUSTER_ISSUER, &subject, TOKEN_EXCHANGE)
    }

    /// A token with an issuer, a subject and an audience of the caller's choice, signed with the emulator's key and valid for an
    /// hour.
    pub fn federated_token(&self, issuer: &str, subject: &str, audience: &str) -> String {
        let world = self.world();
        let now = world.clock.unix_seconds();
        let claims = json!({
            "aud": [audience],
            "iss": issuer,
            "sub": subject,
            "jti": world.ids.guid(),
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(SERVICE_ACCOUNT_LIFETIME),
        });
        // A loaded key always signs.
        world.signer.sign(&claims).unwrap_or_default()
    }

    /// The variables that Azure Pipelines and its Azure tasks set for a job with the service connection of
    /// [`CiHost::fixed`](crate::CiHost::fixed). The client is the first application.
    pub fn pipelines_environment(&self) -> Vec<(&'static str, String)> {
        pipelines_environment(self.world())
    }

    /// The variables that GitHub's runner sets for a job that may ask for id tokens. The client is the first application.
    pub fn github_environment(&self) -> Vec<(&'static str, String)> {
        github_environment(self.world())
    }

    /// The variables of a pod whose workload identity goes through the cluster's identity-binding proxy. The token file is for
    /// the caller to write, with [`service_account_token`](Self::service_account_token).
    pub fn binding_environment(&self) -> Vec<(&'static str, String)> {
        binding_environment(self.world())
    }
}

pub(crate) fn register_certificate(
    world: &World,
    client_id: Option<&str>,
    pem: &[u8],
) -> Result<String, String> {
    let (_, app) = application(world, client_id)?;
    let certificate = RegisteredCertificate::read(pem)?;
    let thumbprint = certificate.thumbprint();
    world.registry.add_certificate(&app.id, certificate);
    Ok(thumbprint)
}

pub(crate) fn register_federated(
    world: &World,
    client_id: Option<&str>,
    credential: FederatedCredential,
) -> Result<(), String> {
    let (_, app) = application(world, client_id)?;
    if let Some(problem) = credential.problem {
        return Err(problem);
    }
    world.registry.add_federated(&app.id, credential);
    Ok(())
}

pub(crate) fn pipelines_environment(world: &World) -> Vec<(&'static str, String)> {
    let (tenant, client) = ids(world);
    let connection = world.ci.connections.first();
    vec![
        (
            "SYSTEM_OIDCREQUESTURI",
            format!("{}{PIPELINES_PATH}", world.authority()),
        ),
        ("SYSTEM_ACCESSTOKEN", world.ci.system_access_token.clone()),
        ("AZURESUBSCRIPTION_CLIENT_ID", client),
        ("AZURESUBSCRIPTION_TENANT_ID", tenant),
        (
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
            connection.map_or_else(|| DEFAULT_SERVICE_CONNECTION_ID.to_owned(), |(id, _)| id.clone()),
        ),
    ]
}

pub(crate) fn github_environment(world: &World) -> Vec<(&'static str, String)> {
    let (tenant, client) = ids(world);
    vec![
        (
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            format!("{}{GITHUB_PATH}", world.authority()),
        ),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", world.ci.github_token.clone()),
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("AZURE_CLIENT_ID", client),
        ("AZURE_TENANT_ID", tenant),
    ]
}

pub(crate) fn binding_environment(world: &World) -> Vec<(&'static str, String)> {
    let (tenant, client) = ids(world);
    vec![
        ("AZURE_AUTHORITY_HOST", world.authority().to_owned()),
        ("AZURE_CLIENT_ID", client),
        ("AZURE_TENANT_ID", tenant),
        (
            "AZURE_KUBERNETES_TOKEN_PROXY",
            format!("{}{BINDING_PREFIX}", world.authority()),
        ),
        ("AZURE_KUBERNETES_SNI_NAME", BINDING_SERVER_NAME.to_owned()),
        ("AZURE_KUBERNETES_CA_DATA", world.certificates.ca_pem()),
    ]
}

/// All environments, for the administration.
pub(crate) fn environments(world: &World) -> Value {
    let object = |variables: Vec<(&'static str, String)>| -> Value {
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect()
    };
    json!({
        "azure_pipelines": object(pipelines_environment(world)),
        "github_actions": object(github_environment(world)),
        "identity_binding": object(binding_environment(world)),
    })
}

/// Tenant and client id of the first application.
fn ids(world: &World) -> (String, String) {
    application(world, None)
        .map(|(tenant, app)| (tenant.id.clone(), app.id.clone()))
        .unwrap_or_default()
}
