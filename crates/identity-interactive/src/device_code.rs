//! Signing in on another device.

mod flow;
mod prompt;
#[cfg(feature = "qr")]
mod qr;
mod start;

use std::time::Duration;

use identity_base::Error;
use identity_runtime::Cached;

use crate::application::{Setup, setup_methods};
use crate::credential::user_credential;
use crate::sign_in::UserFetch;
use flow::DeviceCode;
pub use prompt::DeviceCodePrompt;
use prompt::Prompt;

const NAME: &str = "DeviceCodeCredential";

/// Signs a person in who opens a page on any device and types a short code there.
///
/// By default the page and the code are printed to the standard error output, with a QR code of the page where that is a terminal (feature `qr`);
/// [`with_prompt`](DeviceCodeCredentialBuilder::with_prompt) shows them elsewhere.
///
/// This flow is a favourite of phishers, who send their own code to a victim: never show a code that somebody else asked for, and prefer the browser
/// where there is one. Many tenants forbid it.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_interactive::DeviceCodeCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = DeviceCodeCredential::builder()
///     .with_prompt(|prompt| println!("open {} and type {}", prompt.verification_uri(), prompt.user_code()))
///     .build()?;
/// let token = credential.get_token(&["https://graph.microsoft.com/User.Read"]).await?;
/// # Ok(()) }
/// ```
///
/// Dropping the future of a request ends the sign-in at once when nobody else waits for it.
#[derive(Clone, Debug)]
pub struct DeviceCodeCredential(Cached<UserFetch<DeviceCode>>);

impl DeviceCodeCredential {
    /// A credential with the default settings.
    ///
    /// # Errors
    /// As [`DeviceCodeCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A credential with other settings.
    pub fn builder() -> DeviceCodeCredentialBuilder {
        DeviceCodeCredentialBuilder {
            setup: Setup::default(),
            prompt: Prompt::default(),
            timeout: None,
        }
    }
}

user_credential!(DeviceCodeCredential);

/// Makes a [`DeviceCodeCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct DeviceCodeCredentialBuilder {
    setup: Setup,
    prompt: Prompt,
    timeout: Option<Duration>,
}

impl DeviceCodeCredentialBuilder {
    setup_methods!(prompting);

    /// Sets how the person is told. Called once for each sign-in, in the task of the request; it should return soon.
    /// Default: [`DeviceCodePrompt::message`] goes to the standard error output.
    pub fn with_prompt(mut self, prompt: impl Fn(&DeviceCodePrompt) + Send + Sync + 'static) -> Self {
        self.prompt = Prompt::new(prompt);
        self
    }

    /// Sets how long the person has. Default: as long as the code is valid, 15 minutes as a rule and never over 30.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Checks the settings and makes the credential. Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// [`InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when the client id, a tenant, an option or the cache's name can't be.
    pub fn build(self) -> Result<DeviceCodeCredential, Error> {
        let application = self.setup.build(NAME)?;
        let options = application.options().clone();
        let flow = DeviceCode::new(self.prompt, self.timeout);
        Ok(DeviceCodeCredential(Cached::new(
            UserFetch::new(application, flow),
            &options,
        )))
    }
}
