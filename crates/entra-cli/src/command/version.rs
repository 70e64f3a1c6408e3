//! `entra version`.

use serde_json::json;

use super::Command;
use crate::args::{Args, Given};
use crate::context::Context;
use crate::failure::Failure;

pub(crate) const COMMAND: Command = Command {
    name: "version",
    summary: "show the version",
    options: &["--json"],
    page: include_str!("../help/version.txt"),
    run,
};

fn run(mut args: Args, context: &Context) -> Result<(), Failure> {
    while let Some(given) = args.next()? {
        match given {
            Given::Option(option) if option == "--json" => {}
            other => return Err(args.unknown(&other)),
        }
    }
    let (version, os, arch) = (
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
    );
    let line = match context.json {
        true => json!({ "name": "entra", "version": version, "os": os, "arch": arch }).to_string(),
        false => format!("entra {version} ({os} {arch})"),
    };
    context.write(format!("{line}\n").as_bytes())
}
