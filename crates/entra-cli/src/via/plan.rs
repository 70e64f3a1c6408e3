//! What is tried, and in which order.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::Arc;

use entra_identity::diagnosis::Given;
use entra_identity::{
    ChainBuilder, ChainedTokenCredential, DefaultAzureCredential, DefaultMember, TokenCredential,
    TokenFuture, TokenRequest,
};
use identity_base::Error;
use identity_base::seam::Env;
use identity_runtime::ClientOptions;

use super::{Inputs, Opened, Settings, Way, find, plain};
use crate::failure::Failure;

/// Whom a program in a build, a container or a timer acts for.
const DEPLOYED: &[&str] = &[
    "environment",
    "workload-identity",
    "github-actions",
    "azure-pipelines",
    "managed-identity",
];
/// Whom a person at a terminal acts for. Variables that name an application are a wish, so they go first.
const AT_A_TERMINAL: &[&str] = &[
    "environment",
    "account",
    "shared-token-cache",
    "azure-cli",
    "azure-developer-cli",
    "azure-powershell",
    "browser",
];
/// What a script on somebody's machine may find beside: nothing that would ask a person.
const TOOLS: &[&str] = &["account", "azure-cli", "azure-developer-cli", "azure-powershell"];
/// The ways that stand for a person: their failures never stop a chain.
const PEOPLE: &[&str] = &[
    "account",
    "shared-token-cache",
    "azure-cli",
    "azure-developer-cli",
    "azure-powershell",
    "browser",
    "device-code",
];

/// What is tried.
#[derive(Debug)]
pub(crate) enum Plan {
    /// One way.
    One(&'static Way),
    /// Several, in this order, until one answers.
    Several(Vec<&'static Way>),
    /// The default chain of the library, or a part of it.
    Default(Part),
}

/// Which part of the default chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What `AZURE_TOKEN_CREDENTIALS` says.
    AsSet,
    Dev,
    Prod,
}

/// Where the command runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) env: &'a dyn Env,
    /// Whether a person sees what is said.
    pub(crate) is_terminal: bool,
}

/// A credential, and the chain that it is, if it is one.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) opened: Opened,
    pub(crate) chain: Option<ChainedTokenCredential>,
}

