//! Tests of the selection: every value of the variable, every exclusion.

use std::collections::HashMap;

use super::*;
use DefaultMember::{
    AzureCli, AzureDeveloperCli, AzurePowerShell, Environment, InteractiveBrowser, ManagedIdentity,
    SharedTokenCache, VisualStudioCode, WorkloadIdentity,
};

fn env(value: &str) -> HashMap<String, String> {
    identity_testkit::env([(AZURE_TOKEN_CREDENTIALS, value)])
}

/// Who would take part, compiled in or not.
fn all(selection: &Selection) -> Vec<DefaultMember> {
    let mut all = [selection.members.clone(), selection.left_out.clone()].concat();
    all.sort_unstable();
    all
}

/// The value that selects, and whom.
fn values() -> Vec<(String, Vec<DefaultMember>)> {
    let default = vec![
        Environment,
        WorkloadIdentity,
        ManagedIdentity,
        SharedTokenCache,
        AzureCli,
        AzurePowerShell,
        AzureDeveloperCli,
    ];
    let dev = vec![
        SharedTokenCache,
        VisualStudioCode,
        AzureCli,
        AzurePowerShell,
        AzureDeveloperCli,
    ];
    let prod = vec![Environment, WorkloadIdentity, ManagedIdentity];
    let mut values: Vec<(String, Vec<DefaultMember>)> = Vec::new();
    for blank in ["", "  ", "\t"] {
        values.push((blank.to_owned(), default.clone()));
    }
    for word in ["dev", "DEV", " Dev "] {
        values.push((word.to_owned(), dev.clone()));
    }
    for word in ["prod", "PROD", "Prod\n"] {
        values.push((word.to_owned(), prod.clone()));
    }
    for member in DefaultMember::ALL {
        for name in [
            member.name().to_owned(),
            member.name().to_lowercase(),
            member.name().to_uppercase(),
            format!(" {} ", member.name()),
        ] {
            values.push((name, vec![*member]));
        }
    }
    values
}

#[test]
fn every_value_with_every_exclusion() {
    for (value, selected) in values() {
        // What nobody speaks of is as the variable says.
        check(&Wishes::default(), &value, &selected);
        for member in DefaultMember::ALL {
            for exclude in [true, false] {
                let mut wishes = Wishes::default();
                wishes.exclude(*member, exclude);
                let mut expected: Vec<_> = selected.iter().copied().filter(|known| known != member).collect();
                if !exclude {
                    expected.push(*member);
                    expected.sort_unstable();
                }
                check(&wishes, &value, &expected);
            }
        }
    }
}

/// Compares the selection with whom the table says, those counted out whose feature is off.
fn check(wishes: &Wishes, value: &str, expected: &[DefaultMember]) {
    let compiled = expected.iter().filter(|member| member.is_compiled_in()).count();
    let result = wishes.select(&env(value));
    let named: Option<DefaultMember> = value.parse().ok();
    let asks_for_what_is_not_there =
        named.is_some_and(|one| expected.contains(&one) && !one.is_compiled_in());
    if compiled == 0 || asks_for_what_is_not_there {
        let error = result.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidConfiguration,
            "{value:?} {wishes:?}"
        );
        return;
    }
    let selection = result.unwrap();
    assert_eq!(all(&selection), expected, "{value:?} {wishes:?}");
    assert!(
        selection.members.is_sorted(),
        "the chain's own order: {selection:?}"
    );
    assert_eq!(selection.probe, named != Some(ManagedIdentity), "{value:?}");
    let is_alone = named.is_some() && selection.members.len() == 1;
    assert_eq!(selection.soften, !is_alone, "{value:?} {wishes:?}");
}

#[test]
fn excluding_everybody_is_an_error_that_says_why() {
    let mut wishes = Wishes::default();
    wishes.exclude(Environment, true);
    let error = wishes.select(&env("EnvironmentCredential")).unwrap_err();
    assert!(
        error
            .message()
            .contains("excludes what AZURE_TOKEN_CREDENTIALS selects"),
        "{error}"
    );
    for member in DefaultMember::ALL {
        wishes.exclude(*member, true);
    }
    let error = wishes.select(&env("")).unwrap_err();
    assert!(error.message().contains("excludes all"), "{error}");
}

#[test]
fn unknown_values_are_errors_that_list_the_known_ones() {
    for value in [
        "test",
        "devs",
        "dev,prod",
        "Environment",
        "ClientSecretCredential",
        "a\u{1b}[31mb",
    ] {
        let error = Wishes::default().select(&env(value)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{value}");
        let hint = error.hint().unwrap();
        assert!(
            DefaultMember::ALL
                .iter()
                .all(|member| hint.contains(member.name())),
            "{hint}"
        );
        assert!(hint.contains("`dev`") && hint.contains("`prod`"));
        assert!(!error.message().contains('\u{1b}'));
    }
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_is_an_error() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;
    let env = identity_testkit::TestEnv::new();
    env.set(AZURE_TOKEN_CREDENTIALS, OsString::from_vec(vec![0xff]));
    let error = Wishes::default().select(&env).unwrap_err();
    assert!(error.message().contains("is not Unicode"), "{error}");
}

#[test]
fn strict_requires_the_variable_which_may_be_another() {
    let mut wishes = Wishes {
        strict: true,
        ..Wishes::default()
    };
    for missing in [HashMap::new(), env(""), env(" ")] {
        let error = wishes.select(&missing).unwrap_err();
        assert!(
            error.message().contains("AZURE_TOKEN_CREDENTIALS is not set"),
            "{error}"
        );
    }
    assert!(wishes.select(&env("prod")).is_ok());
    wishes.variable = Cow::Borrowed("MY_CREDENTIALS");
    let error = wishes.select(&env("prod")).unwrap_err();
    assert!(error.message().contains("MY_CREDENTIALS"), "{error}");
    let own = identity_testkit::env([("MY_CREDENTIALS", "prod"), (AZURE_TOKEN_CREDENTIALS, "nonsense")]);
    assert_eq!(
        all(&wishes.select(&own).unwrap()),
        [Environment, WorkloadIdentity, ManagedIdentity]
    );
}

#[test]
fn denied_developer_tools_are_never_there() {
    let mut wishes = Wishes {
        deny_developer_tools: true,
        ..Wishes::default()
    };
    wishes.exclude(InteractiveBrowser, false);
    wishes.exclude(AzureCli, false);
    for value in ["", "prod"] {
        let selection = wishes.select(&env(value)).unwrap();
        assert_eq!(all(&selection), [Environment, WorkloadIdentity, ManagedIdentity]);
    }
    for value in ["dev", "AzureCliCredential", "interactivebrowsercredential"] {
        let error = wishes.select(&env(value)).unwrap_err();
        assert!(error.message().contains("denies"), "{value}: {error}");
    }
    assert!(wishes.select(&env("ManagedIdentityCredential")).is_ok());
}
