//! Entra's refusals by AADSTS code: status, OAuth error, sub-error and text.

use serde::Serialize;

/// One refusal of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Aadsts {
    /// The number after `AADSTS`.
    pub code: u32,
    /// The HTTP status.
    pub status: u16,
    /// The OAuth `error`.
    pub error: &'static str,
    /// The `suberror`, where Entra sends one.
    pub suberror: Option<&'static str>,
    /// The text, with `{app}`, `{tenant}`, `{parameter}`, `{scope}`, `{resource}`, `{value}`, `{reason}` and `{method}`
    /// to be filled in.
    pub text: &'static str,
}

impl Aadsts {
    /// The catalogue's entry for a code.
    ///
    /// ```
    /// let wrong_secret = identity_emulator::Aadsts::lookup(7000215).unwrap();
    /// assert_eq!((wrong_secret.status, wrong_secret.error), (401, "invalid_client"));
    /// ```
    pub fn lookup(code: u32) -> Option<&'static Self> {
        CATALOGUE.iter().find(|entry| entry.code == code)
    }

    /// Every refusal that is known.
    pub fn all() -> &'static [Self] {
        CATALOGUE
    }
}

const fn refusal(code: u32, status: u16, error: &'static str, text: &'static str) -> Aadsts {
    Aadsts {
        code,
        status,
        error,
        suberror: None,
        text,
    }
}

const fn with_suberror(
    code: u32,
    status: u16,
    error: &'static str,
    suberror: &'static str,
    text: &'static str,
) -> Aadsts {
    Aadsts {
        code,
        status,
        error,
        suberror: Some(suberror),
        text,
    }
}

