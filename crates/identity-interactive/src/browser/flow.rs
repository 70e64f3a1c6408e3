//! The flow: listen, open the browser, wait, redeem.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{IsTerminal as _, Write};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use identity_base::{Error, ErrorKind, OwnedRequest, Secret, TenantId};
use identity_runtime::crypto::random_text;
use identity_runtime::entra::merge_claims;
use identity_runtime::time::timeout;

use super::NAME;
use super::authorize::{Parameters, SignInPrompt};
use super::callback::Expected;
use super::connection::{Answered, Shared};
use super::loopback::Listeners;
use super::pages::{Page, Pages};
use super::redirect::Redirect;
use super::wait::wait;
use crate::application::{Application, Endpoints, PROTOCOL_SCOPES};
use crate::sign_in::{SignIn, SignedIn};

const GRANT: &str = "authorization_code";
/// What discovery and the redemption may take beside the wait for the person.
const REQUESTS: Duration = Duration::from_secs(60);

/// Who gets the address when no browser can be opened.
#[derive(Clone, Default)]
pub(super) enum Fallback {
    /// The terminal, if there is one.
    #[default]
    Terminal,
    /// The program.
    Call(Arc<dyn Fn(&str) + Send + Sync>),
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminal => "Terminal",
            Self::Call(_) => "Call",
        })
    }
}

impl Fallback {
    /// Hands the address out, if there is somebody to take it.
    fn show(&self, url: &str) -> bool {
        match self {
            Self::Call(prompt) => {
                prompt(url);
                true
            }
            Self::Terminal => {
                let mut output = std::io::stderr().lock();
                let is_terminal = output.is_terminal();
                is_terminal && print(url, &mut output)
            }
        }
    }
}

/// Prints the address; whether somebody may read it now.
fn print(url: &str, output: &mut dyn Write) -> bool {
    let text = format!("To sign in, open this address in a browser on this machine:\n\n{url}\n\n");
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .is_ok()
}

/// How the person is sent to the sign-in, and how long that person has.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(super) redirect: Redirect,
    pub(super) login_hint: Option<String>,
    pub(super) domain_hint: Option<String>,
    pub(super) prompt: SignInPrompt,
    pub(super) timeout: Duration,
    pub(super) fallback: Fallback,
    pub(super) pages: Arc<Pages>,
}

/// What binds the answer to this sign-in.
struct Binding {
    state: Secret,
    nonce: Secret,
    verifier: Secret,
}

impl Binding {
    fn new(application: &Application) -> Result<Self, Error> {
        let random = &**application.options().random();
        Ok(Self {
            state: random_text::<32>(random)?,
            nonce: random_text::<32>(random)?,
            verifier: random_text::<32>(random)?,
        })
    }
}

impl Browser {
    fn url(
        &self,
        application: &Application,
        endpoints: &Endpoints,
        request: &OwnedRequest,
        binding: &Binding,
        redirect_uri: &str,
    ) -> Result<String, Error> {
        let mut scope = request.scopes().joined();
        for more in PROTOCOL_SCOPES {
            if !request.scopes().iter().any(|known| known == more) {
                scope.push(' ');
                scope.push_str(more);
            }
        }
        let claims = merge_claims(request.claims(), request.is_cae_enabled())?;
        let before = application.bound.record();
        let known = before.as_ref().map(|record| record.username());
        Parameters {
            endpoint: &endpoints.authorization,
            client_id: application.client_id().as_str(),
            redirect_uri,
            scope: &scope,
            state: &binding.state,
            nonce: &binding.nonce,
            verifier: &binding.verifier,
            prompt: self.prompt,
            login_hint: self.login_hint.as_deref().or(known),
            domain_hint: self.domain_hint.as_deref(),
            claims: claims.as_deref(),
        }
        .url()
    }

