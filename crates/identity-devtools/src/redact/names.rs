//! Values that a name tells to be secret, whatever they look like.

use super::words;

/// A key whose name has one of these in it, dashes and underscores left out, holds a secret.
const WITHIN: [&str; 10] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "assertion",
    "authorization",
    "signature",
    "cookie",
    "connectionstring",
];
/// A key whose name ends in one of these, as a word of its own, does.
const LAST: [&str; 9] = ["key", "keys", "pwd", "pass", "sig", "sas", "jwt", "otp", "pin"];
/// Names that these end, without a mark or a capital between.
const ENDINGS: [&str; 1] = ["key"];
/// Holds one if it isn't a word or a number, as the name or the number of an error is.
const CODE: &str = "code";
/// Codes that always are secrets.
const CODES: [&str; 5] = [
    "devicecode",
    "usercode",
    "authcode",
    "authorizationcode",
    "verificationcode",
];
/// What these hold goes on to the end of the line, through blanks and semicolons.
const WHOLE_LINES: [&str; 2] = ["authorization", "cookie"];
/// End in a word for a secret, and are the names of commands.
const COMMANDS: [&str; 2] = ["Get-AzAccessToken", "get-access-token"];
/// Begins the service's codes, which no value of a secret does.
const SERVICE_CODE: &str = "AADSTS";
/// A scheme's name is followed by a secret of at least so many characters.
const SCHEME_FROM: usize = 8;
/// A line that continues a secret has at least so many characters.
const CONTINUATION_FROM: usize = 4;

pub(super) const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// What a value without quotes may be continued with.
fn is_token(c: char) -> bool {
    words::is_part(c) || c == '='
}

/// The length of the characters at the start of which `test` holds.
fn run(text: &str, test: impl Fn(char) -> bool) -> usize {
    text.find(|c| !test(c)).unwrap_or(text.len())
}

/// A key that names a secret, and its value: how much of it is shown, and where it ends.
pub(super) fn named(rest: &str) -> Option<(usize, usize)> {
    let word = rest.get(..run(rest, is_word))?;
    let after_word = rest.get(word.len()..)?;
    if word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic") {
        let start = word.len() + run(after_word, char::is_whitespace);
        let end = start + run(rest.get(start..)?, is_token);
        return (start > word.len() && end - start >= SCHEME_FROM).then(|| (start, continued(rest, end)));
    }
    let holds = holds(word)?;
    // The quotes around the key, also escaped ones, then what separates it from its value.
    let separator = run(after_word, |c| {
        matches!(c, '"' | '\'' | '\\' | ']') || c.is_whitespace()
    });
    let mut start = word.len() + separator;
    match rest.get(start..)?.chars().next()? {
        ':' | '=' | '>' => start += 1,
        // `--client-secret VALUE`
        _ if word.starts_with('-') && separator > 0 => {}
        _ => return None,
    }
    start += run(rest.get(start..)?, |c| c == '>' || c.is_whitespace());
    let hidden = rest.get(start..)?;
    let length = match holds {
        Holds::Secret | Holds::Code => value(hidden),
        Holds::WholeLine => line(hidden),
    };
    let is_shown = match holds {
        // "fetching token: AADSTS…": a sentence, not a key.
        _ if hidden.starts_with(SERVICE_CODE) => true,
        Holds::Code => hidden.get(..length).is_none_or(is_code_of_an_error),
        // "fetching token: failed to …". Passwords may be words, tokens are none.
        Holds::Secret if word.eq_ignore_ascii_case("token") => is_sentence(hidden),
        Holds::Secret | Holds::WholeLine => false,
    };
    (length > 0 && !is_shown).then_some((start, start + length))
}

/// What a key holds that doesn't belong into an error.
#[derive(Clone, Copy)]
enum Holds {
    Secret,
    /// A secret to the end of the line.
    WholeLine,
    /// A secret, or what kind of error it is.
    Code,
}

