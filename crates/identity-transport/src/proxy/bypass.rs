//! `NO_PROXY`: the hosts that are asked directly.

use std::net::IpAddr;

use super::server::split_port;

/// A list of hosts.
#[derive(Clone, Debug, Default)]
pub(super) struct Bypass(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Hosts {
    All,
    /// The name and all below it; in lower case, without dots at its ends.
    Domain(String),
    /// The addresses whose first `prefix` bits are those of the address.
    Network {
        address: IpAddr,
        prefix: u32,
    },
}

impl Bypass {
    /// Reads a list that is separated by commas or white space.
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_ascii_whitespace());
        Self(
            entries
                .filter(|entry| !entry.is_empty())
                .filter_map(parse_rule)
                .collect(),
        )
    }

    /// Whether `host` is on the list. It is in lower case, an IPv6 address without its brackets.
    pub(super) fn matches(&self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        self.0
            .iter()
            .filter(|rule| rule.port.is_none_or(|only| only == port))
            .any(|rule| match (&rule.hosts, address) {
                (Hosts::All, _) => true,
                (
                    Hosts::Network {
                        address: network,
                        prefix,
                    },
                    Some(address),
                ) => within(address, *network, *prefix),
                (Hosts::Domain(domain), None) => {
                    let above = host.strip_suffix(domain.as_str());
                    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
                }
                _ => false,
            })
    }
}

fn parse_rule(entry: &str) -> Option<Rule> {
    if entry == "*" {
        return Some(Rule {
            hosts: Hosts::All,
            port: None,
        });
    }
    if let Some((address, prefix)) = entry.split_once('/') {
        let address: IpAddr = address
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok()?;
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= bits(address))?;
        return Some(Rule {
            hosts: Hosts::Network { address, prefix },
            port: None,
        });
    }
    let (host, port) = split_port(entry)?;
    let hosts = match host.parse::<IpAddr>() {
        Ok(address) => {
            let address = address.to_canonical();
            Hosts::Network {
                address,
                prefix: bits(address),
            }
        }
        Err(_) => {
            let name = host
                .strip_prefix("*.")
                .unwrap_or(host)
                .trim_matches('.')
                .to_ascii_lowercase();
            // A `*` elsewhere has no meaning that all tools share.
            if name.is_empty() || name.contains('*') {
                return None;
            }
            Hosts::Domain(name)
        }
    };
    Some(Rule { hosts, port })
}

const fn bits(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Whether the first `prefix` bits are the same.
fn within(address: IpAddr, network: IpAddr, prefix: u32) -> bool {
    let difference = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()) ^ u128::from(b.to_bits())) << 96,
        (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() ^ b.to_bits(),
        _ => return false,
    };
    difference.leading_zeros() >= prefix
}
