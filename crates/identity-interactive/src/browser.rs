//! Signing in with the system's browser.

mod authorize;
mod callback;
mod connection;
mod flow;
#[cfg(fuzzing)]
pub mod fuzzing;
mod loopback;
mod pages;
mod redirect;
mod request;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use identity_base::Error;
use identity_runtime::Cached;

use crate::application::{Setup, setup_methods};
use crate::credential::user_credential;
use crate::sign_in::UserFetch;
pub use authorize::SignInPrompt;
use flow::{Browser, Fallback};
use pages::Pages;
use redirect::Redirect;

const NAME: &str = "InteractiveBrowserCredential";
/// How long a person has.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// Signs a person in with the system's browser, which comes back to a listener on the loopback interface.
///
/// The application has to be registered with the redirect URI `http://localhost` as a mobile and desktop application.
///
/// PKCE, a state and a nonce bind the answer to this sign-in, and the code comes in the body of a POST, never in an address that a person could be talked
/// into passing on. The listener is there for the time of the sign-in only, on 127.0.0.1 and ::1; other callers get an error page and never end the wait.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_interactive::InteractiveBrowserCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = InteractiveBrowserCredential::builder().with_login_hint("ada@contoso.com").build()?;
/// let token = credential.get_token(&["https://graph.microsoft.com/User.Read"]).await?;
/// # Ok(()) }
/// ```
///
/// Dropping the future of a request ends the sign-in at once when nobody else waits for it.
#[derive(Clone, Debug)]
pub struct InteractiveBrowserCredential(Cached<UserFetch<Browser>>);

impl InteractiveBrowserCredential {
    /// A credential with the default settings.
    ///
    /// # Errors
    /// As [`InteractiveBrowserCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A credential with other settings.
    pub fn builder() -> InteractiveBrowserCredentialBuilder {
        InteractiveBrowserCredentialBuilder {
            setup: Setup::default(),
            redirect_uri: None,
            login_hint: None,
            domain_hint: None,
            prompt: SignInPrompt::default(),
            timeout: DEFAULT_TIMEOUT,
            fallback: Fallback::default(),
            success_page: None,
            error_page: None,
        }
    }
}

user_credential!(InteractiveBrowserCredential);

/// Makes an [`InteractiveBrowserCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct InteractiveBrowserCredentialBuilder {
    setup: Setup,
    redirect_uri: Option<String>,
    login_hint: Option<String>,
    domain_hint: Option<String>,
    prompt: SignInPrompt,
    timeout: Duration,
    fallback: Fallback,
    success_page: Option<String>,
    error_page: Option<String>,
}

impl InteractiveBrowserCredentialBuilder {
    setup_methods!(prompting);

    /// Sets where the browser comes back to: `http` on `localhost`, `127.0.0.1` or `[::1]`, with or without a port and a path. Without a port a free one is
    /// chosen; Entra ignores the port when it compares. Default: `http://localhost`.
    pub fn with_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Sets the user name that the sign-in page is filled with. Default: that of the account before, if there is one.
    pub fn with_login_hint(mut self, hint: impl Into<String>) -> Self {
        self.login_hint = Some(hint.into());
        self
    }

    /// Sets the domain of the account, which skips the page that asks for it. Default: none.
    pub fn with_domain_hint(mut self, hint: impl Into<String>) -> Self {
        self.domain_hint = Some(hint.into());
        self
    }

    /// Sets what the sign-in page asks in any case. Default: which account to use.
    pub const fn with_prompt(mut self, prompt: SignInPrompt) -> Self {
        self.prompt = prompt;
        self
    }

    /// Sets how long the person has. Default: 300 s.
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets who gets the address to be opened by hand when no browser can be opened; it has to be opened on this machine.
    ///
    /// Default: it is printed to the standard error output if that is a terminal; else the sign-in fails with
    /// [`CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable).
    pub fn with_url_prompt(mut self, prompt: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.fallback = Fallback::Call(Arc::new(prompt));
        self
    }

    /// Sets the page that is shown after a sign-in: whole HTML, at most 256 KiB. Scripts and outside resources are not loaded. Default: a page of ours.
    pub fn with_success_page(mut self, html: impl Into<String>) -> Self {
        self.success_page = Some(html.into());
        self
    }

    /// Sets the page that is shown when the sign-in failed, likewise.
    pub fn with_error_page(mut self, html: impl Into<String>) -> Self {
        self.error_page = Some(html.into());
        self
    }

    /// Checks the settings and makes the credential. Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// [`InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when the client id, a tenant, an option, the cache's name, the redirect URI, a
    /// hint or a page can't be.
    pub fn build(self) -> Result<InteractiveBrowserCredential, Error> {
        let named = |error: Error| error.with_credential(NAME);
        let redirect = Redirect::parse(self.redirect_uri.as_deref()).map_err(named)?;
        let pages = Pages::new(self.success_page, self.error_page).map_err(named)?;
        for hint in [&self.login_hint, &self.domain_hint].into_iter().flatten() {
            authorize::check_hint(hint).map_err(named)?;
        }
        let application = self.setup.build(NAME)?;
        let options = application.options().clone();
        let flow = Browser {
            redirect,
            login_hint: self.login_hint,
            domain_hint: self.domain_hint,
            prompt: self.prompt,
            timeout: self.timeout,
            fallback: self.fallback,
            pages: Arc::new(pages),
        };
        Ok(InteractiveBrowserCredential(Cached::new(
            UserFetch::new(application, flow),
            &options,
        )))
    }
}
