//! What the environment says about an application: which variables are set, and which way to sign in they make up.

use identity_base::seam::Env;
use identity_base::{Error, Secret};
use identity_runtime::env_vars::{
    AZURE_CLIENT_CERTIFICATE_PASSWORD, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET,
    AZURE_CLIENT_SEND_CERTIFICATE_CHAIN, AZURE_PASSWORD, AZURE_TENANT_ID, AZURE_USERNAME,
};

/// All variables of the credential, in the order in which reports show them.
pub(crate) const VARIABLES: &[&str] = &[
    AZURE_TENANT_ID,
    AZURE_CLIENT_ID,
    AZURE_CLIENT_SECRET,
    AZURE_CLIENT_CERTIFICATE_PATH,
    AZURE_CLIENT_CERTIFICATE_PASSWORD,
    AZURE_USERNAME,
    AZURE_PASSWORD,
];

/// The ways to sign in, in the order in which they are looked for: the variable that is particular to one, and all that it needs.
const WAYS: [(&str, &[&str]); 3] = [
    (
        AZURE_CLIENT_SECRET,
        &[AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET],
    ),
    (
        AZURE_CLIENT_CERTIFICATE_PATH,
        &[AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH],
    ),
    (AZURE_USERNAME, &[AZURE_CLIENT_ID, AZURE_USERNAME, AZURE_PASSWORD]),
];

/// A complete way to sign in.
#[derive(Debug)]
pub(crate) enum Settings {
    /// With a client secret.
    #[cfg_attr(
        not(feature = "confidential"),
        expect(dead_code, reason = "the credential that takes these is left out")
    )]
    Secret {
        tenant: String,
        client: String,
        secret: Secret,
    },
    /// With a certificate.
    #[cfg_attr(
        not(feature = "confidential"),
        expect(dead_code, reason = "the credential that takes these is left out")
    )]
    Certificate {
        tenant: String,
        client: String,
        path: String,
        password: Option<Secret>,
        send_chain: bool,
    },
    /// With a user's name and password.
    #[cfg_attr(
        not(feature = "interactive"),
        expect(dead_code, reason = "the credential that takes these is left out")
    )]
    Password {
        tenant: Option<String>,
        client: String,
        username: String,
        password: Secret,
    },
}

impl Settings {
    /// The first way whose variables are all set. One that is empty counts as unset.
    ///
    /// # Errors
    /// [`Gap`] when no way is complete.
    pub(crate) fn read(env: &dyn Env) -> Result<Self, Gap> {
        let complete = WAYS
            .into_iter()
            .find(|(_, needs)| needs.iter().all(|name| env.var(name).is_some()));
        let Some((particular, _)) = complete else {
            return Err(Gap::of(env));
        };
        let var = |name: &str| env.var(name).unwrap_or_default();
        let client = var(AZURE_CLIENT_ID);
        Ok(match particular {
            AZURE_CLIENT_SECRET => Self::Secret {
                tenant: var(AZURE_TENANT_ID),
                client,
                secret: Secret::from(var(AZURE_CLIENT_SECRET)),
            },
            AZURE_CLIENT_CERTIFICATE_PATH => Self::Certificate {
                tenant: var(AZURE_TENANT_ID),
                client,
                path: var(AZURE_CLIENT_CERTIFICATE_PATH),
                password: env.var(AZURE_CLIENT_CERTIFICATE_PASSWORD).map(Secret::from),
                send_chain: env
                    .var(AZURE_CLIENT_SEND_CERTIFICATE_CHAIN)
                    .is_some_and(|value| is_true(&value)),
            },
            _ => Self::Password {
                tenant: env.var(AZURE_TENANT_ID),
                client,
                username: var(AZURE_USERNAME),
                password: Secret::from(var(AZURE_PASSWORD)),
            },
        })
    }

    /// The credential that these settings are for.
    pub(crate) const fn credential(&self) -> &'static str {
        match self {
            Self::Secret { .. } => "ClientSecretCredential",
            Self::Certificate { .. } => "CertificateCredential",
            Self::Password { .. } => "UsernamePasswordCredential",
        }
    }
}

/// Why the environment makes up no way to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// What is set, by name.
    pub(crate) set: Vec<&'static str>,
    /// What is set to nothing, by name.
    pub(crate) empty: Vec<&'static str>,
    /// What the way that is begun still needs; empty when none is begun.
    pub(crate) missing: Vec<&'static str>,
    /// Whether what is set can only be meant for this credential: a secret, a certificate, or a user.
    pub(crate) is_begun: bool,
}

impl Gap {
    fn of(env: &dyn Env) -> Self {
        let is_set = |name: &str| env.var(name).is_some();
        let is_empty = |name: &str| env.raw(name).is_some_and(|value| value.is_empty());
        let named = |test: &dyn Fn(&str) -> bool| -> Vec<&'static str> {
            VARIABLES.iter().copied().filter(|name| test(name)).collect()
        };
        let begun = WAYS
            .into_iter()
            .find(|(particular, _)| is_set(particular))
            .or_else(|| is_set(AZURE_PASSWORD).then_some(WAYS[2]));
        let missing = begun.map_or_else(Vec::new, |(_, needs)| {
            needs.iter().copied().filter(|name| !is_set(name)).collect()
        });
        Self {
            set: named(&is_set),
            empty: named(&is_empty),
            missing,
            is_begun: begun.is_some(),
        }
    }

    /// What is missing, in words.
    pub(crate) fn message(&self) -> String {
        let mut text = match (self.set.as_slice(), self.missing.as_slice()) {
            ([], _) => "no application is set in the environment".to_owned(),
            (set, []) => format!(
                "{}, but neither {AZURE_CLIENT_SECRET} nor {AZURE_CLIENT_CERTIFICATE_PATH} nor {AZURE_USERNAME}",
                are(set, "set")
            ),
            (set, missing) => format!("{}, but {}", are(set, "set"), are(missing, "missing")),
        };
        if !self.empty.is_empty() {
            text.push_str(&format!("; {} to nothing", are(&self.empty, "set")));
        }
        text
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        match self.missing.as_slice() {
            [] => format!(
                "set {AZURE_TENANT_ID}, {AZURE_CLIENT_ID} and {AZURE_CLIENT_SECRET} or {AZURE_CLIENT_CERTIFICATE_PATH}"
            ),
            missing => format!("set {}, or unset {}", list(missing), list(&self.set)),
        }
    }

    /// The error of a credential that isn't set up.
    pub(crate) fn into_error(self) -> Error {
        Error::unavailable(self.message()).with_hint(self.hint())
    }
}

