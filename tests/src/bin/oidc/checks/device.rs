//! Device codes: at once, after a while, and declined.

use entra_identity::{DeviceCodeCredential, ErrorKind, TokenCredential};
use tokio::sync::mpsc::unbounded_channel;

use super::{Outcome, granted, refused, rotated};
use crate::Result;
use crate::judge::{Judge, PUBLIC_CLIENT, STORAGE, TENANT, VAULT};
use crate::verdict::Verdict;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What the person does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Person {
    Approves,
    /// Only after the device was told to wait.
    Hesitates,
    Declines,
}

/// The provider names no interval, so that all wait for the five seconds of RFC 8628 before each question.
pub(crate) async fn device(judge: &mut Judge, verdict: &mut Verdict) -> Result<()> {
    let (credential, outcome) = sign_in(judge, Person::Approves).await?;
    granted(verdict, judge, "device code: approved at once", &outcome, GRANT)?;
    rotated(verdict, judge, "device code", &credential, outcome).await?;

    let (_, outcome) = sign_in(judge, Person::Hesitates).await?;
    // That it had to wait was seen on the way.
    granted(
        verdict,
        judge,
        "device code: approved after a while",
        &outcome,
        GRANT,
    )?;

    let (_, outcome) = sign_in(judge, Person::Declines).await?;
    let what = "device code: declined";
    refused(
        verdict,
        judge,
        what,
        &outcome,
        "access_denied",
        ErrorKind::AuthenticationFailed,
    )
}

async fn sign_in(judge: &mut Judge, person: Person) -> Result<(DeviceCodeCredential, Outcome)> {
    let (sender, mut prompts) = unbounded_channel();
    let credential = DeviceCodeCredential::builder()
        .with_options(&judge.options()?)
        .with_tenant_id(TENANT)
        .with_client_id(PUBLIC_CLIENT)
        .with_prompt(move |prompt| {
            // Whoever waits for it is gone only when the run has failed already.
            sender.send(prompt.clone()).ok();
        })
        .build()?;
    let asking = tokio::spawn({
        let credential = credential.clone();
        async move { credential.get_token(&[STORAGE, VAULT]).await }
    });
    let prompt = prompts.recv().await.ok_or("nobody was prompted")?;
    if person == Person::Hesitates {
        judge.wait_for_refusal("authorization_pending")?;
    }
    judge.approve(
        prompt.verification_uri(),
        prompt.user_code(),
        person == Person::Declines,
    )?;
    Ok((credential, asking.await?))
}
