//! `DefaultAzureCredential`.

use std::sync::Arc;
use std::time::Duration;

use identity_base::{ErrorKind, TokenCredential, TokenRequest};
use identity_chain::{ChainedTokenCredential, DefaultAzureCredential, DefaultMember};
use identity_testkit::{HttpStep, ProcessStep, ScriptedHttp, StaticCredential};

use crate::world::{
    CLIENT, SCOPE, TENANT, imds_token, imds_token_for, is_imds, is_probe, run, run_at, run_with,
};

/// A network on which the metadata endpoint answers.
fn with_imds() -> ScriptedHttp {
    ScriptedHttp::new().respond_with(|_, request| match (is_probe(request), is_imds(request)) {
        (true, _) => HttpStep::status(400),
        (_, true) => imds_token("of-the-host"),
        _ => HttpStep::hang(),
    })
}

#[test]
fn nothing_is_asked_or_read_before_the_first_token() {
    run(async |world| {
        world.set_application();
        world
            .env
            .set("AZURE_FEDERATED_TOKEN_FILE", "/token")
            .set("AZURE_CLIENT_CERTIFICATE_PATH", "/certificate.pem");
        let credential = world.default_chain();
        assert_eq!(credential.selected(), None);
        assert_eq!(
            (
                world.http.calls(),
                world.tools.calls(),
                world.files.operations().len()
            ),
            (0, 0, 0)
        );
    });
    // Nor is there a runtime here.
    DefaultAzureCredential::new().unwrap();
}

#[test]
fn the_order_is_that_of_the_members() {
    run(async |world| {
        let builder = world
            .builder()
            .exclude_visual_studio_code_credential(false)
            .exclude_interactive_browser_credential(false);
        let credential = builder.build().unwrap();
        let mut all = [credential.members(), credential.left_out()].concat();
        all.sort_unstable();
        assert_eq!(all, DefaultMember::ALL);
        assert!(credential.members().is_sorted());
        let off: Vec<_> = DefaultMember::ALL
            .iter()
            .filter(|member| !member.is_on_by_default())
            .collect();
        assert_eq!(
            off,
            [
                &DefaultMember::VisualStudioCode,
                &DefaultMember::InteractiveBrowser
            ]
        );
    });
}

#[test]
fn nothing_configured_fails_within_a_second_and_a_half_with_every_member_in_the_message() {
    run(async |world| {
        let credential = world.default_chain();
        let began = world.clock.wall();
        let error = world.token(&credential).await.unwrap_err();
        let took = world.clock.wall().duration_since(began).unwrap();
        assert!(took <= Duration::from_millis(1500), "{took:?}");
        assert_eq!(
            (error.kind(), error.credential()),
            (ErrorKind::CredentialUnavailable, Some("DefaultAzureCredential"))
        );
        let attempts: Vec<_> = error
            .attempts()
            .iter()
            .map(|attempt| attempt.credential())
            .collect();
        let members: Vec<_> = credential.members().iter().map(|member| member.name()).collect();
        assert_eq!(attempts, members);
        let text = error.to_string();
        for member in DefaultMember::ALL
            .iter()
            .filter(|member| member.is_on_by_default())
        {
            assert!(text.contains(member.name()), "{member}: {text}");
        }
        for attempt in error.attempts() {
            let line = text
                .lines()
                .find(|line| line.trim_start().starts_with(attempt.credential()))
                .unwrap();
            assert!(line.contains("hint: ") && line.ends_with("ms]"), "{line}");
        }
        // Trying again costs less: that there is no endpoint is known for a while.
        let began = world.clock.wall();
        world.token(&credential).await.unwrap_err();
        assert_eq!(world.clock.wall().duration_since(began).unwrap(), Duration::ZERO);
    });
}

#[test]
fn the_environment_goes_first_and_stays() {
    run_with(
        ScriptedHttp::new().respond_with(|_, _| HttpStep::token("of-the-application", 3599)),
        async |world| {
            world.set_application();
            world.install_az();
            let credential = world.default_chain();
            for scope in [SCOPE, "https://vault.azure.net/.default", SCOPE] {
                assert_eq!(
                    world.token_for(&credential, scope).await.unwrap(),
                    "of-the-application"
                );
            }
            assert_eq!(credential.selected(), Some("EnvironmentCredential"));
            assert_eq!((world.http.calls(), world.tools.calls()), (2, 0));
            assert!(credential.handle(&[SCOPE]).is_some());
        },
    );
}

