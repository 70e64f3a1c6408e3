//! `entra token` with each way by which a service proves who it is, against the emulator over TLS.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use crate::support::{CANARY, Run, Stand};
use identity_emulator::{
    App, Builder, CiHost, CodeRequest, DEFAULT_CLIENT_ID, DEFAULT_SYSTEM_ACCESS_TOKEN, FederatedCredential,
    TestCertificate, User, UserTokenRequest,
};
use serde_json::Value;
use tempfile::NamedTempFile;

const REDIRECT: &str = "https://app.test/signed-in";
const VERIFIER: &str = "CNRY-verifier-of-at-least-forty-three-characters";

static CERTIFICATE: LazyLock<TestCertificate> = LazyLock::new(|| TestCertificate::generate("entra").unwrap());

/// An application that takes every proof there is.
fn stand() -> Stand {
    Stand::with(|builder: Builder| {
        let app = App::fixed()
            .certificate(CERTIFICATE.certificate_pem())
            .federated(FederatedCredential::service_account("shop", "orders"))
            .federated(FederatedCredential::azure_pipelines())
            .federated(FederatedCredential::github_actions());
        builder.app(app).app(App::public("desktop")).ci(CiHost::fixed())
    })
}

fn file(contents: impl AsRef<[u8]>) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(contents.as_ref()).unwrap();
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

/// `entra token --via` this way, without the application's secret.
fn via(stand: &Stand, way: &str, arguments: &[&str]) -> Command {
    let mut command = stand.token(&[&["--via", way], arguments].concat());
    command.env_remove("AZURE_CLIENT_SECRET");
    command
}

fn finish(mut command: Command) -> Run {
    let run: Run = command.output().unwrap().into();
    assert!(
        !run.stdout.contains("CNRY") && !run.stderr.contains("CNRY"),
        "{run:?}"
    );
    run
}

/// The token's claims, from a run that has to succeed.
#[track_caller]
fn claims(command: Command) -> Value {
    let run = finish(command);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    use base64::Engine as _;
    let payload = run.stdout.split('.').nth(1).unwrap();
    let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// A failure's exit code, kind and text.
#[track_caller]
fn failure(command: Command) -> (Option<i32>, String) {
    let run = finish(command);
    assert_eq!(run.stdout, "", "{run:?}");
    (run.code, run.stderr)
}

#[test]
fn a_certificate_signs_in_from_option_and_variable() {
    let stand = stand();
    let pem = file(CERTIFICATE.pem());
    let by_option = claims(via(&stand, "certificate", &["--certificate", path(&pem)]));
    assert_eq!(by_option["appid"], DEFAULT_CLIENT_ID);
    assert_eq!(by_option["appidacr"], "2");
    let mut by_variable = via(&stand, "CertificateCredential", &[]);
    by_variable
        .env("AZURE_CLIENT_CERTIFICATE_PATH", path(&pem))
        .env("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "TRUE");
    assert_eq!(claims(by_variable)["appidacr"], "2");
    // The chain is sent only where somebody asked for it.
    let sent = |at: usize| {
        use base64::Engine as _;
        let requests = stand.emulator.requests();
        let request = requests.iter().nth(at).unwrap();
        let header = request
            .form("client_assertion")
            .unwrap()
            .split('.')
            .next()
            .unwrap();
        base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(header).unwrap()
    };
    let has_chain = |header: Vec<u8>| String::from_utf8(header).unwrap().contains("x5c");
    assert!(!has_chain(sent(0)) && has_chain(sent(1)));
}

#[test]
fn a_pkcs12_file_opens_with_its_password() {
    const PASSWORD: &str = "CNRY-pfx-password";
    let stand = stand();
    let (pem, password, pfx) = (file(CERTIFICATE.pem()), file(PASSWORD), file(""));
    let made = openssl(&[
        "pkcs12",
        "-export",
        "-in",
        path(&pem),
        "-out",
        path(&pfx),
        "-passout",
    ])
    .arg(format!("file:{}", path(&password)))
    .output()
    .unwrap();
    assert!(made.status.success(), "{made:?}");
    let certificate = ["--certificate", path(&pfx)];
    let by_file = ["--certificate-password-file", path(&password)];
    claims(via(&stand, "certificate", &[&certificate[..], &by_file].concat()));
    let mut by_variable = via(&stand, "certificate", &certificate);
    by_variable.env("AZURE_CLIENT_CERTIFICATE_PASSWORD", PASSWORD);
    claims(by_variable);
    let mut wrong = via(&stand, "certificate", &certificate);
    wrong.env("AZURE_CLIENT_CERTIFICATE_PASSWORD", CANARY);
    let (code, text) = failure(wrong);
    assert!(code == Some(2) && text.contains("password"), "{text}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the keys of this test are made by the tool that users make theirs with"
)]
fn openssl(arguments: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::null());
    command
}

#[test]
fn a_certificate_that_cannot_be_used_is_explained() {
    let stand = stand();
    assert_eq!(failure(via(&stand, "certificate", &[])).0, Some(3));
    let (code, text) = failure(via(&stand, "certificate", &["--certificate", "no/such/file"]));
    assert!(code == Some(2) && text.contains("no/such/file"), "{text}");
    let no_key = file(CERTIFICATE.certificate_pem());
    let (code, text) = failure(via(&stand, "certificate", &["--certificate", path(&no_key)]));
    assert!(code == Some(2) && text.contains("private key"), "{text}");
    // A key that isn't the registered one.
    let other = TestCertificate::generate("other").unwrap();
    let other = file(other.pem());
    let (code, text) = failure(via(&stand, "certificate", &["--certificate", path(&other)]));
    assert!(code == Some(4) && text.contains("AADSTS700027"), "{text}");
}

#[test]
fn an_assertion_comes_from_variable_file_or_standard_input() {
    let stand = stand();
    let assertion = stand.emulator.service_account_token("shop", "orders");
    let kept = file(format!("{assertion}\n"));
    let by_file = via(
        &stand,
        "client-assertion",
        &["--client-assertion-file", path(&kept)],
    );
    assert_eq!(claims(by_file)["appid"], DEFAULT_CLIENT_ID);
    let mut by_variable = via(&stand, "client-assertion", &[]);
    by_variable.env("AZURE_CLIENT_ASSERTION", &assertion);
    claims(by_variable);
    let mut piped = via(&stand, "client-assertion", &["--client-assertion-file", "-"]);
    piped
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(assertion.as_bytes())
        .unwrap();
    let run: Run = child.wait_with_output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:?}");

    let (code, text) = failure(via(&stand, "client-assertion", &[]));
    assert!(
        code == Some(3) && text.contains("AZURE_CLIENT_ASSERTION"),
        "{text}"
    );
    let mut wrong = via(&stand, "client-assertion", &[]);
    wrong.env("AZURE_CLIENT_ASSERTION", CANARY);
    assert_eq!(failure(wrong).0, Some(4));
}