impl Plan {
    /// The plan that `--via` names, else the one that the options and the surroundings suggest.
    ///
    /// # Errors
    /// A usage failure when `--via` names something unknown.
    pub(crate) fn choose(
        via: Option<&str>,
        settings: &Settings,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, Failure> {
        match via {
            Some(names) => Self::named(names),
            None => Self::suggested(settings, surroundings),
        }
    }

    /// `default`, `dev`, `prod`, a way, or several ways between commas.
    pub(crate) fn named(names: &str) -> Result<Self, Failure> {
        match plain(names).as_str() {
            "default" | "defaultazure" => return Ok(Self::Default(Part::AsSet)),
            "dev" => return Ok(Self::Default(Part::Dev)),
            "prod" => return Ok(Self::Default(Part::Prod)),
            _ => {}
        }
        if !names.contains(',') {
            return find(names.trim()).map(Self::One);
        }
        let ways = names.split(',').map(|name| find(name.trim()));
        ways.collect::<Result<_, _>>().map(Self::Several)
    }

    fn suggested(settings: &Settings, surroundings: Surroundings<'_>) -> Result<Self, Failure> {
        if let Some(way) = only_way_with(settings, surroundings.env) {
            return find(way).map(Self::One);
        }
        if surroundings.env.var("AZURE_TOKEN_CREDENTIALS").is_some() {
            return Ok(Self::Default(Part::AsSet));
        }
        let names: Vec<&str> = match (is_build(surroundings.env), surroundings.is_terminal) {
            (true, _) => DEPLOYED.to_vec(),
            (false, true) => AT_A_TERMINAL.to_vec(),
            // A script on somebody's machine, or a service: both may be meant.
            (false, false) => DEPLOYED.iter().chain(TOOLS).copied().collect(),
        };
        names
            .into_iter()
            .map(find)
            .collect::<Result<_, _>>()
            .map(Self::Several)
    }

    /// Makes the credential.
    ///
    /// # Errors
    /// As the way, if it is one.
    pub(crate) async fn open(&self, inputs: &Inputs) -> Result<Ready, Failure> {
        match self {
            Self::One(way) => Ok(Ready {
                opened: (way.open)(inputs).await?,
                chain: None,
            }),
            Self::Several(_) | Self::Default(_) => self.chain(inputs).await.map(ready),
        }
    }

    /// Makes it as a chain, to be diagnosed: a way alone is a chain of one that does what the way does alone.
    ///
    /// # Errors
    /// When the default chain can't be made; a way that can't stands in the chain with its error.
    pub(crate) async fn chain(&self, inputs: &Inputs) -> Result<ChainedTokenCredential, Failure> {
        match self {
            Self::One(way) => Ok(ChainBuilder::new(&overlaid(inputs))
                .push(standing(way, inputs).await)
                .given(given(&inputs.settings))
                .with_softening(false)
                .build()?),
            Self::Several(ways) => several(ways, inputs).await,
            Self::Default(part) => default_chain(*part, inputs),
        }
    }
}

/// The way that an option or a variable can only be meant for.
fn only_way_with(settings: &Settings, env: &dyn Env) -> Option<&'static str> {
    let is_for: [(bool, &str); 11] = [
        (settings.user_assertion_file.is_some(), "on-behalf-of"),
        (
            settings.code_file.is_some() || settings.redirect_uri.is_some(),
            "authorization-code",
        ),
        (settings.client_secret_file.is_some(), "client-secret"),
        (settings.certificate.is_some(), "certificate"),
        (settings.client_assertion_file.is_some(), "client-assertion"),
        (
            settings.token_file.is_some() || settings.identity_binding_proxy,
            "workload-identity",
        ),
        (settings.service_connection_id.is_some(), "azure-pipelines"),
        (settings.audience.is_some(), "github-actions"),
        (
            settings.source.is_some() || settings.object_id.is_some() || settings.resource_id.is_some(),
            "managed-identity",
        ),
        (settings.subscription.is_some(), "azure-cli"),
        // A variable of this program alone.
        (env.var("AZURE_CLIENT_SECRET_FILE").is_some(), "client-secret"),
    ];
    is_for.into_iter().find_map(|(is_set, way)| is_set.then_some(way))
}

/// Whether a build system runs the command.
fn is_build(env: &dyn Env) -> bool {
    env.var("CI")
        .is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "0" | "false"))
        || env.var("TF_BUILD").is_some()
}

