//! What all sources share.

mod exchange;
mod sources;

use std::time::Duration;

use identity_base::seam::ServerIdentity;
use identity_base::{ErrorKind, TokenRequest};
use identity_testkit::{
    HttpStep, LeakGuard, RecordedRequest, TestClock, assert_future_is_ready_on_first_poll, leak_guard,
};
use serde_json::json;

use super::*;
use crate::testing::*;

const SECRET: &str = "CNRYheaderSecret0123456789";
const THUMBPRINT: &str = "00112233445566778899AABBCCDDEEFF00112233";

fn run(test: impl AsyncFnOnce(LeakGuard, Machine)) {
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock, async |guard| {
        guard.know("header", SECRET);
        let machine = Machine::with_clock(&guard, &clock);
        test(guard, machine).await;
    });
}

/// One kind of host, as its variables make it.
#[derive(Clone, Copy, Debug)]
struct Host {
    source: ManagedIdentitySource,
    variables: &'static [(&'static str, &'static str)],
}

const APP_SERVICE: Host = Host {
    source: ManagedIdentitySource::AppService,
    variables: &[
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token"),
        ("IDENTITY_HEADER", SECRET),
    ],
};
const AZURE_ML: Host = Host {
    source: ManagedIdentitySource::AzureMl,
    variables: &[
        ("MSI_ENDPOINT", "http://127.0.0.1:41741/msi/token"),
        ("MSI_SECRET", SECRET),
    ],
};
const CLOUD_SHELL: Host = Host {
    source: ManagedIdentitySource::CloudShell,
    variables: &[("MSI_ENDPOINT", "http://localhost:50342/oauth2/token")],
};
const SERVICE_FABRIC: Host = Host {
    source: ManagedIdentitySource::ServiceFabric,
    variables: &[
        (
            "IDENTITY_ENDPOINT",
            "https://localhost:2377/metadata/identity/oauth2/token",
        ),
        ("IDENTITY_HEADER", SECRET),
        ("IDENTITY_SERVER_THUMBPRINT", THUMBPRINT),
    ],
};
const IMDS: Host = Host {
    source: ManagedIdentitySource::Imds,
    variables: &[],
};
/// Those that answer one request with a token.
const HOSTS: &[Host] = &[APP_SERVICE, AZURE_ML, CLOUD_SHELL, SERVICE_FABRIC, IMDS];

impl Host {
    fn set<'a>(&self, machine: &'a Machine) -> &'a Machine {
        self.variables.iter().for_each(|(name, value)| {
            machine.var(name, value);
        });
        machine
    }
}

