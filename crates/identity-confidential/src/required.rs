//! Settings that the environment gives when the program doesn't.

use identity_base::Error;
use identity_base::seam::Env;

/// Collects what is missing, so that one error names all of it.
#[derive(Debug, Default)]
pub(crate) struct Required {
    missing: Vec<String>,
}

impl Required {
    /// A setting: the given value, else the first of these variables that is set. Empty counts as missing.
    pub(crate) fn setting(
        &mut self,
        name: &str,
        given: Option<String>,
        env: &dyn Env,
        variables: &[&str],
    ) -> String {
        let value = given
            .filter(|value| !value.is_empty())
            .or_else(|| variables.iter().find_map(|variable| env.var(variable)));
        value.unwrap_or_else(|| {
            self.missing.push(match variables {
                [] => name.to_owned(),
                variables => format!("{name} ({})", variables.join(" or ")),
            });
            String::new()
        })
    }

    /// Whether nothing is missing.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable) naming all that is missing, and `hint`.
    pub(crate) fn complete(self, credential: &'static str, hint: &'static str) -> Result<(), Error> {
        match self.missing.is_empty() {
            true => Ok(()),
            false => Err(
                Error::unavailable(format!("not set up, missing: {}", self.missing.join(", ")))
                    .with_credential(credential)
                    .with_hint(hint),
            ),
        }
    }
}
