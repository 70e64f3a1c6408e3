//! `entra help`.

use super::Command;
use crate::args::{Args, Given};
use crate::context::Context;
use crate::failure::Failure;

pub(crate) const COMMAND: Command = Command {
    name: "help",
    summary: "show the help of a command",
    options: &[],
    page: include_str!("../help/help.txt"),
    run,
};

fn run(mut args: Args, context: &Context) -> Result<(), Failure> {
    let page = match args.next()? {
        None => crate::help::overview(),
        Some(Given::Value(name)) => crate::help::render(super::find(&name)?.page),
        Some(option @ Given::Option(_)) => return Err(args.unknown(&option)),
    };
    context.write(page.as_bytes())
}