/// `1` and `true`, in any case.
fn is_true(value: &str) -> bool {
    value == "1" || value.eq_ignore_ascii_case("true")
}

/// `A is set`, `A, B and C are set`.
pub(crate) fn are(names: &[&str], what: &str) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb} {what}", list(names))
}

/// `A`, `A and B`, `A, B and C`.
pub(crate) fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> std::collections::HashMap<String, String> {
        identity_testkit::env(variables.iter().copied())
    }

    #[test]
    fn the_first_complete_way_is_taken() {
        let all = [
            (AZURE_TENANT_ID, "t"),
            (AZURE_CLIENT_ID, "c"),
            (AZURE_CLIENT_SECRET, "CNRY"),
            (AZURE_CLIENT_CERTIFICATE_PATH, "/p"),
            (AZURE_USERNAME, "u"),
            (AZURE_PASSWORD, "CNRY"),
        ];
        for (without, credential) in [
            (&[][..], "ClientSecretCredential"),
            (&[AZURE_CLIENT_SECRET], "CertificateCredential"),
            (
                &[AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH],
                "UsernamePasswordCredential",
            ),
            (&[AZURE_TENANT_ID], "UsernamePasswordCredential"),
        ] {
            let some: Vec<_> = all
                .into_iter()
                .filter(|(name, _)| !without.contains(name))
                .collect();
            let settings = Settings::read(&env(&some)).unwrap();
            assert_eq!(settings.credential(), credential, "without {without:?}");
            assert!(!format!("{settings:?}").contains("CNRY"));
            // An empty variable counts as one that isn't set.
            let emptied: Vec<_> = all
                .into_iter()
                .map(|(name, value)| (name, if without.contains(&name) { "" } else { value }))
                .collect();
            assert_eq!(Settings::read(&env(&emptied)).unwrap().credential(), credential);
        }
    }

    #[test]
    fn the_certificate_chain_is_sent_for_one_and_true_only() {
        for (value, sent) in [
            ("1", true),
            ("true", true),
            ("TRUE", true),
            ("0", false),
            ("false", false),
            ("yes", false),
            ("", false),
        ] {
            let env = env(&[
                (AZURE_TENANT_ID, "t"),
                (AZURE_CLIENT_ID, "c"),
                (AZURE_CLIENT_CERTIFICATE_PATH, "/p"),
                (AZURE_CLIENT_SEND_CERTIFICATE_CHAIN, value),
            ]);
            let Ok(Settings::Certificate { send_chain, .. }) = Settings::read(&env) else {
                panic!("a certificate is set")
            };
            assert_eq!(send_chain, sent, "{value:?}");
        }
    }

    #[test]
    fn every_gap_is_named() {
        let text = |variables: &[(&str, &str)]| {
            let error = Settings::read(&env(variables)).unwrap_err().into_error();
            format!("{} -> {}", error.message(), error.hint().unwrap())
        };
        for (variables, expected) in [
            (
                &[][..],
                "no application is set in the environment -> set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH",
            ),
            (
                &[(AZURE_TENANT_ID, "t"), (AZURE_CLIENT_ID, "c")],
                "AZURE_TENANT_ID and AZURE_CLIENT_ID are set, but neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH nor AZURE_USERNAME -> set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH",
            ),
            (
                &[(AZURE_TENANT_ID, "t"), (AZURE_CLIENT_SECRET, "s")],
                "AZURE_TENANT_ID and AZURE_CLIENT_SECRET are set, but AZURE_CLIENT_ID is missing -> set AZURE_CLIENT_ID, or unset AZURE_TENANT_ID and AZURE_CLIENT_SECRET",
            ),
            (
                &[(AZURE_CLIENT_CERTIFICATE_PATH, "/p")],
                "AZURE_CLIENT_CERTIFICATE_PATH is set, but AZURE_TENANT_ID and AZURE_CLIENT_ID are missing -> set AZURE_TENANT_ID and AZURE_CLIENT_ID, or unset AZURE_CLIENT_CERTIFICATE_PATH",
            ),
            (
                &[(AZURE_PASSWORD, "p")],
                "AZURE_PASSWORD is set, but AZURE_CLIENT_ID and AZURE_USERNAME are missing -> set AZURE_CLIENT_ID and AZURE_USERNAME, or unset AZURE_PASSWORD",
            ),
            (
                &[
                    (AZURE_TENANT_ID, "t"),
                    (AZURE_CLIENT_ID, "c"),
                    (AZURE_CLIENT_SECRET, ""),
                ],
                "AZURE_TENANT_ID and AZURE_CLIENT_ID are set, but neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH nor AZURE_USERNAME; AZURE_CLIENT_SECRET is set to nothing -> set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH",
            ),
        ] {
            assert_eq!(text(variables), expected);
        }
    }
}
