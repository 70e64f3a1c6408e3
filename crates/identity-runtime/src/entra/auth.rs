//! How a client proves who it is.

use std::borrow::Cow;

use identity_base::Secret;

use super::Form;

/// The usual type of a client assertion.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How a client proves who it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientAuth {
    /// Not at all: a public client.
    None,
    /// By a shared secret.
    Secret(Secret),
    /// By a signed assertion.
    Assertion {
        /// The assertion.
        assertion: Secret,
        /// Its type, a URN.
        kind: Cow<'static, str>,
    },
}

impl ClientAuth {
    /// A signed JWT, as certificates and federated tokens are.
    #[must_use]
    pub const fn jwt(assertion: Secret) -> Self {
        Self::Assertion {
            assertion,
            kind: Cow::Borrowed(JWT_BEARER),
        }
    }

    /// Adds the proof to a form.
    pub fn apply(&self, form: &mut Form) {
        match self {
            Self::None => {}
            Self::Secret(secret) => form.set_secret("client_secret", secret.clone()),
            Self::Assertion { assertion, kind } => {
                form.set_secret("client_assertion", assertion.clone());
                form.set("client_assertion_type", kind.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(auth: &ClientAuth) -> String {
        let mut form = Form::new();
        auth.apply(&mut form);
        String::from_utf8(form.encode().to_vec()).unwrap()
    }

    #[test]
    fn each_proof_has_its_fields() {
        assert_eq!(encoded(&ClientAuth::None), "");
        assert_eq!(encoded(&ClientAuth::Secret("s&".into())), "client_secret=s%26");
        assert_eq!(
            encoded(&ClientAuth::jwt("a.b.c".into())),
            "client_assertion=a.b.c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        );
        assert!(!format!("{:?}", ClientAuth::jwt("CNRY".into())).contains("CNRY"));
    }
}
