//! The address that the browser is sent to.

use form_urlencoded::Serializer;
use identity_base::{Error, ErrorKind, Foreign, Secret};
use identity_runtime::crypto::{base64url, sha256};

/// The longest hint.
const MAX_HINT_BYTES: usize = 512;

/// What the sign-in page asks in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInPrompt {
    /// Which account to use.
    #[default]
    SelectAccount,
    /// For the password, even if somebody is signed in.
    Login,
    /// For consent, even if it was given.
    Consent,
    /// Nothing that isn't needed: whoever is signed in in the browser is taken without a question.
    AsNeeded,
}

impl SignInPrompt {
    const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::SelectAccount => Some("select_account"),
            Self::Login => Some("login"),
            Self::Consent => Some("consent"),
            Self::AsNeeded => None,
        }
    }
}

/// # Errors
/// [`ErrorKind::InvalidConfiguration`] for a hint that is empty, long, or holds control characters.
pub(super) fn check_hint(hint: &str) -> Result<(), Error> {
    match hint.is_empty() || hint.len() > MAX_HINT_BYTES || hint.chars().any(char::is_control) {
        false => Ok(()),
        true => Err(Error::new(
            ErrorKind::InvalidConfiguration,
            format!("{} can't be a hint for the sign-in", Foreign::quoted(hint, 80)),
        )),
    }
}

/// What the address says.
pub(super) struct Parameters<'a> {
    pub(super) endpoint: &'a str,
    pub(super) client_id: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) scope: &'a str,
    pub(super) state: &'a Secret,
    pub(super) nonce: &'a Secret,
    pub(super) verifier: &'a Secret,
    pub(super) prompt: SignInPrompt,
    pub(super) login_hint: Option<&'a str>,
    pub(super) domain_hint: Option<&'a str>,
    pub(super) claims: Option<&'a str>,
}

impl Parameters<'_> {
    /// The address, of characters that are harmless to every program that it is handed to.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the endpoint is anything but a plain `https` address.
    pub(super) fn url(&self) -> Result<String, Error> {
        let is_plain = |b: u8| {
            b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'.' | b'-' | b'_' | b'~' | b'[' | b']')
        };
        if !self.endpoint.starts_with("https://") || !self.endpoint.bytes().all(is_plain) {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                "the authority's page to sign in is not a plain https address",
            ));
        }
        let challenge = base64url(&sha256(self.verifier.expose().as_bytes()));
        let mut query = Serializer::new(String::new());
        query
            .append_pair("client_id", self.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("response_mode", "form_post")
            .append_pair("scope", self.scope)
            .append_pair("state", self.state.expose())
            .append_pair("nonce", self.nonce.expose())
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("client_info", "1");
        let mailbox = self.login_hint.map(|hint| format!("UPN:{hint}"));
        for (name, value) in [
            ("prompt", self.prompt.as_str()),
            ("login_hint", self.login_hint),
            // Lets the service's front door find the account's home.
            ("X-AnchorMailbox", mailbox.as_deref()),
            ("domain_hint", self.domain_hint),
            ("claims", self.claims),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        Ok(format!("{}?{}", self.endpoint, query.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters<'a>(secret: &'a Secret, endpoint: &'a str) -> Parameters<'a> {
        Parameters {
            endpoint,
            client_id: "client",
            redirect_uri: "http://localhost:1",
            scope: "a b",
            state: secret,
            nonce: secret,
            verifier: secret,
            prompt: SignInPrompt::AsNeeded,
            login_hint: Some("\"ada\"@contoso.com & x"),
            domain_hint: None,
            claims: Some("{\"a\": 1}"),
        }
    }

    #[test]
    fn the_address_is_harmless() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let url = parameters(&verifier, "https://h.test/t/authorize").url().unwrap();
        assert!(!url.contains(['"', '\'', ' ', '`', '<', '^', '|', '\\']), "{url}");
        // The example of RFC 7636, appendix B.
        assert!(
            url.contains("code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&"),
            "{url}"
        );
        assert!(!url.contains("prompt="));
        for bad in [
            "http://h.test/",
            "https://h.test/a b",
            "https://h.test/\"",
            "https://h.test/?a=b",
        ] {
            assert!(parameters(&verifier, bad).url().is_err(), "{bad}");
        }
    }

    #[test]
    fn hints_are_short_texts() {
        assert!(check_hint("ada@contoso.com").is_ok());
        for bad in ["", "a\nb", &"x".repeat(513)] {
            assert!(check_hint(bad).is_err());
        }
    }
}
