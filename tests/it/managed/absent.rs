//! Chains on machines that have no IMDS: they find that out within about a second, and don't ask again for half a minute.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use entra_identity::{
    ChainedTokenCredential, ClientOptions, DefaultAzureCredential, ErrorKind, ManagedIdentityCredential,
    TokenCredential,
};
use identity_base::AccessToken;
use identity_base::seam::{Clock as _, HttpError, HttpErrorKind};
use identity_testkit::{HttpStep, ScriptedHttp, TestClock, leak_guard};

use crate::support::{SCOPE, sealed};

/// How long the first call may take, in virtual time.
const AT_MOST: Duration = Duration::from_millis(1100);
const OTHER_SCOPE: &str = "https://vault.azure.net/.default";

/// How a network can be without an endpoint, as the transport tells it.
#[derive(Clone, Copy, Debug)]
enum Network {
    /// Packets to the address vanish.
    BlackHole,
    /// The system says so itself.
    Says(io::ErrorKind),
}

const NETWORKS: [Network; 4] = [
    Network::BlackHole,
    Network::Says(io::ErrorKind::ConnectionRefused),
    // ENETUNREACH and EHOSTUNREACH.
    Network::Says(io::ErrorKind::NetworkUnreachable),
    Network::Says(io::ErrorKind::HostUnreachable),
];

impl Network {
    fn step(self) -> HttpStep {
        match self {
            Self::BlackHole => HttpStep::hang(),
            Self::Says(kind) => {
                let error = HttpError::before_sending(HttpErrorKind::Connect, "no connection to the server");
                HttpStep::error(error.with_source(io::Error::from(kind)))
            }
        }
    }
}

type Make = fn(&ClientOptions) -> Arc<dyn TokenCredential>;

const CHAINS: [(&str, Make); 3] = [
    ("chained", chained),
    ("chained, told to probe", chained_probing),
    ("default", default_chain),
];

fn managed_identity(options: &ClientOptions) -> ManagedIdentityCredential {
    let builder = ManagedIdentityCredential::builder().with_options(options);
    builder.build().unwrap()
}

/// The chain says to its members that others wait.
fn chained(options: &ClientOptions) -> Arc<dyn TokenCredential> {
    Arc::new(ChainedTokenCredential::new(vec![Arc::new(managed_identity(options))]).unwrap())
}

/// The program says so.
fn chained_probing(options: &ClientOptions) -> Arc<dyn TokenCredential> {
    let builder = ManagedIdentityCredential::builder().with_options(options);
    let probing = builder.with_probe(true).build().unwrap();
    Arc::new(ChainedTokenCredential::new(vec![Arc::new(probing)]).unwrap())
}

fn default_chain(options: &ClientOptions) -> Arc<dyn TokenCredential> {
    Arc::new(
        DefaultAzureCredential::builder()
            .with_options(options)
            .build()
            .unwrap(),
    )
}

/// A machine on such a network: nothing in its environment, no files, no tools.
struct Machine {
    http: ScriptedHttp,
    clock: TestClock,
    options: ClientOptions,
}

impl Machine {
    fn on(network: Network, clock: &TestClock) -> Self {
        let http = ScriptedHttp::new()
            .keeping_time_by(clock.clone())
            .respond_with(move |_, _| network.step());
        Self {
            options: sealed(&http, clock),
            clock: clock.clone(),
            http,
        }
    }

    /// Runs `work`, and tells how long it took and how many requests it made.
    async fn measured<T>(&self, work: impl Future<Output = T>) -> (T, Duration, usize) {
        let (begun, calls) = (self.clock.now(), self.http.calls());
        let outcome = work.await;
        (outcome, self.clock.now().since(begun), self.http.calls() - calls)
    }
}

