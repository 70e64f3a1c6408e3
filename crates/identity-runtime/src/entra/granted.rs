//! Whether a token was granted for what was asked.

use identity_base::{Error, ErrorKind, Scopes};

/// Scopes of the protocol itself, which answers need not list.
const OF_THE_PROTOCOL: [&str; 4] = ["openid", "profile", "offline_access", "email"];

/// Checks `granted`, the answer's `scope`, against what was asked for. `.default` is not a permission but "all that was consented", so it can't be narrower.
pub(super) fn check(asked: &Scopes, granted: &str) -> Result<(), Error> {
    let missing: Vec<_> = asked
        .iter()
        .filter(|scope| {
            !is_implied(scope)
                && !granted
                    .split_ascii_whitespace()
                    .any(|granted| is_same(scope, granted))
        })
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::AuthenticationFailed,
            format!(
                "the token was not granted for all scopes; missing: {}",
                missing.join(" ")
            ),
        )
        .with_scopes(asked.clone())
        .with_hint("grant consent for the missing scopes, or ask for fewer")),
    }
}

fn is_implied(scope: &str) -> bool {
    scope.ends_with("/.default")
        || OF_THE_PROTOCOL
            .iter()
            .any(|name| name.eq_ignore_ascii_case(scope))
}

/// The service spells its own resource's scopes short or long.
fn is_same(asked: &str, granted: &str) -> bool {
    let name = |scope: &str| scope.rsplit('/').next().unwrap_or_default().to_owned();
    let is_short = |scope: &str| !scope.contains('/');
    asked.eq_ignore_ascii_case(granted)
        || ((is_short(asked) || is_short(granted)) && name(asked).eq_ignore_ascii_case(&name(granted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_enough(asked: &[&str], granted: &str) -> bool {
        check(&Scopes::parse(asked).unwrap(), granted).is_ok()
    }

    #[test]
    fn every_permission_has_to_be_granted() {
        assert!(is_enough(
            &["https://graph.microsoft.com/User.Read"],
            "openid User.Read Mail.Read"
        ));
        assert!(is_enough(
            &["https://graph.microsoft.com/User.Read"],
            "https://graph.microsoft.com/user.read"
        ));
        assert!(is_enough(&["user.read"], "https://graph.microsoft.com/User.Read"));
        assert!(is_enough(&["https://vault.azure.net/.default", "openid"], "x"));
        assert!(!is_enough(&["User.Read", "Mail.Read"], "User.Read"));
        assert!(!is_enough(&["https://a/User.Read"], "https://b/User.Read"));
        assert!(!is_enough(&["User.Read"], ""));
        let error = check(&Scopes::parse(["a", "b"]).unwrap(), "a").unwrap_err();
        assert!(error.message().ends_with("missing: b") && error.scopes().is_some());
    }
}