#[test]
fn a_deployed_credential_that_is_refused_stops_the_chain() {
    run_with(
        ScriptedHttp::new()
            .respond_with(|_, _| HttpStep::entra_error(401, "invalid_client", 7_000_215, "no.")),
        async |world| {
            world.set_application();
            world.install_az();
            let error = world.token(&world.default_chain()).await.unwrap_err();
            assert_eq!(
                (
                    error.kind(),
                    error.aadsts(),
                    error.attempts().len(),
                    world.tools.calls()
                ),
                (ErrorKind::AuthenticationFailed, Some(7_000_215), 1, 0)
            );
            assert!(error.attempts()[0].error().hint().unwrap().contains("secret"));
        },
    );
}

#[test]
fn a_developer_tool_that_is_refused_does_not_stop_the_chain_unless_it_is_named() {
    run(async |world| {
        world
            .tools
            .install("az", "/usr/bin/az")
            .install("azd", "/usr/bin/azd");
        world.tools.always(
            "az",
            ProcessStep::fails(1, "ERROR: AADSTS50076: you must use multi-factor authentication"),
        );
        let token = world.guard.secret("azd_token");
        world.tools.always(
            "azd",
            ProcessStep::output(format!(
                r#"{{"token":"{}","expiresOn":"2100-01-01T00:00:00Z"}}"#,
                token.expose()
            )),
        );
        let credential = world.default_chain();
        assert_eq!(world.token(&credential).await.unwrap(), token.expose());
        assert_eq!(credential.selected(), Some("AzureDeveloperCliCredential"));

        world.env.set("AZURE_TOKEN_CREDENTIALS", "azureclicredential");
        let error = world.token(&world.default_chain()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts(), error.attempts().len()),
            (ErrorKind::AuthenticationFailed, Some(50_076), 1)
        );
    });
}

#[test]
fn managed_identity_is_probed_but_not_when_it_is_named() {
    for (selects, probes) in [("", 1), ("prod", 1), ("ManagedIdentityCredential", 0)] {
        run_with(with_imds(), async |world| {
            world.env.set("AZURE_TOKEN_CREDENTIALS", selects);
            let credential = world.default_chain();
            assert_eq!(world.token(&credential).await.unwrap(), "of-the-host");
            let requests = world.http.requests();
            assert_eq!(
                requests.iter().filter(|request| is_probe(request)).count(),
                probes,
                "{selects}"
            );
            assert_eq!(requests.len(), probes + 1);
        });
    }
}

#[test]
fn a_named_managed_identity_has_all_its_patience() {
    run_with(
        ScriptedHttp::new().respond_with(|number, _| match number {
            1..=3 => HttpStep::status(503),
            _ => imds_token("late"),
        }),
        async |world| {
            world
                .env
                .set("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential");
            assert_eq!(world.token(&world.default_chain()).await.unwrap(), "late");
        },
    );
}

#[test]
fn the_managed_identity_is_that_of_the_argument_else_of_the_variable() {
    let other = "55555555-5555-5555-5555-555555555555";
    let cases = [
        (None, None, false, None),
        (Some(CLIENT), None, false, Some(CLIENT)),
        (Some(CLIENT), Some(other), false, Some(other)),
        (None, Some(other), false, Some(other)),
        (Some(CLIENT), None, true, None),
    ];
    for (variable, argument, system, expected) in cases {
        run_with(with_imds(), async |world| {
            if let Some(id) = variable {
                world.env.set("AZURE_CLIENT_ID", id);
            }
            let mut builder = world.builder();
            if let Some(id) = argument {
                builder = builder.with_managed_identity_client_id(id);
            }
            if system {
                builder = builder.with_system_assigned_identity();
            }
            world.token(&builder.build().unwrap()).await.unwrap();
            let sent = world.http.requests()[1].query_value("client_id");
            assert_eq!(sent.as_deref(), expected);
        });
    }
}

#[test]
fn cloud_shell_tolerates_a_client_id() {
    for by_argument in [false, true] {
        run_with(
            ScriptedHttp::new().respond_with(|_, _| imds_token("of-the-person")),
            async |world| {
                world
                    .env
                    .set("MSI_ENDPOINT", "http://127.0.0.1:50342/oauth2/token");
                let builder = match by_argument {
                    true => world.builder().with_managed_identity_client_id(CLIENT),
                    false => {
                        world.env.set("AZURE_CLIENT_ID", CLIENT);
                        world.builder()
                    }
                };
                let credential = builder.build().unwrap();
                assert_eq!(world.token(&credential).await.unwrap(), "of-the-person");
                assert_eq!(credential.selected(), Some("ManagedIdentityCredential"));
                assert_eq!(world.http.requests()[0].form_value("client_id"), None);
            },
        );
    }
}

