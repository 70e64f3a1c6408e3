//! What the doctor finds at metadata endpoints and proxies, and what a program gave its credentials.

use super::*;

/// What the doctor finds at managed identity when every metadata request is answered so.
fn found(selects: &'static str, step: impl Fn() -> HttpStep + Send + Sync + 'static) -> Vec<&'static str> {
    let http = ScriptedHttp::new().respond_with(move |_, request| match is_imds(request) {
        true => step(),
        false => openid("Thu, 01 Jan 2026 00:00:00 GMT"),
    });
    let mut found = Vec::new();
    run_with(http, async |world| {
        world.env.set("AZURE_TOKEN_CREDENTIALS", selects);
        let report = diagnose(world).await;
        let link = report.link("ManagedIdentityCredential").unwrap();
        found = link.findings.iter().map(|finding| finding.id).collect();
    });
    found
}

#[test]
fn who_answers_in_the_place_of_the_metadata_endpoint_is_found_whatever_the_answer() {
    for selects in ["prod", "ManagedIdentityCredential"] {
        for status in [200, 204, 302, 403, 407, 502, 504] {
            let page = "<html>sign in to the network</html>";
            let ids = found(selects, move || HttpStep::bytes(status, page));
            assert_eq!(ids, ["E-MI-REPLACED"], "{selects} {status}");
        }
        // What only a page of somebody else's is so long?
        let ids = found(selects, || HttpStep::bytes(200, "x".repeat(1 << 20)));
        assert_eq!(ids, ["E-MI-REPLACED"], "{selects} long");
        // What the endpoint says itself is no such finding.
        for (status, error) in [
            (400, "invalid_request"),
            (404, "not_found"),
            (500, "server_error"),
            (502, "bad_gateway"),
        ] {
            let ids = found(selects, move || {
                HttpStep::json(status, &json!({ "error": error }))
            });
            assert!(ids.is_empty(), "{selects} {status}: {ids:?}");
        }
    }
}

#[test]
fn an_endpoint_that_lasts_in_being_replaced_is_judged_as_the_chain_judges_it() {
    let http = || {
        ScriptedHttp::new().respond_with(|_, request| match is_imds(request) {
            // The slowest: it asks for time as well.
            true => HttpStep::bytes(502, "<h1>Bad Gateway</h1>").header("retry-after", "13"),
            false => openid("Thu, 01 Jan 2026 00:00:00 GMT"),
        })
    };
    let mut by_doctor = None;
    run_with(http(), async |world| {
        world.install_az();
        let report = diagnose(world).await;
        let link = report.link("ManagedIdentityCredential").unwrap();
        by_doctor = Some((link.problem.as_ref().unwrap().kind, link.elapsed));
        assert_eq!(link.verdict, Verdict::Unavailable, "{report}");
        assert_eq!(report.winner, Some("AzureCliCredential"));
    });
    run_with(http(), async |world| {
        let error = world.token(&world.default_chain()).await.unwrap_err();
        let attempts = error.attempts();
        let own = attempts
            .iter()
            .find(|attempt| attempt.credential() == "ManagedIdentityCredential")
            .unwrap();
        let (kind, elapsed) = by_doctor.unwrap();
        assert_eq!(kind, own.error().kind());
        assert_eq!(elapsed, own.elapsed());
        assert!(
            elapsed > Duration::from_secs(60),
            "as long as the credential takes: {elapsed:?}"
        );
    });
}

#[test]
fn a_metadata_endpoint_at_another_address_is_looked_for_in_the_exceptions() {
    run_with(network(|| HttpStep::status(500)), async |world| {
        world
            .env
            .set("HTTP_PROXY", "http://proxy.test:3128")
            .set(
                "AZURE_POD_IDENTITY_AUTHORITY_HOST",
                "http://identity.pod.test:5000/",
            )
            .set("NO_PROXY", "169.254.169.254")
            .set("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential");
        let fixes = |report: &Report| -> Vec<String> {
            report
                .findings()
                .filter(|finding| finding.id == "E-PROXY-METADATA")
                .map(|finding| finding.fix.clone())
                .collect()
        };
        assert_eq!(
            fixes(&diagnose(world).await),
            ["add identity.pod.test to NO_PROXY"]
        );
        world.env.set("NO_PROXY", ".pod.test");
        assert!(fixes(&diagnose(world).await).is_empty());
    });
}

