//! What concerns all members: clock, network, proxy, clouds, caches.

mod proxy;

use std::path::PathBuf;

use http::{StatusCode, Uri};
use identity_base::seam::{FileKind, HttpRequest, HttpTimeouts};
use identity_base::{Authority, Cloud, Foreign};
use identity_runtime::entra::ClockSkew;
use identity_runtime::env_vars::{HOME, LOCALAPPDATA, USERPROFILE};
use identity_runtime::json::Json;

use super::display::span;
use super::look::{Look, is_exposed, shown};
use super::report::{Check, Finding};
use super::situation::{
    AUTHORITY_UNUSABLE, CACHE_EXPOSED, CLOCK_SKEW, CLOUD_MISMATCH, NET_INTERCEPTED, NET_UNREACHABLE,
};

/// Hosts of resources, by the ends of their names, with the cloud they belong to.
const RESOURCES: &[(&str, Cloud)] = &[
    ("usgovcloudapi.net", Cloud::UsGovernment),
    ("azure.us", Cloud::UsGovernment),
    ("microsoft.us", Cloud::UsGovernment),
    ("windowsazure.us", Cloud::UsGovernment),
    ("chinacloudapi.cn", Cloud::China),
    ("azure.cn", Cloud::China),
    ("azure.com", Cloud::Public),
    ("azure.net", Cloud::Public),
    ("windows.net", Cloud::Public),
    ("graph.microsoft.com", Cloud::Public),
];

/// Where developer tools keep tokens, below the home folder, and how the names of those files begin.
const CACHES: &[(&str, &[&str])] = &[
    (".IdentityService", &["msal.cache", "token"]),
    (".azure", &["msal_token_cache", "service_principal_entries"]),
];

impl Check {
    fn new(subject: &'static str, evidence: impl Into<String>) -> Self {
        Self {
            subject,
            evidence: evidence.into(),
            finding: None,
        }
    }

    fn with(mut self, finding: Option<Finding>) -> Self {
        self.finding = finding;
        self
    }
}

/// All checks, in the order of the report.
pub(crate) async fn checks(look: &Look<'_>, scope: &str) -> Vec<Check> {
    let mut checks = Vec::new();
    match look.options.authority() {
        Ok(authority) => {
            if look.may_ask {
                checks.extend(network(look, &authority).await);
            }
            checks.push(cloud(&authority, scope));
        }
        Err(error) => {
            let finding = Finding::new(&AUTHORITY_UNUSABLE, error.message().to_owned());
            checks.push(Check::new("cloud", "there is no authority").with(Some(finding)));
        }
    }
    checks.push(proxy::check(look));
    checks.extend(caches(look).await);
    checks
}

/// Asks the authority for a document that everybody may read: whether it can be reached, and what time it is there.
async fn network(look: &Look<'_>, authority: &Authority) -> Vec<Check> {
    let url = format!("{authority}/common/v2.0/.well-known/openid-configuration");
    let Ok(uri) = url.parse::<Uri>() else {
        return Vec::new();
    };
    let host = Foreign::new(authority.host(), 120).to_string();
    let sent = look.now();
    let request = HttpRequest::get(uri).timeouts(HttpTimeouts::new());
    let answer = look.options.http().send(request).await;
    let took = span(look.now().since(sent));
    match answer {
        Err(error) => {
            let why = Foreign::new(&error.to_string(), 300).to_string();
            let message = match why.contains(&host) {
                true => why,
                false => format!("{host}: {why}"),
            };
            let finding = Finding::new(&NET_UNREACHABLE, message);
            let check = Check::new("network", format!("no answer from {host} after {took}"));
            vec![check.with(Some(finding))]
        }
        Ok(response) => {
            let is_entra = Json::parse(&response.body).is_ok();
            let finding = (!is_entra).then(|| {
                let message = format!("{host} answered {} and no JSON", response.status.as_u16());
                Finding::new(&NET_INTERCEPTED, message)
            });
            let reached = match response.status {
                StatusCode::OK => "answered".to_owned(),
                other => format!("answered {}", other.as_u16()),
            };
            let network = Check::new("network", format!("{host} {reached} within {took}")).with(finding);
            let skew = ClockSkew::of(&response.headers, sent).map(clock);
            std::iter::once(network).chain(skew).collect()
        }
    }
}

fn clock(skew: ClockSkew) -> Check {
    let seconds = skew.millis().unsigned_abs() / 1000;
    let direction = if skew.millis() < 0 { "ahead of" } else { "behind" };
    let text = match seconds {
        0..=2 => "as the authority's".to_owned(),
        _ => format!("{seconds} s {direction} the authority's"),
    };
    let finding = skew
        .is_notable()
        .then(|| Finding::new(&CLOCK_SKEW, format!("this machine's clock is {text}")));
    Check::new("clock", text).with(finding)
}

/// Whether the scope's resource lives where the authority does.
fn cloud(authority: &Authority, scope: &str) -> Check {
    let text = format!("authority {}", Foreign::new(authority.as_str(), 200));
    let host = scope.parse::<Uri>().ok().and_then(|uri| {
        let host = uri.host()?.to_ascii_lowercase();
        Some(host.trim_end_matches('.').to_owned())
    });
    let belongs = host.as_deref().and_then(|host| {
        RESOURCES
            .iter()
            .find(|(end, _)| {
                host.strip_suffix(end)
                    .is_some_and(|before| before.is_empty() || before.ends_with('.'))
            })
            .map(|(_, cloud)| *cloud)
    });
    let finding = belongs
        .filter(|cloud| authority.is_known() && authority.cloud() != *cloud)
        .map(|cloud| {
            let message = format!(
                "{} belongs to the cloud {cloud:?}, the authority to {:?}",
                Foreign::new(host.as_deref().unwrap_or_default(), 120),
                authority.cloud()
            );
            Finding::new(&CLOUD_MISMATCH, message)
        });
    Check::new("cloud", text).with(finding)
}

/// The caches of developer tools, and who may read them.
async fn caches(look: &Look<'_>) -> Vec<Check> {
    let homes = [HOME, USERPROFILE, LOCALAPPDATA];
    let mut homes: Vec<PathBuf> = homes
        .iter()
        .filter_map(|name| look.env().var(name))
        .map(PathBuf::from)
        .collect();
    homes.dedup();
    let mut checks = Vec::new();
    for home in &homes {
        for (folder, prefixes) in CACHES {
            let mut files = look.files().list(&home.join(folder)).await.unwrap_or_default();
            files.sort();
            for path in files {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if !prefixes.iter().any(|prefix| name.starts_with(prefix)) {
                    continue;
                }
                let Ok(metadata) = look.files().metadata(&path, true).await else {
                    continue;
                };
                if metadata.kind != FileKind::File {
                    continue;
                }
                let finding = is_exposed(&metadata).then(|| {
                    let message = format!("others than its owner may read {}", shown(&path));
                    Finding::new(&CACHE_EXPOSED, message).with_fix(format!("chmod 600 {}", shown(&path)))
                });
                checks.push(Check::new("cache", look.file(&path, &metadata)).with(finding));
            }
        }
    }
    checks
}
