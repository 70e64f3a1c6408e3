//! Credentials of services against an emulator that is out of the ordinary: ahead in time, stricter than Entra, in a region, or asked for many users at once.

mod contract;
mod refusal;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entra_identity::{
    AccessToken, Authority, CacheOptions, CertificateCredential, CertificateCredentialBuilder,
    ClientCertificate, ClientOptions, ErrorKind, OnBehalfOfCredential, OnBehalfOfCredentials,
    TokenCredential, TokenRequest,
};
use identity_emulator::{App, Builder, Emulator, Tenant, TestCertificate, User, UserTokenRequest};
use identity_testkit::{LeakGuard, Lookup, ScriptedResolver, TestClock, TestEnv, leak_guard};
use serde_json::Value;

use crate::support::{CLIENT, SCOPE, TENANT};

const VAULT: &str = "https://vault.azure.net/.default";
const GRAPH: &str = "https://graph.microsoft.com/User.Read";

async fn start(app: App, change: impl FnOnce(Builder) -> Builder) -> Emulator {
    let builder = Emulator::builder()
        .signing_key_file(concat!(env!("CARGO_TARGET_TMPDIR"), "/emulator-signing-key.pem"))
        .tenant(Tenant::new("recorded").id(TENANT))
        .app(app.id(CLIENT));
    change(builder).start().await.unwrap()
}

fn options(emulator: &Emulator) -> ClientOptions {
    ClientOptions::new()
        .with_authority(Authority::parse(emulator.authority()).unwrap())
        .with_disable_instance_discovery(true)
        .with_extra_roots(emulator.ca_pem().into_bytes())
        .with_env(Arc::new(TestEnv::new()))
}

/// A certificate with its key that these tests share, since making keys takes its time.
fn certificate() -> &'static TestCertificate {
    static SHARED: OnceLock<TestCertificate> = OnceLock::new();
    SHARED.get_or_init(|| TestCertificate::generate("daemon").unwrap())
}

/// An application that is known by the certificate.
fn certified() -> App {
    App::confidential("daemon").certificate(certificate().certificate_pem())
}

fn with_certificate(options: &ClientOptions) -> CertificateCredentialBuilder {
    let certificate = ClientCertificate::from_bytes(certificate().pem().as_bytes(), None).unwrap();
    CertificateCredential::from_certificate(TENANT, CLIENT, certificate).with_options(options)
}

/// Gets a token, shows the guard everything, and makes the token known to it.
async fn get(
    guard: &LeakGuard,
    credential: &dyn TokenCredential,
    scope: &str,
) -> Result<AccessToken, entra_identity::Error> {
    guard.check(credential);
    let result = credential.get_token(&[scope]).await;
    if let Ok(token) = guard.check_result(&result) {
        guard.know("access_token", token.secret());
    }
    result
}

fn codes(emulator: &Emulator) -> Vec<Option<u32>> {
    let requests = emulator.requests().token();
    requests.iter().map(|request| request.aadsts()).collect()
}

#[test]
fn a_clock_that_is_behind_is_corrected_by_one_more_try() {
    leak_guard::run(async |guard| {
        let emulator = start(certified(), |builder| builder).await;
        // Our assertions live for ten minutes, so here they are over before they are sent.
        emulator.clock().advance(Duration::from_secs(20 * 60));
        let credential = with_certificate(&options(&emulator)).build().unwrap();
        get(&guard, &credential, SCOPE).await.unwrap();
        assert_eq!(codes(&emulator), [Some(700_024), None]);
    });
}

#[test]
fn a_clock_that_is_ahead_is_corrected_by_one_more_try() {
    leak_guard::run(async |guard| {
        let emulator = start(certified(), |builder| builder).await;
        // Here our assertions are of the future.
        let past = emulator.clock().wall() - Duration::from_secs(20 * 60);
        emulator.clock().set_wall(past);
        let credential = with_certificate(&options(&emulator)).build().unwrap();
        get(&guard, &credential, SCOPE).await.unwrap();
        assert_eq!(codes(&emulator), [Some(700_024), None]);
    });
}

#[test]
fn an_assertion_is_fresh_each_time_where_it_is_good_once() {
    leak_guard::run(async |guard| {
        let emulator = start(certified().single_use_assertions(), |builder| builder).await;
        let fresh = with_certificate(&options(&emulator))
            .with_assertion_reuse(false)
            .build()
            .unwrap();
        for scope in [SCOPE, VAULT] {
            get(&guard, &fresh, scope).await.unwrap();
        }
        let frugal = with_certificate(&options(&emulator)).build().unwrap();
        get(&guard, &frugal, SCOPE).await.unwrap();
        let error = get(&guard, &frugal, VAULT).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts()),
            (ErrorKind::AuthenticationFailed, Some(50_027))
        );
        assert!(error.hint().is_some(), "{error}");
    });
}