#[test]
fn what_the_program_gave_is_not_missed_in_the_environment() {
    let other = "55555555-5555-5555-5555-555555555555";
    run_with(network(|| HttpStep::status(500)), async |world| {
        let evidence =
            |report: &Report, credential: &str| report.link(credential).unwrap().evidence.join("\n");
        let plain = diagnose(world).await;
        let text = evidence(&plain, "WorkloadIdentityCredential");
        assert!(
            text.contains("AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE"),
            "{text}"
        );

        world.env.set("AZURE_CLIENT_ID", CLIENT);
        let text = evidence(&diagnose(world).await, "ManagedIdentityCredential");
        assert!(text.contains("asked for by default"), "{text}");

        let credential = world
            .builder()
            .exclude_visual_studio_code_credential(false)
            .exclude_interactive_browser_credential(false)
            .with_workload_identity_tenant_id("workload.test")
            .with_managed_identity_client_id(other)
            .with_shared_cache_username("ada@contoso.test")
            .with_shared_cache_tenant_id("cache.test")
            .with_visual_studio_code_tenant_id("editor.test")
            .with_interactive_browser_tenant_id("browser.test")
            .with_interactive_browser_client_id(CLIENT)
            .build()
            .unwrap();
        let report = credential.diagnose(SCOPE).await;
        show(world, &report);
        for (credential, told, untold) in [
            (
                "WorkloadIdentityCredential",
                "given by the program: tenant workload.test, client id 55555555-5555-5555-5555-555555555555\nAZURE_FEDERATED_TOKEN_FILE is not set",
                "AZURE_TENANT_ID",
            ),
            (
                "ManagedIdentityCredential",
                "AZURE_CLIENT_ID is set, but the program asks for another identity by its client id",
                "by default",
            ),
            (
                "SharedTokenCacheCredential",
                "given by the program: tenant cache.test, account ada@contoso.test",
                "AZURE_",
            ),
            (
                "VisualStudioCodeCredential",
                "given by the program: tenant editor.test",
                "AZURE_",
            ),
            (
                "InteractiveBrowserCredential",
                "given by the program: tenant browser.test, client id 44444444-4444-4444-4444-444444444444",
                "AZURE_",
            ),
        ] {
            let text = evidence(&report, credential);
            assert!(text.contains(told), "{credential}: {text}");
            assert!(!text.contains(untold), "{credential}: {text}");
        }
        let own = world.builder().with_system_assigned_identity().build().unwrap();
        let text = evidence(&own.diagnose(SCOPE).await, "ManagedIdentityCredential");
        assert!(
            text.contains("but the program asks for the host's own identity"),
            "{text}"
        );

        // In a user's chain managed identity doesn't go by the variable, and the program says what it gave.
        let managed = || {
            let builder =
                identity_managed::ManagedIdentityCredential::builder().with_options(&world.options());
            std::sync::Arc::new(builder.build().unwrap())
        };
        let chain = identity_chain::ChainBuilder::new(&world.options())
            .push(managed())
            .push(managed())
            .given(identity_chain::diagnosis::Given::new().with_client_id(other))
            .build()
            .unwrap();
        let report = chain.diagnose(SCOPE).await;
        let text = |at: usize| report.links[at].evidence.join("\n");
        assert!(!text(0).contains("AZURE_CLIENT_ID"), "{}", text(0));
        assert!(
            text(1).contains(&format!("given by the program: client id {other}")),
            "{}",
            text(1)
        );
    });
}
