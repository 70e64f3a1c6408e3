//! From `scope` or `resource` to the API that a token is for.

use super::TokenCall;
use crate::model::Audience;
use crate::refusal::Refusal;
use crate::routes::Route;

/// Scopes that name no API; MSAL for Go sends them even in client credentials.
const RESERVED: &[&str] = &["openid", "profile", "offline_access", "email"];
const DEFAULT: &str = "/.default";

/// The API of an application's own request: one resource, all of its granted roles.
pub(super) fn application_audience(request: &TokenCall<'_>) -> Result<Audience, Refusal> {
    if request.call.route == Route::TokenV1 {
        return resolve(request, request.required("resource")?);
    }
    if request.call.form("resource").is_some() {
        return Err(Refusal::new(901002));
    }
    let scope = request.required("scope")?;
    let named: Vec<&str> = scope
        .split_ascii_whitespace()
        .filter(|scope| !RESERVED.contains(&scope.to_ascii_lowercase().as_str()))
        .collect();
    let mut found: Option<Audience> = None;
    for one in &named {
        let Some(resource) = strip_default(one) else {
            // A plain permission beside `.default` is its own mistake; alone it is the flow's.
            let beside_default = named.iter().any(|other| strip_default(other).is_some());
            let code = if beside_default { 70011 } else { 1002012 };
            return Err(Refusal::new(code).with("scope", scope));
        };
        let audience = resolve(request, resource)?;
        if found.as_ref().is_some_and(|earlier| earlier.key != audience.key) {
            return Err(Refusal::new(28000).with("scope", scope));
        }
        found.get_or_insert(audience);
    }
    found.ok_or_else(|| Refusal::new(1002012).with("scope", scope))
}

/// The API's identifier in front of `/.default`. A trailing slash belongs to it, as in `https://x.test//.default`.
pub(super) fn strip_default(scope: &str) -> Option<&str> {
    let at = scope.len().checked_sub(DEFAULT.len())?;
    let (resource, suffix) = (scope.get(..at)?, scope.get(at..)?);
    (!resource.is_empty() && suffix.eq_ignore_ascii_case(DEFAULT)).then_some(resource)
}

pub(super) fn resolve(request: &TokenCall<'_>, resource: &str) -> Result<Audience, Refusal> {
    request
        .world
        .directory
        .audience(&request.tenant, resource)
        .ok_or_else(|| {
            Refusal::new(500011)
                .with("resource", resource)
                .with("tenant", request.tenant.name.as_str())
        })
}

#[cfg(test)]
mod tests {
    use super::strip_default;

    #[test]
    fn the_suffix_is_taken_off_once() {
        assert_eq!(
            strip_default("https://vault.azure.net/.default"),
            Some("https://vault.azure.net")
        );
        assert_eq!(
            strip_default("https://vault.azure.net//.DEFAULT"),
            Some("https://vault.azure.net/")
        );
        for other in [
            "/.default",
            ".default",
            "",
            "https://vault.azure.net",
            "é/.defaul",
        ] {
            assert_eq!(strip_default(other), None, "{other}");
        }
    }
}
