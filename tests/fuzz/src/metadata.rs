//! Answers of metadata endpoints, and the challenge of Azure Arc.

use std::path::Path;
use std::sync::Arc;

use identity_base::TokenCredential as _;
use identity_managed::ManagedIdentityCredential;
use identity_testkit::{HttpStep, MemoryFs, TestClock, TestEnv};

use super::outcome::{self, CANARY, SCOPE};

/// Environments: those of App Service, its older interface, Azure ML, Cloud Shell, Service Fabric, and a plain machine, which asks IMDS.
const HOSTS: [&[(&str, &str)]; 6] = [
    &[],
    &[
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token"),
        ("IDENTITY_HEADER", CANARY),
    ],
    &[
        ("MSI_ENDPOINT", "http://127.0.0.1:41741/msi/token"),
        ("MSI_SECRET", CANARY),
    ],
    &[("MSI_ENDPOINT", "http://localhost:50342/oauth2/token")],
    &[
        (
            "IDENTITY_ENDPOINT",
            "https://localhost:2377/metadata/identity/oauth2/token",
        ),
        ("IDENTITY_HEADER", CANARY),
        (
            "IDENTITY_SERVER_THUMBPRINT",
            "00112233445566778899AABBCCDDEEFF00112233",
        ),
    ],
    &[
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token"),
        ("IDENTITY_HEADER", CANARY),
        ("IDENTITY_API_VERSION", "2017-09-01"),
    ],
];
const STATUSES: [u16; 6] = [200, 400, 403, 404, 429, 500];
/// Where Arc's agent puts its keys.
const DIRECTORY: &str = "/var/opt/azcmagent/tokens";

/// A metadata endpoint answers with these bytes; the first two choose the host and the status.
pub fn answer(data: &[u8]) {
    let (host, rest) = outcome::choice(data, HOSTS.len());
    let (status, body) = outcome::choice(rest, STATUSES.len());
    let (status, body) = (STATUSES[status], body.to_vec());
    let (clock, env) = (TestClock::new(), TestEnv::new());
    for (name, value) in HOSTS[host] {
        env.set(*name, *value);
    }
    let options = outcome::options(&clock, &env, move |_, _| HttpStep::bytes(status, body.clone()))
        .with_file_system(Arc::new(MemoryFs::with_clock(&clock)));
    let credential = ManagedIdentityCredential::builder()
        .with_options(&options)
        .build()
        .expect("the settings are good");
    let result = clock.block_on(credential.get_token(&[SCOPE]));
    assert!(status == 200 || result.is_err(), "a token with status {status}");
    match HOSTS[host].iter().any(|(_, value)| *value == CANARY) {
        true => outcome::token_or_secret_kept(&result, clock.wall()),
        false => outcome::token(&result, clock.wall()),
    }
}

/// Arc's agent answers with this challenge. No file outside its folder is ever looked at.
pub fn arc_challenge(data: &[u8]) {
    let Ok(challenge) = std::str::from_utf8(data) else {
        return;
    };
    if challenge.contains(|c: char| c.is_control() || !c.is_ascii()) {
        return;
    }
    let challenge = challenge.to_owned();
    let (clock, env) = (TestClock::new(), TestEnv::new());
    env.set(
        "IDENTITY_ENDPOINT",
        "http://localhost:40342/metadata/identity/oauth2/token",
    );
    env.set("IMDS_ENDPOINT", "http://localhost:40342");
    let files = MemoryFs::with_clock(&clock);
    files.put_directory(DIRECTORY).set_owner(DIRECTORY, 998);
    files.put(format!("{DIRECTORY}/a.key"), CANARY);
    files.put("/etc/shadow.key", CANARY);
    let options = outcome::options(&clock, &env, move |number, request| match number {
        0 => HttpStep::status(401).header("www-authenticate", &challenge),
        _ if request.header("authorization") == Some(&format!("Basic {CANARY}")) => {
            HttpStep::token("good", 3600)
        }
        _ => HttpStep::status(401),
    })
    .with_file_system(Arc::new(files.clone()));
    let credential = ManagedIdentityCredential::builder()
        .with_options(&options)
        .build()
        .expect("the settings are good");
    let result = clock.block_on(credential.get_token(&[SCOPE]));
    outcome::token_or_secret_kept(&result, clock.wall());
    for (operation, path) in files.operations() {
        let is_agents = path.starts_with(DIRECTORY) && !path.to_string_lossy().contains("..");
        let is_search = Path::new("/opt/azcmagent").ancestors().any(|known| known == path)
            || path.starts_with("/opt/azcmagent");
        assert!(is_agents || is_search, "{operation:?} {}", path.display());
    }
}