#[test]
fn the_regional_service_is_asked() {
    leak_guard::run(async |guard| {
        let emulator = start(certified(), |builder| builder.region("westeurope")).await;
        let resolver = ScriptedResolver::new();
        for host in ["localhost", "westeurope.localhost"] {
            resolver.always(host, Lookup::to(["127.0.0.1"]));
        }
        let options = options(&emulator).with_resolver(Arc::new(resolver));
        let credential = with_certificate(&options)
            .with_region("westeurope")
            .build()
            .unwrap();
        get(&guard, &credential, SCOPE).await.unwrap();
        let host = format!("westeurope.localhost:{}", emulator.address().port());
        emulator.requests().token().exactly(1);
        let audience = format!("https://{host}/{TENANT}/oauth2/v2.0/token");
        let requests = emulator.requests().token();
        let assertion = requests.first().unwrap().form("client_assertion").unwrap();
        assert_eq!(claims(assertion)["aud"], audience);
    });
}

/// Users, and what their requests are known by in the journal, whichever grant they are.
const USERS: [(&str, &str); 2] = [
    ("ada@contoso.test", "aaaaaaaa-0000-4000-8000-000000000001"),
    ("bob@contoso.test", "bbbbbbbb-0000-4000-8000-000000000002"),
];
const SCOPES: [&str; 4] = [GRAPH, "https://graph.microsoft.com/Mail.Read", SCOPE, VAULT];
/// Fewer than there are scopes.
const ENTRIES: usize = 2;
const CALLS: usize = 10_000;
const TASKS: usize = 8;
const ROUNDS: usize = 5;
/// Each user's token is rejected once in so many calls of a task, and a task stays so long with a scope.
const REJECTED_EVERY: usize = 125;
const STAY: usize = 25;

/// One task's calls of one round: the users take turns, with another one first in the neighbouring task.
async fn interleave(users: OnBehalfOfCredentials, assertions: [String; 2], task: usize) -> usize {
    let calls = CALLS / TASKS / ROUNDS;
    let turns = USERS.iter().zip(&assertions).cycle().skip(task % 2).take(calls);
    for (call, ((user, id), assertion)) in turns.enumerate() {
        let scope = [*SCOPES.iter().cycle().nth(call / STAY + task % 2).unwrap()];
        let credential = users.for_user(assertion.as_str()).unwrap();
        let request = || TokenRequest::new(&scope).correlation_id(id);
        let token = credential.get_token_with(request()).await.unwrap();
        assert_eq!(user_of(&token), *user);
        if call % REJECTED_EVERY < USERS.len() {
            let rejecting = request().rejected(&token);
            let other = credential.get_token_with(rejecting).await.unwrap();
            assert_eq!(user_of(&other), *user);
            assert_ne!(other.secret(), token.secret());
        }
    }
    calls
}

#[test]
fn two_users_interleaved_ten_thousand_times_stay_apart() {
    leak_guard::run_threads(4, async |guard| {
        let secret = guard.secret("client_secret");
        let app = App::confidential("api")
            .secret(secret.expose())
            .token_lifetime(Duration::from_hours(1));
        let emulator = start(app, |builder| builder).await;
        let clock = TestClock::at(emulator.clock().wall());
        let options = options(&emulator)
            .with_clock(Arc::new(clock.clone()))
            .with_cache(CacheOptions::new().with_max_entries(ENTRIES));
        let users = OnBehalfOfCredential::builder(TENANT, CLIENT)
            .with_options(&options)
            .with_client_secret(secret)
            .build_for_many()
            .unwrap();
        let assertions = USERS.map(|(user, _)| {
            let request = UserTokenRequest::new(CLIENT).user(User::new(user));
            let assertion = emulator.mint_user_token(&request).unwrap();
            guard.know("assertion", assertion.as_str());
            assertion
        });
        let mut calls = 0;
        for round in 1..=ROUNDS {
            let tasks: Vec<_> = (0..TASKS)
                .map(|task| tokio::spawn(interleave(users.clone(), assertions.clone(), task)))
                .collect();
            for task in tasks {
                calls += task.await.unwrap();
            }
            // What is cached has expired when the next round begins; in the last one it is used while it is refreshed aside.
            clock.advance(Duration::from_mins(if round + 1 == ROUNDS { 55 } else { 61 }));
        }
        assert_eq!(calls, CALLS);

        for ((_, id), assertion) in USERS.into_iter().zip(&assertions) {
            let requests = emulator.requests().token();
            let requests = requests.filter(|request| request.header("client-request-id") == Some(id));
            let requests = requests.at_least(CALLS / 100);
            let exchanged = requests.filter(|request| request.form("assertion").is_some());
            // The first of them all, at least, and the other user's never.
            exchanged.at_least(1).with_form("assertion", assertion);
        }
    });
}

fn user_of(token: &AccessToken) -> String {
    let user = claims(token.secret()).get("upn").cloned().unwrap();
    user.as_str().unwrap().to_owned()
}

fn claims(jwt: &str) -> Value {
    let payload = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
