//! Signing in with a user name and a password.

mod federation;
mod flow;
mod http;
mod mex;
#[cfg(test)]
mod properties;
mod realm;
mod rst;
mod rstr;
mod xml;

use identity_base::{Error, ErrorKind, Secret};
use identity_runtime::Cached;

use crate::application::{Setup, setup_methods};
use crate::credential::user_credential;
use crate::sign_in::UserFetch;
use flow::Password;

const NAME: &str = "UsernamePasswordCredential";

/// Signs a person in whose user name and password the program has.
///
/// **Deprecated**: Microsoft advises against this flow, which the service will end for ever more tenants. It can't do a second factor or a changed
/// password, trains people to give their password away, and doesn't work for personal accounts. Use `InteractiveBrowserCredential` or
/// `DeviceCodeCredential` for people, and a credential of a service for programs.
///
/// Federated accounts sign in at their own organization's server by WS-Trust 1.3 or 2005.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_interactive::UsernamePasswordCredential;
/// # async fn example(password: String) -> Result<(), identity_base::Error> {
/// let credential =
///     UsernamePasswordCredential::new("44444444-4444-4444-4444-444444444444", "ada@contoso.com", password)?;
/// let token = credential.get_token(&["https://graph.microsoft.com/User.Read"]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct UsernamePasswordCredential(Cached<UserFetch<Password>>);

impl UsernamePasswordCredential {
    /// A credential with the default settings.
    ///
    /// # Errors
    /// As [`UsernamePasswordCredentialBuilder::build`].
    pub fn new(client_id: &str, username: &str, password: impl Into<Secret>) -> Result<Self, Error> {
        Self::builder(client_id, username, password).build()
    }

    /// A credential with other settings.
    pub fn builder(
        client_id: &str,
        username: &str,
        password: impl Into<Secret>,
    ) -> UsernamePasswordCredentialBuilder {
        UsernamePasswordCredentialBuilder {
            setup: Setup {
                client_id: Some(client_id.to_owned()),
                ..Setup::default()
            },
            username: username.to_owned(),
            password: password.into(),
        }
    }
}

user_credential!(UsernamePasswordCredential);

/// Makes a [`UsernamePasswordCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct UsernamePasswordCredentialBuilder {
    setup: Setup,
    username: String,
    password: Secret,
}

impl UsernamePasswordCredentialBuilder {
    setup_methods!();

    /// Checks the settings and makes the credential. Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// [`InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when user name or password are empty, or when the client id, a tenant, an
    /// option or the cache's name can't be.
    pub fn build(self) -> Result<UsernamePasswordCredential, Error> {
        let invalid =
            |what: &'static str| Error::new(ErrorKind::InvalidConfiguration, what).with_credential(NAME);
        if self.username.is_empty()
            || self.username.len() > 1024
            || self.username.chars().any(char::is_control)
        {
            return Err(invalid(
                "the user name is empty, too long, or has control characters",
            ));
        }
        if self.password.is_empty() {
            return Err(invalid("the password is empty"));
        }
        let application = self.setup.build(NAME)?;
        let options = application.options().clone();
        let flow = Password {
            username: self.username,
            password: self.password,
        };
        Ok(UsernamePasswordCredential(Cached::new(
            UserFetch::new(application, flow),
            &options,
        )))
    }
}
