//! What an application proves itself by: a secret, a certificate or an assertion, from options or variables.

use std::path::PathBuf;

use entra_identity::AssertionSource;
use identity_base::Secret;

use super::Inputs;
use crate::failure::Failure;
use crate::secrets::Places;

/// The variables of a certificate, for the help of every way that takes one.
pub(super) const CERTIFICATE_VARIABLES: [(&str, &str); 4] = [
    (
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "a file with the application's certificate and private key, PEM or PKCS#12",
    ),
    ("AZURE_CLIENT_CERTIFICATE_PASSWORD", "that file's password"),
    (
        "AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE",
        "a file with that password",
    ),
    (
        "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",
        "true or 1: send the certificates along",
    ),
];

/// A proof, ready to be given to a credential's builder.
#[derive(Debug)]
pub(super) enum Proof {
    Secret(Secret),
    Certificate(Certificate),
    Assertion(AssertionSource),
}

/// A certificate's file and how it is used.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) path: PathBuf,
    pub(super) password: Option<Secret>,
    pub(super) send_chain: bool,
}

impl Inputs {
    /// The client secret.
    pub(super) fn client_secret(&self) -> Places<'_> {
        Places {
            what: "client secret",
            option: "--client-secret-file",
            file: self.settings.client_secret_file.as_deref(),
            variable: "AZURE_CLIENT_SECRET",
        }
    }

    /// The assertion by which the application proves itself.
    pub(super) fn client_assertion(&self) -> Places<'_> {
        Places {
            what: "client assertion",
            option: "--client-assertion-file",
            file: self.settings.client_assertion_file.as_deref(),
            variable: "AZURE_CLIENT_ASSERTION",
        }
    }

    /// The certificate, if an option or a variable names one.
    ///
    /// # Errors
    /// A usage failure when its password can't be read.
    pub(super) async fn certificate(&self) -> Result<Option<Certificate>, Failure> {
        let variable = || {
            let path = self.env().raw("AZURE_CLIENT_CERTIFICATE_PATH");
            path.filter(|path| !path.is_empty())
        };
        let Some(path) = self.settings.certificate.clone().or_else(variable) else {
            return Ok(None);
        };
        let password = Places {
            what: "certificate's password",
            option: "--certificate-password-file",
            file: self.settings.certificate_password_file.as_deref(),
            variable: "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        };
        Ok(Some(Certificate {
            path: path.into(),
            password: self.find(password).await?,
            send_chain: self.settings.send_certificate_chain
                || self.is_on("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"),
        }))
    }

    /// The one proof that there is: what an option names, else the first that a variable gives, of secret, certificate and assertion.
    ///
    /// # Errors
    /// A usage failure when options name several, or what they name can't be read.
    pub(super) async fn proof(&self) -> Result<Option<Proof>, Failure> {
        let settings = &self.settings;
        let by_option = (
            settings.client_secret_file.is_some(),
            settings.certificate.is_some(),
            settings.client_assertion_file.is_some(),
        );
        let (secret, certificate, assertion) = match by_option {
            (false, false, false) => (true, true, true),
            (true, false, false) | (false, true, false) | (false, false, true) => by_option,
            _ => {
                return Err(Failure::usage(
                    "more than one of --client-secret-file, --certificate and --client-assertion-file was given",
                )
                .hint("the application proves itself by one of them"));
            }
        };
        if secret && let Some(secret) = self.find(self.client_secret()).await? {
            return Ok(Some(Proof::Secret(secret)));
        }
        if certificate && let Some(certificate) = self.certificate().await? {
            return Ok(Some(Proof::Certificate(certificate)));
        }
        if assertion && let Some(assertion) = self.find(self.client_assertion()).await? {
            return Ok(Some(Proof::Assertion(ready_made(assertion))));
        }
        Ok(None)
    }

    /// A secret that need not be there.
    pub(super) async fn find(&self, places: Places<'_>) -> Result<Option<Secret>, Failure> {
        places.find(self.env(), &**self.client.file_system()).await
    }

    /// A secret that has to be there.
    pub(super) async fn read(&self, places: Places<'_>) -> Result<Secret, Failure> {
        places.read(self.env(), &**self.client.file_system()).await
    }

    fn is_on(&self, variable: &str) -> bool {
        let value = self.env().var(variable);
        value.is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }
}

/// An assertion that was made elsewhere. This program asks for one token, so it is good for all there is to do.
pub(super) fn ready_made(assertion: Secret) -> AssertionSource {
    AssertionSource::from_fn(move || Ok(assertion.clone()))
}

/// Gives a proof to a builder that takes any.
macro_rules! prove {
    ($builder:expr, $proof:expr) => {
        match $proof {
            $crate::via::proof::Proof::Secret(secret) => $builder.with_client_secret(secret),
            $crate::via::proof::Proof::Assertion(source) => $builder.with_client_assertion(source),
            $crate::via::proof::Proof::Certificate(certificate) => {
                let builder = $builder
                    .with_certificate_path(certificate.path)
                    .with_certificate_chain(certificate.send_chain);
                match certificate.password {
                    Some(password) => builder.with_certificate_password(password),
                    None => builder,
                }
            }
        }
    };
}
pub(super) use prove;
