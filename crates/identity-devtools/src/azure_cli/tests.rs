//! What `az` is asked, and what becomes of everything it has been seen to print.

mod answers;
mod failures;

use std::time::{Duration, UNIX_EPOCH};

use identity_base::{AccessToken, ErrorKind, TokenCredential, TokenRequest};
use identity_testkit::{LeakGuard, ProcessStep, TestClock, leak_guard};

use super::*;
use crate::testing::{CLAIMS, ENCODED_CLAIMS, IN_AN_HOUR, Machine, OTHER_TENANT, PAYLOADS, SCOPE, TENANT};

const SUBSCRIPTION: &str = "22222222-2222-2222-2222-222222222222";

fn machine(guard: &LeakGuard) -> Machine {
    let machine = Machine::new(guard);
    machine.tools.install("az", "/usr/bin/az");
    machine
}

fn credential(machine: &Machine) -> AzureCliCredential {
    AzureCliCredential::builder()
        .with_options(&machine.options())
        .build()
        .unwrap()
}

/// As Azure CLI 2.91 prints it.
fn answer(token: &str) -> String {
    format!(
        "{{\n  \"accessToken\": \"{token}\",\n  \"expiresOn\": \"2026-01-01 01:00:00.000000\",\n  \"expires_on\": {IN_AN_HOUR},\n  \
         \"subscription\": \"{SUBSCRIPTION}\",\n  \"tenant\": \"{TENANT}\",\n  \"tokenType\": \"Bearer\"\n}}\n"
    )
}

/// The result of one run that ends so.
fn outcome(step: impl FnOnce(&str) -> ProcessStep) -> Result<AccessToken, Error> {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let token = guard.secret("access token");
        machine.tools.push("az", step(token.expose()));
        let result = machine.get(&credential(&machine), &[SCOPE]).await;
        if let Ok(found) = &result {
            assert_eq!(found.secret(), token.expose());
        }
        result
    })
}

fn end(token: &AccessToken) -> u64 {
    token.expires_on().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn the_arguments_are_the_documented_ones() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let token = guard.secret("access token");
        let base = [
            "account",
            "get-access-token",
            "--output",
            "json",
            "--resource",
            "https://management.azure.com",
        ];
        let build = |tenant: &str, subscription: &str| {
            AzureCliCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id(tenant)
                .with_subscription(subscription)
                .build()
                .unwrap()
        };
        for (tenant, subscription, asked, more) in [
            ("", "", "", &[][..]),
            (TENANT, "", "", &["--tenant", TENANT]),
            ("", "Pay as you go", "", &["--subscription", "Pay as you go"]),
            ("", SUBSCRIPTION, "", &["--subscription", SUBSCRIPTION]),
            // The tool refuses both at once.
            (TENANT, SUBSCRIPTION, "", &["--tenant", TENANT]),
            ("", SUBSCRIPTION, TENANT, &["--tenant", TENANT]),
            ("", "", TENANT, &["--tenant", TENANT]),
        ] {
            machine
                .tools
                .push("az", ProcessStep::output(answer(token.expose())));
            let credential = build(tenant, subscription);
            machine
                .get(&credential, TokenRequest::new(&[SCOPE]).tenant_id(asked))
                .await
                .unwrap();
            let run = machine.tools.calls() - 1;
            assert_eq!(machine.tools.argv(run), [&base[..], more].concat());
            let request = &machine.tools.runs()[run];
            assert_eq!(request.timeout, Duration::from_secs(10));
            assert_eq!(request.max_output, 1024 * 1024);
            assert!(
                request
                    .env
                    .contains(&("AZURE_CORE_NO_COLOR".into(), "true".into()))
            );
        }
    });
}

#[test]
fn a_token_is_cached_until_shortly_before_its_end() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        machine.tools.push(
            "az",
            ProcessStep::output(answer(guard.secret("access token").expose())),
        );
        let credential = credential(&machine);
        let token = machine.get(&credential, &[SCOPE]).await.unwrap();
        assert_eq!(end(&token), IN_AN_HOUR);
        assert!(
            machine
                .get(&credential.clone(), &[SCOPE])
                .await
                .unwrap()
                .is_same(&token)
        );
        assert_eq!(machine.tools.calls(), 1);
        credential.close().await;
        assert!(
            machine
                .get(&credential.clone(), &[SCOPE])
                .await
                .unwrap_err()
                .is_closed()
        );
    });
}

#[test]
fn a_thousand_callers_are_one_run() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let token = guard.secret("access token");
        machine
            .tools
            .push("az", ProcessStep::output(answer(token.expose())).yielding(3));
        let credential = credential(&machine);
        let callers: Vec<_> = (0..1000)
            .map(|_| {
                tokio::spawn({
                    let credential = credential.clone();
                    async move { credential.get_token(&[SCOPE]).await }
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap().unwrap().secret(), token.expose());
        }
        assert_eq!(machine.tools.calls(), 1);
    });
}

