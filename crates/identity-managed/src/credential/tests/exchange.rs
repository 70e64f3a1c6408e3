//! The token exchange of AKS.

use super::*;

fn pod(machine: &Machine, assertion: &str) {
    machine
        .var("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/")
        .var("AZURE_TENANT_ID", "11111111-1111-1111-1111-111111111111")
        .var("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/token");
    machine
        .files
        .put("/var/run/secrets/token", format!("{assertion}\n"));
}

#[test]
fn the_pods_token_is_exchanged_at_entra() {
    for (named, variable) in [
        (Some(CLIENT), None),
        (None, Some(CLIENT)),
        (Some(CLIENT), Some(OBJECT)),
    ] {
        run(async |guard, machine| {
            let assertion = guard.secret("assertion");
            pod(&machine, assertion.expose());
            if let Some(variable) = variable {
                machine.var("AZURE_CLIENT_ID", variable);
            }
            let mut builder = machine.builder();
            if let Some(named) = named {
                builder = builder.with_user_assigned(UserAssignedId::client_id(named).unwrap());
            }
            let credential = builder.build().unwrap();
            machine.answer(HttpStep::token(guard.secret("token").expose(), 3599));
            get(&guard, &credential).await.unwrap();
            let request = machine.last();
            assert_eq!(
                request.url(),
                "https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token"
            );
            let field = |name: &str| request.form_value(name);
            assert_eq!(field("client_id").as_deref(), Some(CLIENT));
            assert_eq!(field("client_assertion").as_deref(), Some(assertion.expose()));
            assert_eq!(field("grant_type").as_deref(), Some("client_credentials"));
            assert_eq!(field("scope").as_deref(), Some(SCOPE));
            assert_eq!(
                field("client_assertion_type").as_deref(),
                Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            );
            assert_eq!(
                credential.detect().await.source(),
                ManagedIdentitySource::TokenExchange
            );
        });
    }
}

#[test]
fn it_needs_a_client_id_and_can_be_left_out() {
    run(async |guard, machine| {
        pod(&machine, "assertion");
        let error = machine.builder().build().unwrap_err();
        guard.check_error(&error);
        assert!(error.message().contains("AZURE_CLIENT_ID is not set"), "{error}");
        for id in [
            UserAssignedId::object_id(OBJECT),
            UserAssignedId::resource_id(RESOURCE_ID),
        ] {
            let error = machine
                .builder()
                .with_user_assigned(id.unwrap())
                .build()
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
        }
        let credential = machine.builder().with_token_exchange(false).build().unwrap();
        assert_eq!(credential.detect().await.source(), ManagedIdentitySource::Imds);
    });
}

#[test]
fn a_request_may_name_the_own_tenant_and_no_other() {
    run(async |guard, machine| {
        pod(&machine, "assertion");
        machine
            .var("AZURE_CLIENT_ID", CLIENT)
            .answer(HttpStep::token("t", 3599));
        let credential = machine.credential();
        let own = TokenRequest::new(SCOPE).tenant_id("11111111-1111-1111-1111-111111111111");
        get_with(&guard, &credential, own).await.unwrap();
        let other = TokenRequest::new(SCOPE).tenant_id("contoso.com");
        assert_eq!(
            get_with(&guard, &credential, other).await.unwrap_err().kind(),
            ErrorKind::AuthenticationFailed
        );
    });
}

#[test]
fn a_missing_token_file_is_unavailable() {
    run(async |guard, machine| {
        pod(&machine, "assertion");
        machine.files.delete("/var/run/secrets/token");
        machine.var("AZURE_CLIENT_ID", CLIENT);
        assert!(
            get(&guard, &machine.credential())
                .await
                .unwrap_err()
                .is_unavailable()
        );
    });
}
