//! What Entra's `AADSTS` codes mean, and what to do about them.
//!
//! The catalogue is small on purpose: it has the codes that a credential's configuration causes. Errors carry the hint, and diagnosis prints the meaning.

mod catalogue;

pub use catalogue::CATALOGUE;

/// One code of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Aadsts {
    /// The number, for example 7000215.
    pub code: u32,
    /// What it means, as a sentence without an end.
    pub meaning: &'static str,
    /// What to do next.
    pub hint: &'static str,
    /// How the code is to be treated beyond its OAuth error.
    pub class: AadstsClass,
}

/// How a code is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AadstsClass {
    /// The configuration, the directory or the account has to be changed.
    Configuration,
    /// A person has to sign in (again), or to do more than before.
    SignIn,
    /// The service failed for the moment; the next try should be half a minute away.
    Transient,
    /// The assertion was outside of its time range: the clock is wrong, or the assertion is old.
    AssertionTime,
}

/// The catalogue's entry for a code.
///
/// ```
/// let entry = identity_runtime::aadsts::find(7000215).unwrap();
/// assert!(entry.hint.contains("secret"));
/// ```
#[must_use]
pub fn find(code: u32) -> Option<&'static Aadsts> {
    CATALOGUE.iter().find(|entry| entry.code == code)
}

/// The first code in a description such as `AADSTS7000215: Invalid client secret provided.`
#[must_use]
pub fn in_text(description: &str) -> Option<u32> {
    description.match_indices("AADSTS").find_map(|(at, prefix)| {
        let digits = description.get(at + prefix.len()..)?;
        let end = digits.bytes().take_while(u8::is_ascii_digit).count();
        digits.get(..end)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_listed_once_in_order_with_text() {
        for pair in CATALOGUE.windows(2) {
            assert!(
                pair[0].code < pair[1].code,
                "{} and {}",
                pair[0].code,
                pair[1].code
            );
        }
        for entry in CATALOGUE {
            assert!(
                !entry.meaning.is_empty() && !entry.hint.is_empty(),
                "{}",
                entry.code
            );
            assert!(
                entry.meaning.is_ascii() && entry.hint.is_ascii(),
                "{}",
                entry.code
            );
            assert!(
                !entry.meaning.ends_with('.') && !entry.hint.ends_with('.'),
                "{}",
                entry.code
            );
        }
        assert_eq!(find(1), None);
    }

    #[test]
    fn the_first_code_of_a_text_is_found() {
        for (text, code) in [
            ("AADSTS7000215: Invalid client secret", Some(7_000_215)),
            ("x AADSTS50076: a AADSTS1", Some(50_076)),
            ("AADSTS: none, AADSTS12 some", Some(12)),
            ("AADSTS99999999999999", None),
            ("aadsts1", None),
            ("AADSTSé", None),
            ("", None),
        ] {
            assert_eq!(in_text(text), code, "{text}");
        }
    }
}
