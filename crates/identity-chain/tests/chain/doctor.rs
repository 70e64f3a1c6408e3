//! What the diagnosis says on machines that are set up in all kinds of ways.

mod given;
mod untrusted;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_base::TokenCredential;
use identity_chain::ChainedTokenCredential;
use identity_chain::diagnosis::{Report, Verdict};
use identity_testkit::{HttpStep, ProcessStep, ScriptedHttp};
use serde_json::json;
use snapbox::{assert_data_eq, file};

use crate::world::{CLIENT, DAY, SCOPE, TENANT, World, imds_token, is_imds, is_probe, run_still, run_with};

/// A machine that reaches Entra, whose clock is right, and where no metadata endpoint is; token requests are answered so.
fn network(token: impl Fn() -> HttpStep + Send + Sync + 'static) -> ScriptedHttp {
    ScriptedHttp::new().respond_with(move |_, request| {
        if is_imds(request) {
            HttpStep::hang()
        } else if request.method() == "POST" {
            token()
        } else {
            openid("Thu, 01 Jan 2026 00:00:01 GMT")
        }
    })
}

fn openid(date: &str) -> HttpStep {
    HttpStep::json(
        200,
        &json!({"issuer": "https://login.microsoftonline.com/common/v2.0"}),
    )
    .header("date", date)
}

