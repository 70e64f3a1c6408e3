//! Whether a connection stays on this machine.

use std::net::IpAddr;

/// Whether `host` is this machine by its name or address. A path is a socket of this machine.
pub(crate) fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for local in [
            "localhost",
            "LocalHost",
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "[::1]",
            "/run/postgresql",
        ] {
            assert!(is_local(local), "{local}");
        }
        for remote in [
            "",
            "10.0.0.1",
            "localhost.example.com",
            "name.postgres.database.azure.com",
            "::ffff:8.8.8.8",
        ] {
            assert!(!is_local(remote), "{remote}");
        }
    }
}