/// Runs `test` with each kind of chain on each kind of network.
fn everywhere(test: impl AsyncFn(&leak_guard::LeakGuard, &Machine, &dyn TokenCredential, &str)) {
    for network in NETWORKS {
        for (kind, make) in CHAINS {
            let clock = TestClock::new();
            leak_guard::run_virtual(&clock, async |guard| {
                let machine = Machine::on(network, &clock);
                let credential = make(&machine.options);
                guard.check(&credential);
                test(&guard, &machine, &*credential, &format!("{kind} {network:?}")).await;
            });
        }
    }
}

#[test]
fn a_chain_finds_out_in_a_second_that_there_is_no_imds() {
    everywhere(async |guard, machine, credential, case| {
        let (outcome, took, requests) = machine.measured(credential.get_token(&[SCOPE])).await;
        let error = guard.check_result(&outcome).as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{case}: {error}");
        assert!(took <= AT_MOST, "{case}: {took:?}");
        assert_eq!(requests, 1, "{case}");
        let request = machine.http.requests().swap_remove(0);
        assert_eq!(
            (request.host(), request.path(), request.header("metadata")),
            ("169.254.169.254", "/metadata/identity/oauth2/token", None),
            "{case}: the probe"
        );
        let attempt = error
            .attempts()
            .iter()
            .find(|attempt| attempt.credential() == "ManagedIdentityCredential");
        let attempt = attempt.unwrap_or_else(|| panic!("{case}: {error}"));
        assert!(
            attempt.error().message().contains("there is no IMDS endpoint"),
            "{case}: {error}"
        );
    });
}

#[test]
fn within_half_a_minute_further_calls_cost_nothing_and_then_it_is_looked_for_again() {
    everywhere(async |guard, machine, credential, case| {
        let (outcome, ..) = machine.measured(credential.get_token(&[SCOPE])).await;
        guard.check_result(&outcome).as_ref().unwrap_err();
        // Short after, when failures are remembered anyway, and just before the half minute is over; for another scope as well.
        for pause in [0, 1, 28] {
            machine.clock.advance(Duration::from_secs(pause));
            for scope in [SCOPE, OTHER_SCOPE] {
                let (outcome, took, requests) = machine.measured(credential.get_token(&[scope])).await;
                let error = guard.check_result(&outcome).as_ref().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{case}: {error}");
                assert_eq!(
                    (took, requests),
                    (Duration::ZERO, 0),
                    "{case}, {pause} s, {scope}"
                );
            }
        }
        machine.clock.advance(Duration::from_secs(2));
        let (outcome, took, requests) = machine.measured(credential.get_token(&[SCOPE])).await;
        let error = guard.check_result(&outcome).as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{case}: {error}");
        assert!(
            took <= AT_MOST && requests == 1,
            "{case}: {took:?}, {requests} request(s)"
        );
    });
}

#[test]
fn the_next_of_the_chain_gives_its_token_a_second_later() {
    /// A credential that always has one.
    #[derive(Debug)]
    struct Ready(AccessToken);
    impl TokenCredential for Ready {
        fn get_token_with(&self, _: identity_base::TokenRequest<'_>) -> identity_base::TokenFuture<'_> {
            identity_base::TokenFuture::ready(Ok(self.0.clone()))
        }
        fn name(&self) -> &'static str {
            "Ready"
        }
    }
    for network in NETWORKS {
        let clock = TestClock::new();
        leak_guard::run_virtual(&clock, async |guard| {
            let machine = Machine::on(network, &clock);
            let secret = guard.secret("token");
            let token = AccessToken::new(secret.expose(), clock.wall() + Duration::from_secs(3600)).unwrap();
            let credential = ChainedTokenCredential::new(vec![
                Arc::new(managed_identity(&machine.options)),
                Arc::new(Ready(token)),
            ])
            .unwrap();
            let (outcome, took, requests) = machine.measured(credential.get_token(&[SCOPE])).await;
            let token = guard.check_result(&outcome).as_ref().unwrap();
            assert_eq!(token.secret(), secret.expose());
            assert!(took <= AT_MOST && requests == 1, "{network:?}: {took:?}");
            assert_eq!(credential.selected(), Some("Ready"));
        });
    }
}
