//! `--via authorization-code`: a user who signed in at a web application.

use std::sync::Arc;

use entra_identity::AuthorizationCodeCredential;
use identity_base::BoxFuture;

use super::proof::prove;
use super::{Inputs, Opened, Way};
use crate::failure::Failure;
use crate::secrets::Places;

pub(super) const WAY: Way = Way {
    name: "authorization-code",
    credential: "AuthorizationCodeCredential",
    summary: "a user's sign-in: the code that it ended with, which is good for one token",
    variables: &[
        ("AZURE_AUTHORIZATION_CODE", "the code of the redirect"),
        ("AZURE_AUTHORIZATION_CODE_FILE", "a file with that code"),
        (
            "AZURE_CODE_VERIFIER",
            "its PKCE verifier, if there was a challenge",
        ),
        ("AZURE_CODE_VERIFIER_FILE", "a file with that verifier"),
        (
            "AZURE_REDIRECT_URI",
            "the redirect URI that the code was asked for with",
        ),
    ],
    open: |inputs| open(inputs),
};

fn open(inputs: &Inputs) -> BoxFuture<'_, Result<Opened, Failure>> {
    Box::pin(async {
        let (tenant, client_id) = (inputs.tenant()?, inputs.client_id()?);
        let redirect_uri = inputs.required(
            "redirect URI",
            &inputs.settings.redirect_uri,
            "--redirect-uri",
            "AZURE_REDIRECT_URI",
        )?;
        let code = inputs
            .read(Places {
                what: "authorization code",
                option: "--code-file",
                file: inputs.settings.code_file.as_deref(),
                variable: "AZURE_AUTHORIZATION_CODE",
            })
            .await?;
        let verifier = inputs
            .find(Places {
                what: "code verifier",
                option: "--code-verifier-file",
                file: inputs.settings.code_verifier_file.as_deref(),
                variable: "AZURE_CODE_VERIFIER",
            })
            .await?;
        let mut builder = AuthorizationCodeCredential::builder(&tenant, &client_id, code, redirect_uri)
            .with_options(&inputs.client);
        if let Some(verifier) = verifier {
            builder = builder.with_code_verifier(verifier);
        }
        // Without any proof it is a public client, such as a desktop application.
        if let Some(proof) = inputs.proof().await? {
            builder = prove!(builder, proof);
        }
        Ok(Opened {
            credential: Arc::new(builder.build()?),
            tenant: Some(tenant),
            client_id: Some(client_id),
        })
    })
}
