//! Proxies that would take requests to metadata endpoints away.

use std::net::IpAddr;

use http::Uri;
use identity_runtime::env_vars::{
    AZURE_POD_IDENTITY_AUTHORITY_HOST, IDENTITY_ENDPOINT, IMDS_ENDPOINT, MSI_ENDPOINT,
};

use crate::diagnosis::look::Look;
use crate::diagnosis::report::{Check, Finding};
use crate::diagnosis::situation::PROXY_METADATA;
use crate::environment::settings::are;

/// The variables that programs take a proxy from.
const PROXIES: &[&str] = &[
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];
/// Those of them that count for plain http, which metadata endpoints speak.
const PLAIN: &[&str] = &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// The variables that except hosts from it.
const EXCEPTIONS: &[&str] = &["NO_PROXY", "no_proxy"];
/// The address of the instance metadata service.
const IMDS: &str = "169.254.169.254";

pub(super) fn check(look: &Look<'_>) -> Check {
    let set = look.set(PROXIES);
    if set.is_empty() {
        return Check::new("proxy", "none");
    }
    let exceptions: Vec<String> = EXCEPTIONS
        .iter()
        .filter_map(|name| look.env().var(name))
        .collect();
    // Values may hold a password, so names are all that is shown.
    let text = match exceptions.is_empty() {
        true => format!("{}, NO_PROXY is not", are(&set, "set")),
        false => format!("{}, and so is NO_PROXY", are(&set, "set")),
    };
    let swallowed: Vec<String> = metadata_hosts(look)
        .into_iter()
        .filter(|host| !exceptions.iter().any(|list| excepts(list, host)))
        .collect();
    let is_plain = set.iter().any(|name| PLAIN.contains(name));
    let finding = (is_plain && !swallowed.is_empty()).then(|| {
        let hosts = swallowed.join(",");
        Finding::new(
            &PROXY_METADATA,
            format!("programs that honour it would send requests for {hosts} to the proxy"),
        )
        .with_fix(format!("add {hosts} to NO_PROXY"))
    });
    Check::new("proxy", text).with(finding)
}

/// The hosts from which this machine may get tokens over plain http.
fn metadata_hosts(look: &Look<'_>) -> Vec<String> {
    // Where the service has another address, nobody asks at the usual one.
    let mut hosts = match look.env().var(AZURE_POD_IDENTITY_AUTHORITY_HOST) {
        Some(value) => plain_host(&value).into_iter().collect(),
        None => vec![IMDS.to_owned()],
    };
    for variable in [IDENTITY_ENDPOINT, MSI_ENDPOINT, IMDS_ENDPOINT] {
        let host = look.env().var(variable).and_then(|value| plain_host(&value));
        if let Some(host) = host
            && !hosts.contains(&host)
        {
            hosts.push(host);
        }
    }
    hosts
}

/// The host of a URL of plain http.
fn plain_host(url: &str) -> Option<String> {
    let uri: Uri = url.trim().parse().ok()?;
    (uri.scheme_str() == Some("http")).then(|| uri.host().map(str::to_owned))?
}

/// Whether a list of exceptions, as programs read it, has `host` in it.
fn excepts(list: &str, host: &str) -> bool {
    list.split([',', ' ', '\t'])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            let suffix = entry.trim_start_matches(['*', '.']);
            entry == "*"
                || entry.eq_ignore_ascii_case(host)
                || is_within(entry, host)
                || (!suffix.is_empty()
                    && host.parse::<IpAddr>().is_err()
                    && host
                        .strip_suffix(suffix)
                        .is_some_and(|before| before.is_empty() || before.ends_with('.')))
        })
}

/// Whether an entry such as `169.254.0.0/16` holds the address.
fn is_within(entry: &str, host: &str) -> bool {
    let Some((network, bits)) = entry.split_once('/') else {
        return false;
    };
    let (Ok(IpAddr::V4(network)), Ok(IpAddr::V4(address)), Ok(bits)) =
        (network.parse(), host.parse(), bits.parse::<u32>())
    else {
        return false;
    };
    let Some(unfixed) = 32_u32.checked_sub(bits) else {
        return false;
    };
    let mask = u32::MAX.checked_shl(unfixed).unwrap_or(0);
    network.to_bits() & mask == address.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::excepts;

    #[test]
    fn exceptions_are_read_as_programs_do() {
        for (list, host, expected) in [
            ("169.254.169.254", "169.254.169.254", true),
            ("localhost, 169.254.169.254", "169.254.169.254", true),
            ("*", "169.254.169.254", true),
            ("169.254.0.0/16", "169.254.169.254", true),
            ("0.0.0.0/0", "169.254.169.254", true),
            ("169.254.169.0/25", "169.254.169.254", false),
            ("10.0.0.0/8", "169.254.169.254", false),
            ("169.254.0.0/33", "169.254.169.254", false),
            ("169.254.0.0/x", "169.254.169.254", false),
            ("", "169.254.169.254", false),
            ("254", "169.254.169.254", false),
            (".contoso.test", "agent.contoso.test", true),
            ("contoso.test", "agent.contoso.test", true),
            ("toso.test", "contoso.test", false),
        ] {
            assert_eq!(excepts(list, host), expected, "{list} {host}");
        }
    }
}
