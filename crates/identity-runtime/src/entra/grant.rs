//! One token request, before it's sent.

use std::borrow::Cow;

use http::Uri;
use identity_base::seam::ConnectPolicy;
use identity_base::{ClientId, Error, ErrorKind, OwnedRequest, Scopes, Secret};

use super::{ClientAuth, Form, merge_claims};

/// A token request: grant type, client, scopes, and what the grant needs. A grant can be sent several times.
///
/// ```
/// use identity_base::{ClientId, OwnedRequest, Scopes, Secret};
/// use identity_runtime::entra::{ClientAuth, Grant};
/// let client = ClientId::parse("44444444-4444-4444-4444-444444444444")?;
/// let request = OwnedRequest::new(Scopes::parse(["https://vault.azure.net/.default"])?);
/// let grant = Grant::new("client_credentials", &client)
///     .for_request(&request)?
///     .auth(&ClientAuth::Secret(Secret::new("hunter2")));
/// assert!(!format!("{grant:?}").contains("hunter2"));
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Grant {
    pub(super) grant_type: Cow<'static, str>,
    pub(super) client_id: ClientId,
    pub(super) form: Form,
    pub(super) scopes: Option<Scopes>,
    pub(super) single_use: bool,
    pub(super) background: bool,
    pub(super) correlation_id: Option<String>,
    pub(super) endpoint: Option<Uri>,
    pub(super) policy: ConnectPolicy,
    pub(super) check_granted: bool,
}

impl Grant {
    /// A request of the grant type `grant_type`, such as `client_credentials`, by the application `client_id`.
    pub fn new(grant_type: impl Into<Cow<'static, str>>, client_id: &ClientId) -> Self {
        let grant_type = grant_type.into();
        let mut form = Form::new();
        form.set("client_id", client_id.as_str().to_owned());
        form.set("grant_type", grant_type.clone());
        Self {
            grant_type,
            client_id: client_id.clone(),
            form,
            scopes: None,
            single_use: false,
            background: false,
            correlation_id: None,
            endpoint: None,
            policy: ConnectPolicy::new(),
            check_granted: false,
        }
    }

    /// A form without a `grant_type`, for endpoints beside the token endpoint. `purpose` names it in logs.
    pub fn without_type(purpose: &'static str, client_id: &ClientId) -> Self {
        let mut grant = Self::new(purpose, client_id);
        grant.form = Form::new();
        grant.form.set("client_id", client_id.as_str().to_owned());
        grant
    }

    /// Takes scopes, claims, continuous access evaluation, correlation id and urgency over from a caller's request.
    ///
    /// # Errors
    /// As [`merge_claims`].
    pub fn for_request(mut self, request: &OwnedRequest) -> Result<Self, Error> {
        if let Some(claims) = merge_claims(request.claims(), request.is_cae_enabled())? {
            self.form.set("claims", claims);
        }
        self.background = request.is_background();
        self.correlation_id = request.correlation_id().map(str::to_owned);
        Ok(self.scopes(request.scopes()))
    }

    /// Sets the scopes, in the caller's order.
    pub fn scopes(mut self, scopes: &Scopes) -> Self {
        self.form.set("scope", scopes.joined());
        self.scopes = Some(scopes.clone());
        self
    }

    /// Adds scopes that the protocol wants, such as `offline_access`, after the caller's.
    pub fn more_scopes(mut self, more: &[&str]) -> Self {
        let mut all = self.form.plain("scope").unwrap_or_default().to_owned();
        for scope in more {
            if !all.split(' ').any(|known| known == *scope) {
                if !all.is_empty() {
                    all.push(' ');
                }
                all.push_str(scope);
            }
        }
        self.form.set("scope", all);
        self
    }

    /// Adds how the client proves who it is.
    pub fn auth(mut self, auth: &ClientAuth) -> Self {
        auth.apply(&mut self.form);
        self
    }

