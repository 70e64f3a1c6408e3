//! `saml1_1-bearer` and `saml2-bearer`: an assertion of the organization's server.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::Grant;
use super::password::authorization;
use crate::answer::Answer;
use crate::refusal::Refusal;
use crate::token::TokenCall;
use crate::token::issue;

pub(super) struct Saml(pub(super) &'static str);

impl Grant for Saml {
    fn name(&self) -> &'static str {
        self.0
    }

    fn redeem(&self, request: &TokenCall<'_>) -> Result<Answer, Refusal> {
        let assertion = request.required("assertion")?;
        let proof = request.authenticate_either()?;
        let malformed = || Refusal::new(50027).error("invalid_grant");
        let text = BASE64_URL_SAFE_NO_PAD
            .decode(assertion.trim_end_matches('='))
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(malformed)?;
        let id = attribute(&text, "AssertionID")
            .or_else(|| attribute(&text, "ID"))
            .ok_or_else(malformed)?;
        let user = request
            .world
            .people
            .asserted(id, request.world.clock.unix_seconds())
            .ok_or_else(|| Refusal::new(50013).with("reason", "The key was not found."))?;
        issue::for_sign_in(request, authorization(request, user)?, proof)
    }
}

fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let start = text.find(&format!(" {name}=\""))? + name.len() + 3;
    text.get(start..)?.split('"').next()
}
