//! Which crate may use which: the arrows of `docs/ARCHITECTURE.md`.

use super::Finding;
use crate::workspace::{Dependency, Package};

/// The crates that make up the contract and its machinery, which every flow stands on.
const BELOW_FLOWS: &[&str] = &[
    "identity-base",
    "identity-runtime",
    "identity-transport",
    "identity-cache",
];

/// Each crate and the crates of ours that it may use outside its tests. A crate without a row is a finding.
const LAYERS: [(&str, &[&str]); 13] = [
    ("identity-base", &[]),
    ("identity-transport", &["identity-base"]),
    ("identity-runtime", &["identity-base", "identity-transport"]),
    ("identity-cache", &["identity-base", "identity-runtime"]),
    ("identity-confidential", BELOW_FLOWS),
    ("identity-managed", BELOW_FLOWS),
    ("identity-devtools", BELOW_FLOWS),
    ("identity-interactive", BELOW_FLOWS),
    (
        "identity-chain",
        &[
            "identity-base",
            "identity-runtime",
            "identity-transport",
            "identity-cache",
            "identity-confidential",
            "identity-managed",
            "identity-devtools",
            "identity-interactive",
        ],
    ),
    (
        "entra-identity",
        &[
            "identity-base",
            "identity-runtime",
            "identity-transport",
            "identity-cache",
            "identity-confidential",
            "identity-managed",
            "identity-devtools",
            "identity-interactive",
            "identity-chain",
        ],
    ),
    ("identity-emulator", &["identity-base"]),
    (
        "identity-testkit",
        &[
            "identity-base",
            "identity-runtime",
            "identity-transport",
            "identity-emulator",
        ],
    ),
    (
        "entra-cli",
        &[
            "entra-identity",
            "identity-base",
            "identity-runtime",
            "identity-emulator",
        ],
    ),
];

/// What adapters may use.
const ADAPTER: &[&str] = &["identity-base", "identity-runtime"];

/// What any crate's tests may use besides.
const IN_TESTS: [&str; 5] = [
    "identity-base",
    "identity-runtime",
    "identity-transport",
    "identity-emulator",
    "identity-testkit",
];

/// Crates of others that only some of ours may name, also in their tests.
const FENCES: [(&[&str], &[&str]); 4] = [
    (
        &[
            "hyper",
            "hyper-util",
            "hyper-rustls",
            "rustls",
            "tokio-rustls",
            "rustls-platform-verifier",
        ],
        &["identity-transport", "identity-emulator", "identity-testkit"],
    ),
    (
        &["ring"],
        &[
            "identity-transport",
            "identity-runtime",
            "identity-confidential",
            "identity-emulator",
            // Verifies signatures by itself, as an API does.
            "integration-tests",
        ],
    ),
    (&["rsa"], &["identity-emulator", "identity-testkit"]),
    (&["openssl", "native-tls", "reqwest", "chrono"], &[]),
];

/// All that the contract may name: it does no I/O and fixes no runtime and no format.
const CONTRACT: [&str; 4] = ["async-trait", "bytes", "http", "zeroize"];