fn holds(word: &str) -> Option<Holds> {
    if COMMANDS.contains(&word) {
        return None;
    }
    let flat: String = word
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let last = last_word(word).to_ascii_lowercase();
    if WHOLE_LINES.iter().any(|name| flat.ends_with(name)) {
        return Some(Holds::WholeLine);
    }
    let is_secret = WITHIN.iter().any(|name| flat.contains(name))
        || CODES.contains(&flat.as_str())
        || LAST.contains(&last.as_str())
        || ENDINGS.iter().any(|name| flat.ends_with(name))
        // The short form of `--password`.
        || word == "-p";
    match is_secret {
        true => Some(Holds::Secret),
        false => (last == CODE).then_some(Holds::Code),
    }
}

/// `Key` of `AccountKey`, `key` of `api_key`, `KEY` of `API_KEY`.
fn last_word(name: &str) -> &str {
    let name = name.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let name = name.rsplit(['_', '-']).next().unwrap_or(name);
    let small = name.trim_end_matches(|c: char| !c.is_ascii_uppercase()).len();
    match small {
        // No capitals, or no small letters after the last one.
        0 => name,
        end if end == name.len() => name,
        end => name.get(end - 1..).unwrap_or(name),
    }
}

/// `401`, `invalid_grant`, `AuthorizationFailed`.
fn is_code_of_an_error(value: &str) -> bool {
    let value = value.trim_matches(|c: char| matches!(c, '"' | '\'' | '\\'));
    let is_number = value
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '-' | '.'));
    let is_name = value
        .chars()
        .all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | '.' | '/'))
        && value.contains(|c: char| c.is_ascii_lowercase());
    is_number || (is_name && words::is_plain(value))
}

/// Whether a text begins with a word that another one follows.
fn is_sentence(text: &str) -> bool {
    let Some((word, rest)) = text.split_once(' ') else {
        return false;
    };
    let mut letters = word.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_lowercase())
        && words::is_plain(word)
        && rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '"' | '('))
}

/// How long the rest of the line is, up to a quote that closes it.
fn line(text: &str) -> usize {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(_) => value(text),
        None => continued(text, run(text, |c| !matches!(c, '\n' | '\r' | '"' | '\'' | '<'))),
    }
}

/// How long the value is that a text begins with.
fn value(text: &str) -> usize {
    // Python writes `b'…'`.
    let prefix = usize::from(
        text.starts_with(['b', 'u', 'r']) && text.get(1..).is_some_and(|rest| rest.starts_with(['"', '\''])),
    );
    let text_after = text.get(prefix..).unwrap_or_default();
    let mut characters = text_after.chars();
    match characters.next() {
        None => 0,
        // Whatever is in there.
        Some('{' | '[' | '(') => text.len(),
        Some(quote @ ('"' | '\'')) => prefix + 1 + quoted(characters.as_str(), quote),
        Some('\\') => match characters.next() {
            Some(quote @ ('"' | '\'')) => {
                let inside = characters.as_str();
                let end = inside
                    .find(&format!("\\{quote}"))
                    .map_or(inside.len(), |at| at + 2);
                prefix + 2 + end
            }
            _ => bare(text),
        },
        Some(_) => bare(text),
    }
}

/// How long a text in quotes is from behind the opening one, the closing one included; all of it when there is none.
fn quoted(inside: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    inside.len()
}

/// How long a value without quotes is.
fn bare(text: &str) -> usize {
    let is_end = |c: char| {
        c.is_whitespace() || matches!(c, '&' | ',' | ';' | '"' | '\'' | '<' | '>' | '}' | ']' | ')')
    };
    let end = run(text, |c| !is_end(c));
    let scheme = text.get(..end).unwrap_or_default();
    if ["bearer", "basic", "pop"]
        .iter()
        .any(|name| scheme.eq_ignore_ascii_case(name))
    {
        let gap = run(text.get(end..).unwrap_or_default(), char::is_whitespace);
        let more = run(text.get(end + gap..).unwrap_or_default(), |c| !is_end(c));
        return continued(text, end + gap + more);
    }
    continued(text, end)
}

