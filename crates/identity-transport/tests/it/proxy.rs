//! Requests through proxies.

mod stub;

use std::sync::Arc;

use identity_base::seam::{ConnectPolicy, HttpClient as _, HttpError, HttpErrorKind};
use identity_base::{Report, Secret};
use identity_testkit::{block_on, env};
use identity_transport::{HyperTransport, HyperTransportBuilder, ProxyConfig};

use crate::support::{Authority, CANARY, HOST, TlsServer, builder, get, post, trusting};
use stub::{Mode, ProxyStub};

/// Sends one request for [`HOST`] through a proxy with this URL, whose place is filled in.
async fn through(
    url: &str,
    mode: Mode,
    configure: impl FnOnce(HyperTransportBuilder, ProxyConfig) -> HyperTransportBuilder,
) -> (Result<(), HttpError>, ProxyStub, TlsServer) {
    let authority = Authority::new();
    let server = TlsServer::answering(authority.issue(|_| {}).config()).await;
    let stub = ProxyStub::start(mode, server.address, Some(&authority)).await;
    let config = ProxyConfig::new(&url.replace("PLACE", &stub.place(url))).unwrap();
    let transport = configure(trusting(&authority), config).build();
    let answer = transport
        .send(post(&server.url("/token")))
        .await
        .map(|answer| assert_eq!(answer.status, 200));
    (answer, stub, server)
}

fn with(builder: HyperTransportBuilder, proxy: ProxyConfig) -> HyperTransportBuilder {
    builder.proxy(proxy)
}

#[test]
fn an_http_proxy_makes_a_tunnel() {
    block_on(async {
        let (answer, stub, server) = through("http://PLACE", Mode::Tunnel, with).await;
        answer.unwrap();
        let port = server.address.port();
        assert_eq!(
            stub.heads(),
            [format!(
                "CONNECT {HOST}:{port} HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n"
            )]
        );
        assert!(server.journal.received().starts_with("POST /token HTTP/1.1\r\n"));
    });
}

#[test]
fn credentials_go_to_the_proxy_alone() {
    block_on(async {
        let (answer, stub, server) = through("http://al%40ice:pa%3Ass@PLACE", Mode::Tunnel, with).await;
        answer.unwrap();
        // `al@ice:pa:ss`.
        assert!(
            stub.heads()[0].contains("\r\nProxy-Authorization: Basic YWxAaWNlOnBhOnNz\r\n"),
            "{:?}",
            stub.heads()
        );
        assert!(!server.journal.received().to_ascii_lowercase().contains("proxy-"));

        let by_call = |builder: HyperTransportBuilder, proxy: ProxyConfig| {
            builder.proxy(proxy.credentials("al@ice", &Secret::new("pa:ss")))
        };
        let (answer, stub, _) = through("PLACE", Mode::Tunnel, by_call).await;
        answer.unwrap();
        assert!(stub.heads()[0].contains("Basic YWxAaWNlOnBhOnNz\r\n"));
    });
}

#[test]
fn a_proxy_behind_tls() {
    block_on(async {
        let (answer, stub, server) = through("https://u:p@PLACE", Mode::Tunnel, with).await;
        answer.unwrap();
        assert!(stub.heads()[0].contains("Basic dTpw\r\n"));
        assert_eq!(server.journal.connections(), 1);
        // By its name, and it has to prove it.
        let (answer, stub, _) = through("https://u:p@PLACE", Mode::TunnelWithWrongCertificate, with).await;
        let error = answer.unwrap_err();
        assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Tls, false));
        assert!(error.message.starts_with("to the proxy"), "{error}");
        assert!(stub.heads().is_empty());
    });
}

#[test]
fn socks5_with_and_without_credentials() {
    block_on(async {
        for (url, user) in [("socks5://PLACE", None), ("socks5h://u:p@PLACE", Some("u:p"))] {
            let (answer, stub, server) = through(url, Mode::Socks { user, reply: 0 }, with).await;
            answer.unwrap();
            // The proxy gets the name, not an address.
            assert_eq!(stub.heads(), [format!("{HOST}:{}", server.address.port())]);
            assert_eq!(server.journal.connections(), 1);
        }
        for (url, mode, kind) in [
            (
                "socks5://PLACE",
                Mode::Socks {
                    user: Some("u:p"),
                    reply: 0,
                },
                HttpErrorKind::Proxy,
            ),
            (
                "socks5://u:wrong@PLACE",
                Mode::Socks {
                    user: Some("u:p"),
                    reply: 0,
                },
                HttpErrorKind::Proxy,
            ),
            (
                "socks5://PLACE",
                Mode::Socks { user: None, reply: 2 },
                HttpErrorKind::Proxy,
            ),
            (
                "socks5://PLACE",
                Mode::Socks { user: None, reply: 5 },
                HttpErrorKind::Connect,
            ),
            (
                "socks5://PLACE",
                Mode::Answer("HTTP/1.1 400 Bad\r\n\r\n"),
                HttpErrorKind::Proxy,
            ),
        ] {
            let (answer, _, server) = through(url, mode, with).await;
            let error = answer.unwrap_err();
            assert_eq!(
                (error.kind, error.request_sent),
                (kind, false),
                "{url} {mode:?}: {error}"
            );
            assert_eq!(server.journal.connections(), 0);
        }
    });
}