/// Compares what packages declare with the tables.
pub(super) fn check(packages: &[Package]) -> Vec<Finding> {
    packages
        .iter()
        .flat_map(|package| {
            let problems = package
                .dependencies
                .iter()
                .filter_map(|dependency| problem(package, dependency));
            let unknown = (package.dir.starts_with("crates/") && allowed(package).is_none())
                .then(|| format!("{} has no row in the table of layers", package.name));
            unknown
                .into_iter()
                .chain(problems)
                .map(|message| Finding::new(&format!("{}/Cargo.toml", package.dir), 0, message))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn allowed(package: &Package) -> Option<&'static [&'static str]> {
    if package.dir.starts_with("crates/adapters/") {
        return Some(ADAPTER);
    }
    LAYERS
        .iter()
        .find(|(name, _)| *name == package.name)
        .map(|(_, may)| *may)
}

fn problem(package: &Package, dependency: &Dependency) -> Option<String> {
    let (user, used) = (package.name.as_str(), dependency.name.as_str());
    let in_tests = dependency.kind == "dev";
    if dependency.local {
        // Test packages and tools are leaves: they may use everything, and nothing may use them.
        let allowed = if package.dir.starts_with("crates/") {
            allowed(package)?
        } else {
            return leaf(user, used);
        };
        let fine = allowed.contains(&used) || (in_tests && IN_TESTS.contains(&used));
        return (!fine).then(|| format!("{user} may not use {used}"));
    }
    for (fenced, may) in FENCES {
        if fenced.contains(&used) && !may.contains(&user) {
            return Some(format!(
                "{user} may not use {used}: that is left to {}",
                if may.is_empty() {
                    "nobody".to_owned()
                } else {
                    may.join(", ")
                }
            ));
        }
    }
    let contract = user == "identity-base" && !in_tests && !CONTRACT.contains(&used);
    contract.then(|| format!("{user} may use {} and no more, not {used}", CONTRACT.join(", ")))
}

fn leaf(user: &str, used: &str) -> Option<String> {
    let other_leaf = matches!(used, "xtask" | "integration-tests");
    other_leaf.then(|| format!("{user} may not use {used}: nothing may"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(user: &str, used: &str, kind: &str, local: bool) -> Option<String> {
        let dir = if matches!(user, "xtask" | "integration-tests") {
            user.to_owned()
        } else {
            format!("crates/{user}")
        };
        let dependency = Dependency {
            name: used.to_owned(),
            kind: kind.to_owned(),
            version: "*".to_owned(),
            local,
        };
        let package = Package {
            name: user.to_owned(),
            dir,
            dependencies: vec![dependency],
            ..Package::default()
        };
        check(&[package]).pop().map(|finding| finding.message)
    }

    #[test]
    fn arrows_point_down() {
        assert_eq!(found("identity-runtime", "identity-base", "normal", true), None);
        for (user, used) in [
            ("identity-base", "identity-runtime"),
            ("identity-transport", "identity-runtime"),
            ("identity-confidential", "identity-managed"),
            ("identity-confidential", "identity-testkit"),
            ("identity-chain", "entra-identity"),
            ("entra-identity", "identity-emulator"),
            ("integration-tests", "xtask"),
        ] {
            assert_eq!(
                found(user, used, "normal", true),
                Some(format!("{user} may not use {used}")).map(|text| if used == "xtask" {
                    text + ": nothing may"
                } else {
                    text
                })
            );
        }
    }

    #[test]
    fn tests_may_use_the_kit_but_no_other_flow() {
        assert_eq!(
            found("identity-confidential", "identity-testkit", "dev", true),
            None
        );
        assert!(found("identity-confidential", "identity-managed", "dev", true).is_some());
        assert_eq!(found("integration-tests", "identity-managed", "dev", true), None);
    }

    #[test]
    fn fences_hold_in_tests_too() {
        assert_eq!(found("identity-transport", "hyper", "normal", false), None);
        for used in ["hyper", "rustls", "rsa", "reqwest"] {
            assert!(
                found("identity-confidential", used, "normal", false).is_some(),
                "{used}"
            );
            assert!(
                found("identity-confidential", used, "dev", false).is_some(),
                "{used}"
            );
        }
        assert!(found("identity-managed", "ring", "normal", false).is_some());
    }

    #[test]
    fn the_contract_stays_small() {
        assert_eq!(found("identity-base", "bytes", "normal", false), None);
        assert_eq!(found("identity-base", "tokio", "dev", false), None);
        for used in ["tokio", "serde", "tracing"] {
            assert!(found("identity-base", used, "normal", false).is_some(), "{used}");
        }
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let package = Package {
            name: "identity-new".into(),
            dir: "crates/identity-new".into(),
            ..Package::default()
        };
        assert_eq!(check(&[package]).len(), 1);
        let dir = "crates/adapters/identity-new".to_owned();
        assert!(
            check(&[Package {
                name: "identity-new".into(),
                dir,
                ..Package::default()
            }])
            .is_empty()
        );
    }
}
