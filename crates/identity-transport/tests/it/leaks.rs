//! Secrets of requests and proxies, and where they must not be: under the leak guard.

use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderValue};
use identity_base::seam::{ConnectPolicy, HttpClient as _, HttpRequest};
use identity_testkit::leak_guard::{self, LeakGuard};
use identity_testkit::transport_conformance::{RawServer, Step};
use identity_testkit::{Gate, env};
use identity_transport::{HyperTransport, ProxyConfig};
use zeroize::Zeroizing;

use crate::support::{Authority, HOST, TlsServer, builder, distinct_limits, trusting};

/// A POST with a secret in the query, a header and the body.
fn request(guard: &LeakGuard, url: &str) -> HttpRequest {
    let query = guard.secret("code in the query");
    let url = format!("{url}?code={}", query.expose());
    let body =
        Zeroizing::new(format!("client_secret={}", guard.secret("client secret").expose()).into_bytes());
    let mut bearer = HeaderValue::from_str(guard.secret("bearer").expose()).unwrap();
    bearer.set_sensitive(true);
    HttpRequest::post_form(url.parse().unwrap(), body).header(AUTHORIZATION, bearer)
}

async fn send(guard: &LeakGuard, transport: &HyperTransport, request: HttpRequest) -> bool {
    guard.check(&request);
    let answer = transport.send(request).await;
    guard.check(transport);
    match &answer {
        Ok(answer) => drop(guard.check(answer)),
        Err(error) => drop(guard.check_error(error)),
    }
    answer.is_ok()
}

#[test]
fn neither_success_nor_failure_shows_a_secret() {
    leak_guard::run(async |guard| {
        let authority = Authority::new();
        let token = guard.secret("token in the answer");
        let answer = format!(
            "HTTP/1.1 200 OK\r\nx-token: {0}\r\ncontent-length: {1}\r\n\r\n{0}",
            token.expose(),
            token.expose().len()
        );
        let good = vec![Step::Request, Step::send(&answer)];
        let secure = TlsServer::start(authority.issue(|_| {}).config(), vec![good.clone()]).await;
        let transport = trusting(&authority).build();
        assert!(send(&guard, &transport, request(&guard, &secure.url("/"))).await);
        // Certificate and name.
        assert!(!send(&guard, &builder().build(), request(&guard, &secure.url("/"))).await);
        let by_address = format!("https://{}/", secure.address);
        assert!(!send(&guard, &transport, request(&guard, &by_address)).await);

        // Answers that hold the secret and are wrong in other ways.
        let plain = HyperTransport::new();
        let echo = token.expose();
        for script in [
            vec![Step::Request, Step::Reset],
            vec![Step::Request, Step::send(&format!("{echo}\r\n\r\n"))],
            vec![
                Step::Request,
                Step::send(&format!("HTTP/1.1 200 OK\r\n{echo}\r\n\r\n")),
            ],
            vec![
                Step::Request,
                Step::send(&format!("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{echo}")),
            ],
            vec![
                Step::Request,
                Step::send(&format!(
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{echo}"
                )),
            ],
            vec![
                Step::Request,
                Step::send(&format!(
                    "HTTP/1.1 200 OK\r\ncontent-encoding: {echo}\r\n\r\n{echo}"
                )),
            ],
            vec![Step::Request, Step::Flood(echo.as_bytes().to_vec())],
            vec![Step::Wait(Gate::closed())],
        ] {
            let server = RawServer::start(vec![script]).await;
            let mut limits = distinct_limits();
            limits.first_byte = std::time::Duration::from_millis(100);
            let url = server.uri("http", "/").to_string();
            let request = request(&guard, &url)
                .policy(ConnectPolicy::metadata())
                .timeouts(limits);
            assert!(!send(&guard, &plain, request).await);
        }
    });
}

#[test]
fn a_proxys_password_is_seen_by_the_proxy_alone() {
    leak_guard::run(async |guard| {
        let authority = Authority::new();
        let secure = TlsServer::answering(authority.issue(|_| {}).config()).await;
        let password = guard.secret_with_symbols("proxy password");
        for answer in [
            "HTTP/1.1 407 No\r\n\r\n",
            "HTTP/1.1 502 No\r\n\r\n",
            "no\r\n\r\n",
            "",
        ] {
            let proxy = RawServer::start(vec![vec![Step::Request, Step::send(answer)]]).await;
            let config = ProxyConfig::new(&proxy.address().to_string())
                .unwrap()
                .credentials("user", &password);
            guard.check(&config);
            let transport = trusting(&authority).proxy(config).build();
            assert!(!send(&guard, &transport, request(&guard, &secure.url("/"))).await);
        }
        // Also one that can't be used at all.
        let variable = format!("http://user:{}@:0/", guard.secret("in the environment").expose());
        let broken = builder().env(Arc::new(env([("HTTPS_PROXY", variable)])));
        guard.check(&broken);
        let broken = broken.build();
        assert!(!send(&guard, &broken, request(&guard, &format!("https://{HOST}/"))).await);
        assert!(secure.journal.received().is_empty());
    });
}
