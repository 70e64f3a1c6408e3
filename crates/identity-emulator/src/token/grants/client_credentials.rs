//! `client_credentials`: a service asks in its own name.

use super::Grant;
use crate::answer::Answer;
use crate::model::AppKind;
use crate::refusal::Refusal;
use crate::token::TokenCall;
use crate::token::audience::application_audience;
use crate::token::issue;

pub(super) struct ClientCredentials;

impl Grant for ClientCredentials {
    fn name(&self) -> &'static str {
        "client_credentials"
    }

    fn redeem(&self, request: &TokenCall<'_>) -> Result<Answer, Refusal> {
        if request.app.kind == AppKind::Public {
            return Err(Refusal::new(700025));
        }
        let proof = request.authenticate()?;
        let audience = application_audience(request)?;
        issue::for_application(request, &audience, proof)
    }
}