#[test]
fn refusals_are_typed_and_nothing_is_sent() {
    block_on(async {
        let long: &'static str =
            Box::leak(format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(20_000)).into_boxed_str());
        for (answer, kind, text) in [
            (
                "HTTP/1.1 407 Needs CNRYauth\r\n\r\n",
                HttpErrorKind::Proxy,
                "refused the user and password",
            ),
            (
                "HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n",
                HttpErrorKind::Proxy,
                "status 403",
            ),
            (
                "HTTP/1.1 302 Moved\r\nlocation: http://x/\r\n\r\n",
                HttpErrorKind::Proxy,
                "status 302",
            ),
            ("HTTP/1.1 502 Bad\r\n\r\n", HttpErrorKind::Connect, "status 502"),
            ("HTTP/1.1 503 Bad\r\n\r\n", HttpErrorKind::Connect, "status 503"),
            ("HTTP/1.1 200 OK\r\n\r\nextra", HttpErrorKind::Proxy, "no tunnel"),
            ("nonsense\r\n\r\n", HttpErrorKind::Proxy, "not HTTP"),
            (long, HttpErrorKind::Proxy, "too long"),
            ("HTTP/1.1 200", HttpErrorKind::Connect, "broke"),
            ("", HttpErrorKind::Connect, "broke"),
        ] {
            let (result, stub, server) =
                through("http://user:CNRYpassword@PLACE", Mode::Answer(answer), with).await;
            let error = result.unwrap_err();
            let shown = format!("{} {error:?}", Report::new(&error));
            assert_eq!(
                (error.kind, error.request_sent),
                (kind, false),
                "{answer:?} {shown}"
            );
            assert!(error.message.contains(text), "{answer:?} {shown}");
            assert!(!shown.contains("CNRY"), "{shown}");
            assert!(!stub.heads().concat().contains(CANARY));
            assert_eq!(server.journal.connections(), 0);
        }
        let (result, ..) = through("PLACE", Mode::Answer("HTTP/1.1 407 No\r\n\r\n"), with).await;
        assert!(result.unwrap_err().message.contains("asks for user and password"));
    });
}

#[test]
fn a_tunnel_is_used_again() {
    block_on(async {
        let authority = Authority::new();
        let server = TlsServer::answering(authority.issue(|_| {}).config()).await;
        let stub = ProxyStub::start(Mode::Tunnel, server.address, None).await;
        let proxy = ProxyConfig::new(&stub.address().to_string()).unwrap();
        let transport = trusting(&authority).proxy(proxy).build();
        for _ in 0..5 {
            transport.send(post(&server.url("/"))).await.unwrap();
        }
        assert_eq!((stub.heads().len(), server.journal.connections()), (1, 1));
        // A request that must not use the proxy must not use its tunnel either.
        let mut direct = ConnectPolicy::new();
        direct.no_proxy = true;
        transport
            .send(post(&server.url("/")).policy(direct))
            .await
            .unwrap();
        assert_eq!((stub.heads().len(), server.journal.connections()), (1, 2));
    });
}

#[test]
fn the_environment_decides_when_nothing_else_is_said() {
    block_on(async {
        let authority = Authority::new();
        let server = TlsServer::answering(authority.issue(|_| {}).config()).await;
        let stub = ProxyStub::start(Mode::Tunnel, server.address, None).await;
        let place = stub.address().to_string();
        let variables = |pairs: &[(&'static str, &str)]| {
            trusting(&authority).env(Arc::new(env(pairs
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())))))
        };
        let mut expected = 0;
        for (transport, proxied) in [
            (variables(&[("HTTPS_PROXY", &place)]), true),
            (variables(&[("https_proxy", &place)]), true),
            (variables(&[("HTTPS_PROXY", &place), ("NO_PROXY", HOST)]), false),
            (variables(&[("HTTPS_PROXY", &place), ("NO_PROXY", "*")]), false),
            (
                variables(&[("HTTPS_PROXY", &place), ("REQUEST_METHOD", "POST")]),
                false,
            ),
            (
                variables(&[("HTTPS_PROXY", &place)]).proxy(ProxyConfig::none()),
                false,
            ),
            (
                variables(&[
                    ("HTTP_PROXY", &place),
                    ("http_proxy", &place),
                    ("ALL_PROXY", &place),
                ]),
                false,
            ),
        ] {
            transport.build().send(post(&server.url("/"))).await.unwrap();
            expected += usize::from(proxied);
            assert_eq!(stub.heads().len(), expected);
        }
        let broken = variables(&[("HTTPS_PROXY", "http://u:CNRY@:1")]).build();
        let error = broken.send(post(&server.url("/"))).await.unwrap_err();
        assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Proxy, false));
        assert!(
            error.message.contains("HTTPS_PROXY") && !format!("{error:?}").contains("CNRY"),
            "{error}"
        );
    });
}

#[test]
fn metadata_endpoints_are_never_asked_through_a_proxy() {
    block_on(async {
        let server = identity_testkit::transport_conformance::RawServer::answering(200, "ok").await;
        let stub = ProxyStub::start(Mode::Tunnel, server.address(), None).await;
        let place = stub.address().to_string();
        let all = [
            "HTTPS_PROXY",
            "https_proxy",
            "HTTP_PROXY",
            "http_proxy",
            "ALL_PROXY",
            "all_proxy",
        ];
        let everything = env(all.map(|name| (name, place.clone())));
        let from_env = HyperTransport::builder().env(Arc::new(everything)).build();
        let given = HyperTransport::builder()
            .proxy(ProxyConfig::new(&place).unwrap())
            .build();
        for transport in [from_env, given] {
            transport
                .send(get(&server.uri("http", "/").to_string()))
                .await
                .unwrap();
        }
        assert_eq!((stub.connections(), server.journal().connections()), (0, 2));
    });
}

#[test]
fn a_proxy_that_is_not_there() {
    block_on(async {
        let nobody = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let proxy = ProxyConfig::new(&nobody.to_string()).unwrap();
        let error = builder()
            .proxy(proxy)
            .build()
            .send(post("https://login.test/"))
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Connect, false));
        assert!(error.message.contains("the proxy"), "{error}");
    });
}