/// Where a value ends that lines may have been broken in: each following line of one long word belongs to it.
pub(super) fn continued(text: &str, end: usize) -> usize {
    let mut end = end;
    while let Some(rest) = text.get(end..) {
        let Some(line_end) = ["\r\n", "\n", "\\\r\n", "\\\n"]
            .iter()
            .find(|text| rest.starts_with(**text))
        else {
            break;
        };
        let after = rest.get(line_end.len()..).unwrap_or_default();
        let indent = run(after, char::is_whitespace);
        let word = after.get(indent..).unwrap_or_default();
        let length = run(word, is_token);
        let is_alone = word.get(length..).is_some_and(|after| {
            after.is_empty() || after.starts_with(['\n', '\r', '"', '\'', ',', '}', '\\', '&', '<'])
        });
        if length < CONTINUATION_FROM || !is_alone {
            break;
        }
        end += line_end.len() + indent + length;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is hidden of a text that begins with a key.
    fn hidden(text: &str) -> Option<&str> {
        named(text).and_then(|(start, end)| text.get(start..end))
    }

    #[test]
    fn names_of_secrets_hide_their_values() {
        for name in [
            "token",
            "access_token",
            "id-token",
            "refreshToken",
            "clientSecret",
            "CLIENT_SECRET",
            "passwd",
            "Pwd",
            "db_pwd",
            "passphrase",
            "client_assertion",
            "AccountKey",
            "SharedAccessKey",
            "Ocp-Apim-Subscription-Key",
            "api_key",
            "apikey",
            "API_KEY",
            "key",
            "sig",
            "signature",
            "SharedAccessSignature",
            "sas",
            "connection-string",
            "device_code",
            "user_code",
            "authorizationCode",
            "x-jwt",
            "otp",
        ] {
            for (shape, value) in [
                ("=horse&x=1", "horse"),
                (" = horse;x", "horse"),
                ("\": \"horse\"}", "\"horse\""),
                (": horse", "horse"),
            ] {
                let text = format!("{name}{shape}");
                assert_eq!(hidden(&text), Some(value), "{text}");
            }
        }
        for (text, value) in [
            ("Cookie: a=horse; b=stable\nnext one", "a=horse; b=stable"),
            ("Set-Cookie: a=horse; Path=/\r\nx: y", "a=horse; Path=/"),
            (
                "Authorization: SharedKey account:horse stable",
                "SharedKey account:horse stable",
            ),
            ("\"Authorization\": 'Digest a=\"horse\"', x", "\""),
            ("-p horse --tenant x", "horse"),
            ("--account-key horse", "horse"),
            ("-Password horse", "horse"),
        ] {
            let text = text.strip_prefix('"').unwrap_or(text);
            let found = hidden(text).unwrap_or_default();
            assert!(
                found.starts_with(value) || found.contains("horse"),
                "{text}: {found}"
            );
        }
    }

    #[test]
    fn codes_of_errors_and_other_names_do_not() {
        for text in [
            "code: 401",
            "code=\"AuthorizationFailed\"",
            "Code: InvalidAuthenticationTokenTenant",
            "error_code: invalid_grant",
            "token: AADSTS70043: it expired",
            "token: failed to authenticate",
            "token: Post \"https://localhost/\"",
            "Get-AzAccessToken: it failed",
            "get-access-token: it failed",
            "design: plain",
            "monkeys: plain",
            "compass: plain",
            "KeyError: plain",
            "the token expired",
            "scope: https://vault.azure.net",
            "passenger: plain",
        ] {
            assert_eq!(hidden(text), None, "{text}");
        }
        for text in [
            "token: horse",
            "token: horse\nfailed",
            "token: h0rse failed",
            "password: horse was wrong",
        ] {
            assert!(hidden(text).is_some(), "{text}");
        }
        for text in ["code=AQABAAIA8x7", "code: BCDFGHJK", "code=0.AX4_x"] {
            assert!(hidden(text).is_some(), "{text}");
        }
    }
}