#[test]
fn a_tool_that_is_not_there_is_unavailable() {
    leak_guard::run(async |guard| {
        let machine = Machine::new(&guard);
        let error = machine.get(&credential(&machine), &[SCOPE]).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::CredentialUnavailable, "Azure CLI was not found")
        );
        assert!(error.hint().unwrap().contains("az login"));
        assert_eq!(machine.tools.calls(), 0);
    });
}

#[test]
fn the_time_limit_ends_the_tool() {
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock, async |guard| {
        let machine = Machine {
            clock: clock.clone(),
            ..machine(&guard)
        };
        machine.tools.keep_time_by(clock.clone());
        machine.tools.always("az", ProcessStep::hang());
        let credential = AzureCliCredential::builder()
            .with_options(&machine.options())
            .with_process_timeout(Duration::from_millis(2500))
            .build()
            .unwrap();
        let error = machine.get(&credential, &[SCOPE]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(error.message().contains("within 2500 ms"), "{error}");
        assert_eq!((machine.tools.killed(), machine.tools.running()), (1, 0));
    });
}

#[test]
fn closing_ends_a_tool_that_hangs() {
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock, async |guard| {
        let machine = Machine {
            clock: clock.clone(),
            ..machine(&guard)
        };
        machine.tools.always("az", ProcessStep::hang());
        let credential = credential(&machine);
        let waiting = tokio::spawn({
            let credential = credential.clone();
            async move { credential.get_token(&[SCOPE]).await }
        });
        machine.tools.started(1).await;
        credential.close().await;
        assert!(waiting.await.unwrap().unwrap_err().is_closed());
        assert_eq!((machine.tools.killed(), machine.tools.running()), (1, 0));
    });
}

#[test]
fn what_cannot_be_never_reaches_the_tool() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let anything = credential(&machine);
        for payload in PAYLOADS {
            let built = |builder: AzureCliCredentialBuilder| {
                builder
                    .with_options(&machine.options())
                    .build()
                    .map_err(|error| error.kind())
            };
            for builder in [
                AzureCliCredential::builder().with_tenant_id(payload),
                AzureCliCredential::builder().with_subscription(payload),
                AzureCliCredential::builder()
                    .with_tenant_id("x")
                    .with_additionally_allowed_tenants([payload]),
            ] {
                let is_wildcard = payload == "*" && built(builder.clone()).is_ok();
                assert!(
                    is_wildcard || built(builder).unwrap_err() == ErrorKind::InvalidConfiguration,
                    "{payload:?}"
                );
            }
            for request in [
                TokenRequest::new(&[payload]),
                TokenRequest::new(&[SCOPE]).tenant_id(payload),
            ] {
                let error = machine.get(&anything, request).await.unwrap_err();
                assert_eq!(
                    error.kind(),
                    ErrorKind::InvalidConfiguration,
                    "{payload:?}: {error}"
                );
                let hint = error.hint().unwrap_or_default();
                assert!(payload.len() < 3 || !hint.contains(payload), "{hint}");
            }
            // Within claims that are some, it is in letters that nothing interprets.
            let claims = serde_json::json!({ "access_token": { payload: payload } }).to_string();
            let request = TokenRequest::new(&[SCOPE]).claims(&claims).tenant_id(TENANT);
            let error = machine.get(&anything, request).await.unwrap_err();
            let hint = error.hint().unwrap();
            assert!(hint.contains("`az login --claims-challenge \"eyJ"), "{hint}");
            assert!(
                hint.chars()
                    .all(|c| c.is_ascii_alphanumeric() || " `-\"+/=.,:".contains(c)),
                "{hint}"
            );
            // A hint with a command is made of checked values alone.
            for request in [
                TokenRequest::new(&[payload]).claims(CLAIMS),
                TokenRequest::new(&[SCOPE]).tenant_id(payload).claims(CLAIMS),
                TokenRequest::new(&[SCOPE]).claims(payload),
                TokenRequest::new(&[SCOPE]).claims(payload).tenant_id(TENANT),
            ] {
                let error = machine.get(&anything, request).await.unwrap_err();
                assert_eq!(
                    error.kind(),
                    ErrorKind::InvalidConfiguration,
                    "{payload:?}: {error}"
                );
                assert!(!error.hint().unwrap_or_default().contains("az login"), "{error}");
            }
        }
        for scopes in [
            &[][..],
            &[""],
            &[SCOPE, "https://vault.azure.net/.default"],
            &["/.default"],
        ] {
            let error = machine.get(&anything, scopes).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{scopes:?}");
        }
        assert_eq!(machine.tools.calls(), 0);
    });
}

#[test]
fn settings_are_checked_when_the_credential_is_made() {
    let kind = |builder: AzureCliCredentialBuilder| builder.build().unwrap_err().kind();
    let builder = AzureCliCredential::builder;
    assert_eq!(
        kind(builder().with_process_timeout(Duration::ZERO)),
        ErrorKind::InvalidConfiguration
    );
    for path in ["az", "./az", "bin/az", ""] {
        assert_eq!(
            kind(builder().with_program_path(path)),
            ErrorKind::InvalidConfiguration,
            "{path}"
        );
    }
    assert!(builder().with_tenant_id("").with_subscription("").build().is_ok());
}

