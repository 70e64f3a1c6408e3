//! Assertions that an application signs itself, with the key of a registered certificate.

use super::super::TokenCall;
use crate::jwt::{Jwt, decode};
use crate::model::{RegisteredCertificate, hex};
use crate::refusal::Refusal;
use crate::world::World;

pub(super) fn check(request: &TokenCall<'_>, jwt: &Jwt<'_>, issuer: &str) -> Result<(), Refusal> {
    let app = &request.app;
    if !issuer.eq_ignore_ascii_case(&app.id) {
        return Err(Refusal::new(700021));
    }
    if !jwt
        .text("sub")
        .is_some_and(|subject| subject.eq_ignore_ascii_case(issuer))
    {
        return Err(Refusal::new(50048));
    }
    let certificate = find(request, jwt)?;
    check_chain(jwt, certificate)?;
    if !jwt.verifies(&certificate.key) {
        return Err(refused(
            "The provided signature value did not match the expected signature value.",
        ));
    }
    if !certificate.is_valid_at(request.world.clock.wall()) {
        return Err(refused("The key used is expired."));
    }
    super::check_times(request, jwt)?;
    check_audience(request, jwt)
}

fn refused(reason: &str) -> Refusal {
    Refusal::new(700027).with("reason", reason)
}

/// The registered certificate that the header names: by `x5t#S256`, `x5t`, or as `kid`. If it names several, all have to be of
/// the same one.
fn find<'a>(request: &'a TokenCall<'_>, jwt: &Jwt<'_>) -> Result<&'a RegisteredCertificate, Refusal> {
    let named = ["x5t#S256", "x5t", "kid"].map(|name| (name, jwt.header(name)));
    if named.iter().all(|(_, value)| value.is_none()) {
        return Err(Refusal::new(5002723));
    }
    let mut certificates = request.app.certificates.iter();
    let found = certificates.find(|certificate| {
        named.iter().all(|(name, value)| match value {
            None => true,
            Some(value) => match *name {
                "x5t#S256" => decode(value).is_some_and(|bytes| bytes == certificate.sha256),
                "x5t" => decode(value).is_some_and(|bytes| bytes == certificate.sha1),
                _ => {
                    value.eq_ignore_ascii_case(&certificate.thumbprint())
                        || decode(value)
                            .is_some_and(|bytes| bytes == certificate.sha1 || bytes == certificate.sha256)
                }
            },
        })
    });
    found.ok_or_else(|| {
        let mut thumbprints = named.iter().filter_map(|(_, value)| decode((*value)?));
        let shown = thumbprints.next().map(|bytes| hex(&bytes)).unwrap_or_default();
        refused(&format!(
            "The key was not found., Thumbprint of key used by client: '{shown}'"
        ))
    })
}

/// A chain that comes along begins with the certificate that the header names.
fn check_chain(jwt: &Jwt<'_>, certificate: &RegisteredCertificate) -> Result<(), Refusal> {
    let Some(chain) = jwt.header.get("x5c") else {
        return Ok(());
    };
    let chain = chain.as_array().ok_or_else(|| Refusal::new(50027))?;
    let mut read = Vec::new();
    for link in chain {
        // MSAL for Python copies the lines of a PEM file.
        let text: Option<String> = link.as_str().map(|text| text.split_ascii_whitespace().collect());
        let der = text
            .and_then(|text| decode(&text))
            .ok_or_else(|| Refusal::new(50027))?;
        read.push(RegisteredCertificate::read(&der).map_err(|_| Refusal::new(50027))?);
    }
    match read.first() {
        Some(first) if first.sha256 == certificate.sha256 => Ok(()),
        _ => Err(Refusal::new(700030)),
    }
}

fn check_audience(request: &TokenCall<'_>, jwt: &Jwt<'_>) -> Result<(), Refusal> {
    let audiences = jwt.audiences();
    let world = request.world;
    let tenant = &request.tenant;
    let named = request.call.tenant().unwrap_or_default();
    let is_tenant = |text: &str| {
        text.eq_ignore_ascii_case(&tenant.id)
            || text.eq_ignore_ascii_case(named)
            || tenant
                .domains
                .iter()
                .any(|domain| domain.eq_ignore_ascii_case(text))
    };
    match audiences
        .iter()
        .any(|audience| is_own(world, audience, is_tenant))
    {
        true => Ok(()),
        false => Err(Refusal::new(700023).with("value", audiences.join("', '"))),
    }
}

/// Whether an audience is the tenant's token endpoint of either version, or one of its issuers, under any of the emulator's names.
fn is_own(world: &World, audience: &str, is_tenant: impl Fn(&str) -> bool) -> bool {
    let Some((host, path)) = audience
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let (tenant, rest) = path.split_once('/').unwrap_or((path, ""));
    if !is_tenant(tenant) {
        return false;
    }
    let rest = rest.trim_end_matches('/').to_ascii_lowercase();
    if host.eq_ignore_ascii_case("sts.windows.net") {
        return rest.is_empty();
    }
    let (name, port) = match host.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (crate::call::without_port(host), port.parse().ok())
        }
        _ => (crate::call::without_port(host), Some(443)),
    };
    // Behind a forwarded port a client knows the emulator by the usual one.
    world.is_own_name(name)
        && (port == Some(world.tls_port()) || port == Some(443))
        && matches!(rest.as_str(), "oauth2/v2.0/token" | "oauth2/token" | "v2.0")
}
