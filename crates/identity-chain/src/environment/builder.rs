//! Making the credential of the environment.

use std::sync::Arc;

#[cfg(feature = "confidential")]
use identity_base::TokenCredential;
use identity_base::{Error, ErrorKind};
use identity_runtime::{ClientOptions, TenantPolicy};

use super::settings::Settings;
#[cfg(feature = "confidential")]
use super::unavailable;
use super::{EnvironmentCredential, Inner, NAME};
#[cfg(feature = "confidential")]
use crate::late::Late;

/// Makes an [`EnvironmentCredential`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct EnvironmentCredentialBuilder {
    options: ClientOptions,
    additionally_allowed_tenants: Vec<String>,
    soften: bool,
}

impl EnvironmentCredentialBuilder {
    /// Sets authority, transport, environment and the like. Default: [`ClientOptions::default`].
    pub fn with_options(mut self, options: &ClientOptions) -> Self {
        self.options = options.clone();
        self
    }

    /// Allows requests for other tenants than the one in the environment, beside those of `AZURE_ADDITIONALLY_ALLOWED_TENANTS`; `*` allows all. Default: none.
    pub fn with_additionally_allowed_tenants<I>(mut self, tenants: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.additionally_allowed_tenants
            .extend(tenants.into_iter().map(Into::into));
        self
    }

    /// Whether a certificate that can't be read makes the credential unavailable, since others wait behind it. Default: no.
    pub(crate) const fn soften(mut self, soften: bool) -> Self {
        self.soften = soften;
        self
    }

    /// Makes the credential. Reads the environment; does no other I/O.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when a variable of a complete set, an allowed tenant or an option can't be.
    pub fn build(self) -> Result<EnvironmentCredential, Error> {
        self.checked().map_err(|error| error.with_credential(NAME))
    }

    fn checked(mut self) -> Result<EnvironmentCredential, Error> {
        self.options.validate()?;
        let env = Arc::clone(self.options.env());
        TenantPolicy::without_own()
            .allow(&self.additionally_allowed_tenants)?
            .allow_from_env(&*env)?;
        let more = env.var(identity_runtime::env_vars::AZURE_ADDITIONALLY_ALLOWED_TENANTS);
        self.additionally_allowed_tenants.extend(
            more.iter()
                .flat_map(|list| list.split(';'))
                .map(str::trim)
                .filter(|tenant| !tenant.is_empty())
                .map(str::to_owned),
        );
        let settings = match Settings::read(&*env) {
            Ok(settings) => settings,
            Err(gap) => {
                if gap.is_begun {
                    tracing::warn!(target: identity_runtime::trace::TARGET, credential = NAME, "the settings in the environment are incomplete: {}", gap.message());
                }
                let error = gap.into_error().with_credential(NAME);
                return Ok(EnvironmentCredential {
                    configured: None,
                    inner: Inner::Missing(error),
                });
            }
        };
        let configured = settings.credential();
        tracing::info!(target: identity_runtime::trace::TARGET, credential = NAME, configured, "set up by the environment");
        Ok(EnvironmentCredential {
            configured: Some(configured),
            inner: self.make(settings)?,
        })
    }

    #[cfg(feature = "confidential")]
    fn make(self, settings: Settings) -> Result<Inner, Error> {
        use identity_confidential::{CertificateCredential, ClientSecretCredential};
        match settings {
            Settings::Secret {
                tenant,
                client,
                secret,
            } => {
                let credential = ClientSecretCredential::builder(&tenant, &client, secret)
                    .with_options(&self.options)
                    .with_additionally_allowed_tenants(self.additionally_allowed_tenants)
                    .build()?;
                Ok(Inner::Ready(Arc::new(credential)))
            }
            Settings::Certificate {
                tenant,
                client,
                path,
                password,
                send_chain,
            } => {
                // What needs no file is checked now.
                identity_base::TenantId::parse(&tenant)?;
                identity_base::ClientId::parse(&client)?;
                let clock = Arc::clone(self.options.clock());
                let soften = self.soften;
                let make = move || {
                    let mut builder = CertificateCredential::from_path(&tenant, &client, &path)
                        .with_options(&self.options)
                        .with_additionally_allowed_tenants(&self.additionally_allowed_tenants)
                        .with_certificate_chain(send_chain);
                    if let Some(password) = &password {
                        builder = builder.with_password(password.clone());
                    }
                    match builder.build() {
                        Ok(credential) => Ok(Arc::new(credential) as Arc<dyn TokenCredential>),
                        Err(error) if soften => Err(unavailable(error)),
                        Err(error) => Err(error),
                    }
                };
                Ok(Inner::Late(Late::new(NAME, clock, make)))
            }
            Settings::Password { .. } => self.password(settings),
        }
    }

    #[cfg(not(feature = "confidential"))]
    fn make(self, settings: Settings) -> Result<Inner, Error> {
        match settings {
            Settings::Password { .. } => self.password(settings),
            Settings::Secret { .. } | Settings::Certificate { .. } => {
                Err(not_built(settings.credential(), "confidential"))
            }
        }
    }

    #[cfg(feature = "interactive")]
    fn password(self, settings: Settings) -> Result<Inner, Error> {
        let Settings::Password {
            tenant,
            client,
            username,
            password,
        } = settings
        else {
            let text = "these settings are for another credential";
            return Err(Error::new(ErrorKind::Internal, text));
        };
        tracing::warn!(target: identity_runtime::trace::TARGET, credential = NAME, "signing in with a user's name and password is deprecated");
        let mut builder =
            identity_interactive::UsernamePasswordCredential::builder(&client, &username, password)
                .with_options(&self.options)
                .with_additionally_allowed_tenants(self.additionally_allowed_tenants);
        if let Some(tenant) = tenant {
            builder = builder.with_tenant_id(tenant);
        }
        Ok(Inner::Ready(Arc::new(builder.build()?)))
    }

    #[cfg(not(feature = "interactive"))]
    #[expect(
        clippy::unused_self,
        reason = "the options are for the credential of the other feature"
    )]
    fn password(self, settings: Settings) -> Result<Inner, Error> {
        Err(not_built(settings.credential(), "interactive"))
    }
}

/// The error for a credential whose crate is left out.
#[cfg(not(all(feature = "confidential", feature = "interactive")))]
fn not_built(credential: &str, feature: &str) -> Error {
    Error::new(
        ErrorKind::InvalidConfiguration,
        format!("the environment sets up a {credential}, which is not in this program"),
    )
    .with_hint(format!(
        "turn on the feature `{feature}` of the crate, or unset its variables"
    ))
}
