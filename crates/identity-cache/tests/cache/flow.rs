//! A credential that keeps its tokens in the cache.

use std::sync::Arc;
use std::time::Duration;

use identity_base::{
    Authority, ClientId, Error, FetchToken, Fetched, KeyBuilder, OwnedRequest, Secret, TenantId,
    TokenCredential, TokenRequest,
};
use identity_cache::document::{AccessTokenQuery, TokensToAdd};
use identity_cache::{Environment, TokenCachePersistenceOptions, TokenCaches};
use identity_runtime::entra::{ClientAuth, EntraClient, Grant};
use identity_runtime::{Cached, ClientOptions};
use identity_testkit::{HttpStep, ScriptedHttp, TestClock, TestEnv, leak_guard};

const SCOPE: &str = "https://vault.azure.net/.default";
const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLIENT: &str = "44444444-4444-4444-4444-444444444444";

/// A client secret whose tokens outlive the process: first the cache, then the service.
#[derive(Debug)]
struct LastingClientSecret {
    options: ClientOptions,
    entra: EntraClient,
    caches: TokenCaches,
    secret: Secret,
}

impl LastingClientSecret {
    fn new(options: &ClientOptions, caches: &TokenCaches, secret: &Secret) -> Cached<Self> {
        let credential = Self {
            options: options.clone(),
            entra: EntraClient::new(options, "LastingClientSecret"),
            caches: caches.clone(),
            secret: secret.clone(),
        };
        Cached::new(credential, options)
    }
}

impl FetchToken for LastingClientSecret {
    fn name(&self) -> &'static str {
        "LastingClientSecret"
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        key.field("client", CLIENT);
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let environment = Environment::of(&self.options.authority()?);
        let cache = self.caches.get(request.is_cae_enabled());
        let tenant = request.tenant().unwrap_or(TENANT);
        let now = || self.options.clock().now().system_time();
        let query = AccessTokenQuery::of_app(&environment, tenant, CLIENT, request.scopes())
            .with_min_remaining(Duration::from_secs(300));
        // Claims and a refresh in the background ask for a new token.
        if request.claims().is_none() && !request.is_background() {
            let known = cache.read(|document| document.access_token(&query, now())).await;
            if let Some(known) = known {
                let fetched = Fetched::expiring_at(known.token, known.expires_on);
                return Ok(match known.refresh_on {
                    Some(refresh_on) => fetched.refresh_at(refresh_on),
                    None => fetched,
                });
            }
        }
        let grant = Grant::new("client_credentials", &ClientId::parse(CLIENT)?)
            .for_request(request)?
            .auth(&ClientAuth::Secret(self.secret.clone()));
        let answer = self.entra.send(&TenantId::parse(tenant)?, &grant).await?;
        let tokens = TokensToAdd::from_response(&environment, tenant, CLIENT, request.scopes(), &answer);
        cache.update(|document| document.add(&tokens, now())).await;
        Ok(answer.into_fetched())
    }
}

#[test]
fn a_second_process_needs_no_request() {
    let clock = TestClock::new();
    // It has to be there yet when the guard looks into it at the end.
    let folder = tempfile::TempDir::new().unwrap();
    leak_guard::run(async |guard| {
        let (secret, token) = (guard.secret("client_secret"), guard.secret("access_token"));
        let http = ScriptedHttp::new()
            .keeping_time_by(clock.clone())
            .then(HttpStep::token(token.expose(), 3600))
            .then(HttpStep::token(
                guard.secret("of the other tenant").expose(),
                3600,
            ))
            .then(HttpStep::token(guard.secret("after claims").expose(), 3600))
            .then(HttpStep::token(guard.secret("later").expose(), 3600));
        guard.watch(&http).allow_file(folder.path().join("own.nocae"));
        guard.watch_folder(folder.path());
        let options = ClientOptions::default()
            .with_transport(Arc::new(http.clone()))
            .with_clock(Arc::new(clock.clone()))
            .with_env(Arc::new(TestEnv::new()));
        let kept = TokenCachePersistenceOptions::new()
            .with_name("own")
            .with_directory(folder.path())
            .with_allow_unencrypted_storage(true);
        // A new engine and new caches each time, as after a restart.
        let restarted = || {
            let caches = TokenCaches::new(Some(&kept), &options).unwrap();
            LastingClientSecret::new(&options, &caches, &secret)
        };
        let first = restarted().get_token(&[SCOPE]).await.unwrap();
        assert_eq!(first.secret(), token.expose());
        let again = restarted().get_token(&[SCOPE]).await.unwrap();
        assert_eq!(again.secret(), token.expose());
        assert_eq!(again.expires_on(), first.expires_on());
        assert_eq!(http.calls(), 1);

        let request = || TokenRequest::from(&[SCOPE][..]);
        let other = request().tenant_id("22222222-2222-2222-2222-222222222222");
        assert_ne!(
            restarted().get_token_with(other).await.unwrap().secret(),
            token.expose()
        );
        assert_eq!(http.calls(), 2, "another tenant's token is another one");

        let claims = request().claims(r#"{"access_token": {}}"#);
        let after_claims = restarted().get_token_with(claims).await.unwrap();
        assert_eq!(http.calls(), 3);
        let again = restarted().get_token(&[SCOPE]).await.unwrap();
        assert_eq!(
            again.secret(),
            after_claims.secret(),
            "the new token replaced the old one"
        );

        clock.advance(Duration::from_secs(3600 - 299));
        restarted().get_token(&[SCOPE]).await.unwrap();
        assert_eq!(http.calls(), 4, "too little of its life is left");
        http.assert_done();
    });
}

#[test]
fn the_environment_is_that_of_the_authority() {
    let german = Environment::of(&Authority::parse("login.sovcloud-identity.de").unwrap());
    assert!(german.matches("login.sovcloud-identity.de"));
    assert!(!german.matches("login.microsoftonline.com"));
}
