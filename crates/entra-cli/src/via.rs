//! The ways to a token: what `--via` takes.
//!
//! A further way is a module with one [`Way`], and its line in [`ALL`]. Help, parsing, suggestions and the table of variables follow from that.

mod account;
mod authorization_code;
mod azure_pipelines;
mod certificate;
mod client_assertion;
mod client_secret;
mod developer_tools;
mod environment;
mod github_actions;
mod managed_identity;
mod on_behalf_of;
mod people;
mod plan;
mod proof;
mod settings;
mod workload_identity;

use std::sync::Arc;

use identity_base::seam::Env;
use identity_base::{BoxFuture, TokenCredential};
use identity_runtime::ClientOptions;

pub(crate) use self::plan::{Plan, Ready, Surroundings};
pub(crate) use self::settings::{Settings, claims, filled};
use crate::failure::Failure;
use crate::suggest::nearest;

/// All ways.
pub(crate) const ALL: [&Way; 17] = [
    &environment::WAY,
    &account::WAY,
    &client_secret::WAY,
    &certificate::WAY,
    &client_assertion::WAY,
    &on_behalf_of::WAY,
    &authorization_code::WAY,
    &workload_identity::WAY,
    &azure_pipelines::WAY,
    &github_actions::WAY,
    &managed_identity::WAY,
    &developer_tools::AZURE_CLI,
    &developer_tools::AZURE_DEVELOPER_CLI,
    &developer_tools::AZURE_POWERSHELL,
    &people::SHARED_TOKEN_CACHE,
    &people::BROWSER,
    &people::DEVICE_CODE,
];

/// One way to a token.
#[derive(Debug)]
pub(crate) struct Way {
    /// What `--via` calls it.
    pub(crate) name: &'static str,
    /// The credential's type name, which is understood as well.
    pub(crate) credential: &'static str,
    /// A line for the help.
    pub(crate) summary: &'static str,
    /// The variables that it reads, with a line each for the help.
    pub(crate) variables: &'static [(&'static str, &'static str)],
    /// Makes the credential.
    pub(crate) open: for<'a> fn(&'a Inputs) -> BoxFuture<'a, Result<Opened, Failure>>,
}

/// What a way may be made from: arguments, and the environment behind them.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) settings: Settings,
    pub(crate) client: ClientOptions,
}

/// A credential that is ready to be asked.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) credential: Arc<dyn TokenCredential>,
    /// The tenant that it asks, if that is known before.
    pub(crate) tenant: Option<String>,
    /// The client id that it uses, if that is known before.
    pub(crate) client_id: Option<String>,
}

impl Inputs {
    pub(crate) fn env(&self) -> &dyn Env {
        &**self.client.env()
    }

    /// The tenant, from `--tenant` or `AZURE_TENANT_ID`.
    ///
    /// # Errors
    /// An `unavailable` failure that says how to set it.
    pub(crate) fn tenant(&self) -> Result<String, Failure> {
        self.required("tenant", &self.settings.tenant, "--tenant", "AZURE_TENANT_ID")
    }

    /// The client id, from `--client-id` or `AZURE_CLIENT_ID`.
    ///
    /// # Errors
    /// An `unavailable` failure that says how to set it.
    pub(crate) fn client_id(&self) -> Result<String, Failure> {
        self.required(
            "client id",
            &self.settings.client_id,
            "--client-id",
            "AZURE_CLIENT_ID",
        )
    }

    fn required(
        &self,
        what: &str,
        given: &Option<String>,
        option: &str,
        variable: &str,
    ) -> Result<String, Failure> {
        given.clone().or_else(|| self.env().var(variable)).ok_or_else(|| {
            Failure::unavailable(format!("there is no {what}"))
                .hint(format!("set {variable}, or use {option}"))
        })
    }
}

/// The way of this name: as `--via` writes it, or the credential's type name, in any case.
///
/// # Errors
/// A usage failure with the nearest name, or all of them.
pub(crate) fn find(name: &str) -> Result<&'static Way, Failure> {
    let wanted = plain(name);
    let found = ALL
        .iter()
        .copied()
        .find(|way| plain(way.name) == wanted || plain(way.credential) == wanted);
    found.ok_or_else(|| {
        let names = || ALL.iter().map(|way| way.name);
        let failure = Failure::usage("the value of --via names no way to a token");
        match nearest(name, names()) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint(format!(
                "this version knows {}, and by themselves default, dev and prod",
                names().collect::<Vec<_>>().join(", ")
            )),
        }
    })
}

/// The letters of a name in lower case, without a `Credential` at its end.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '-' | '_'));
    let lower: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    match lower.strip_suffix("credential") {
        Some(stem) => stem.to_owned(),
        None => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_found_by_both_names_in_any_case() {
        for name in [
            "client-secret",
            "Client_Secret",
            "clientsecret",
            "ClientSecretCredential",
        ] {
            assert_eq!(find(name).unwrap().name, "client-secret", "{name}");
        }
        assert!(
            find("client-secert")
                .unwrap_err()
                .text()
                .contains("did you mean client-secret?")
        );
        assert!(
            find("smoke-signals")
                .unwrap_err()
                .text()
                .contains("this version knows environment, account, client-secret")
        );
    }

    #[test]
    fn names_differ() {
        for (at, way) in ALL.iter().enumerate() {
            let others = ALL.iter().skip(at + 1);
            assert!(
                others
                    .into_iter()
                    .all(|other| plain(other.name) != plain(way.name))
            );
            assert!(
                ALL.iter()
                    .all(|other| other.name == way.name || plain(other.credential) != plain(way.name))
            );
        }
    }
}
