//! What PowerShell says when there is no token.
//!
//! It wraps its messages at the width of a console that isn't there, in the middle of words if it comes to that, and may write them as CLIXML. So what it says
//! is looked for in the text without any white space and tags.

use identity_base::seam::ProcessOutput;
use identity_base::{Error, ErrorKind};
use zeroize::Zeroizing;

use crate::tool::Tool;
use crate::{output, redact};

/// How Windows says that a command is unknown.
const NOT_RECOGNIZED_CODE: i32 = 9009;
/// How shells do.
const NOT_FOUND_CODE: i32 = 127;
/// What the command interpreter of Windows says. PowerShell says the same of commands of its own, so the program's name belongs to it.
const NOT_RECOGNIZED: [&str; 2] = ["'pwsh'isnotrecognized", "'powershell'isnotrecognized"];
/// The module's words when nobody is signed in.
const NOT_LOGGED_IN: &str = "RunConnect-AzAccounttologin";
/// Windows' words when the execution policy lets no module be loaded.
const BLOCKED: &str = "AuthorizationManagercheckfailed";
/// Begins an output that is written as objects.
const CLIXML: &str = "#< CLIXML";
/// The ends of lines in there.
const LINE_ENDS: [&str; 2] = ["_x000D_", "_x000A_"];

/// Whether it ended because there is no such program.
pub(super) fn is_not_installed(printed: &ProcessOutput) -> bool {
    match printed.code {
        Some(NOT_FOUND_CODE | NOT_RECOGNIZED_CODE) => true,
        Some(0) => false,
        _ => {
            let stderr = squeezed(printed);
            NOT_RECOGNIZED.iter().any(|words| stderr.contains(words))
        }
    }
}

/// The error for a run that did not end with 0.
pub(super) fn explain(tool: &Tool, printed: &ProcessOutput) -> Error {
    let stderr = squeezed(printed);
    if stderr.contains(NOT_LOGGED_IN) {
        return Error::unavailable("nobody is signed in to Azure PowerShell")
            .with_hint("run `Connect-AzAccount`");
    }
    if stderr.contains(BLOCKED) {
        return Error::unavailable("PowerShell's execution policy forbids the module Az.Accounts").with_hint(
            "allow signed scripts, for example with `Set-ExecutionPolicy -Scope CurrentUser RemoteSigned`",
        );
    }
    // What the service refused is a refusal; anything else means that PowerShell isn't set up for this.
    let kind = match stderr.contains("AADSTS") {
        true => ErrorKind::AuthenticationFailed,
        false => ErrorKind::CredentialUnavailable,
    };
    let words = redact::excerpt_of(&without_tags(&output::text(&printed.stderr)));
    let error = tool.failed(kind, printed, words);
    match error.hint() {
        Some(_) => error,
        None => error.with_hint("run `Get-AzAccessToken` in PowerShell to see all that it says"),
    }
}

/// The standard error output without colours, tags and white space.
fn squeezed(printed: &ProcessOutput) -> Zeroizing<String> {
    let text = output::without_colours(&output::text(&printed.stderr));
    let text = Zeroizing::new(without_tags(&text));
    Zeroizing::new(text.split_whitespace().collect())
}

/// The text of CLIXML, with a line end for each of its tags, so that a word that they break is still one; the name that a tag gives its value stands before
/// it. Other text as it is.
fn without_tags(text: &str) -> String {
    let Some((before, objects)) = text.split_once(CLIXML) else {
        return text.to_owned();
    };
    let mut out = before.to_owned();
    let mut rest = objects;
    while let Some((words, tag)) = rest.split_once('<') {
        out.push_str(words);
        out.push('\n');
        let (tag, after) = tag.split_once('>').unwrap_or((tag, ""));
        let name = tag.split_once(" N=\"").and_then(|(_, name)| name.split_once('"'));
        if let Some((name, _)) = name {
            out.push_str(name);
            out.push_str(": ");
        }
        rest = after;
    }
    out.push_str(rest);
    for end in LINE_ENDS {
        out = out.replace(end, "\n");
    }
    for (escape, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ] {
        out = out.replace(escape, character);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// PowerShell breaks its lines where it likes, and says in tags that it did.
        #[test]
        fn a_secret_that_tags_break_is_not_shown(secret in "[A-Za-z0-9_.+/-]{24,60}", at in 4..20_usize, width in 6..40_usize) {
            let (first, second) = secret.split_at(at);
            let rest: Vec<&str> = second.as_bytes().chunks(width).filter_map(|part| std::str::from_utf8(part).ok()).collect();
            let broken = format!("{first}_x000D__x000A_</S><S S=\"Error\">{}", rest.join("_x000D__x000A_</S><S S=\"Error\">"));
            let text = format!("#< CLIXML\r\n<Objs><S S=\"Error\">it sent {broken} away_x000D__x000A_</S></Objs>");
            let shown = redact::excerpt_of(&without_tags(&text)).unwrap();
            prop_assert!(!shown.contains(first) && rest.iter().all(|part| part.len() < 6 || !shown.contains(part)), "{}: {}", text, shown);
        }
    }

    #[test]
    fn the_name_of_a_value_stands_before_it() {
        let text = "#< CLIXML\r\n<Objs><Obj><MS><S N=\"Token\">horse</S><S N=\"Expires\">x &amp; y</S></MS></Obj></Objs>";
        let plain = without_tags(text);
        assert!(
            plain.contains("Token: horse\n") && plain.contains("Expires: x & y\n"),
            "{plain}"
        );
        assert_eq!(
            redact::excerpt_of(&plain).unwrap(),
            "Token: <redacted> Expires: x & y"
        );
    }
}