async fn several(ways: &[&'static Way], inputs: &Inputs) -> Result<ChainedTokenCredential, Failure> {
    let inputs = Inputs {
        settings: inputs.settings.clone(),
        client: overlaid(inputs),
    };
    let mut chain = ChainBuilder::new(&inputs.client);
    for way in ways {
        let credential = standing(way, &inputs).await;
        chain = match PEOPLE.contains(&way.name) {
            true => chain.push_developer_tool(credential),
            false => chain.push(credential),
        };
        chain = chain.given(given(&inputs.settings));
    }
    Ok(chain.build()?)
}

/// A way as it stands in a chain: one that can't be made fails each request.
async fn standing(way: &Way, inputs: &Inputs) -> Arc<dyn TokenCredential> {
    match (way.open)(inputs).await {
        Ok(opened) => opened.credential,
        Err(failure) => Arc::new(NotMade {
            name: way.credential,
            error: failure.into_error().with_credential(way.credential),
        }),
    }
}

/// What the options say in place of variables, for a diagnosis.
fn given(settings: &Settings) -> Given {
    let mut given = Given::new();
    if let Some(tenant) = &settings.tenant {
        given = given.with_tenant_id(tenant);
    }
    if let Some(client_id) = &settings.client_id {
        given = given.with_client_id(client_id);
    }
    given
}

fn default_chain(part: Part, inputs: &Inputs) -> Result<ChainedTokenCredential, Failure> {
    let mut builder = DefaultAzureCredential::builder().with_options(&overlaid(inputs));
    for member in DefaultMember::ALL {
        let is_in = match part {
            Part::AsSet => continue,
            Part::Dev => member.is_in_dev(),
            Part::Prod => !member.is_developer_tool(),
        };
        builder = builder.exclude(*member, !is_in);
    }
    if part != Part::AsSet {
        // What was asked for on the command line is not for the environment to change.
        builder = builder.with_token_credentials_variable("");
    }
    Ok(builder.build()?.chain().clone())
}

fn ready(chain: ChainedTokenCredential) -> Ready {
    Ready {
        opened: Opened {
            credential: Arc::new(chain.clone()),
            tenant: None,
            client_id: None,
        },
        chain: Some(chain),
    }
}

/// The environment with what the options say in place of variables, for credentials that go by those.
pub(super) fn overlaid(inputs: &Inputs) -> ClientOptions {
    let settings = &inputs.settings;
    let over = [
        ("AZURE_TENANT_ID", &settings.tenant),
        ("AZURE_CLIENT_ID", &settings.client_id),
    ];
    let over: HashMap<&'static str, String> = over
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect();
    inputs.client.clone().with_env(Arc::new(Overlaid {
        over,
        under: Arc::clone(inputs.client.env()),
    }))
}

#[derive(Debug)]
struct Overlaid {
    over: HashMap<&'static str, String>,
    under: Arc<dyn Env>,
}

impl Env for Overlaid {
    fn raw(&self, name: &str) -> Option<OsString> {
        match self.over.get(name) {
            Some(value) => Some(value.into()),
            None => self.under.raw(name),
        }
    }
}

/// Stands in a chain for a way that is not set up.
#[derive(Debug)]
struct NotMade {
    name: &'static str,
    error: Error,
}

impl TokenCredential for NotMade {
    fn get_token_with(&self, _request: TokenRequest<'_>) -> TokenFuture<'_> {
        TokenFuture::ready(Err(self.error.clone()))
    }

    fn name(&self) -> &'static str {
        self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(
        via: Option<&str>,
        settings: &Settings,
        variables: &[(&str, &str)],
        is_terminal: bool,
    ) -> String {
        let env: HashMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let surroundings = Surroundings {
            env: &env,
            is_terminal,
        };
        match Plan::choose(via, settings, surroundings) {
            Ok(Plan::One(way)) => way.name.to_owned(),
            Ok(Plan::Several(ways)) => ways.iter().map(|way| way.name).collect::<Vec<_>>().join(" "),
            Ok(Plan::Default(part)) => format!("{part:?}"),
            Err(failure) => failure.text(),
        }
    }

    #[test]
    fn the_order_is_that_of_the_place() {
        let none = Settings::default();
        let tools = "azure-cli azure-developer-cli azure-powershell";
        let account = "account";
        let build = "environment workload-identity github-actions azure-pipelines managed-identity";
        let terminal = format!("environment {account} shared-token-cache {tools} browser");
        assert_eq!(names(None, &none, &[], true), terminal);
        assert_eq!(
            names(None, &none, &[], false),
            format!("{build} {account} {tools}")
        );
        for build_system in [("CI", "true"), ("CI", "1"), ("TF_BUILD", "True")] {
            for terminal in [false, true] {
                assert_eq!(names(None, &none, &[build_system], terminal), build);
            }
        }
        assert_eq!(names(None, &none, &[("CI", "false")], true), terminal);
        assert_eq!(
            names(None, &none, &[("AZURE_TOKEN_CREDENTIALS", "dev")], true),
            "AsSet"
        );
    }

    #[test]
    fn an_option_of_one_way_chooses_it() {
        let secret = Settings {
            client_secret_file: Some("f".into()),
            ..Settings::default()
        };
        assert_eq!(names(None, &secret, &[], true), "client-secret");
        let source = Settings {
            source: Some("imds".into()),
            ..Settings::default()
        };
        assert_eq!(names(None, &source, &[("CI", "1")], false), "managed-identity");
        let variable = [("AZURE_CLIENT_SECRET_FILE", "f")];
        assert_eq!(
            names(None, &Settings::default(), &variable, false),
            "client-secret"
        );
    }

    #[test]
    fn via_names_ways_and_chains() {
        let none = Settings::default();
        for (via, expected) in [
            ("default", "AsSet"),
            ("DefaultAzureCredential", "AsSet"),
            ("DEV", "Dev"),
            ("prod", "Prod"),
            ("azure-cli", "azure-cli"),
            (
                "managed-identity, AzureCliCredential",
                "managed-identity azure-cli",
            ),
        ] {
            assert_eq!(names(Some(via), &none, &[("CI", "1")], false), expected, "{via}");
        }
        assert!(names(Some("azure-cli,quux"), &none, &[], false).contains("names no way"));
    }
}