    /// Opens the browser while the answer is waited for already: a quick one must find somebody listening.
    async fn answer(
        &self,
        application: &Application,
        url: &str,
        waiting: impl Future<Output = Answered>,
    ) -> Result<Answered, Error> {
        let mut waiting = pin!(waiting);
        let mut opening = Some(application.options().browser_opener().open(url));
        poll_fn(|context| {
            if let Poll::Ready(answered) = waiting.as_mut().poll(context) {
                return Poll::Ready(Ok(answered));
            }
            if let Some(open) = &mut opening
                && let Poll::Ready(opened) = open.as_mut().poll(context)
            {
                opening = None;
                if let Err(error) = opened
                    && !self.fallback.show(url)
                {
                    return Poll::Ready(Err(no_browser(error)));
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl SignIn for Browser {
    const NAME: &'static str = NAME;
    const GRANT: &'static str = GRANT;
    const ASKS: bool = true;

    fn total(&self) -> Duration {
        self.timeout.saturating_add(REQUESTS)
    }

    async fn sign_in(
        &self,
        application: &Application,
        tenant: &TenantId,
        request: &OwnedRequest,
    ) -> Result<SignedIn, Error> {
        let options = application.options();
        // First of all, since nothing else makes sense without it.
        let listeners = Listeners::bind(&self.redirect)?;
        let endpoints = application.endpoints(tenant).await?;
        let redirect_uri = self.redirect.uri(listeners.port);
        let binding = Binding::new(application)?;
        let url = self.url(application, &endpoints, request, &binding, &redirect_uri)?;
        let expected = Expected {
            authority: application.authority().clone(),
            state: binding.state.clone(),
            path: self.redirect.path().to_owned(),
            port: listeners.port,
        };
        let shared = Shared::new(expected, Arc::clone(&self.pages), Arc::clone(options.clock()));
        let waiting = wait(listeners, Arc::new(shared));
        let answered = timeout(
            &**options.clock(),
            self.timeout,
            self.answer(application, &url, waiting),
        )
        .await;
        let Answered { outcome, reply } = answered.ok_or_else(|| too_late(self.timeout))??;
        let redeemed = async {
            let code = outcome?;
            let grant = application
                .grant(GRANT, request)?
                .secret("code", &code)
                .secret("code_verifier", &binding.verifier)
                .field("redirect_uri", redirect_uri)
                .single_use();
            application.client().send(tenant, &endpoints.aim(grant)?).await
        };
        match redeemed.await {
            Ok(response) => Ok(SignedIn {
                response,
                nonce: Some(binding.nonce),
                grant_type: GRANT,
                username: None,
                farewell: Some(Box::new(move |outcome| {
                    let page = if outcome.is_ok() {
                        Page::Success
                    } else {
                        Page::Failure
                    };
                    Box::pin(reply.show(page))
                })),
            }),
            Err(error) => {
                reply.show(Page::Failure).await;
                Err(error)
            }
        }
    }
}

fn too_late(limit: Duration) -> Error {
    let text = format!("nobody signed in within {} s", limit.as_secs());
    Error::new(ErrorKind::Timeout, text)
        .with_transient(false)
        .with_hint("begin again, or allow more time")
}

fn no_browser(error: Error) -> Error {
    let hint = "use the device code flow where there is no browser";
    match error.hint() {
        Some(_) => error,
        None => error.with_hint(hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_printed_on_a_line_of_its_own() {
        let mut output = Vec::new();
        assert!(print("https://h.test/authorize?a=b", &mut output));
        let text = String::from_utf8(output).unwrap();
        assert!(
            text.lines().any(|line| line == "https://h.test/authorize?a=b"),
            "{text}"
        );
        assert!(text.contains("on this machine"));
        // Nobody reads what can't be written.
        let mut full: &mut [u8] = &mut [0; 10];
        assert!(!print("https://h.test/authorize?a=b", &mut full));
    }

    #[test]
    fn without_a_browser_the_device_code_is_what_helps() {
        let error = no_browser(Error::unavailable("there is none"));
        assert!(error.is_unavailable() && error.hint().unwrap().contains("device code"));
        let error = no_browser(Error::unavailable("there is none").with_hint("install one"));
        assert_eq!(error.hint(), Some("install one"));
        let error = too_late(Duration::from_secs(7));
        assert!(
            error.kind() == ErrorKind::Timeout && !error.is_transient() && error.message().contains("7 s")
        );
    }
}
