//! The options that say who asks and what proves it: those that ways to a token are made from.

use std::ffi::OsString;

use crate::args::Args;
use crate::failure::Failure;

/// What the command line says about the identity. Secrets are in files that it names, never in arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) tenant: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) object_id: Option<String>,
    pub(crate) resource_id: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) arc_key_directory: Option<String>,
    pub(crate) subscription: Option<String>,
    pub(crate) client_secret_file: Option<OsString>,
    pub(crate) certificate: Option<OsString>,
    pub(crate) certificate_password_file: Option<OsString>,
    pub(crate) send_certificate_chain: bool,
    pub(crate) client_assertion_file: Option<OsString>,
    pub(crate) user_assertion_file: Option<OsString>,
    pub(crate) code_file: Option<OsString>,
    pub(crate) code_verifier_file: Option<OsString>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) token_file: Option<OsString>,
    pub(crate) identity_binding_proxy: bool,
    pub(crate) service_connection_id: Option<String>,
    pub(crate) audience: Option<String>,
}

impl Settings {
    /// Takes an option if it is one of these, with its value. Whether it was is returned.
    ///
    /// # Errors
    /// A usage failure when the value is missing, empty or not Unicode where it has to be.
    pub(crate) fn take(&mut self, option: &str, args: &mut Args) -> Result<bool, Failure> {
        let text = match option {
            "--tenant" => &mut self.tenant,
            "--client-id" => &mut self.client_id,
            "--object-id" => &mut self.object_id,
            "--resource-id" => &mut self.resource_id,
            "--source" => &mut self.source,
            "--arc-key-directory" => &mut self.arc_key_directory,
            "--subscription" => &mut self.subscription,
            "--redirect-uri" => &mut self.redirect_uri,
            "--service-connection-id" => &mut self.service_connection_id,
            "--audience" => &mut self.audience,
            _ => return self.take_other(option, args),
        };
        *text = Some(filled(option, args.text()?)?);
        Ok(true)
    }

    fn take_other(&mut self, option: &str, args: &mut Args) -> Result<bool, Failure> {
        let file = match option {
            "--client-secret-file" => &mut self.client_secret_file,
            "--certificate" => &mut self.certificate,
            "--certificate-password-file" => &mut self.certificate_password_file,
            "--client-assertion-file" => &mut self.client_assertion_file,
            "--user-assertion-file" => &mut self.user_assertion_file,
            "--code-file" => &mut self.code_file,
            "--code-verifier-file" => &mut self.code_verifier_file,
            "--token-file" => &mut self.token_file,
            "--send-certificate-chain" => {
                self.send_certificate_chain = true;
                return Ok(true);
            }
            "--identity-binding-proxy" => {
                self.identity_binding_proxy = true;
                return Ok(true);
            }
            _ => return Ok(false),
        };
        *file = Some(args.path()?);
        Ok(true)
    }

    /// Refuses what can't be meant.
    ///
    /// # Errors
    /// A usage failure when standard input would have to be two secrets.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let files = [
            &self.client_secret_file,
            &self.certificate_password_file,
            &self.client_assertion_file,
            &self.user_assertion_file,
            &self.code_file,
            &self.code_verifier_file,
        ];
        let piped = files.into_iter().flatten().filter(|file| *file == "-");
        match piped.count() {
            0 | 1 => Ok(()),
            _ => Err(Failure::usage("more than one option takes standard input (-)")
                .hint("standard input can be one secret; put the others into files or variables")),
        }
    }
}

/// Refuses an empty value, which a script with an unset variable writes.
pub(crate) fn filled(option: &str, value: String) -> Result<String, Failure> {
    match value.is_empty() {
        true => Err(Failure::usage(format!("the value of {option} is empty"))),
        false => Ok(value),
    }
}

/// The longest claims that a request takes.
const MAX_CLAIMS_BYTES: usize = 64 * 1024;

/// The claims of a challenge, refused where no request could be made with them.
pub(crate) fn claims(option: &str, value: String) -> Result<String, Failure> {
    let value = filled(option, value)?;
    if value.len() > MAX_CLAIMS_BYTES {
        return Err(Failure::usage(format!(
            "the value of {option} has more than 64 KiB"
        )));
    }
    match serde_json::from_str(&value) {
        Ok(serde_json::Value::Object(_)) => Ok(value),
        _ => Err(
            Failure::usage(format!("the value of {option} is no JSON object")).hint(
                "pass the `claims` of the challenge as JSON text; where they are base64, decode them first",
            ),
        ),
    }
}