    /// Sets a field of the form.
    pub fn field(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) -> Self {
        self.form.set(name, value);
        self
    }

    /// Sets a field of the form to a secret: a code, assertion, refresh token or password.
    pub fn secret(mut self, name: impl Into<Cow<'static, str>>, value: &Secret) -> Self {
        self.form.set_secret(name, value.clone());
        self
    }

    /// Asks for the account's ids.
    pub fn client_info(self) -> Self {
        self.field("client_info", "1")
    }

    /// Marks a grant that can be used once: it is repeated only when nothing of it was sent.
    pub const fn single_use(mut self) -> Self {
        self.single_use = true;
        self
    }

    /// Marks that nobody waits: one attempt is made.
    pub const fn background(mut self, background: bool) -> Self {
        self.background = background;
        self
    }

    /// Sets the correlation id, a GUID. Default: a new one.
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }

    /// Sends the request elsewhere than to the tenant's endpoint at the authority: to a regional one, or through the AKS proxy. The URL was chosen by
    /// whoever configured the credential, so it is trusted.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] for anything but an absolute `https` URL without user information.
    pub fn endpoint(mut self, url: &str) -> Result<Self, Error> {
        let uri = url
            .parse::<Uri>()
            .ok()
            .filter(|uri| uri.scheme_str() == Some("https") && uri.host().is_some())
            .filter(|uri| {
                !uri.authority()
                    .is_some_and(|authority| authority.as_str().contains('@'))
            });
        self.endpoint = Some(uri.ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{} is not an https URL", identity_base::Foreign::url(url, 120)),
            )
        })?);
        Ok(self)
    }

    /// Sets to whom the request may connect. Default: as for services on the internet.
    pub fn policy(mut self, policy: ConnectPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Refuses a token that was granted for fewer scopes than were asked for.
    pub const fn check_granted_scopes(mut self) -> Self {
        self.check_granted = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant::new("client_credentials", &ClientId::parse("c").unwrap())
    }

    fn encoded(grant: &Grant) -> String {
        String::from_utf8(grant.form.encode().to_vec()).unwrap()
    }

    #[test]
    fn a_request_brings_its_fields() {
        let request = OwnedRequest::new(Scopes::parse(["b", "a"]).unwrap())
            .with_claims("{\"x\":1}")
            .with_background(true);
        let grant = grant()
            .for_request(&request)
            .unwrap()
            .secret("code", &"s".into())
            .client_info();
        assert_eq!(
            encoded(&grant),
            "client_id=c&grant_type=client_credentials&claims=%7B%22x%22%3A1%7D&scope=b+a&code=s&client_info=1"
        );
        assert!(grant.background);
        let cae = grant
            .for_request(&OwnedRequest::new(Scopes::parse(["a"]).unwrap()).with_cae(true))
            .unwrap();
        assert!(encoded(&cae).contains("claims=%7B%22access_token%22%3A+%7B%22xms_cc%22"));
    }

    #[test]
    fn protocol_scopes_are_added_once() {
        let scopes = Scopes::parse(["User.Read", "openid"]).unwrap();
        let grant = grant().scopes(&scopes).more_scopes(&["offline_access", "openid"]);
        assert_eq!(grant.form.plain("scope"), Some("User.Read openid offline_access"));
        assert_eq!(grant.scopes, Some(scopes));
    }

    #[test]
    fn endpoints_are_https() {
        assert!(
            grant()
                .endpoint("https://westus.login.microsoft.com/t/oauth2/v2.0/token")
                .is_ok()
        );
        for bad in [
            "http://h/",
            "h",
            "/path",
            "https://",
            "ftp://h/",
            "https://user:CNRYPASS@h/",
            "http://user:CNRYPASS@h/",
        ] {
            let error = grant().endpoint(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{bad}");
            assert!(!format!("{error} {error:?}").contains("CNRY"), "{error}");
        }
    }
}
