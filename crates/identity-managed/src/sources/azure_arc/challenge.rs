//! The agent's challenge: an answer to an unauthenticated local call that names a file whose content then proves who asks.
//!
//! Whoever answers on that port chooses the name, so it is hostile input: only a plain file name is taken from it, never a path to follow.

use http::header::{HeaderMap, WWW_AUTHENTICATE};
use identity_base::Error;

use super::refused;
use crate::platform::Platform;

/// What every key file's name ends with.
const EXTENSION: &str = ".key";
/// The longest stem of a key file's name. The agent's are GUIDs.
const MAX_STEM_BYTES: usize = 128;

/// The name of a key file: letters, digits, `-` and `_`, then `.key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyName(String);

impl KeyName {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(EXTENSION)?;
        let fits = (1..=MAX_STEM_BYTES).contains(&stem.len())
            && stem
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        fits.then(|| Self(name.to_owned()))
    }
}

/// The key file that the challenge names, which must be in `directory` by its spelling.
pub(super) fn key_name(headers: &HeaderMap, directory: &str, platform: Platform) -> Result<KeyName, Error> {
    let mut challenges = headers.get_all(WWW_AUTHENTICATE).iter();
    let challenge = challenges
        .next()
        .ok_or_else(|| refused("the agent's answer has no WWW-Authenticate header"))?;
    if challenges.next().is_some() {
        return Err(refused("the agent's answer has several WWW-Authenticate headers"));
    }
    // `to_str` refuses everything but printable ASCII and tabs.
    let challenge = challenge
        .to_str()
        .map_err(|_| refused("the agent's challenge has characters that are not printable ASCII"))?;
    let path = realm(challenge)
        .ok_or_else(|| refused("the agent's challenge is not `Basic realm=…` with one realm"))?;
    let (parent, name) = path
        .rsplit_once(platform.separator())
        .ok_or_else(|| refused("the key file path is invalid: it has no directory"))?;
    if !platform.is_same_directory(parent, directory) {
        return Err(refused(format!(
            "the key file path is invalid: the file is not in {directory}"
        )));
    }
    KeyName::parse(name)
        .ok_or_else(|| refused("the key file path is invalid: the file's name is not of letters, digits, `-` and `_` with the ending .key"))
}

/// The value of the one parameter `realm` of the one challenge of the scheme Basic.
fn realm(challenge: &str) -> Option<&str> {
    let (scheme, mut rest) = challenge.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let mut realm = None;
    loop {
        let (name, after) = rest.trim_start().split_once('=')?;
        let is_token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_token {
            return None;
        }
        let (value, after) = value(after)?;
        match name.eq_ignore_ascii_case("realm") {
            true if realm.is_some() => return None,
            true => realm = Some(value),
            false => {}
        }
        if after.is_empty() {
            return realm.filter(|value| !value.is_empty());
        }
        rest = after.strip_prefix(',')?;
    }
}

