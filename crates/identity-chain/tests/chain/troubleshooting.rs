//! `docs/TROUBLESHOOTING.md` is made from the tables that diagnosis uses.

use std::fmt::Write as _;

use identity_chain::diagnosis::Situation;
use identity_runtime::aadsts::{AadstsClass, CATALOGUE};
use snapbox::{assert_data_eq, file};

const INTRODUCTION: &str = "\
# Troubleshooting

Made from the tables that diagnosis uses; a test compares. `SNAPSHOTS=overwrite cargo test -p identity-chain troubleshooting` writes it anew.

## Where to begin

- `entra doctor SCOPE` asks each credential of the default chain, and says what it found, what it was answered, and what to do. `--json` gives the same to
  programs, `--offline` looks without asking anybody. No secret is in it, so it can go into a report of a defect.
- In a program the same is `credential.diagnose(scope).await`, for `DefaultAzureCredential` and `ChainedTokenCredential`.
- An error's `kind()` says what to do about it, `hint()` says it in words, `attempts()` tells what each credential of a chain said, and
  `correlation_id()` is what Entra's support asks for.
- With a `tracing` subscriber, events of the target `entra_identity` tell which credential was chosen and why others were passed.

## What went wrong, by kind

| kind | what it means | what to do |
|---|---|---|
| `CredentialUnavailable` | nothing is set up; nobody was refused | set a credential up, or choose another one |
| `AuthenticationRequired` | a person has to sign in | sign in, with the error's scopes and claims |
| `AuthenticationFailed` | the service, or a tool, refused | look the AADSTS code up below |
| `InvalidConfiguration` | a value can't be | correct the value that the message names |
| `IdentityMismatch` | the answer is for somebody else; it was thrown away | find out who answers in the way |
| `Transport`, `Timeout` | the network failed | look at name resolution, firewall, proxy and TLS; most pass by themselves |
| `Throttled` | the service asks to wait | wait for `retry_after()`, and keep credentials instead of making them anew |
| `Overloaded` | too many requests wait in this program | ask for fewer different tokens at once |
| `OutcomeUnknown` | a grant that works once was sent, and its answer lost | sign in again |
| `Protocol` | the answer is not what the protocol says | see whether a proxy or a portal answers in its place |
| `Closed` | the credential was closed | make a new one |
| `Internal` | a defect | report it |
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str(
        "\n## What the doctor finds\n\n| finding | | what it means | what to do |\n|---|---|---|---|\n",
    );
    for situation in Situation::ALL {
        writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            situation.id, situation.level, situation.meaning, situation.fix
        )
        .unwrap();
    }
    page.push_str("\n## AADSTS codes\n\n| code | what it means | what to do | |\n|---|---|---|---|\n");
    for entry in CATALOGUE {
        let class = match entry.class {
            AadstsClass::SignIn => "a person has to sign in",
            AadstsClass::Transient => "passes by itself",
            AadstsClass::AssertionTime => "a question of time",
            _ => "",
        };
        writeln!(
            page,
            "| `AADSTS{}` | {} | {} | {class} |",
            entry.code, entry.meaning, entry.hint
        )
        .unwrap();
    }
    page
}

#[test]
fn the_page_is_that_of_the_tables() {
    assert!(CATALOGUE.len() >= 60, "the most common codes");
    assert_data_eq!(page(), file!["../../../../docs/TROUBLESHOOTING.md"].raw());
}