fn query(request: &RecordedRequest) -> Vec<(String, String)> {
    request.query()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn ids() -> [UserAssignedId; 3] {
    [
        UserAssignedId::client_id(CLIENT).unwrap(),
        UserAssignedId::object_id(OBJECT).unwrap(),
        UserAssignedId::resource_id(RESOURCE_ID).unwrap(),
    ]
}

#[test]
fn claims_bypass_the_cache_and_are_not_sent_elsewhere() {
    for host in [APP_SERVICE, AZURE_ML, CLOUD_SHELL, IMDS] {
        run(async |guard, machine| {
            let credential = host.set(&machine).credential();
            machine
                .answer(plain("one"))
                .answer(plain("two"))
                .answer(plain("three"));
            get(&guard, &credential).await.unwrap();
            let without = (machine.last().query(), machine.last().form());
            for expected in ["two", "three"] {
                let claims = TokenRequest::new(SCOPE).claims(r#"{"access_token":{}}"#);
                assert_eq!(
                    get_with(&guard, &credential, claims).await.unwrap().secret(),
                    expected,
                    "{host:?}"
                );
                assert_eq!(
                    (machine.last().query(), machine.last().form()),
                    without,
                    "{host:?}"
                );
            }
            assert_eq!(get(&guard, &credential).await.unwrap().secret(), "three");
            assert_eq!(machine.http.calls(), 3);
        });
    }
}

#[test]
fn every_source_caches_and_ignores_the_tenant() {
    for host in HOSTS {
        run(async |guard, machine| {
            let credential = host.set(&machine).credential();
            machine.answer(plain(guard.secret("token").expose()));
            let first = get(&guard, &credential).await.unwrap();
            assert_eq!(
                first.expires_on(),
                machine.clock.wall() + Duration::from_secs(DAY)
            );
            let other_tenant = TokenRequest::new(SCOPE).tenant_id("contoso.com");
            assert!(
                get_with(&guard, &credential, other_tenant)
                    .await
                    .unwrap()
                    .is_same(&first)
            );
            let hit = assert_future_is_ready_on_first_poll(credential.get_token(&[SCOPE])).unwrap();
            assert!(hit.is_same(&first));
            assert!(credential.handle(&[SCOPE]).unwrap().cached().is_some());
            assert_eq!(machine.http.calls(), 1, "{host:?}");
            assert_eq!(credential.detect().await.source(), host.source);
            assert_eq!(credential.name(), "ManagedIdentityCredential");
        });
    }
}

#[test]
fn every_source_refuses_an_answer_for_another_identity_or_resource() {
    for host in HOSTS {
        run(async |guard, machine| {
            host.set(&machine).answer(token(
                guard.secret("token").expose(),
                &json!({"resource": "https://vault.azure.net"}),
            ));
            let error = get(&guard, &machine.credential()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IdentityMismatch, "{host:?}");
        });
    }
    for host in [APP_SERVICE, AZURE_ML, IMDS] {
        run(async |guard, machine| {
            host.set(&machine).answer(token(
                guard.secret("token").expose(),
                &json!({"client_id": OBJECT}),
            ));
            let credential = machine
                .builder()
                .with_user_assigned(ids()[0].clone())
                .build()
                .unwrap();
            let error = get(&guard, &credential).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IdentityMismatch, "{host:?}");
            assert!(
                error.message().contains(CLIENT) && error.message().contains(OBJECT),
                "{error}"
            );
        });
    }
}

#[test]
fn an_identity_that_a_source_cannot_select_is_refused_at_once() {
    for (host, refused) in [
        (APP_SERVICE, &[][..]),
        (IMDS, &[]),
        (AZURE_ML, &["object id", "resource id"]),
        (CLOUD_SHELL, &["client id", "object id", "resource id"]),
        (SERVICE_FABRIC, &["client id", "object id", "resource id"]),
    ] {
        run(async |guard, machine| {
            host.set(&machine);
            for id in ids() {
                let built = machine.builder().with_user_assigned(id.clone()).build();
                guard.check_result(&built);
                match built {
                    Ok(credential) => {
                        assert!(!refused.contains(&id.kind()), "{host:?} {id}");
                        assert_eq!(credential.user_assigned(), Some(&id));
                    }
                    Err(error) => {
                        assert!(refused.contains(&id.kind()), "{host:?} {error}");
                        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
                        assert_eq!(error.credential(), Some("ManagedIdentityCredential"));
                    }
                }
            }
            assert_eq!(machine.http.calls(), 0);
        });
    }
}

#[test]
fn a_source_can_be_chosen_against_the_environment() {
    run(async |guard, machine| {
        APP_SERVICE.set(&machine).answer(plain("t"));
        let credential = machine
            .builder()
            .with_source(ManagedIdentitySource::Imds)
            .build()
            .unwrap();
        get(&guard, &credential).await.unwrap();
        assert_eq!(machine.last().host(), "169.254.169.254");
        assert_eq!(
            credential.detect().await.to_string(),
            "IMDS: the program chose it"
        );

        let bare = Machine::with_clock(&guard, &machine.clock);
        for (source, variable) in [
            (ManagedIdentitySource::AppService, "IDENTITY_HEADER"),
            (ManagedIdentitySource::ServiceFabric, "IDENTITY_ENDPOINT"),
            (ManagedIdentitySource::AzureMl, "MSI_SECRET"),
            (ManagedIdentitySource::CloudShell, "MSI_ENDPOINT"),
            (ManagedIdentitySource::TokenExchange, "AZURE_TENANT_ID"),
        ] {
            let error = bare.builder().with_source(source).build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
            assert!(error.message().contains(variable), "{error}");
        }
        assert!(
            bare.builder()
                .with_source(ManagedIdentitySource::AzureArc)
                .build()
                .is_ok(),
            "its endpoint is known"
        );
    });
}

#[test]
fn endpoints_from_the_environment_are_checked_and_never_shown() {
    for (host, name) in [
        (APP_SERVICE, "IDENTITY_ENDPOINT"),
        (AZURE_ML, "MSI_ENDPOINT"),
        (CLOUD_SHELL, "MSI_ENDPOINT"),
    ] {
        for bad in [
            "nonsense",
            "ftp://localhost/",
            &format!("http://user:{SECRET}@localhost/"),
            "http://localhost/#x",
        ] {
            run(async |guard, machine| {
                host.set(&machine);
                machine.var(name, bad);
                let error = machine.builder().build().unwrap_err();
                guard.check_error(&error);
                assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{bad}");
            });
        }
    }
}

#[test]
fn the_source_and_the_identity_are_logged() {
    run(async |guard, machine| {
        let _credential = APP_SERVICE
            .set(&machine)
            .builder()
            .with_user_assigned(ids()[0].clone())
            .build()
            .unwrap();
        let text = guard
            .logs()
            .iter()
            .map(|record| format!("{record:?}"))
            .collect::<String>();
        assert!(
            text.contains("App Service: IDENTITY_ENDPOINT and IDENTITY_HEADER are set"),
            "{text}"
        );
        assert!(text.contains("client id 44444444"), "{text}");
    });
}

#[test]
fn a_closed_credential_gives_nothing_and_clones_share_that() {
    for host in HOSTS {
        run(async |guard, machine| {
            let credential = host.set(&machine).credential();
            machine.answer(plain("t"));
            get(&guard, &credential).await.unwrap();
            credential.clone().close().await;
            assert_eq!(
                get(&guard, &credential).await.unwrap_err().kind(),
                ErrorKind::Closed
            );
        });
    }
}