fn jwt(claims: &serde_json::Value) -> String {
    format!("e30.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// Diagnoses the default chain, and shows the guard the report in every form.
async fn diagnose(world: &World) -> Report {
    let report = world.default_chain().diagnose(SCOPE).await;
    show(world, &report);
    report
}

/// Shows the guard a report in every form that it has.
fn show(world: &World, report: &Report) {
    world.guard.check_display(report);
    #[cfg(feature = "serde")]
    world.guard.check_text(
        "the report as JSON",
        serde_json::to_string_pretty(report).unwrap(),
    );
}

#[test]
fn an_empty_machine() {
    run_with(network(|| HttpStep::status(500)), async |world| {
        let report = diagnose(world).await;
        assert_data_eq!(report.to_string(), file!["doctor/empty.txt"].raw());
        assert_eq!((report.winner, report.stopped_at), (None, None));
    });
}

#[test]
fn a_partial_environment() {
    run_with(network(|| HttpStep::status(500)), async |world| {
        let secret = world.guard.secret("client_secret");
        world
            .env
            .set("AZURE_TENANT_ID", TENANT)
            .set("AZURE_CLIENT_SECRET", secret.expose())
            .set("AZURE_CLIENT_ID", "");
        let report = diagnose(world).await;
        assert_data_eq!(report.to_string(), file!["doctor/partial.txt"].raw());
    });
}

#[test]
fn an_expired_federated_token() {
    run_with(
        network(|| HttpStep::entra_error(401, "invalid_client", 700_024, "expired.")),
        async |world| {
            world
                .env
                .set("AZURE_TENANT_ID", TENANT)
                .set("AZURE_CLIENT_ID", CLIENT)
                .set("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/token");
            let token = jwt(&json!({
                "iss": "https://oidc.cluster.test/", "sub": "system:serviceaccount:shop:orders",
                "aud": ["api://AzureADTokenExchange"], "exp": 1_767_200_000,
            }));
            world.guard.know("federated_token", token.clone());
            world.guard.allow_file("/var/run/secrets/token");
            world.files.put("/var/run/secrets/token", token);
            world
                .files
                .set_modified("/var/run/secrets/token", world.clock.wall() - DAY * 3);
            let report = diagnose(world).await;
            assert_data_eq!(report.to_string(), file!["doctor/federated.txt"].raw());
            assert_eq!(report.stopped_at, Some("WorkloadIdentityCredential"));
        },
    );
}

#[test]
fn a_wrong_tenant() {
    run_with(
        network(|| HttpStep::entra_error(400, "invalid_request", 90_002, "Tenant not found.")),
        async |world| {
            world.set_application();
            let report = diagnose(world).await;
            assert_data_eq!(report.to_string(), file!["doctor/tenant.txt"].raw());
            let problem = report.links[0].problem.as_ref().unwrap();
            assert_eq!(problem.aadsts, Some(90_002));
            assert_eq!(problem.meaning, Some("the tenant does not exist"));
        },
    );
}

#[test]
fn a_proxy_that_swallows_metadata() {
    let http = ScriptedHttp::new().respond_with(|_, request| match is_imds(request) {
        true => HttpStep::bytes(403, "<html>Access to this address is denied by the proxy</html>"),
        false => openid("Thu, 01 Jan 2026 00:00:00 GMT"),
    });
    run_with(http, async |world| {
        let password = world.guard.secret("proxy_password");
        world
            .env
            .set(
                "HTTP_PROXY",
                format!("http://user:{}@proxy.test:3128", password.expose()),
            )
            .set("NO_PROXY", "localhost,.contoso.test");
        let report = diagnose(world).await;
        assert_data_eq!(report.to_string(), file!["doctor/proxy.txt"].raw());
        // Once the address is excepted, there is nothing to say.
        world.env.set("NO_PROXY", "localhost,169.254.169.254");
        let report = diagnose(world).await;
        assert!(
            report.findings().all(|finding| finding.id != "E-PROXY-METADATA"),
            "{report}"
        );
    });
}

#[test]
fn az_that_is_refused_for_want_of_a_second_factor() {
    run_with(network(|| HttpStep::status(500)), async |world| {
        world.tools.install("az", "/usr/bin/az");
        world
            .tools
            .push("az", ProcessStep::output(r#"{"azure-cli": "2.91.0"}"#))
            .push(
                "az",
                ProcessStep::fails(
                    1,
                    "ERROR: AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication.",
                ),
            );
        let report = diagnose(world).await;
        assert_data_eq!(report.to_string(), file!["doctor/az.txt"].raw());
        assert_eq!(
            report.link("AzureCliCredential").unwrap().verdict,
            Verdict::Failed
        );
        assert_eq!(report.stopped_at, None, "a tool never stops the chain");
    });
}

#[test]
fn a_token_that_is_too_old_for_a_policy() {
    run_with(network(|| HttpStep::status(500)), async |world| {
        world.tools.install("azd", "/usr/bin/azd");
        world.tools.always(
            "azd",
            ProcessStep::fails(1, "ERROR: AADSTS70043: The refresh token has expired"),
        );
        let report = diagnose(world).await;
        let link = report.link("AzureDeveloperCliCredential").unwrap();
        assert_eq!(
            link.next_step.as_deref(),
            Some("run `azd auth login --scope https://management.azure.com/.default`")
        );
    });
}

#[test]
fn a_host_whose_managed_identity_works() {
    let token = jwt(&json!({
        "aud": "https://management.azure.com", "tid": TENANT, "appid": CLIENT, "roles": ["Reader"],
    }));
    let answer = token.clone();
    let http =
        ScriptedHttp::new().respond_with(move |_, request| match (is_imds(request), is_probe(request)) {
            (_, true) => HttpStep::status(400),
            (true, _) => imds_token(&answer),
            _ => openid("Thu, 01 Jan 2026 00:20:00 GMT"),
        });
    run_with(http, async |world| {
        world.guard.know("access_token", token.clone());
        world.install_az();
        let credential = world.default_chain();
        let report = credential.diagnose(SCOPE).await;
        assert_data_eq!(report.to_string(), file!["doctor/works.txt"].raw());
        assert_eq!(report.winner, Some("ManagedIdentityCredential"));
        assert_eq!(credential.selected(), None, "nobody is chosen by looking");
        assert_eq!(world.tools.calls(), 0, "nobody behind the winner is started");
    });
}

#[test]
fn looking_alone_asks_nobody() {
    run_with(ScriptedHttp::new(), async |world| {
        world.set_application();
        world.install_az();
        let report = world
            .default_chain()
            .diagnosis()
            .with_offline(true)
            .diagnose(SCOPE)
            .await;
        assert_eq!((world.http.calls(), world.tools.calls()), (0, 0));
        assert!(report.links.iter().all(|link| link.verdict == Verdict::NotAsked));
        let text = report.to_string();
        assert!(
            text.contains("set up a ClientSecretCredential") && text.contains("/usr/bin/az"),
            "{text}"
        );
        assert!(text.contains("result: nobody was asked"), "{text}");
    });
}

#[test]
fn a_certificate_and_who_may_read_it() {
    run_still(network(|| HttpStep::token("t", 3599)), async |world| {
        world
            .env
            .set("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
            .set("AZURE_TENANT_ID", TENANT)
            .set("AZURE_CLIENT_ID", CLIENT)
            .set("AZURE_CLIENT_CERTIFICATE_PATH", "/certificate.pem");
        let ids = |report: &Report| -> Vec<_> {
            let link = report.link("EnvironmentCredential").unwrap();
            link.findings.iter().map(|finding| finding.id).collect()
        };
        assert_eq!(ids(&diagnose(world).await), ["E-CERT-UNREADABLE"]);
        world.files.put("/certificate.pem", "-----BEGIN CERTIFICATE-----");
        world.files.set_mode("/certificate.pem", 0o600);
        assert_eq!(ids(&diagnose(world).await), ["E-CERT-UNREADABLE"]);

        let certificate = world.put_certificate("/certificate.pem");
        let report = diagnose(world).await;
        assert!(ids(&report).is_empty(), "{report}");
        assert_eq!(report.winner, Some("EnvironmentCredential"), "{report}");
        world.files.set_mode("/certificate.pem", 0o640);
        assert_eq!(ids(&diagnose(world).await), ["E-KEY-EXPOSED"]);

        world.files.set_mode("/certificate.pem", 0o600);
        world.clock.set_wall(certificate.not_after() - DAY * 29);
        assert_eq!(ids(&diagnose(world).await), ["E-CERT-EXPIRES"]);
        world.clock.set_wall(certificate.not_after() + DAY);
        let report = diagnose(world).await;
        assert_eq!(ids(&report), ["E-CERT-EXPIRED"]);
        assert!(report.to_string().contains("it is now"), "{report}");
    });
}

#[test]
fn a_secret_and_a_certificate_at_once() {
    run_with(network(|| HttpStep::token("t", 3599)), async |world| {
        world.set_application();
        world.env.set("AZURE_CLIENT_CERTIFICATE_PATH", "/certificate.pem");
        let report = diagnose(world).await;
        assert_eq!(report.links[0].findings[0].id, "E-ENV-TWO-WAYS");
    });
}

#[test]
fn federated_tokens_that_are_none_or_for_others() {
    run_with(network(|| HttpStep::status(500)), async |world| {
        world
            .env
            .set("AZURE_FEDERATED_TOKEN_FILE", "/token")
            .set("AZURE_TOKEN_CREDENTIALS", "WorkloadIdentityCredential");
        let id = |report: &Report| report.links[0].findings[0].id;
        assert_eq!(id(&diagnose(world).await), "E-FED-UNREADABLE");
        world.files.put("/token", "no token");
        assert_eq!(id(&diagnose(world).await), "E-FED-UNREADABLE");
        world
            .files
            .put("/token", jwt(&json!({"aud": "other", "exp": 4_000_000_000_u64})));
        assert_eq!(id(&diagnose(world).await), "E-FED-AUDIENCE");
    });
}

#[test]
fn the_network_the_clock_and_the_clouds() {
    let check = |http: ScriptedHttp, scope: &'static str, authority: &'static str| {
        let mut found = Vec::new();
        run_with(http, async |world| {
            world.env.set("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential");
            if !authority.is_empty() {
                world.env.set("AZURE_AUTHORITY_HOST", authority);
            }
            let report = world.default_chain().diagnose(scope).await;
            found = report
                .checks
                .iter()
                .filter_map(|check| check.finding.as_ref())
                .map(|finding| finding.id)
                .collect();
        });
        found
    };
    let answers = |step: fn() -> HttpStep| ScriptedHttp::new().respond_with(move |_, _| step());
    let fine = || answers(|| openid("Thu, 01 Jan 2026 00:00:00 GMT"));
    assert!(check(fine(), SCOPE, "").is_empty());
    for (date, wrong) in [
        ("Thu, 01 Jan 2026 00:04:59 GMT", false),
        ("Thu, 01 Jan 2026 00:06:00 GMT", true),
        ("Wed, 31 Dec 2025 23:00:00 GMT", true),
    ] {
        let http = ScriptedHttp::new().respond_with(move |_, _| openid(date));
        assert_eq!(check(http, SCOPE, "") == ["E-CLOCK-SKEW"], wrong, "{date}");
    }
    assert_eq!(check(answers(HttpStep::hang), SCOPE, ""), ["E-NET-UNREACHABLE"]);
    let portal = answers(|| HttpStep::bytes(200, "<html>sign in</html>"));
    assert_eq!(check(portal, SCOPE, ""), ["E-NET-INTERCEPTED"]);
    for (scope, authority, wrong) in [
        (
            "https://vault.azure.net/.default",
            "login.microsoftonline.us",
            true,
        ),
        (
            "https://management.usgovcloudapi.net/.default",
            "login.microsoftonline.us",
            false,
        ),
        ("https://management.chinacloudapi.cn/.default", "", true),
        ("https://notazure.net/.default", "login.microsoftonline.us", false),
        ("api://orders/.default", "login.chinacloudapi.cn", false),
    ] {
        assert_eq!(
            check(fine(), scope, authority) == ["E-CLOUD-MISMATCH"],
            wrong,
            "{scope} {authority}"
        );
    }
}

#[test]
fn token_caches_that_others_may_read() {
    run_with(network(|| HttpStep::status(500)), async |world| {
        world
            .env
            .set("HOME", "/home/user")
            .set("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential");
        for (path, mode) in [
            ("/home/user/.IdentityService/msal.cache.nocae", 0o600),
            ("/home/user/.azure/msal_token_cache.json", 0o644),
            ("/home/user/.azure/config", 0o644),
        ] {
            world.files.put(path, "{}");
            world.files.set_mode(path, mode);
        }
        let report = diagnose(world).await;
        let caches: Vec<_> = report
            .checks
            .iter()
            .filter(|check| check.subject == "cache")
            .map(|check| (check.finding.as_ref().map(|finding| finding.id), &*check.evidence))
            .collect();
        assert_eq!(caches.len(), 2, "{report}");
        assert_eq!(caches[0].0, None);
        assert_eq!(caches[1].0, Some("E-CACHE-EXPOSED"));
        assert!(caches[1].1.contains("mode 0644"), "{report}");
    });
}

#[test]
fn files_and_variables_of_other_sign_ins_are_told() {
    run_with(network(|| HttpStep::status(500)), async |world| {
        let secret = world.guard.secret("request_token");
        world.env.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", secret.expose());
        let record = "/home/user/.azure/ms-azuretools.vscode-azureresourcegroups/authRecord.json";
        world
            .files
            .put("/home/user/.IdentityService/msal.cache.cae", "{}")
            .put(record, "{}");
        let mut chain = identity_chain::ChainBuilder::new(&world.options());
        for name in [
            "GitHubActionsCredential",
            "AzurePipelinesCredential",
            "SharedTokenCacheCredential",
            "VisualStudioCodeCredential",
        ] {
            let member = identity_testkit::FailingCredential::unavailable().named(name);
            chain = chain.push(std::sync::Arc::new(member));
        }
        let report = chain.build().unwrap().diagnose(SCOPE).await;
        let text = report.to_string();
        show(world, &report);
        for part in [
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN is set",
            "ACTIONS_ID_TOKEN_REQUEST_URL, AZURE_CLIENT_ID and AZURE_TENANT_ID are not set",
            "SYSTEM_OIDCREQUESTURI, SYSTEM_ACCESSTOKEN, AZURESUBSCRIPTION_CLIENT_ID",
            "cache file \"/home/user/.IdentityService/msal.cache.cae\"",
            "account record \"/home/user/.azure/ms-azuretools.vscode-azureresourcegroups/authRecord.json\"",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    });
}

#[test]
fn any_chain_can_be_diagnosed_and_a_panic_is_a_finding() {
    #[derive(Debug)]
    struct Panics;
    impl TokenCredential for Panics {
        fn get_token_with(&self, _: identity_base::TokenRequest<'_>) -> identity_base::TokenFuture<'_> {
            identity_base::TokenFuture::new(async { panic!("planted") })
        }
        fn name(&self) -> &'static str {
            "Panics"
        }
    }
    run_with(network(|| HttpStep::status(500)), async |world| {
        let chain = identity_chain::ChainBuilder::new(&world.options())
            .push_developer_tool(std::sync::Arc::new(Panics))
            .push(std::sync::Arc::new(
                identity_testkit::StaticCredential::expiring_at(
                    "t",
                    world.clock.wall() + Duration::from_secs(2820),
                ),
            ))
            .build()
            .unwrap();
        let report = ChainedTokenCredential::diagnose(&chain, SCOPE).await;
        assert_eq!(report.winner, Some("StaticCredential"));
        assert_eq!(report.links[0].verdict, Verdict::Failed);
        let text = report.to_string();
        assert!(
            text.contains("panicked") && text.contains("47 min left"),
            "{text}"
        );
    });
}
