//! Proxy URLs, the environment, and who is asked directly.

use std::collections::HashMap;

use http::Uri;

use super::*;

fn env(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn target(url: &str) -> Target {
    Target::parse(&url.parse::<Uri>().unwrap()).unwrap()
}

/// The proxy for a URL by default policy, as `host:port`.
fn chosen(config: &ProxyConfig, url: &str) -> Option<String> {
    config
        .server_for(&target(url), &ConnectPolicy::new())
        .map(|server| format!("{}:{}", server.host, server.port))
}

#[test]
fn urls_are_taken_apart() {
    for (url, scheme, host, port, credentials) in [
        ("proxy.test", ProxyScheme::Http, "proxy.test", 80, None),
        ("proxy.test:3128", ProxyScheme::Http, "proxy.test", 3128, None),
        ("http://Proxy.Test/", ProxyScheme::Http, "proxy.test", 80, None),
        ("HTTPS://proxy.test", ProxyScheme::Https, "proxy.test", 443, None),
        (
            "socks5://proxy.test",
            ProxyScheme::Socks5,
            "proxy.test",
            1080,
            None,
        ),
        ("socks5h://[::1]:9", ProxyScheme::Socks5, "::1", 9, None),
        ("http://10.0.0.1:8080", ProxyScheme::Http, "10.0.0.1", 8080, None),
        (
            "http://u:p@proxy.test:1",
            ProxyScheme::Http,
            "proxy.test",
            1,
            Some(("u", "p")),
        ),
        (
            "u:p@proxy.test",
            ProxyScheme::Http,
            "proxy.test",
            80,
            Some(("u", "p")),
        ),
        (
            "http://u@proxy.test",
            ProxyScheme::Http,
            "proxy.test",
            80,
            Some(("u", "")),
        ),
        (
            "http://d%5Cu:p%40%3a%C3%A4@h",
            ProxyScheme::Http,
            "h",
            80,
            Some(("d\\u", "p@:ä")),
        ),
        (
            "http://u:p@ss@h:7",
            ProxyScheme::Http,
            "h",
            7,
            Some(("u", "p@ss")),
        ),
        ("http://u:100%@h", ProxyScheme::Http, "h", 80, Some(("u", "100%"))),
        ("http://u:a:b@h", ProxyScheme::Http, "h", 80, Some(("u", "a:b"))),
    ] {
        let server = ProxyServer::parse(url).unwrap();
        assert_eq!(
            (
                server.scheme,
                server.host.as_str(),
                server.port,
                server.user_and_password()
            ),
            (scheme, host, port, credentials),
            "{url}"
        );
    }
}

#[test]
fn bad_urls_are_refused_without_being_repeated() {
    for url in [
        "",
        "http://",
        "ftp://CNRY@h",
        "http://CNRY:CNRY@",
        "http://CNRY@h:99999",
        "http://CNRY@h:port",
        "http://CNRY@[::1",
        "http://CNRY@ho st",
        "http://CNRY@h\r\nx",
        "http://CNRY%0d%0a:x@h",
        "http://CNRY%ff@h",
        "http://h:+80",
    ] {
        let error = ProxyConfig::new(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{url:?}");
        assert!(!format!("{error} {error:?}").contains("CNRY"), "{error}");
    }
}

#[test]
fn credentials_are_encoded_and_never_shown() {
    let config = ProxyConfig::new("http://h")
        .unwrap()
        .credentials("Aladdin", &Secret::new("open sesame"));
    let server = config.server.as_ref().unwrap();
    assert_eq!(
        server.basic_authorization().unwrap().as_str(),
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    );
    for text in [
        format!("{config:?}"),
        format!("{config:#?}"),
        format!("{server:?}"),
    ] {
        assert!(
            !text.contains("Aladdin") && !text.contains("sesame") && !text.contains("QWxh"),
            "{text}"
        );
    }
    assert!(
        ProxyConfig::new("http://h")
            .unwrap()
            .server
            .unwrap()
            .basic_authorization()
            .is_none()
    );
}

#[test]
fn the_environment_names_a_proxy_for_https_alone() {
    let url = "https://login.test/";
    for (pairs, expected) in [
        (&[][..], None),
        (&[("HTTPS_PROXY", "a")], Some("a:80")),
        (&[("https_proxy", "b:1")], Some("b:1")),
        (&[("https_proxy", "b"), ("HTTPS_PROXY", "a")], Some("b:80")),
        (&[("https_proxy", ""), ("HTTPS_PROXY", "a")], Some("a:80")),
        (
            &[
                ("HTTP_PROXY", "a"),
                ("http_proxy", "a"),
                ("ALL_PROXY", "a"),
                ("all_proxy", "a"),
            ],
            None,
        ),
        (&[("HTTPS_PROXY", "a"), ("REQUEST_METHOD", "GET")], None),
        (&[("HTTPS_PROXY", "a"), ("NO_PROXY", "login.test")], None),
        (
            &[
                ("HTTPS_PROXY", "a"),
                ("no_proxy", "other.test"),
                ("NO_PROXY", "login.test"),
            ],
            Some("a:80"),
        ),
    ] {
        let config = ProxyConfig::from_env(&env(pairs)).unwrap();
        assert_eq!(chosen(&config, url).as_deref(), expected, "{pairs:?}");
        assert_eq!(chosen(&config, "http://127.0.0.1/"), None, "{pairs:?}");
    }
    let error = ProxyConfig::from_env(&env(&[("HTTPS_PROXY", "http://u:CNRY@")])).unwrap_err();
    assert!(
        error.to_string().contains("HTTPS_PROXY") && !error.to_string().contains("CNRY"),
        "{error}"
    );
}

#[test]
fn metadata_endpoints_and_plain_http_are_never_proxied() {
    let config = ProxyConfig::new("http://proxy.test").unwrap();
    let metadata = ConnectPolicy::metadata();
    for url in [
        "http://169.254.169.254/metadata",
        "https://node.fabric.test:2377/",
    ] {
        assert!(config.server_for(&target(url), &metadata).is_none(), "{url}");
    }
    assert!(
        config
            .server_for(&target("http://127.0.0.1/"), &ConnectPolicy::new())
            .is_none()
    );
    assert!(
        config
            .server_for(&target("https://login.test/"), &ConnectPolicy::new())
            .is_some()
    );
    assert_eq!(chosen(&ProxyConfig::none(), "https://login.test/"), None);
}

#[test]
fn no_proxy_table() {
    for (list, url, direct) in [
        ("*", "https://login.test/", true),
        ("", "https://login.test/", false),
        ("login.test", "https://login.test/", true),
        ("LOGIN.Test", "https://login.test/", true),
        ("login.test", "https://login.test.:443/", true),
        ("login.test.", "https://login.test/", true),
        ("test", "https://login.test/", true),
        (".test", "https://login.test/", true),
        (".login.test", "https://login.test/", true),
        ("*.test", "https://a.login.test/", true),
        ("*.test", "https://login.testing/", false),
        ("ogin.test", "https://login.test/", false),
        ("login.test", "https://notlogin.test/", false),
        ("login.test", "https://login.test.evil/", false),
        ("a,login.test", "https://login.test/", true),
        ("a , login.test", "https://login.test/", true),
        ("a login.test\tb", "https://login.test/", true),
        (",,", "https://login.test/", false),
        ("login.test:443", "https://login.test/", true),
        ("login.test:8443", "https://login.test/", false),
        ("login.test:x", "https://login.test/", false),
        ("lo*.test", "https://login.test/", false),
        ("10.0.0.0/8", "https://10.255.1.2/", true),
        ("10.0.0.0/8", "https://11.0.0.1/", false),
        ("10.0.0.0/8", "https://login.test/", false),
        ("10.1.2.3", "https://10.1.2.3/", true),
        ("10.1.2.3", "https://10.1.2.30/", false),
        ("10.1.2.3:8443", "https://10.1.2.3:8443/", true),
        ("10.1.2.3:8443", "https://10.1.2.3/", false),
        ("0.0.0.0/0", "https://8.8.8.8/", true),
        ("0.0.0.0/0", "https://[2001:db8::1]/", false),
        ("192.168.1.128/25", "https://192.168.1.200/", true),
        ("192.168.1.128/25", "https://192.168.1.100/", false),
        ("10.0.0.0/33", "https://10.0.0.1/", false),
        ("10.0.0.0/x", "https://10.0.0.1/", false),
        ("fd00::/8", "https://[fd12::1]/", true),
        ("fd00::/8", "https://[fe80::1]/", false),
        ("::1", "https://[::1]/", true),
        ("[::1]", "https://[::1]/", true),
        ("[::1]:8443", "https://[::1]:8443/", true),
        ("[::1]:8443", "https://[::1]/", false),
        ("1", "https://10.0.0.1/", false),
        ("127.0.0.1", "https://[::ffff:127.0.0.1]/", true),
    ] {
        let config = ProxyConfig::new("http://proxy.test").unwrap().bypass(list);
        assert_eq!(chosen(&config, url).is_none(), direct, "{list:?} {url}");
    }
}
