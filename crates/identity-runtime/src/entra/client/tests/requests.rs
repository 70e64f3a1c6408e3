//! What is sent, where and how often.

use super::*;

#[test]
fn the_request_is_that_of_the_peers() {
    guarded(|guard| {
        let world = World::answering(guard, || HttpStep::token("t", 3599));
        let answer = world.send(&world.grant()).unwrap();
        assert_eq!((answer.token.expose(), answer.lifetime.as_secs()), ("t", 3599));
        guard.check(&answer);
        guard.check(&world.grant());
        guard.check(&world.client);
        let requests = world.http.requests();
        let request = &requests[0];
        assert_eq!(
            request.url(),
            format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")
        );
        assert_eq!(request.method(), "POST");
        let form = request.form().unwrap();
        let names: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["client_id", "grant_type", "scope", "client_secret"]);
        assert_eq!(
            request.form_value("client_secret").as_deref(),
            Some(world.secret.expose())
        );
        assert_eq!(request.form_value("scope").as_deref(), Some(SCOPE));
        assert_eq!(request.header("accept"), Some("application/json"));
        assert!(
            request
                .header("user-agent")
                .unwrap()
                .starts_with("entra-identity/")
        );
        assert!(request.header("user-agent").unwrap().ends_with(" x/1"));
    });
}

#[test]
fn all_attempts_carry_one_id_and_errors_name_it() {
    guarded(|guard| {
        let world = World::answering(guard, || HttpStep::status(503));
        let error = world.send(&world.grant()).unwrap_err();
        let ids: std::collections::HashSet<_> = world
            .http
            .requests()
            .iter()
            .map(|request| request.header("client-request-id").unwrap().to_owned())
            .collect();
        assert_eq!((world.http.calls(), ids.len()), (4, 1));
        assert_eq!(error.correlation_id(), ids.iter().next().map(String::as_str));

        let id = "0a1b2c3d-1111-2222-3333-444455556666";
        let world = World::answering(guard, || HttpStep::token("t", 1));
        world.send(&world.grant().correlation_id(id)).unwrap();
        assert_eq!(
            world.http.requests()[0].header("x-ms-client-request-id"),
            Some(id)
        );
    });
}

#[test]
fn other_endpoints_and_adfs() {
    guarded(|guard| {
        let world = World::answering(guard, || HttpStep::token("t", 60));
        let regional = "https://westus2.login.microsoft.com/t/oauth2/v2.0/token";
        world.send(&world.grant().endpoint(regional).unwrap()).unwrap();
        assert_eq!(world.http.requests()[0].url(), regional);

        let options = world
            .client
            .options()
            .clone()
            .with_authority(Authority::parse("adfs.contoso.com").unwrap());
        let client = EntraClient::new(&options, "Test");
        world
            .clock
            .block_on(client.send(&TenantId::parse("adfs").unwrap(), &world.grant()))
            .unwrap();
        assert_eq!(
            world.http.requests()[1].url(),
            "https://adfs.contoso.com/adfs/oauth2/v2.0/token"
        );
    });
}

#[test]
fn an_unknown_authority_gets_no_secret() {
    guarded(|guard| {
        let world = World::answering(guard, || HttpStep::bytes(400, r#"{"error":"invalid_instance"}"#));
        let options = world
            .client
            .options()
            .clone()
            .with_authority(Authority::parse("login.evil.test").unwrap());
        let client = EntraClient::new(&options, "Test");
        let error = world
            .clock
            .block_on(client.send(&TenantId::parse("t").unwrap(), &world.grant()))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        let requests = world.http.requests();
        assert_eq!(
            (requests.len(), requests[0].host(), requests[0].method()),
            (1, "login.microsoftonline.com", "GET")
        );
    });
}

#[test]
fn an_assertion_that_was_refused_for_its_time_is_renewed_once() {
    guarded(|guard| {
        let http = ScriptedHttp::new()
            .then(
                HttpStep::entra_error(401, "invalid_client", 700_024, "too old")
                    .header("date", "Thu, 01 Jan 2026 00:20:00 GMT"),
            )
            .then(HttpStep::token("t", 60));
        let world = World::new(guard, http);
        let source = AssertionSource::from_fn_with(|context| {
            let skew = context.skew.map_or(0, ClockSkew::millis);
            Ok(format!("{}+{skew}+{}", context.renew, context.token_endpoint).into())
        });
        let grant = Grant::new("client_credentials", &ClientId::parse(CLIENT).unwrap());
        let tenant = TenantId::parse("t").unwrap();
        world
            .clock
            .block_on(world.client.send_asserted(&tenant, &grant, &source))
            .unwrap();
        let endpoint = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
        let sent: Vec<_> = world
            .http
            .requests()
            .iter()
            .map(|request| request.form_value("client_assertion").unwrap())
            .collect();
        assert_eq!(
            sent,
            [format!("false+0+{endpoint}"), format!("true+1200000+{endpoint}")]
        );

        let stubborn = World::answering(guard, || {
            HttpStep::entra_error(401, "invalid_client", 700_024, "too old")
        });
        let outcome = stubborn
            .clock
            .block_on(stubborn.client.send_asserted(&tenant, &grant, &source));
        assert_eq!(
            (outcome.unwrap_err().aadsts(), stubborn.http.calls()),
            (Some(700_024), 2)
        );
        let quiet = World::answering(guard, || {
            HttpStep::entra_error(401, "invalid_client", 7_000_215, "x")
        });
        let outcome = quiet
            .clock
            .block_on(quiet.client.send_asserted(&tenant, &grant, &source));
        assert_eq!(
            (outcome.unwrap_err().aadsts(), quiet.http.calls()),
            (Some(7_000_215), 1)
        );
    });
}

#[test]
fn a_wrong_clock_is_warned_of_once() {
    guarded(|guard| {
        let world = World::answering(guard, || {
            HttpStep::token("t", 60).header("date", "Thu, 01 Jan 2026 00:20:00 GMT")
        });
        for _ in 0..3 {
            let answer = world.send(&world.grant()).unwrap();
            assert_eq!(answer.skew.map(ClockSkew::millis), Some(1_200_000));
        }
        let warnings = guard
            .logs()
            .iter()
            .filter(|record| {
                record
                    .fields
                    .iter()
                    .any(|(_, text)| text.contains("clock differs"))
            })
            .count();
        assert_eq!(warnings, 1);
    });
}
