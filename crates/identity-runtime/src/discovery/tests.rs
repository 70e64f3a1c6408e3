//! Trusting authorities, and finding endpoints.

use std::sync::Arc;

use super::*;
use identity_testkit::{Gate, HttpStep, ScriptedHttp, TestClock};

struct World {
    clock: TestClock,
    http: ScriptedHttp,
    options: ClientOptions,
}

impl World {
    fn new(http: ScriptedHttp) -> Self {
        let clock = TestClock::new();
        let options = ClientOptions::default()
            .with_env(Arc::new(identity_testkit::env([("A", "b")])))
            .with_clock(Arc::new(clock.clone()))
            .with_transport(Arc::new(http.clone()));
        Self { clock, http, options }
    }

    /// Asks in a task of its own whether an authority is one.
    fn asks(&self, authority: &'static str) -> tokio::task::JoinHandle<Result<(), Error>> {
        let options = self.options.clone();
        tokio::spawn(async move {
            let (authority, tenant) = (
                Authority::parse(authority).unwrap(),
                TenantId::parse("t").unwrap(),
            );
            options.discovery().trust(&options, &authority, &tenant).await
        })
    }

    fn trust(&self, authority: &str, tenant: &str) -> Result<(), ErrorKind> {
        let (authority, tenant) = (
            Authority::parse(authority).unwrap(),
            TenantId::parse(tenant).unwrap(),
        );
        let trusted = self.options.discovery().trust(&self.options, &authority, &tenant);
        self.clock.block_on(trusted).map_err(|error| error.kind())
    }

    fn configuration(&self, authority: &str, tenant: &str) -> Result<OpenIdConfiguration, Error> {
        let (authority, tenant) = (
            Authority::parse(authority).unwrap(),
            TenantId::parse(tenant).unwrap(),
        );
        self.clock.block_on(
            self.options
                .discovery()
                .openid_configuration(&self.options, &authority, &tenant),
        )
    }
}

/// The public cloud's word for a host.
fn instance(host: &str, aliases: &[&str]) -> HttpStep {
    let aliases: Vec<_> = aliases.iter().map(|alias| format!("\"{alias}\"")).collect();
    HttpStep::bytes(
        200,
        format!(
            r#"{{"tenant_discovery_endpoint":"https://{host}/t/v2.0/.well-known/openid-configuration","metadata":[{{"aliases":[{}]}}]}}"#,
            aliases.join(",")
        ),
    )
}

fn openid(host: &str, tenant: &str) -> HttpStep {
    let base = format!("https://{host}/{tenant}");
    HttpStep::bytes(
        200,
        format!(
            r#"{{"authorization_endpoint":"{base}/oauth2/v2.0/authorize","token_endpoint":"{base}/oauth2/v2.0/token","device_authorization_endpoint":"{base}/oauth2/v2.0/devicecode","issuer":"{base}/v2.0"}}"#
        ),
    )
}

#[test]
fn known_hosts_adfs_and_customer_domains_need_no_network() {
    let world = World::new(ScriptedHttp::new());
    for authority in [
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.sovcloud-identity.fr",
        "contoso.b2clogin.com",
        "contoso.ciamlogin.com",
    ] {
        assert_eq!(world.trust(authority, "t"), Ok(()), "{authority}");
    }
    assert_eq!(world.trust("adfs.contoso.com", "adfs"), Ok(()));
    world.http.assert_done();
    assert_eq!(world.http.calls(), 0);
}

