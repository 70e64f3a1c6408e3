//! The OpenID configuration of a tenant.

use http::Uri;
use identity_base::{Authority, Error, ErrorKind, Foreign, TenantId};

use super::get_json;
use crate::ClientOptions;
use crate::json::Json;

/// A tenant's endpoints, checked to be on the authority's own host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenIdConfiguration {
    /// Where a person signs in.
    pub authorization_endpoint: String,
    /// Where tokens are requested.
    pub token_endpoint: String,
    /// Where a device sign-in begins, if the authority has that.
    pub device_authorization_endpoint: Option<String>,
    /// Who issues id tokens. Compared, never connected to.
    pub issuer: String,
}

/// The suffix under which the public cloud has regional hosts.
const REGIONAL_SUFFIX: &str = ".login.microsoft.com";
/// Tenants that stand for whichever the account belongs to.
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

pub(super) async fn ask(
    options: &ClientOptions,
    authority: &Authority,
    tenant: &TenantId,
    aliases: &[String],
) -> Result<OpenIdConfiguration, Error> {
    let version = if tenant.is_adfs() { "" } else { "/v2.0" };
    let url = format!("{authority}/{tenant}{version}/.well-known/openid-configuration");
    let (status, json) = get_json(options, &url).await?;
    if (400..500).contains(&status) {
        return Err(Error::new(
            ErrorKind::InvalidConfiguration,
            format!(
                "{} has no configuration for the tenant {tenant} (HTTP {status})",
                authority.host()
            ),
        )
        .with_http_status(status)
        .with_hint("check the tenant, and that the authority is the one of its cloud"));
    }
    read(&json, authority, tenant, aliases)
}

fn read(
    json: &Json,
    authority: &Authority,
    tenant: &TenantId,
    aliases: &[String],
) -> Result<OpenIdConfiguration, Error> {
    let endpoint = |name: &'static str| -> Result<String, Error> {
        let url = json.text(name).ok_or_else(|| missing(authority, name))?;
        check(name, url, authority, tenant, aliases)?;
        Ok(url.to_owned())
    };
    let device = match json.get("device_authorization_endpoint") {
        None | Some(Json::Null) => None,
        Some(_) => Some(endpoint("device_authorization_endpoint")?),
    };
    Ok(OpenIdConfiguration {
        authorization_endpoint: endpoint("authorization_endpoint")?,
        token_endpoint: endpoint("token_endpoint")?,
        device_authorization_endpoint: device,
        issuer: json
            .text("issuer")
            .ok_or_else(|| missing(authority, "issuer"))?
            .to_owned(),
    })
}

fn missing(authority: &Authority, name: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("the configuration of {} has no `{name}`", authority.host()),
    )
}

/// An endpoint has to be `https`, on the authority's host, an alias of it or a regional host of its cloud, and for the same tenant.
fn check(
    name: &str,
    url: &str,
    authority: &Authority,
    tenant: &TenantId,
    aliases: &[String],
) -> Result<(), Error> {
    let fits = Authority::parse(url.split('?').next().unwrap_or_default())
        .ok()
        .zip(url.parse::<Uri>().ok())
        .is_some_and(|(endpoint, uri)| {
            let origin = endpoint.origin();
            let is_own = origin == authority.origin() || aliases.iter().any(|alias| alias == origin);
            let same_cloud =
                authority.is_known() && endpoint.is_known() && endpoint.cloud() == authority.cloud();
            let regional = authority.is_known() && is_regional(origin, authority);
            (is_own || same_cloud || regional) && is_same_tenant(&uri, authority, tenant)
        });
    match fits {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::IdentityMismatch,
            format!(
                "the authority {authority} names {} as its `{name}`, which is on another host or for another tenant",
                Foreign::quoted(url, 200)
            ),
        )),
    }
}