#[test]
fn workload_identity_takes_arguments_before_variables() {
    for (tenant, client) in [(None, None), (Some("contoso.test"), Some(TENANT))] {
        run_with(
            ScriptedHttp::new().respond_with(|_, _| HttpStep::token("of-the-pod", 3599)),
            async |world| {
                let assertion = world.guard.secret("assertion");
                world.files.put("/token", assertion.expose().as_bytes());
                world.guard.allow_file("/token");
                world
                    .env
                    .set("AZURE_TENANT_ID", TENANT)
                    .set("AZURE_CLIENT_ID", CLIENT)
                    .set("AZURE_FEDERATED_TOKEN_FILE", "/token");
                let mut builder = world.builder();
                if let (Some(tenant), Some(client)) = (tenant, client) {
                    builder = builder
                        .with_workload_identity_tenant_id(tenant)
                        .with_workload_identity_client_id(client);
                }
                let credential = builder.with_options(&world.options().with_disable_instance_discovery(true));
                let credential = credential.build().unwrap();
                assert_eq!(world.token(&credential).await.unwrap(), "of-the-pod");
                assert_eq!(credential.selected(), Some("WorkloadIdentityCredential"));
                let sent = &world.http.requests()[0];
                assert!(
                    sent.path()
                        .starts_with(&format!("/{}/", tenant.unwrap_or(TENANT)))
                );
                assert_eq!(
                    sent.form_value("client_id").as_deref(),
                    Some(client.unwrap_or(CLIENT))
                );
            },
        );
    }
}

