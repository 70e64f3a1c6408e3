//! Integration tests that handle secrets run under the leak guard.

use super::{Finding, Source};

/// The ways in which a test says that it runs under the guard.
const GUARDS: [&str; 2] = ["LeakGuard", "leak_guard"];

/// What a test that handles a secret mentions.
const SECRETS: [&str; 4] = [
    "ClientSecretCredential",
    "Secret::new",
    "client_secret",
    ".expose()",
];

/// Looks at one file of the integration tests.
pub(super) fn check(source: &Source) -> Option<Finding> {
    let in_scope = source.path.starts_with("tests/it/") || source.path.starts_with("tests/src/");
    let tests = source.code.contains("test]") || source.code.contains("test(");
    let handles = SECRETS.iter().find(|word| source.code.contains(**word))?;
    let guarded = GUARDS.iter().any(|guard| source.code.contains(guard));
    (source.is_rust() && in_scope && tests && !guarded).then(|| {
        Finding::new(
            &source.path,
            0,
            format!("handles a secret (`{handles}`) and runs under no leak guard"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_without_the_guard_is_found() {
        let check = |path: &str, text: &str| check(&Source::new(path, text)).is_some();
        let bare = "//! D\n#[tokio::test]\nasync fn a() { ClientSecretCredential::new(); }\n";
        assert!(check("tests/it/a.rs", bare));
        assert!(!check(
            "tests/it/a.rs",
            &bare.replace("async fn a() {", "async fn a() { let guard = LeakGuard::new();")
        ));
        assert!(
            check("tests/it/a.rs", &bare.replace("//! D", "//! D LeakGuard")),
            "words in comments do not count"
        );
        assert!(
            !check("tests/it/a.rs", "//! D\n#[test]\nfn a() {}\n"),
            "no secret, no guard"
        );
        assert!(
            !check("crates/a/src/a.rs", bare),
            "unit tests have the seams faked"
        );
    }
}
