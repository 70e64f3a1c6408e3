//! A command line for the Windows command interpreter.
//!
//! `az` is a batch file there. The interpreter reads its line by rules of its own, which no quoting covers wholly; so every argument with a character that
//! could mean something to it is refused. This is plain text work, and tested on every system.
#![cfg_attr(
    not(any(windows, test)),
    expect(dead_code, reason = "used on Windows, tested everywhere")
)]

use identity_base::seam::{ProcessError, ProcessErrorKind};

/// What an argument may not hold.
const REFUSED: [char; 14] = [
    '"', '%', '^', '&', '<', '>', '|', '!', '(', ')', '\r', '\n', '\0', '\u{1a}',
];
/// What a program's path may hold beyond arguments: `Program Files (x86)`.
const PATH_ONLY: [char; 2] = ['(', ')'];

/// Everything after `cmd.exe`: no AutoRun, extensions on, delayed expansion off, the outer quotes stripped, then the command.
pub(super) fn batch_line(program: &str, args: &[&str]) -> Result<String, ProcessError> {
    let mut line = format!("/d /e:ON /v:OFF /s /c \"\"{}\"", checked_program(program)?);
    for arg in args {
        line.push(' ');
        line.push_str(&quoted(arg)?);
    }
    line.push('"');
    Ok(line)
}

fn checked_program(program: &str) -> Result<&str, ProcessError> {
    match program.contains(|c: char| REFUSED.contains(&c) && !PATH_ONLY.contains(&c)) {
        true => Err(refused("the program's path")),
        false => Ok(program),
    }
}

/// The argument in quotes. Backslashes before the closing quote are doubled, or the program would take the quote for part of the argument.
fn quoted(arg: &str) -> Result<String, ProcessError> {
    if arg.contains(REFUSED) {
        return Err(refused("an argument"));
    }
    let backslashes = arg.len() - arg.trim_end_matches('\\').len();
    Ok(format!("\"{arg}{}\"", "\\".repeat(backslashes)))
}

/// The message doesn't repeat the value: it may be hostile.
fn refused(what: &str) -> ProcessError {
    ProcessError::new(
        ProcessErrorKind::InvalidArgument,
        format!("{what} has a character that can't be passed to a batch file safely"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_quoted_whole_and_in_parts() {
        assert_eq!(
            batch_line(
                r"C:\Program Files (x86)\Azure\az.cmd",
                &[
                    "account",
                    "get-access-token",
                    "--scope",
                    "https://x/.default",
                    "two words",
                    ""
                ]
            )
            .unwrap(),
            r#"/d /e:ON /v:OFF /s /c ""C:\Program Files (x86)\Azure\az.cmd" "account" "get-access-token" "--scope" "https://x/.default" "two words" """"#
        );
        assert_eq!(
            batch_line("a.cmd", &[r"x\", r"y\\"]).unwrap(),
            r#"/d /e:ON /v:OFF /s /c ""a.cmd" "x\\" "y\\\\"""#
        );
    }

    #[test]
    fn what_the_interpreter_could_misread_is_refused() {
        for payload in [
            "a\"b",
            "%PATH%",
            "a^b",
            "a&calc",
            "a<b",
            "a>b",
            "a|b",
            "!x!",
            "(a",
            "a)",
            "a\rb",
            "a\nb",
            "a\0b",
            "\u{1a}",
            "\" & calc & \"",
        ] {
            let error = batch_line("az.cmd", &["ok", payload]).unwrap_err();
            assert_eq!(error.kind, ProcessErrorKind::InvalidArgument, "{payload:?}");
            assert!(!error.message.contains(payload));
        }
        for program in ["a&b.cmd", "a%b.cmd", "a\"b.cmd", "a\nb.cmd"] {
            assert!(batch_line(program, &[]).is_err(), "{program:?}");
        }
    }
}