#[test]
fn a_service_acts_for_its_user_with_each_proof() {
    let stand = stand();
    let bob = User::new("bob@contoso.test");
    let user = stand
        .emulator
        .mint_user_token(&UserTokenRequest::new(DEFAULT_CLIENT_ID).user(bob))
        .unwrap();
    let (user, pem) = (file(user), file(CERTIFICATE.pem()));
    let secret = file(identity_emulator::DEFAULT_SECRET);
    let assertion = file(stand.emulator.service_account_token("shop", "orders"));
    for (option, proof) in [
        ("--client-secret-file", &secret),
        ("--certificate", &pem),
        ("--client-assertion-file", &assertion),
    ] {
        let arguments = ["--user-assertion-file", path(&user), option, path(proof)];
        let claims = claims(via(&stand, "on-behalf-of", &arguments));
        assert_eq!(claims["upn"], "bob@contoso.test", "{option}");
    }
    // An option goes before the variable of another proof.
    let arguments = ["--user-assertion-file", path(&user), "--certificate", path(&pem)];
    let mut command = via(&stand, "on-behalf-of", &arguments);
    command.env("AZURE_CLIENT_SECRET", CANARY);
    claims(command);

    let two = [&arguments[..], &["--client-secret-file", path(&secret)]].concat();
    let (code, text) = failure(via(&stand, "on-behalf-of", &two));
    assert!(code == Some(2) && text.contains("more than one of"), "{text}");
    let alone = ["--user-assertion-file", path(&user)];
    let (code, text) = failure(via(&stand, "on-behalf-of", &alone));
    assert!(
        code == Some(3) && text.contains("AZURE_CLIENT_CERTIFICATE_PATH"),
        "{text}"
    );
    let (code, text) = failure(via(&stand, "on-behalf-of", &["--certificate", path(&pem)]));
    assert!(code == Some(3) && text.contains("AZURE_USER_ASSERTION"), "{text}");
}