/// A test holds that no code is listed twice.
#[rustfmt::skip]
static CATALOGUE: &[Aadsts] = &[
    refusal(16000, 400, "interaction_required", "User account does not exist in the tenant and cannot access the application '{app}'."),
    refusal(28000, 400, "invalid_scope", "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope {scope} is not valid."),
    refusal(50011, 400, "invalid_request", "The redirect URI '{value}' is not one of those that are registered for the application '{app}'."),
    refusal(50013, 400, "invalid_grant", "Assertion failed signature validation. [Reason - {reason}]"),
    refusal(50020, 400, "interaction_required", "User account from identity provider does not exist in tenant '{tenant}' and cannot access the application '{app}' in that tenant."),
    refusal(50027, 401, "invalid_client", "JWT token is invalid or malformed."),
    refusal(50034, 400, "invalid_grant", "The user account does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory."),
    refusal(50048, 401, "invalid_client", "Subject must match the issuer claim in the client assertion."),
    refusal(50049, 400, "invalid_instance", "Unknown or invalid instance."),
    refusal(50053, 400, "invalid_grant", "The account is locked, you've tried to sign in too many times with an incorrect user ID or password."),
    with_suberror(50055, 400, "invalid_grant", "user_password_expired", "The password is expired."),
    refusal(50057, 400, "invalid_grant", "The user account is disabled."),
    refusal(50059, 400, "invalid_request", "No tenant-identifying information found in either the request or implied by any provided credentials."),
    with_suberror(50076, 400, "interaction_required", "basic_action", "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{resource}'."),
    with_suberror(50079, 400, "interaction_required", "basic_action", "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '{resource}'."),
    with_suberror(50097, 400, "interaction_required", "additional_action", "Device authentication is required."),
    refusal(50105, 400, "interaction_required", "Your administrator has configured the application '{app}' to block users unless they are specifically granted access to the application."),
    refusal(50126, 400, "invalid_grant", "Error validating credentials due to invalid username or password."),
    with_suberror(50132, 400, "invalid_grant", "bad_token", "The session is not valid due to password expiration or recent password change."),
    with_suberror(50133, 400, "invalid_grant", "bad_token", "The session is not valid due to password expiration or recent password change."),
    refusal(50148, 400, "invalid_grant", "The code_verifier does not match the code_challenge supplied in the authorization request for PKCE."),
    with_suberror(50158, 400, "interaction_required", "basic_action", "External security challenge not satisfied. User will be redirected to another page or authentication provider to satisfy additional authentication challenges."),
    with_suberror(50173, 400, "invalid_grant", "bad_token", "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password."),
    refusal(50196, 400, "invalid_grant", "The server terminated an operation because it encountered a client request loop. Please contact your app vendor."),
    refusal(53000, 400, "interaction_required", "Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and the device is not compliant."),
    with_suberror(53003, 400, "invalid_grant", "message_only", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."),
    refusal(54005, 400, "invalid_grant", "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."),
    with_suberror(65001, 400, "invalid_grant", "consent_required", "The user or administrator has not consented to use the application with ID '{app}'. Send an interactive authorization request for this user and resource."),
    refusal(65004, 400, "access_denied", "User declined to consent to access the app."),
    refusal(70000, 400, "invalid_grant", "The provided value for the input parameter '{parameter}' is not valid."),
    refusal(70002, 401, "invalid_client", "Error validating credentials."),
    refusal(70003, 400, "unsupported_grant_type", "The app requested an unsupported grant type '{value}'."),
    refusal(70008, 400, "invalid_grant", "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."),
    refusal(70011, 400, "invalid_scope", "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."),
    refusal(70016, 400, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    refusal(70018, 400, "bad_verification_code", "Invalid verification code due to user typing in the wrong user code for device code flow. Authorization is not approved."),
    refusal(70019, 400, "expired_token", "Verification code expired. Have the user retry the sign-in."),
    refusal(70020, 400, "expired_token", "The provided value for the input parameter 'device_code' is not valid. This device code has expired."),
    refusal(70021, 400, "invalid_request", "No matching federated identity record found for presented assertion. Assertion Issuer: '{value}'."),
    refusal(70043, 400, "invalid_grant", "The refresh token has expired or is invalid due to sign-in frequency checks by Conditional Access."),
    refusal(90002, 400, "invalid_request", "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."),
    refusal(90013, 400, "invalid_request", "Invalid input received from the user."),
    refusal(90014, 400, "invalid_request", "The required field '{parameter}' is missing from the credential. Ensure that you have all the necessary parameters for the login request."),
    refusal(90019, 400, "invalid_request", "No tenant-identifying information found in either the request or implied by any provided credentials."),
    refusal(90023, 400, "invalid_request", "Invalid STS request."),
    refusal(90033, 503, "temporarily_unavailable", "A transient error has occurred. Please try again."),
    refusal(90055, 429, "temporarily_unavailable", "There are too many requests at once for this tenant. Wait before sending another request."),
    refusal(90094, 400, "consent_required", "An administrator of {tenant} has set a policy that prevents you from granting {app} the permissions it is requesting."),
    refusal(135010, 400, "invalid_request", "The key was not found."),
    refusal(165900, 400, "invalid_request", "Invalid request. The provided parameter '{parameter}' is not valid."),
    refusal(500011, 400, "invalid_resource", "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."),
    refusal(500112, 401, "invalid_client", "The reply address '{value}' does not match the reply address '{reason}' provided when requesting Authorization code."),
    with_suberror(500133, 400, "invalid_grant", "bad_token", "Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token."),
    refusal(500131, 400, "invalid_grant", "Assertion audience does not match the Client app presenting the assertion. The audience in the assertion was '{value}' and the expected audience is '{app}'."),
    refusal(501481, 400, "invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the authorization request."),
    refusal(530034, 400, "access_denied", "A delegated administrator was blocked from accessing the tenant due to account risk in their home tenant."),
    refusal(700005, 400, "invalid_grant", "Provided Authorization Code is intended to use against other tenant, thus rejected."),
    refusal(700016, 400, "unauthorized_client", "Application with identifier '{app}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."),
    refusal(700021, 401, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation for client assertions."),
    refusal(700022, 400, "invalid_request", "Invalid multiple resources scope. The provided value for the input parameter scope is not valid because it contains more than one resource. Scope {scope} is not valid."),
    refusal(700023, 401, "invalid_client", "Client assertion audience claim does not match Realm issuer. The audience was '{value}'."),
    refusal(700024, 401, "invalid_client", "Client assertion is not within its valid time range. Current time: {value}."),
    refusal(700025, 401, "invalid_client", "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
    refusal(700027, 401, "invalid_client", "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - {reason}]"),
    refusal(700030, 401, "invalid_client", "Invalid certificate - subject name in certificate is not authorized."),
    refusal(700038, 400, "unauthorized_client", "{app} is not a valid application identifier."),
    refusal(700054, 400, "unsupported_response_type", "response_type '{value}' is not enabled for the application."),
    refusal(700082, 400, "invalid_grant", "The refresh token has expired due to inactivity."),
    refusal(700084, 400, "invalid_grant", "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime which can not be extended. It is now expired and a new sign in request must be sent by the SPA to the sign in page."),
    refusal(700211, 401, "invalid_client", "No matching federated identity record found for presented assertion issuer '{value}'."),
    refusal(700212, 401, "invalid_client", "No matching federated identity record found for presented assertion audience '{value}'."),
    refusal(700213, 401, "invalid_client", "No matching federated identity record found for presented assertion subject '{value}'."),
    refusal(700229, 401, "invalid_client", "Only app-only tokens can be used as federated identity credentials for an application."),
    refusal(900023, 400, "invalid_request", "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."),
    refusal(900144, 400, "invalid_request", "The request body must contain the following parameter: '{parameter}'."),
    refusal(900382, 400, "invalid_request", "Confidential Client is not supported in Cross Cloud request."),
    refusal(900561, 405, "invalid_request", "The endpoint only accepts POST requests. Received a {method} request."),
    refusal(901002, 400, "invalid_request", "The 'resource' request parameter is not supported."),
    refusal(1002012, 400, "invalid_scope", "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."),
    refusal(5002723, 401, "invalid_client", "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId specified in token header."),
    refusal(5002738, 401, "invalid_client", "Invalid JWT token. '{value}' is not a supported signature algorithm. Supported signing algorithms are: 'RS256, PS256'."),
    refusal(7000112, 400, "unauthorized_client", "Application '{app}' is disabled."),
    refusal(7000114, 400, "unauthorized_client", "Application '{app}' is not allowed to make application on-behalf-of calls."),
    refusal(7000212, 401, "invalid_client", "No matching federated identity record found for presented assertion."),
    refusal(7000215, 401, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{app}'."),
    refusal(7000216, 401, "invalid_client", "'client_assertion', 'client_secret' or 'request' is required for the '{value}' grant type."),
    refusal(7000218, 401, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
    refusal(7000222, 401, "invalid_client", "The provided client secret keys for app '{app}' are expired. Create new keys for your app or consider using certificate credentials for added security."),
    refusal(7000229, 400, "unauthorized_client", "The client application {app} is missing service principal in the tenant {tenant}."),
    refusal(7000272, 401, "invalid_client", "The certificate with identifier {reason} used to sign the federated credential could not be found in the metadata of identity provider {value}."),
    refusal(9000410, 400, "invalid_request", "Malformed JSON."),
    refusal(9000411, 400, "invalid_request", "The request is not properly formatted. The parameter '{parameter}' is duplicated."),
    refusal(9002313, 400, "invalid_request", "Invalid request. Request is malformed or invalid."),
];

#[cfg(test)]
mod tests {
    use super::Aadsts;

    #[test]
    fn every_code_is_listed_once_and_has_a_client_or_server_error_status() {
        let mut codes: Vec<u32> = Aadsts::all().iter().map(|entry| entry.code).collect();
        let listed = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), listed);
        for entry in Aadsts::all() {
            assert!((400..600).contains(&entry.status), "{entry:?}");
            assert!(
                entry.text.ends_with('.') || entry.text.ends_with(']'),
                "{entry:?}"
            );
            assert_eq!(entry.error == "invalid_client", entry.status == 401, "{entry:?}");
        }
    }

    #[test]
    fn lookup_finds_and_misses() {
        assert_eq!(Aadsts::lookup(900144).unwrap().error, "invalid_request");
        assert!(Aadsts::lookup(1).is_none());
    }
}