/// A quoted or bare value, and what follows it. Backslashes are path separators of Windows, not escapes: a value with a quote inside is no path.
fn value(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('"') {
        Some(quoted) => {
            let (value, after) = quoted.split_once('"')?;
            Some((value, after.trim_start()))
        }
        None => {
            let end = text.find(',').unwrap_or(text.len());
            let (value, after) = text.split_at(end);
            Some((value.trim_end(), after))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use identity_base::ErrorKind;

    const LINUX: &str = "/var/opt/azcmagent/tokens";

    fn headers(challenges: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for challenge in challenges {
            headers.append(
                WWW_AUTHENTICATE,
                HeaderValue::from_bytes(challenge.as_bytes()).unwrap(),
            );
        }
        headers
    }

    fn linux(challenge: &str) -> Result<KeyName, Error> {
        key_name(&headers(&[challenge]), LINUX, Platform::Linux)
    }

    #[test]
    fn the_name_of_a_file_in_the_agents_directory_is_taken() {
        for good in [
            "Basic realm=/var/opt/azcmagent/tokens/a-B_9.key",
            "basic realm=/var/opt/azcmagent/tokens/a-B_9.key",
            "Basic  realm=/var/opt/azcmagent/tokens/a-B_9.key ",
            "Basic realm=\"/var/opt/azcmagent/tokens/a-B_9.key\"",
            "Basic realm=\"/var/opt/azcmagent/tokens/a-B_9.key\", charset=\"UTF-8\"",
            "Basic charset=UTF-8, realm=/var/opt/azcmagent/tokens/a-B_9.key",
            "Basic REALM=/var/opt/azcmagent/tokens/a-B_9.key",
        ] {
            assert_eq!(linux(good).unwrap().as_str(), "a-B_9.key", "{good}");
        }
        let longest = "x".repeat(MAX_STEM_BYTES);
        assert!(linux(&format!("Basic realm={LINUX}/{longest}.key")).is_ok());
        assert!(linux(&format!("Basic realm={LINUX}/{longest}x.key")).is_err());
    }

    #[test]
    fn a_challenge_that_names_anything_else_is_refused() {
        for bad in [
            "",
            "Basic",
            "Basic ",
            "Basic realm",
            "Basic realm=",
            "Basic realm=\"\"",
            "Bearer realm=/var/opt/azcmagent/tokens/a.key",
            "Basic /var/opt/azcmagent/tokens/a.key",
            "Basic path=/var/opt/azcmagent/tokens/a.key",
            "Basic realm=a.key",
            "Basic realm=/etc/shadow",
            "Basic realm=/etc/shadow.key",
            "Basic realm=/var/opt/azcmagent/tokens/../../../../etc/a.key",
            "Basic realm=/var/opt/azcmagent/tokens/..",
            "Basic realm=/var/opt/azcmagent/tokens/../tokens/a.key",
            "Basic realm=/var/opt/azcmagent/tokens/./a.key",
            "Basic realm=/var/opt/azcmagent/tokens//a.key",
            "Basic realm=/var/opt/azcmagent/tokens/sub/a.key",
            "Basic realm=/var/opt/azcmagent/tokens",
            "Basic realm=/var/opt/azcmagent/tokens/",
            "Basic realm=/var/opt/azcmagent/tokens/.key",
            "Basic realm=/var/opt/azcmagent/tokens/a.key.txt",
            "Basic realm=/var/opt/azcmagent/tokens/a.KEY",
            "Basic realm=/var/opt/azcmagent/tokens/a b.key",
            "Basic realm=/var/opt/azcmagent/tokens/a%2f.key",
            "Basic realm=/var/opt/azcmagent/tokens/a\\b.key",
            "Basic realm=/VAR/opt/azcmagent/tokens/a.key",
            "Basic realm=var/opt/azcmagent/tokens/a.key",
            "Basic realm=file:///var/opt/azcmagent/tokens/a.key",
            "Basic realm=\\\\server\\share\\a.key",
            "Basic realm=\\\\?\\C:\\a.key",
            "Basic realm=\"/var/opt/azcmagent/tokens/a.key",
            "Basic realm=\"/var/opt/azcmagent/tokens/a.key\" x",
            "Basic realm=/var/opt/azcmagent/tokens/a.key, realm=/var/opt/azcmagent/tokens/b.key",
            "Basic realm=/var/opt/azcmagent/tokens/a.key, Basic realm=/var/opt/azcmagent/tokens/b.key",
            "Basic realm=/var/opt/azcmagent/tokens/a.key, Bearer",
            "Basic realm=/var/opt/azcmagent/tokens/é.key",
        ] {
            let error = linux(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{bad}");
            assert!(
                !error.to_string().contains("shadow"),
                "the path is not repeated: {error}"
            );
        }
    }

    #[test]
    fn there_must_be_exactly_one_header() {
        assert!(
            key_name(&headers(&[]), LINUX, Platform::Linux)
                .unwrap_err()
                .message()
                .contains("no WWW-Authenticate")
        );
        let good = "Basic realm=/var/opt/azcmagent/tokens/a.key";
        let several = key_name(&headers(&[good, good]), LINUX, Platform::Linux).unwrap_err();
        assert!(several.message().contains("several"), "{several}");
    }

    #[test]
    fn windows_paths_are_compared_without_case() {
        let directory = "C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens";
        let windows = |path: &str| {
            key_name(
                &headers(&[&format!("Basic realm={path}")]),
                directory,
                Platform::Windows,
            )
        };
        assert!(windows("c:\\programdata\\AzureConnectedMachineAgent\\Tokens\\a.key").is_ok());
        assert!(windows("\"C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\a.key\"").is_ok());
        for bad in [
            "C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\..\\a.key",
            "C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\a/../b.key",
            "C:/ProgramData/AzureConnectedMachineAgent/Tokens/a.key",
            "D:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\a.key",
            "\\\\?\\C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\a.key",
            "C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\a.key:stream",
            "C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\con\\a.key",
        ] {
            assert!(windows(bad).is_err(), "{bad}");
        }
    }
}