#[test]
fn a_member_that_cannot_be_made_is_an_attempt_and_others_are_tried() {
    run(async |world| {
        world.set_application();
        world.env.set("AZURE_TENANT_ID", "no tenant");
        let token = world.install_az();
        let credential = world.default_chain();
        assert_eq!(world.token(&credential).await.unwrap(), token);
        assert!(
            world
                .guard
                .logs()
                .iter()
                .any(|record| format!("{record:?}").contains("set up wrongly")),
            "it is said in the log"
        );
    });
    run(async |world| {
        world
            .env
            .set("AZURE_TENANT_ID", TENANT)
            .set("AZURE_CLIENT_ID", CLIENT)
            .set("AZURE_CLIENT_CERTIFICATE_PATH", "/missing.pem");
        let error = world.token(&world.default_chain()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        let first = error.attempts()[0].error();
        assert!(first.message().contains("/missing.pem"), "{error}");

        // Alone, it is what it is.
        world.env.set("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential");
        let error = world.token(&world.default_chain()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
        assert_eq!(
            error.attempts()[0].error().kind(),
            ErrorKind::InvalidConfiguration
        );
    });
}

#[test]
fn a_chain_goes_on_past_a_default_chain_that_found_nothing() {
    run(async |world| {
        let outer = ChainedTokenCredential::new(vec![
            Arc::new(world.default_chain()),
            Arc::new(StaticCredential::new("fallback")),
        ])
        .unwrap();
        assert_eq!(world.token(&outer).await.unwrap(), "fallback");
        assert_eq!(outer.selected(), Some("StaticCredential"));
    });
}

#[test]
fn the_options_are_checked_when_it_is_built() {
    run(async |world| {
        world.env.set("AZURE_AUTHORITY_HOST", "http://plain.test");
        let error = world.builder().build().unwrap_err();
        assert_eq!(
            (error.kind(), error.credential()),
            (ErrorKind::InvalidConfiguration, Some("DefaultAzureCredential"))
        );
        world.env.unset("AZURE_AUTHORITY_HOST");
        for builder in [
            world.builder().with_process_timeout(Duration::ZERO),
            world.builder().with_additionally_allowed_tenants(["no tenant"]),
        ] {
            assert_eq!(
                builder.build().unwrap_err().kind(),
                ErrorKind::InvalidConfiguration
            );
        }
    });
}

#[test]
fn the_time_limit_reaches_the_tools() {
    for limit in [None, Some(Duration::from_secs(3))] {
        run(async |world| {
            world.tools.install("az", "/usr/bin/az");
            world.tools.always("az", ProcessStep::hang());
            world.env.set("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential");
            let mut builder = world.builder();
            if let Some(limit) = limit {
                builder = builder.with_process_timeout(limit);
            }
            world.token(&builder.build().unwrap()).await.unwrap_err();
            assert_eq!(
                world.tools.runs()[0].timeout,
                limit.unwrap_or(Duration::from_secs(10))
            );
        });
    }
}

#[test]
fn other_tenants_are_allowed_by_option() {
    run_with(
        ScriptedHttp::new().respond_with(|_, _| HttpStep::token("t", 3599)),
        async |world| {
            world.set_application();
            let builder = world
                .builder()
                .with_additionally_allowed_tenants(["contoso.test"]);
            let credential = builder.build().unwrap();
            for (tenant, kind) in [
                ("contoso.test", None),
                ("other.test", Some(ErrorKind::AuthenticationFailed)),
            ] {
                let result = credential
                    .get_token_with(TokenRequest::new(&[SCOPE]).tenant_id(tenant))
                    .await;
                assert_eq!(result.err().map(|error| error.kind()), kind);
            }
        },
    );
}

#[test]
fn a_thousand_first_callers_ask_each_member_once() {
    run_with(with_imds(), async |world| {
        let credential: Arc<dyn TokenCredential> = Arc::new(world.default_chain());
        let many: Vec<_> = (0..1000)
            .map(|_| {
                let credential = Arc::clone(&credential);
                tokio::spawn(async move { credential.get_token(&[SCOPE]).await })
            })
            .collect();
        for one in many {
            assert_eq!(one.await.unwrap().unwrap().secret(), "of-the-host");
        }
        assert_eq!(world.http.calls(), 2, "one probe, one request");
    });
}

#[test]
fn three_scopes_at_once_take_two_fetch_times_and_one_probe() {
    let clock = identity_testkit::TestClock::new();
    let http = ScriptedHttp::new().respond_with({
        let clock = clock.clone();
        move |_, request| match (is_probe(request), request.query_value("resource")) {
            (true, _) => HttpStep::status(400),
            (_, Some(resource)) => {
                let answer = imds_token_for("of-the-host", &resource);
                answer.after(clock.clone(), Duration::from_millis(500))
            }
            _ => HttpStep::hang(),
        }
    });
    run_at(&clock, http, async |world| {
        let credential = world.default_chain();
        let began = world.clock.wall();
        let tasks = [
            "https://a.test/.default",
            "https://b.test/.default",
            "https://c.test/.default",
        ]
        .map(|scope| {
            let credential = credential.clone();
            tokio::spawn(async move { credential.get_token(&[scope]).await })
        });
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let took = world.clock.wall().duration_since(began).unwrap();
        assert!(took <= Duration::from_secs(1), "{took:?}");
        let requests = world.http.requests();
        let probes = requests.iter().filter(|request| is_probe(request)).count();
        assert_eq!((requests.len(), probes), (4, 1));
    });
}

#[test]
fn closing_it_ends_all_members() {
    run_with(with_imds(), async |world| {
        let credential = world.default_chain();
        world.token(&credential).await.unwrap();
        credential.clone().close().await;
        let error = world.token(&credential).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        // One that never had a winner as well.
        let fresh = world.default_chain();
        fresh.close().await;
        assert_eq!(world.token(&fresh).await.unwrap_err().kind(), ErrorKind::Closed);
    });
}

#[test]
fn the_authority_of_the_environment_or_the_options_reaches_the_members() {
    for (by_option, host) in [
        (false, "login.microsoftonline.us"),
        (true, "login.chinacloudapi.cn"),
    ] {
        for deployed in ["EnvironmentCredential", "WorkloadIdentityCredential"] {
            run_with(
                ScriptedHttp::new().respond_with(|_, _| HttpStep::token("t", 3599)),
                async |world| {
                    world.set_application();
                    let assertion = world.guard.secret("assertion");
                    world.files.put("/token", assertion.expose().as_bytes());
                    world.guard.allow_file("/token");
                    world
                        .env
                        .set("AZURE_FEDERATED_TOKEN_FILE", "/token")
                        .set("AZURE_AUTHORITY_HOST", "login.microsoftonline.us")
                        .set("AZURE_TOKEN_CREDENTIALS", deployed);
                    let mut options = world.options();
                    if by_option {
                        options = options.with_authority(identity_base::Authority::china());
                    }
                    let credential = world.builder().with_options(&options).build().unwrap();
                    world.token(&credential).await.unwrap();
                    assert_eq!(world.http.requests()[0].host(), host, "{deployed}");
                },
            );
        }
    }
}