#[test]
fn look_alikes_are_asked_about_and_refused() {
    let world = World::new(
        ScriptedHttp::new().respond_with(|_, _| HttpStep::bytes(400, r#"{"error":"invalid_instance"}"#)),
    );
    for (count, authority) in [
        "login.microsoftonline.com.evil.test",
        "login.microsoftonline.com:3001",
        "evil-login.microsoftonline.com",
        "xn--lgin-0sa.microsoftonline.com",
        "b2clogin.com",
        "evilb2clogin.com",
        "contoso.b2clogin.com.evil.test",
        "contoso.b2clogin.com:444",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(
            world.trust(authority, "t"),
            Err(ErrorKind::InvalidConfiguration),
            "{authority}"
        );
        let requests = world.http.requests();
        assert_eq!(requests.len(), count + 1);
        let asked = requests[count].query_value("authorization_endpoint").unwrap();
        assert_eq!(asked, format!("https://{authority}/t/oauth2/v2.0/authorize"));
        assert_eq!(requests[count].host(), "login.microsoftonline.com");
    }
}

#[test]
fn a_failure_to_ask_says_why_the_public_cloud_was_asked() {
    let options = World::new(ScriptedHttp::new().then(HttpStep::fails_before_sending(
        identity_base::seam::HttpErrorKind::Tls,
    )));
    let error = options.configuration("h.test:8443", "t").unwrap_err();
    let hint = error.hint().unwrap_or_default();
    assert!(
        hint.contains("h.test:8443") && hint.contains("public cloud"),
        "{hint}"
    );
}

#[test]
fn the_program_can_vouch_for_an_authority() {
    let http = ScriptedHttp::new();
    let world = World::new(http.clone());
    let allowed = World {
        options: world
            .options
            .clone()
            .allow_authority(Authority::parse("h.test:8443").unwrap()),
        ..World::new(http.clone())
    };
    assert_eq!(allowed.trust("h.test:8443/prefix", "t"), Ok(()));
    let blind = World {
        options: world.options.with_disable_instance_discovery(true),
        ..World::new(http.clone())
    };
    assert_eq!(blind.trust("anything.test", "t"), Ok(()));
    assert_eq!(http.calls(), 0);
}

#[test]
fn a_confirmed_host_is_remembered_for_a_day_and_kept_while_the_cloud_is_away() {
    let world = World::new(ScriptedHttp::new().then(instance(
        "login.private.test",
        &["login.private.test", "sts.private.test"],
    )));
    for _ in 0..3 {
        assert_eq!(world.trust("login.private.test", "t"), Ok(()));
    }
    assert_eq!(world.http.calls(), 1);
    world.clock.advance(MAX_AGE);
    (0..4).for_each(|_| world.http.push(HttpStep::status(503)));
    assert_eq!(
        world.trust("login.private.test", "t"),
        Ok(()),
        "the last good answer stays"
    );
    assert_eq!(world.http.calls(), 5);
}

#[test]
fn an_answer_that_names_another_host_is_refused() {
    for step in [
        instance("login.evil.test", &[]),
        instance("login.evil.test", &["login.evil.test", "other.test"]),
        HttpStep::bytes(200, "{}"),
        HttpStep::bytes(
            200,
            r#"{"tenant_discovery_endpoint":"http://login.private.test/t"}"#,
        ),
    ] {
        let world = World::new(ScriptedHttp::new().then(step));
        assert_eq!(
            world.trust("login.private.test", "t"),
            Err(ErrorKind::IdentityMismatch)
        );
    }
    let world = World::new(
        ScriptedHttp::new()
            .then(HttpStep::status(302))
            .then(HttpStep::bytes(200, "<html>")),
    );
    assert_eq!(world.trust("login.private.test", "t"), Err(ErrorKind::Protocol));
    assert_eq!(world.trust("login.private.test", "t"), Err(ErrorKind::Protocol));
}

#[test]
fn a_thousand_callers_ask_once() {
    let gate = Gate::closed();
    let world = World::new(ScriptedHttp::new().then(instance("h.test", &["h.test"]).at(&gate)));
    identity_testkit::block_on(async {
        let options = world.options.clone();
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let options = options.clone();
                tokio::spawn(async move {
                    let (authority, tenant) =
                        (Authority::parse("h.test").unwrap(), TenantId::parse("t").unwrap());
                    options.discovery().trust(&options, &authority, &tenant).await
                })
            })
            .collect();
        world.http.sent(1).await;
        gate.open();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    world.http.assert_done();
}

#[test]
fn authorities_do_not_wait_for_each_other() {
    let gate = Gate::closed();
    let world = World::new(ScriptedHttp::new().respond_with({
        let gate = gate.clone();
        move |_, request| {
            let asked = request.query_value("authorization_endpoint").unwrap();
            match asked.contains("slow.test") {
                true => instance("slow.test", &["slow.test"]).at(&gate),
                false => instance("quick.test", &["quick.test"]),
            }
        }
    }));
    identity_testkit::block_on(async {
        let slow = world.asks("slow.test");
        gate.arrivals(1).await;
        world.asks("quick.test").await.unwrap().unwrap();
        gate.open();
        slow.await.unwrap().unwrap();
    });
}

#[test]
fn tenants_of_one_authority_do_not_wait_for_each_other() {
    let gate = Gate::closed();
    let world = World::new(ScriptedHttp::new().respond_with({
        let gate = gate.clone();
        move |_, request| match request.path().starts_with("/slow/") {
            true => openid("login.microsoftonline.com", "slow").at(&gate),
            false => openid("login.microsoftonline.com", "quick"),
        }
    }));
    let asks = |tenant: &'static str| {
        let options = world.options.clone();
        tokio::spawn(async move {
            let (authority, tenant) = (Authority::public(), TenantId::parse(tenant).unwrap());
            options
                .discovery()
                .openid_configuration(&options, &authority, &tenant)
                .await
        })
    };
    identity_testkit::block_on(async {
        let slow = asks("slow");
        gate.arrivals(1).await;
        asks("quick").await.unwrap().unwrap();
        gate.open();
        slow.await.unwrap().unwrap();
    });
}

#[test]
fn those_who_wait_share_a_refusal_and_one_who_leaves_costs_them_nothing() {
    let gate = Gate::closed();
    let refusal = || HttpStep::bytes(400, r#"{"error":"invalid_instance"}"#);
    let world = World::new(ScriptedHttp::new().respond_with({
        let gate = gate.clone();
        move |_, _| refusal().at(&gate)
    }));
    identity_testkit::block_on(async {
        let first = world.asks("h.test");
        gate.arrivals(1).await;
        let others: Vec<_> = (0..100).map(|_| world.asks("h.test")).collect();
        identity_testkit::poll::settle().await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        gate.arrivals(2).await;
        gate.open();
        for other in others {
            assert_eq!(
                other.await.unwrap().unwrap_err().kind(),
                ErrorKind::InvalidConfiguration
            );
        }
        assert_eq!(world.http.calls(), 2, "one was given up, one for all the others");
        // What was refused is no answer for ever.
        world.asks("h.test").await.unwrap().unwrap_err();
        assert_eq!(world.http.calls(), 3);
    });
}

/// As in a `select!` or a stream of which the caller polls something else.
#[test]
fn one_who_is_polled_no_longer_holds_nobody_up() {
    let gate = Gate::closed();
    let world = World::new(
        ScriptedHttp::new()
            .then(instance("h.test", &["h.test"]).at(&gate))
            .then(instance("h.test", &["h.test"])),
    );
    identity_testkit::block_on(async {
        let (authority, tenant) = (Authority::parse("h.test").unwrap(), TenantId::parse("t").unwrap());
        let first = Box::pin(
            world
                .options
                .discovery()
                .trust(&world.options, &authority, &tenant),
        );
        let first = identity_testkit::poll::assert_future_is_pending(first);
        gate.arrivals(1).await;
        let others = [world.asks("h.test"), world.asks("h.test")];
        identity_testkit::poll::settle().await;
        world.clock.advance(Duration::from_secs(2));
        for other in others {
            other.await.unwrap().unwrap();
        }
        assert_eq!(world.http.calls(), 2, "one for all the others");
        gate.open();
        first.await.unwrap();
    });
    world.http.assert_done();
}

#[test]
fn endpoints_are_found_checked_and_kept() {
    let world = World::new(ScriptedHttp::new().then(openid("login.microsoftonline.com", "T")));
    for tenant in ["t", "T"] {
        let found = world.configuration("login.microsoftonline.com", tenant).unwrap();
        assert_eq!(
            found.token_endpoint,
            "https://login.microsoftonline.com/T/oauth2/v2.0/token"
        );
        assert!(found.device_authorization_endpoint.is_some());
    }
    assert_eq!(
        world.http.requests()[0].path(),
        "/t/v2.0/.well-known/openid-configuration"
    );
    world.clock.advance(MAX_AGE);
    (0..4).for_each(|_| {
        world.http.push(HttpStep::fails_before_sending(
            identity_base::seam::HttpErrorKind::Connect,
        ))
    });
    assert!(world.configuration("login.microsoftonline.com", "t").is_ok());
    assert_eq!(world.http.calls(), 5);
}

#[test]
fn adfs_has_its_configuration_elsewhere() {
    let world = World::new(ScriptedHttp::new().then(HttpStep::bytes(
        200,
        r#"{"authorization_endpoint":"https://adfs.test/adfs/oauth2/authorize/","token_endpoint":"https://adfs.test/adfs/oauth2/token/","issuer":"https://adfs.test/adfs"}"#,
    )));
    let found = world.configuration("adfs.test", "adfs").unwrap();
    assert_eq!(found.token_endpoint, "https://adfs.test/adfs/oauth2/token/");
    assert_eq!(found.device_authorization_endpoint, None);
    assert_eq!(
        world.http.requests()[0].path(),
        "/adfs/.well-known/openid-configuration"
    );
}

#[test]
fn wrong_configurations_are_refused() {
    for (step, kind) in [
        (openid("evil.test", "t"), ErrorKind::IdentityMismatch),
        (
            openid("login.microsoftonline.com", "other"),
            ErrorKind::IdentityMismatch,
        ),
        (HttpStep::bytes(200, "{}"), ErrorKind::Protocol),
        (HttpStep::bytes(200, "<html>"), ErrorKind::Protocol),
        (
            HttpStep::bytes(400, r#"{"error":"invalid_tenant"}"#),
            ErrorKind::InvalidConfiguration,
        ),
        (HttpStep::bytes(404, "{}"), ErrorKind::InvalidConfiguration),
        (HttpStep::status(301), ErrorKind::Protocol),
    ] {
        let world = World::new(ScriptedHttp::new().then(step));
        assert_eq!(
            world
                .configuration("login.microsoftonline.com", "t")
                .unwrap_err()
                .kind(),
            kind
        );
        world.http.assert_done();
    }
}
