//! Chains and people, over real TLS and a real loopback listener: a program that goes from what the machine has to a person who signs in.

use std::sync::Arc;

use base64::Engine as _;
use entra_identity::{
    AccessToken, Authority, ClientOptions, DefaultAzureCredential, Error, ErrorKind,
    InteractiveBrowserCredential, TokenCredential,
};
use identity_emulator::{App, Emulator, Route, Tenant, User};
use identity_testkit::{
    HttpStep, LeakGuard, MemoryFs, ScriptedHttp, ScriptedProcess, TestClock, TestEnv, leak_guard,
};
use serde_json::json;

use crate::confidential::claims;
use crate::support::{CLIENT, TENANT, sealed, visible};

const ADA: &str = "ada@contoso.test";
const SCOPES: &[&str] = &["https://graph.microsoft.com/User.Read"];

/// The program: the default chain first; if nothing is set up, a person, who is asked only when the program says so.
async fn token(
    default: &DefaultAzureCredential,
    browser: &InteractiveBrowserCredential,
    seen: &mut Vec<ErrorKind>,
) -> Result<AccessToken, Error> {
    match default.get_token(SCOPES).await {
        Ok(token) => return Ok(token),
        Err(error) if error.kind() == ErrorKind::CredentialUnavailable => seen.push(error.kind()),
        Err(error) => return Err(error),
    }
    match browser.get_token(SCOPES).await {
        Err(error) if error.kind() == ErrorKind::AuthenticationRequired => {
            seen.push(error.kind());
            let scopes: Vec<&str> = error
                .scopes()
                .into_iter()
                .flat_map(entra_identity::Scopes::iter)
                .collect();
            browser.authenticate(&scopes).await?;
            browser.get_token(&scopes).await
        }
        other => other,
    }
}

#[test]
fn the_example_of_error_handling_runs_from_the_chain_to_the_person() {
    leak_guard::run(async |guard| {
        let password = guard.secret_with_symbols("password");
        let emulator = Emulator::builder()
            .signing_key_file(concat!(env!("CARGO_TARGET_TMPDIR"), "/emulator-signing-key.pem"))
            .tenant(Tenant::new("recorded").id(TENANT))
            .app(App::public("desktop").id(CLIENT).redirect_uri("http://localhost"))
            .user(User::new(ADA).password(password.expose()))
            .start()
            .await
            .unwrap();
        let opener = emulator.browser();
        let options = ClientOptions::new()
            .with_authority(Authority::parse(emulator.authority()).unwrap())
            .with_disable_instance_discovery(true)
            .with_extra_roots(emulator.ca_pem().into_bytes())
            .with_env(Arc::new(TestEnv::new()))
            .with_file_system(Arc::new(MemoryFs::with_clock(&TestClock::new())))
            .with_process_runner(Arc::new(ScriptedProcess::new()))
            .with_browser_opener(Arc::new(opener.clone()));
        // No metadata endpoint is looked for: that would leave this machine.
        let default = DefaultAzureCredential::builder()
            .with_options(&options)
            .exclude_managed_identity_credential(true)
            .build()
            .unwrap();
        let browser = InteractiveBrowserCredential::builder()
            .with_client_id(CLIENT)
            .with_options(&options)
            .with_disable_automatic_authentication(true)
            .build()
            .unwrap();

        let mut seen = Vec::new();
        let result = token(&default, &browser, &mut seen).await;
        guard.check_result(&result);
        let token_of_ada = result.unwrap();
        assert_eq!(
            seen,
            [
                ErrorKind::CredentialUnavailable,
                ErrorKind::AuthenticationRequired
            ]
        );
        let decoded = claims(&token_of_ada);
        assert_eq!(
            (&decoded["upn"], &decoded["scp"]),
            (&ADA.into(), &"User.Read".into())
        );
        assert_eq!(browser.authentication_record().unwrap().username(), ADA);
        let prompts = |emulator: &Emulator| emulator.requests().route(Route::Authorize).count();
        assert_eq!(prompts(&emulator), 1, "one sign-in");

        // From now on nobody is asked any more.
        let again = token(&default, &browser, &mut seen).await.unwrap();
        assert!(again.is_same(&token_of_ada));
        assert_eq!(
            seen.len(),
            3,
            "the chain is asked again, the person is not: {seen:?}"
        );
        assert_eq!(prompts(&emulator), 1);
        guard.check_journal(&visible(&emulator.requests()));
    });
}

/// A token for people to read: its claims are shown, itself never.
fn jwt(guard: &LeakGuard) -> String {
    let encoded = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let claims =
        json!({"tid": TENANT, "appid": CLIENT, "aud": "https://graph.microsoft.com", "roles": ["Reader"]});
    let signature = guard.secret("signature");
    let token = format!(
        "e30.{}.{}",
        encoded(&claims.to_string()),
        encoded(signature.expose())
    );
    guard.know("access_token", token.clone());
    token
}

#[test]
fn a_report_holds_no_secret_in_its_serialised_form_either() {
    leak_guard::run(async |guard| {
        let (secret, proxy, assertion) = (
            guard.secret("client_secret"),
            guard.secret("proxy_password"),
            guard.secret("federated_token"),
        );
        let token = jwt(&guard);
        for refuses in [true, false] {
            let clock = TestClock::new();
            let answer = token.clone();
            let http = ScriptedHttp::new().respond_with(move |_, request| match request.method() {
                "POST" if refuses => {
                    HttpStep::entra_error(401, "invalid_client", 7_000_215, "Invalid client secret.")
                }
                "POST" => HttpStep::token(&answer, 3599),
                _ => HttpStep::json(
                    200,
                    &json!({"issuer": "https://login.microsoftonline.com/common/v2.0"}),
                ),
            });
            let env = TestEnv::new();
            env.set("AZURE_TENANT_ID", TENANT)
                .set("AZURE_CLIENT_ID", CLIENT)
                .set("AZURE_CLIENT_SECRET", secret.expose())
                .set("AZURE_FEDERATED_TOKEN_FILE", "/token")
                .set(
                    "HTTP_PROXY",
                    format!("http://user:{}@proxy.test:3128", proxy.expose()),
                );
            let files = MemoryFs::with_clock(&clock);
            files.put("/token", assertion.expose().as_bytes());
            let options = sealed(&http, &clock)
                .with_env(Arc::new(env))
                .with_file_system(Arc::new(files));
            let credential = DefaultAzureCredential::builder()
                .with_options(&options)
                .build()
                .unwrap();
            let report = credential.diagnose(SCOPES[0]).await;
            guard.check_display(&report);
            let json = serde_json::to_value(&report).unwrap();
            guard.check_text("the report as JSON", json.to_string());
            assert_eq!(json["credential"], "DefaultAzureCredential");
            let (verdict, at) = match refuses {
                true => ("failed", "stopped_at"),
                false => ("works", "winner"),
            };
            assert_eq!(json["links"][0]["verdict"], verdict, "{report}");
            assert_eq!(json[at], "EnvironmentCredential");
            let finding = json.pointer("/links/1/findings/0/id").unwrap();
            assert_eq!(finding, "E-FED-UNREADABLE", "{report}");
        }
    });
}
