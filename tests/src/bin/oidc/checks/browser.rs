//! The browser flow of our own: the provider judges its challenge, its verifier, its redirect and its refresh tokens; we judge its id tokens.

use std::sync::Arc;

use entra_identity::seam::BrowserOpener;
use entra_identity::{
    BoxFuture, Error, ErrorKind, InteractiveBrowserCredential, SignInPrompt, TokenCredential,
};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Outcome, granted, refused, rotated};
use crate::Result;
use crate::judge::{Judge, PUBLIC_CLIENT, STORAGE, TENANT, VAULT};
use crate::verdict::Verdict;

/// Hands addresses to whoever plays the person.
#[derive(Debug)]
struct Person(UnboundedSender<String>);

impl BrowserOpener for Person {
    fn open<'a>(&'a self, url: &'a str) -> BoxFuture<'a, std::result::Result<(), Error>> {
        let sent = self
            .0
            .send(url.to_owned())
            .map_err(|_| Error::unavailable("nobody is there"));
        Box::pin(std::future::ready(sent))
    }
}

/// A sign-in and what follows, and sign-ins in which somebody changed the address on the way.
pub(crate) async fn browser(judge: &mut Judge, verdict: &mut Verdict) -> Result<()> {
    let (credential, outcome, title) = sign_in(judge, &json!({})).await?;
    granted(
        verdict,
        judge,
        "browser: a sign-in",
        &outcome,
        "authorization_code",
    )?;
    verdict.check("browser: the person is told", title == "Signed in", || {
        title.clone()
    });
    let record = credential.authenticate(&[STORAGE]).await;
    let is_known = record
        .as_ref()
        .is_ok_and(|record| record.username() == "ada@contoso.test" && record.home_account_id() == "ada");
    verdict.check("browser: the record is that of the id token", is_known, || {
        format!("{record:?}")
    });
    rotated(verdict, judge, "browser", &credential, outcome).await?;

    // The challenge of another verifier: whoever took the code could not redeem it either.
    let change = json!({"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"});
    let (_, outcome, title) = sign_in(judge, &change).await?;
    let what = "browser: the challenge of another verifier: refused";
    refused(
        verdict,
        judge,
        what,
        &outcome,
        "invalid_grant",
        ErrorKind::AuthenticationFailed,
    )?;
    verdict.check(
        "browser: the person is told that, too",
        title == "Not signed in",
        || title.clone(),
    );

    // The provider finds nothing wrong with another nonce, but the id token isn't for our sign-in.
    let (_, outcome, title) = sign_in(judge, &json!({"nonce": "of-another-sign-in"})).await?;
    let is_refused = outcome
        .as_ref()
        .is_err_and(|error| error.kind() == ErrorKind::IdentityMismatch);
    verdict.check(
        "browser: the id token of another sign-in: refused",
        is_refused,
        || format!("{outcome:?}"),
    );
    verdict.check(
        "browser: nobody is signed in then",
        title == "Not signed in",
        || title.clone(),
    );
    judge.events()?;
    Ok(())
}

/// A credential, the first token that it gets or doesn't get (for all that is asked for later: the provider's refresh tokens are for no more), and the page that the person sees in the end.
async fn sign_in(
    judge: &mut Judge,
    change: &Value,
) -> Result<(InteractiveBrowserCredential, Outcome, String)> {
    let (sender, mut urls) = unbounded_channel();
    let options = judge.options()?.with_browser_opener(Arc::new(Person(sender)));
    let credential = InteractiveBrowserCredential::builder()
        .with_options(&options)
        .with_tenant_id(TENANT)
        .with_client_id(PUBLIC_CLIENT)
        // This provider gives refresh tokens to those alone who were asked.
        .with_prompt(SignInPrompt::Consent)
        .build()?;
    // In a task of its own: the judge's answers block this one.
    let asking = tokio::spawn({
        let credential = credential.clone();
        async move { credential.get_token(&[STORAGE, VAULT]).await }
    });
    let url = urls.recv().await.ok_or("no address was opened")?;
    let title = judge.browse(&url, change)?;
    Ok((credential, asking.await?, title))
}
