//! How a client proves who it is: one entry a method.

use super::{TokenCall, assertion};
use crate::model::{AppKind, SecretCheck};
use crate::refusal::Refusal;

/// How the client proved itself; the token says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A public client has nothing to prove.
    Public,
    Secret,
    Assertion,
}

impl Proof {
    /// The value of `appidacr` and `azpacr`.
    pub(crate) fn acr(self) -> &'static str {
        match self {
            Self::Public => "0",
            Self::Secret => "1",
            Self::Assertion => "2",
        }
    }
}

/// Looks for one kind of credential: `None` when the request has none of the kind.
type Method = fn(&TokenCall<'_>) -> Option<Result<Proof, Refusal>>;

/// Every method, in the order in which they are looked for. A new one is added here.
static METHODS: &[Method] = &[secret_in_form, secret_in_header, client_assertion];

/// Checks the credential of a client that has to have one. Of several each has to be good.
pub(super) fn authenticate(request: &TokenCall<'_>) -> Result<Proof, Refusal> {
    let mut proof = None;
    for method in METHODS {
        if let Some(outcome) = method(request) {
            proof = Some(outcome?);
        }
    }
    proof.ok_or_else(|| Refusal::new(7000218))
}

/// The same for grants that public clients may use as well; those must not present a credential.
pub(super) fn authenticate_either(request: &TokenCall<'_>) -> Result<Proof, Refusal> {
    if request.app.kind == AppKind::Confidential {
        return authenticate(request);
    }
    let call = request.call;
    let presented = call.form("client_secret").is_some()
        || call.form("client_assertion").is_some()
        || call.basic().is_some_and(|(_, secret)| !secret.is_empty());
    match presented {
        true => Err(Refusal::new(700025)),
        false => Ok(Proof::Public),
    }
}

fn client_assertion(request: &TokenCall<'_>) -> Option<Result<Proof, Refusal>> {
    request
        .call
        .form("client_assertion")
        .map(|text| assertion::authenticate(request, text))
}

fn secret_in_form(request: &TokenCall<'_>) -> Option<Result<Proof, Refusal>> {
    request
        .call
        .form("client_secret")
        .map(|secret| check(request, secret))
}

fn secret_in_header(request: &TokenCall<'_>) -> Option<Result<Proof, Refusal>> {
    let (user, secret) = request.call.basic()?;
    if secret.is_empty() {
        return None;
    }
    // The form may repeat the client id, but not name another client.
    if !user.eq_ignore_ascii_case(&request.app.id) {
        return Some(Err(Refusal::new(70002)));
    }
    Some(check(request, secret))
}

fn check(request: &TokenCall<'_>, secret: &str) -> Result<Proof, Refusal> {
    let app = &request.app;
    if request.world.directory.is_lenient() && app.first_secret().is_none() {
        return Ok(Proof::Secret);
    }
    match app.check_secret(secret, request.world.clock.wall()) {
        SecretCheck::Good => Ok(Proof::Secret),
        SecretCheck::Expired => Err(Refusal::new(7000222).with("app", app.id.as_str())),
        SecretCheck::Wrong => Err(Refusal::new(7000215).with("app", app.id.as_str())),
    }
}
