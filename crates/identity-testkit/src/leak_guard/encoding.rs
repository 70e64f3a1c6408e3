//! The forms in which a secret travels.

use std::collections::hash_map::RandomState;
use std::fmt::{self, Write as _};
use std::hash::{BuildHasher as _, Hasher as _};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// How many characters of a secret are a leak: fewer may be chance, more would let parts slip through.
const WINDOW: usize = 12;
/// What every canary begins with.
const PREFIX: &str = "CNRY";
/// How many random characters follow.
const RANDOM_CHARACTERS: usize = 40;

pub(super) const LETTERS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(super) const WITH_SYMBOLS: &str = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz&=%+ /\"\\<>'~";

/// A form in which a secret travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Encoding {
    /// As it is.
    Raw,
    /// As in forms and URLs: what must be escaped is, as `%41`; or all of it is.
    Percent,
    /// As inside of JSON, or of `{:?}`: what must be escaped is; or all of it is, as `\u0041`.
    Escaped,
    /// Base64, beginning at any of three bytes.
    Base64,
    /// The same with the letters for URLs.
    Base64Url,
    /// Hexadecimal digits.
    Hex,
    /// A list of numbers, as `{:?}` of bytes shows.
    ByteList,
    /// Backwards.
    Reversed,
    /// All letters small, or all large, as a host name or header becomes.
    OtherCase,
    /// UTF-16, least byte first.
    Utf16,
    /// Base64 of that, as PowerShell takes scripts.
    Utf16Base64,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Raw,
        Self::Percent,
        Self::Escaped,
        Self::Base64,
        Self::Base64Url,
        Self::Hex,
        Self::ByteList,
        Self::Reversed,
        Self::OtherCase,
        Self::Utf16,
        Self::Utf16Base64,
    ];
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "as it is",
            Self::Percent => "percent-encoded",
            Self::Escaped => "escaped",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::Hex => "hex",
            Self::ByteList => "list of bytes",
            Self::Reversed => "backwards",
            Self::OtherCase => "in other case",
            Self::Utf16 => "UTF-16",
            Self::Utf16Base64 => "base64 of UTF-16",
        })
    }
}

/// Every text that gives the secret away, plainer forms first. Lists of bytes aren't here: they are turned back before.
pub(super) fn patterns(secret: &str) -> Vec<(Encoding, Vec<u8>)> {
    let characters: Vec<char> = secret.chars().collect();
    let windows: Vec<String> = match characters.len() {
        0..=WINDOW => vec![secret.to_owned()],
        _ => characters
            .windows(WINDOW)
            .map(|window| window.iter().collect())
            .collect(),
    };
    let mut out = Vec::new();
    for window in &windows {
        let mut add = |encoding, text: String| out.push((encoding, text.into_bytes()));
        add(Encoding::Raw, window.clone());
        add(
            Encoding::Percent,
            form_urlencoded::byte_serialize(window.as_bytes()).collect(),
        );
        add(Encoding::Percent, percent_where_needed(window));
        for upper in [true, false] {
            add(Encoding::Percent, each_byte(window.as_bytes(), "%", upper));
            add(Encoding::Hex, each_byte(window.as_bytes(), "", upper));
            add(Encoding::Escaped, each_unit(window, upper));
        }
        add(
            Encoding::Escaped,
            inside_quotes(&serde_json::Value::from(window.as_str()).to_string()),
        );
        add(Encoding::Escaped, inside_quotes(&format!("{window:?}")));
        add(Encoding::Reversed, window.chars().rev().collect());
        add(Encoding::OtherCase, window.to_lowercase());
        add(Encoding::OtherCase, window.to_uppercase());
        out.push((Encoding::Utf16, utf16(window)));
    }
    let bytes = secret.as_bytes();
    out.extend(base64_windows(bytes, WINDOW, false).map(|text| (Encoding::Base64, text)));
    out.extend(base64_windows(bytes, WINDOW, true).map(|text| (Encoding::Base64Url, text)));
    out.extend(base64_windows(&utf16(secret), 2 * WINDOW, false).map(|text| (Encoding::Utf16Base64, text)));
    out
}

/// A new canary.
pub(super) fn canary(alphabet: &str) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let mut text = PREFIX.to_owned();
    // Keyed anew each time: the standard library's own random numbers, without another crate.
    let random = RandomState::new();
    for index in 0..RANDOM_CHARACTERS {
        let mut hasher = random.build_hasher();
        hasher.write_usize(index);
        let at = usize::try_from(hasher.finish() % alphabet.len() as u64).unwrap_or_default();
        text.extend(alphabet.get(at));
    }
    text
}

fn each_byte(bytes: &[u8], before: &str, upper: bool) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let written = if upper {
            write!(out, "{before}{byte:02X}")
        } else {
            write!(out, "{before}{byte:02x}")
        };
        debug_assert!(written.is_ok(), "writing to a string");
        out
    })
}

fn each_unit(text: &str, upper: bool) -> String {
    text.encode_utf16().fold(String::new(), |mut out, unit| {
        let written = if upper {
            write!(out, "\\u{unit:04X}")
        } else {
            write!(out, "\\u{unit:04x}")
        };
        debug_assert!(written.is_ok(), "writing to a string");
        out
    })
}

/// As in the path or query of a URL: only unreserved characters stay.
fn percent_where_needed(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&each_byte(&[byte], "%", true)),
        }
        out
    })
}

fn inside_quotes(quoted: &str) -> String {
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or(quoted).to_owned()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The base64 of every `window` bytes, wherever in a longer text the bytes stand.
fn base64_windows(bytes: &[u8], window: usize, url: bool) -> impl Iterator<Item = Vec<u8>> {
    let characters = window.div_ceil(3) * 4;
    let texts = (0..3_usize).map(move |before| {
        let mut shifted = vec![0; before];
        shifted.extend_from_slice(bytes);
        let text = if url {
            URL_SAFE_NO_PAD.encode(&shifted)
        } else {
            STANDARD_NO_PAD.encode(&shifted)
        };
        // At both ends a letter may hold bits of a neighbour.
        let from = if before == 0 { 0 } else { before + 1 };
        let to = text.len() - usize::from(shifted.len() % 3 != 0);
        text.get(from..to).unwrap_or_default().to_owned()
    });
    texts.flat_map(move |text| {
        let text = text.into_bytes();
        let windows: Vec<_> = match text.len() <= characters {
            true => vec![text],
            false => text.windows(characters).map(<[u8]>::to_vec).collect(),
        };
        windows
    })
}
