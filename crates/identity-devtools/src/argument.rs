//! What may stand on a tool's command line. Values are refused, never escaped: an alphabet can be reviewed, an escape has to be right for every shell.

use identity_base::{Error, ErrorKind, Foreign, Scopes};

/// The longest scope or resource that is passed to a tool.
const MAX_SCOPE_BYTES: usize = 512;
/// The longest name or id of a subscription that is passed to a tool.
const MAX_SUBSCRIPTION_BYTES: usize = 256;

/// A subscription's id or name, checked: ASCII letters, digits, `-`, `_`, `.` and single words' spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription(String);

impl Subscription {
    /// Checks and takes it over.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let fits = is_plain(text, MAX_SUBSCRIPTION_BYTES, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b' ')
        }) && text.trim() == text;
        match fits {
            true => Ok(Self(text.to_owned())),
            false => Err(invalid(format!(
                "{} is no subscription that can be passed on",
                Foreign::quoted(text, 80)
            ))
            .with_hint(
                "use the subscription's id; names may have ASCII letters, digits, spaces and - _ . here",
            )),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The one resource of a request, checked: the scope without `/.default`.
pub(crate) fn resource(scopes: &Scopes) -> Result<&str, Error> {
    let resource = scopes.resource()?;
    check_scopes(scopes)?;
    match resource.is_empty() {
        true => Err(not_a_scope("")),
        false => Ok(resource),
    }
}

/// Checks that every scope can be passed to a tool.
pub(crate) fn check_scopes(scopes: &Scopes) -> Result<(), Error> {
    let fits = |scope: &str| {
        is_plain(scope, MAX_SCOPE_BYTES, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'/' | b'-')
        })
    };
    match scopes.iter().find(|scope| !fits(scope)) {
        Some(scope) => Err(not_a_scope(scope)),
        None => Ok(()),
    }
}

/// Of this length and alphabet, and nothing that a tool could take for an option or a way out of a folder.
fn is_plain(text: &str, max: usize, alphabet: impl Fn(u8) -> bool) -> bool {
    !text.is_empty()
        && text.len() <= max
        && text.bytes().all(alphabet)
        && !text.starts_with(['-', '.'])
        && !text.contains("..")
}

fn not_a_scope(scope: &str) -> Error {
    invalid(format!(
        "{} is no scope that can be passed to a tool",
        Foreign::quoted(scope, 80)
    ))
    .with_hint("scopes may have ASCII letters, digits and . _ : / - here, and begin with neither - nor .")
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfiguration, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scope(text: &str) -> Result<(), Error> {
        check_scopes(&Scopes::parse([text])?)
    }

    #[test]
    fn ordinary_values_pass() {
        for good in [
            "https://management.azure.com/.default",
            "https://vault.azure.net//.default",
            "api://44444444-4444-4444-4444-444444444444/.default",
            "499b84ac-1321-427f-aa17-267ca6975798/.default",
            "User.Read",
            "urn:x_y",
        ] {
            assert!(scope(good).is_ok(), "{good}");
        }
        for good in [
            "22222222-2222-2222-2222-222222222222",
            "Pay as you go",
            "a_b.c-d",
            "x",
        ] {
            assert_eq!(Subscription::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn the_resource_is_the_one_scope_without_its_suffix() {
        let of = |scopes: &[&str]| resource(&Scopes::parse(scopes).unwrap()).map(str::to_owned);
        assert_eq!(of(&["https://a/.default"]).unwrap(), "https://a");
        assert_eq!(of(&["https://a//.default"]).unwrap(), "https://a/");
        assert_eq!(of(&["https://a"]).unwrap(), "https://a");
        for bad in [&["a", "b"][..], &["/.default"], &["-a/.default"], &["..", "a"]] {
            assert_eq!(
                of(bad).unwrap_err().kind(),
                ErrorKind::InvalidConfiguration,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn lengths_are_limited() {
        assert!(
            scope(&"a".repeat(MAX_SCOPE_BYTES)).is_ok() && scope(&"a".repeat(MAX_SCOPE_BYTES + 1)).is_err()
        );
        assert!(Subscription::parse(&"a".repeat(MAX_SUBSCRIPTION_BYTES)).is_ok());
        assert!(Subscription::parse(&"a".repeat(MAX_SUBSCRIPTION_BYTES + 1)).is_err());
        assert!(Subscription::parse("").is_err() && Subscription::parse(" a").is_err());
    }

    #[test]
    fn look_alikes_of_letters_and_digits_are_refused() {
        for bad in [
            "аzure",
            "ａ",
            "a\u{301}",
            "１",
            "a\u{200b}",
            "a\u{00a0}b",
            "ſ",
            "İ",
        ] {
            assert!(
                scope(bad).is_err() && Subscription::parse(bad).is_err(),
                "{bad:?}"
            );
        }
    }

    proptest! {
        /// Accepted exactly when a plain reading of the rule says so, over all of Unicode.
        #[test]
        fn the_alphabet_is_the_rule(text in "(\\PC|[a-z0-9._:/ -]){0,12}") {
            let rule = |extra: &str| !text.is_empty()
                && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
                && !text.starts_with('-') && !text.starts_with('.') && !text.contains("..");
            prop_assert_eq!(scope(&text).is_ok(), rule("._:/-"));
            let trimmed = text.trim() == text;
            prop_assert_eq!(Subscription::parse(&text).is_ok(), rule("-_. ") && trimmed);
        }
    }
}
