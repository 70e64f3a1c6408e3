//! The commands, and which of them runs.

mod doctor;
mod emulate;
mod help;
mod login;
mod logout;
mod token;
mod version;
mod whoami;

use std::ffi::OsString;

use crate::args::Args;
use crate::context::Context;
use crate::failure::Failure;
use crate::suggest::nearest;

/// One command.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// What it does, for the list of commands.
    pub(crate) summary: &'static str,
    /// Its options, long forms first; what is not here is not suggested.
    pub(crate) options: &'static [&'static str],
    /// Its help page, with the marks of [`crate::help::render`].
    pub(crate) page: &'static str,
    pub(crate) run: fn(Args, &Context) -> Result<(), Failure>,
}

/// All commands, in the order of the help.
pub(crate) const COMMANDS: [&Command; 8] = [
    &token::COMMAND,
    &login::COMMAND,
    &logout::COMMAND,
    &whoami::COMMAND,
    &doctor::COMMAND,
    &emulate::COMMAND,
    &version::COMMAND,
    &help::COMMAND,
];

/// Runs the command that the arguments name.
///
/// # Errors
/// As the command; a usage failure when there is no such command.
pub(crate) fn dispatch(arguments: Vec<OsString>, context: &Context) -> Result<(), Failure> {
    let mut arguments = arguments.into_iter();
    let Some(first) = arguments.next() else {
        context.complain(crate::help::overview().trim_end());
        return Err(Failure::usage("no command was given"));
    };
    let rest: Vec<_> = arguments.collect();
    match first.to_str().unwrap_or_default() {
        "-h" | "--help" => context.write(crate::help::overview().as_bytes()),
        "-V" | "--version" => run(&version::COMMAND, rest, context),
        name => run(find(name)?, rest, context),
    }
}

fn run(command: &Command, arguments: Vec<OsString>, context: &Context) -> Result<(), Failure> {
    let mut before_dashes = arguments.iter().take_while(|argument| *argument != "--");
    if before_dashes.any(|argument| argument == "--help" || argument == "-h") {
        return context.write(crate::help::render(command.page).as_bytes());
    }
    (command.run)(Args::new(arguments, command.name, command.options), context)
}

/// The command of this name.
///
/// # Errors
/// A usage failure with the nearest name, or all of them.
pub(crate) fn find(name: &str) -> Result<&'static Command, Failure> {
    let names = || COMMANDS.iter().map(|command| command.name);
    COMMANDS
        .iter()
        .copied()
        .find(|command| command.name == name)
        .ok_or_else(|| {
            let failure = Failure::usage("there is no such command");
            match nearest(name, names()) {
                Some(near) => failure.hint(format!(
                    "did you mean `entra {near}`? `entra help` lists the commands"
                )),
                None => failure.hint(format!(
                    "the commands are {}",
                    names().collect::<Vec<_>>().join(", ")
                )),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_stands_in_its_help() {
        for command in COMMANDS {
            let page = crate::help::render(command.page);
            for option in command.options {
                assert!(page.contains(option), "{} {option}", command.name);
            }
        }
    }

    #[test]
    fn an_unknown_command_is_answered_with_a_near_one() {
        assert!(find("tokn").unwrap_err().text().contains("`entra token`"));
        assert!(
            find("quux-quux")
                .unwrap_err()
                .text()
                .contains("token, login, logout, whoami, doctor, emulate")
        );
        assert_eq!(find("version").unwrap().name, "version");
    }
}