/// `REGION.login.microsoft.com` of the public cloud, `REGION.HOST` of the others.
fn is_regional(origin: &str, authority: &Authority) -> bool {
    let region = match authority.cloud() {
        identity_base::Cloud::Public => origin.strip_suffix(REGIONAL_SUFFIX),
        _ => origin
            .strip_suffix(authority.origin())
            .and_then(|rest| rest.strip_suffix('.')),
    };
    region.is_some_and(|region| {
        (2..=32).contains(&region.len())
            && region
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

/// The tenant is the first segment after the authority's own path. A domain name or a shared tenant comes back as the tenant's GUID.
fn is_same_tenant(endpoint: &Uri, authority: &Authority, tenant: &TenantId) -> bool {
    let prefix = authority
        .as_str()
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
        .map_or("", |(_, path)| path);
    let path = endpoint.path().trim_start_matches('/');
    let Some(rest) = path.strip_prefix(prefix) else {
        return false;
    };
    let segment = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_name = tenant.as_str().contains('.') || SHARED_TENANTS.iter().any(|shared| tenant.matches(shared));
    tenant.matches(segment) || (is_name && is_guid(segment))
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "11111111-1111-1111-1111-111111111111";

    fn checked(url: &str, authority: &str, tenant: &str) -> bool {
        let aliases = ["alias.test".to_owned()];
        check(
            "token_endpoint",
            url,
            &Authority::parse(authority).unwrap(),
            &TenantId::parse(tenant).unwrap(),
            &aliases,
        )
        .is_ok()
    }

    #[test]
    fn endpoints_have_to_be_the_authoritys_own() {
        for (url, authority, tenant) in [
            ("https://h.test/t/oauth2/v2.0/token", "h.test", "t"),
            ("https://H.test/T/oauth2/v2.0/token", "h.test", "t"),
            ("https://alias.test/t/x", "h.test", "t"),
            ("https://h.test/p/t/x?y=z", "h.test/p", "t"),
            ("https://h.test:8443/t/x", "h.test:8443", "t"),
            ("https://login.windows.net/t/x", "login.microsoftonline.com", "t"),
            (
                "https://westus2.login.microsoft.com/t/x",
                "login.microsoftonline.com",
                "t",
            ),
            (
                "https://usgov.login.microsoftonline.us/t/x",
                "login.microsoftonline.us",
                "t",
            ),
            (&format!("https://h.test/{GUID}/x"), "h.test", "contoso.com"),
            (&format!("https://h.test/{GUID}/x"), "h.test", "common"),
        ] {
            assert!(checked(url, authority, tenant), "{url} {authority} {tenant}");
        }
        for (url, authority, tenant) in [
            ("http://h.test/t/x", "h.test", "t"),
            ("https://evil.test/t/x", "h.test", "t"),
            ("https://h.test.evil.test/t/x", "h.test", "t"),
            ("https://evil.test#h.test/t/x", "h.test", "t"),
            ("https://user@h.test/t/x", "h.test", "t"),
            ("https://h.test:3001/t/x", "h.test", "t"),
            ("https://h.test./t/x", "h.test", "t"),
            ("https://h.test/other/x", "h.test", "t"),
            ("https://h.test/t/x", "h.test/p", "t"),
            (
                "https://login.microsoftonline.us/t/x",
                "login.microsoftonline.com",
                "t",
            ),
            (
                "https://evil.login.microsoft.com.evil.test/t/x",
                "login.microsoftonline.com",
                "t",
            ),
            (
                "https://a.b.login.microsoft.com/t/x",
                "login.microsoftonline.com",
                "t",
            ),
            ("https://westus2.login.microsoft.com/t/x", "h.test", "t"),
            (
                &format!("https://h.test/{GUID}/x"),
                "h.test",
                "22222222-2222-2222-2222-222222222222",
            ),
            ("javascript:alert(1)", "h.test", "t"),
            ("", "h.test", "t"),
        ] {
            assert!(!checked(url, authority, tenant), "{url} {authority} {tenant}");
        }
    }
}
