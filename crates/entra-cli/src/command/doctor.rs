//! `entra doctor`.

use entra_identity::diagnosis::{Report, Verdict};
use identity_base::Error;
use serde_json::json;

use super::Command;
use crate::args::{Args, Given};
use crate::client::{self, Whom};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::runtime;
use crate::via::{Inputs, Plan, Settings, Surroundings};

pub(crate) const COMMAND: Command = Command {
    name: "doctor",
    summary: "find out why there is no token, or whose it would be",
    options: &[
        "--via",
        "--offline",
        "--tenant",
        "--client-id",
        "--authority",
        "--trust-authority",
        "--ca-file",
        "--json",
        "--help",
    ],
    page: include_str!("../help/doctor.txt"),
    run,
};

/// What a token is asked for when nobody says.
const SCOPE: &str = "https://management.azure.com/.default";

/// What was asked for.
#[derive(Debug, Default)]
struct Options {
    scope: Option<String>,
    via: Option<String>,
    offline: bool,
    settings: Settings,
    whom: Whom,
}

impl Options {
    fn parse(mut args: Args) -> Result<Self, Failure> {
        let mut options = Self::default();
        while let Some(given) = args.next()? {
            match given {
                Given::Value(scope) if options.scope.is_none() && !scope.is_empty() => {
                    options.scope = Some(scope);
                }
                Given::Value(_) => {
                    return Err(Failure::usage("one scope at a time")
                        .hint("for example: entra doctor https://vault.azure.net/.default"));
                }
                Given::Option(option) => match option.as_str() {
                    "--via" => options.via = Some(args.text()?),
                    "--offline" => options.offline = true,
                    "--json" => {}
                    "--tenant" | "--client-id" => _ = options.settings.take(&option, &mut args)?,
                    _ if options.whom.take(&option, &mut args)? => {}
                    _ => return Err(args.unknown(&Given::Option(option))),
                },
            }
        }
        Ok(options)
    }
}

fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let options = Options::parse(args)?;
    // The same as `entra token` would go by.
    let surroundings = Surroundings {
        env: &*context.env,
        is_terminal: context.stderr_is_terminal,
    };
    let plan = Plan::choose(options.via.as_deref(), &options.settings, surroundings)?;
    let report = runtime::block_on(async {
        let inputs = Inputs {
            client: client::options(context, &options.whom).await?,
            settings: options.settings.clone(),
        };
        let diagnosis = plan
            .chain(&inputs)
            .await?
            .diagnosis()
            .with_offline(options.offline);
        Ok(diagnosis
            .diagnose(options.scope.as_deref().unwrap_or(SCOPE))
            .await)
    })?;
    context.write(shown(&report, context).as_bytes())?;
    match exit(&report, options.offline) {
        Exit::Success => Ok(()),
        exit => Err(Failure::told(exit)),
    }
}

fn shown(report: &Report, context: &Context) -> String {
    let (version, os, arch) = (
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
    );
    if context.json {
        let document = json!({ "entra": version, "os": os, "arch": arch, "report": report });
        return format!("{document}\n");
    }
    format!("entra {version} ({os} {arch})\n{report}")
}

/// Success when there would be a token. What was only looked at is no failure.
fn exit(report: &Report, offline: bool) -> Exit {
    if report.winner.is_some() || offline {
        return Exit::Success;
    }
    let stopped = report
        .links
        .iter()
        .find(|link| Some(link.credential) == report.stopped_at && link.verdict == Verdict::Failed);
    let Some(problem) = stopped.and_then(|link| link.problem.as_ref()) else {
        return Exit::Unavailable;
    };
    let error = Error::new(problem.kind, "");
    Exit::of(&match problem.aadsts {
        Some(code) => error.with_aadsts(code),
        None => error,
    })
}