#[test]
fn a_code_is_redeemed_once_and_with_its_verifier() {
    let stand = stand();
    let code = |client: &str| {
        let wish = CodeRequest::new(REDIRECT)
            .client_id(client)
            .code_verifier(VERIFIER);
        stand.emulator.mint_code(&wish).unwrap()
    };
    let verifier = file(VERIFIER);
    let with = |code: &str, client: &str, verifier: Option<&str>| {
        let mut arguments = vec!["--redirect-uri", REDIRECT, "--client-id", client];
        arguments.extend(
            verifier
                .into_iter()
                .flat_map(|path| ["--code-verifier-file", path]),
        );
        let mut command = via(&stand, "authorization-code", &arguments);
        command.env("AZURE_AUTHORIZATION_CODE", code);
        command
    };
    // A public client has no other proof than the verifier.
    let desktop = stand.emulator.client_id_of("desktop").unwrap();
    let first = code(desktop);
    let claims_of = claims(with(&first, desktop, Some(path(&verifier))));
    assert_eq!(claims_of["upn"], "ada@contoso.test");
    let (exit, text) = failure(with(&first, desktop, Some(path(&verifier))));
    assert!(exit == Some(5) && text.contains("AADSTS54005"), "{exit:?} {text}");
    assert!(!text.contains(&first), "{text}");

    let (exit, text) = failure(with(&code(desktop), desktop, None));
    assert!(exit != Some(0) && text.contains("AADSTS"), "{text}");
    // A confidential one proves itself beside that.
    let mut confidential = with(&code(DEFAULT_CLIENT_ID), DEFAULT_CLIENT_ID, Some(path(&verifier)));
    confidential.env("AZURE_CLIENT_SECRET", identity_emulator::DEFAULT_SECRET);
    claims(confidential);

    let (exit, text) = failure(via(&stand, "authorization-code", &[]));
    assert!(exit == Some(3) && text.contains("AZURE_REDIRECT_URI"), "{text}");
}

#[test]
fn a_pod_signs_in_by_its_token_file_and_through_the_clusters_proxy() {
    let stand = stand();
    let token = file(stand.emulator.service_account_token("shop", "orders"));
    let by_option = via(&stand, "workload-identity", &["--token-file", path(&token)]);
    assert_eq!(claims(by_option)["appid"], DEFAULT_CLIENT_ID);
    let mut proxied = via(&stand, "workload-identity", &["--identity-binding-proxy"]);
    proxied
        .envs(stand.emulator.binding_environment())
        .env("AZURE_FEDERATED_TOKEN_FILE", path(&token));
    stand.emulator.clear_requests();
    claims(proxied);
    let requests = stand.emulator.requests();
    let paths: Vec<_> = requests.iter().map(|request| request.path().to_owned()).collect();
    let proxy = stand.emulator.binding_environment();
    let proxy = &proxy
        .iter()
        .find(|(name, _)| *name == "AZURE_KUBERNETES_TOKEN_PROXY")
        .unwrap()
        .1;
    let prefix = proxy.strip_prefix(stand.emulator.authority()).unwrap();
    assert!(paths.iter().all(|path| path.starts_with(prefix)), "{paths:?}");

    let (code, text) = failure(via(&stand, "workload-identity", &[]));
    assert!(
        code == Some(3) && text.contains("AZURE_FEDERATED_TOKEN_FILE"),
        "{text}"
    );
    let stranger = file(stand.emulator.service_account_token("shop", "stranger"));
    let arguments = ["--token-file", path(&stranger)];
    let (code, text) = failure(via(&stand, "workload-identity", &arguments));
    assert!(code == Some(4) && text.contains("AADSTS700213"), "{text}");
}

#[test]
fn jobs_of_build_systems_sign_in_by_their_id_tokens() {
    let stand = stand();
    let pipelines = |arguments: &[&str]| {
        let mut command = via(&stand, "azure-pipelines", arguments);
        command
            .env_remove("AZURE_TENANT_ID")
            .env_remove("AZURE_CLIENT_ID")
            .envs(stand.emulator.pipelines_environment());
        command
    };
    assert_eq!(claims(pipelines(&[]))["appid"], DEFAULT_CLIENT_ID);
    // Options go before what the tasks set.
    let (code, text) = failure(pipelines(&["--service-connection-id", "other"]));
    assert!(matches!(code, Some(3..=4)), "{code:?} {text}");
    let mut unmapped = pipelines(&[]);
    unmapped.env_remove("SYSTEM_ACCESSTOKEN");
    let (code, text) = failure(unmapped);
    assert!(code == Some(3) && text.contains("SYSTEM_ACCESSTOKEN"), "{text}");
    assert!(!text.contains(DEFAULT_SYSTEM_ACCESS_TOKEN), "{text}");

    // Only of Microsoft's own clouds the audience is known.
    let audience = ["--audience", "api://AzureADTokenExchange"];
    let mut github = via(&stand, "github-actions", &audience);
    github.envs(stand.emulator.github_environment());
    assert_eq!(claims(github)["appid"], DEFAULT_CLIENT_ID);
    let (code, text) = failure(via(&stand, "github-actions", &audience));
    assert!(
        code == Some(3) && text.contains("no job of GitHub Actions"),
        "{text}"
    );
}