#[test]
fn the_program_can_be_chosen() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        machine.tools.install("other", "/opt/other");
        machine.tools.push(
            "other",
            ProcessStep::output(answer(guard.secret("access token").expose())),
        );
        let path = std::env::temp_dir().join("other");
        let credential = AzureCliCredential::builder()
            .with_options(&machine.options())
            .with_program_path(&path)
            .build()
            .unwrap();
        machine.get(&credential, &[SCOPE]).await.unwrap();
        assert_eq!(machine.tools.runs()[0].program, path.as_os_str());
    });
}

#[test]
fn claims_become_the_command_that_satisfies_them() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let login = format!("az login --claims-challenge \"{ENCODED_CLAIMS}\"");
        for (own, asked, tenant) in [
            ("", "", ""),
            (TENANT, "", " --tenant \"11111111-1111-1111-1111-111111111111\""),
            ("", "contoso.com", " --tenant \"contoso.com\""),
        ] {
            let credential = AzureCliCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id(own)
                .build()
                .unwrap();
            let request = TokenRequest::new(&[SCOPE]).claims(CLAIMS).tenant_id(asked);
            let error = machine.get(&credential, request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
            assert!(
                error
                    .hint()
                    .unwrap()
                    .contains(&format!("`{login}{tenant} --scope \"{SCOPE}\"`")),
                "{error}"
            );
            assert_eq!(
                (error.claims(), error.scopes().map(|scopes| scopes.joined())),
                (Some(CLAIMS), Some(SCOPE.to_owned()))
            );
        }
        assert_eq!(machine.tools.calls(), 0);
        // None are none.
        machine.tools.push(
            "az",
            ProcessStep::output(answer(guard.secret("access token").expose())),
        );
        assert!(
            machine
                .get(&credential(&machine), TokenRequest::new(&[SCOPE]).claims(""))
                .await
                .is_ok()
        );
    });
}

#[test]
fn other_tenants_need_permission() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let token = guard.secret("access token");
        let step = || ProcessStep::output(answer(token.expose()).replace(TENANT, OTHER_TENANT));
        let build = |allowed: &[&str]| {
            AzureCliCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id(TENANT)
                .with_additionally_allowed_tenants(allowed.iter().copied())
                .build()
                .unwrap()
        };
        let request = || TokenRequest::new(&[SCOPE]).tenant_id(OTHER_TENANT);
        let error = machine.get(&build(&[]), request()).await.unwrap_err();
        assert_eq!(
            (error.kind(), machine.tools.calls()),
            (ErrorKind::AuthenticationFailed, 0)
        );
        for allowed in [&[OTHER_TENANT][..], &["*"]] {
            machine.tools.push("az", step());
            machine.get(&build(allowed), request()).await.unwrap();
        }
        // Without a tenant of its own, any may be asked for; each has its own tokens.
        let any = credential(&machine);
        machine
            .tools
            .push("az", step())
            .push("az", ProcessStep::output(answer(token.expose())));
        machine.get(&any, request()).await.unwrap();
        machine.get(&any, &[SCOPE]).await.unwrap();
        machine.get(&any, request()).await.unwrap();
        assert_eq!(machine.tools.calls(), 4);
    });
}

#[test]
fn settings_that_decide_whose_tokens_come_back_are_part_of_the_identity() {
    let identity = |builder: AzureCliCredentialBuilder| {
        let mut key = KeyBuilder::new();
        builder.build().unwrap().0.fetcher().cache_identity(&mut key);
        key.finish()
    };
    let builder = AzureCliCredential::builder;
    let here = std::env::temp_dir();
    let different = [
        identity(builder()),
        identity(builder().with_tenant_id(TENANT)),
        identity(builder().with_tenant_id(OTHER_TENANT)),
        identity(builder().with_subscription(SUBSCRIPTION)),
        identity(builder().with_subscription("x")),
        identity(builder().with_program_path(here.join("az"))),
        identity(builder().with_program_path(here.join("az2"))),
    ];
    for (at, one) in different.iter().enumerate() {
        assert!(different.iter().skip(at + 1).all(|other| one != other), "{at}");
    }
    // Spelling is none of them, and neither is patience.
    assert_eq!(
        identity(builder().with_tenant_id("Contoso.com")),
        identity(builder().with_tenant_id("contoso.COM"))
    );
    assert_eq!(
        identity(builder().with_process_timeout(Duration::from_secs(60))),
        different[0]
    );
}

#[test]
fn the_tools_own_limit_comes_before_the_engines() {
    for timeout in [Duration::from_millis(1), Duration::from_secs(10), Duration::MAX] {
        let credential = AzureCliCredential::builder()
            .with_process_timeout(timeout)
            .build()
            .unwrap();
        let total = credential.0.fetcher().policy().total;
        assert!(total > timeout || total == Duration::MAX);
        // With room for a turn of the same length to wait for.
        assert!(total > timeout.saturating_mul(2) || total == Duration::MAX);
    }
}
