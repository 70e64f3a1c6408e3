//! Text that came from outside, made safe to show.

use std::fmt;

/// Text from a service, tool, file or environment, made safe for logs and terminals.
///
/// Control characters (C0, C1), line and paragraph separators, bidirectional marks and other invisible format characters are shown as `\u{…}` escapes, and the
/// result is cut at a number of bytes, at a character's end.
///
/// ```
/// use identity_base::Foreign;
/// assert_eq!(Foreign::new("a\u{1b}[31mb\n", 100).to_string(), "a\\u{1b}[31mb\\u{a}");
/// assert_eq!(Foreign::quoted("two words", 100).to_string(), "\"two words\"");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Foreign<'a> {
    text: &'a str,
    cap: usize,
    quote: bool,
}

/// No file system of ours takes longer paths; what is longer is the content of a file.
const MAX_PATH_BYTES: usize = 4_096;

/// Ends a text that was cut.
const CUT: &str = "…";

impl<'a> Foreign<'a> {
    /// Shows `text` in at most `cap` bytes.
    #[must_use]
    pub const fn new(text: &'a str, cap: usize) -> Self {
        Self {
            text,
            cap,
            quote: false,
        }
    }

    /// The same within double quotes.
    #[must_use]
    pub const fn quoted(text: &'a str, cap: usize) -> Self {
        Self {
            text,
            cap,
            quote: true,
        }
    }

    /// A URL within double quotes, without what stands before an `@` in it: that may be a password.
    ///
    /// ```
    /// use identity_base::Foreign;
    /// assert_eq!(Foreign::url("https://user:hunter2@host/path", 100).to_string(), "\"host/path\"");
    /// assert_eq!(Foreign::url("https://host/path", 100).to_string(), "\"https://host/path\"");
    /// ```
    #[must_use]
    pub fn url(text: &'a str, cap: usize) -> Self {
        Self::quoted(text.rsplit_once('@').map_or(text, |(_, after)| after), cap)
    }
}

impl<'a> Foreign<'a> {
    /// A path within double quotes, unless it is something else that was put in a path's place: text of a key or a token isn't shown.
    ///
    /// ```
    /// use identity_base::Foreign;
    /// assert_eq!(Foreign::path("/etc/app.pem", 100).to_string(), "\"/etc/app.pem\"");
    /// assert_eq!(Foreign::path("-----BEGIN PRIVATE KEY-----", 100).to_string(), "a text that is no path");
    /// ```
    #[must_use]
    pub fn path(text: &'a str, cap: usize) -> Self {
        let is_content = text.contains(['\n', '\r'])
            || text.contains("-----BEGIN")
            || text.starts_with("eyJ")
            || text.len() > MAX_PATH_BYTES;
        match is_content {
            true => Self::new("a text that is no path", cap),
            false => Self::quoted(text, cap),
        }
    }
}

impl fmt::Display for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quotes = if self.quote { 2 } else { 0 };
        let room = self.cap.saturating_sub(quotes + CUT.len());
        let mut out = String::new();
        let mut cut = false;
        for character in self.text.chars() {
            let before = out.len();
            match is_plain(character) {
                true => out.push(character),
                false => out.extend(character.escape_unicode()),
            }
            if out.len() > room {
                out.truncate(before);
                cut = true;
                break;
            }
        }
        let quote = if self.quote { "\"" } else { "" };
        write!(f, "{quote}{out}{}{quote}", if cut { CUT } else { "" })
    }
}

/// Whether a character is shown as it is.
fn is_plain(character: char) -> bool {
    !matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_or_invisible_character_gets_through() {
        let all: String = ('\0'..='\u{ffff}')
            .filter(|c| c.is_control() || ('\u{2000}'..='\u{206f}').contains(c))
            .collect();
        let shown = Foreign::new(&all, usize::MAX).to_string();
        for character in shown.chars() {
            assert!(
                !character.is_control()
                    && !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'),
                "{character:?}"
            );
        }
    }

    #[test]
    fn what_stands_in_a_paths_place_is_not_shown() {
        for content in [
            "-----BEGIN RSA PRIVATE KEY-----",
            "CNRY\nCNRY",
            "eyJCNRY.CNRY.CNRY",
            "\r",
            &"C".repeat(5_000),
        ] {
            assert_eq!(Foreign::path(content, 300).to_string(), "a text that is no path");
        }
        assert_eq!(
            Foreign::path("C:\\keys\\app.pfx", 300).to_string(),
            "\"C:\\keys\\app.pfx\""
        );
    }

    #[test]
    fn the_cap_holds_at_character_ends() {
        for cap in 0..40 {
            for text in [
                "ääääääääääääääääääää",
                "\n\n\n\n\n\n\n\n",
                "plain text of some length, longer than the cap",
                "short",
            ] {
                let shown = Foreign::new(text, cap).to_string();
                assert!(shown.len() <= cap.max(CUT.len()), "{cap} {shown:?}");
            }
        }
        assert_eq!(Foreign::new("short", 100).to_string(), "short");
        assert!(Foreign::new(&"x".repeat(200), 100).to_string().ends_with(CUT));
    }
}
