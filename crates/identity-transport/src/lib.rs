//! The default HTTP transport of the Entra (Azure) credential crates.
//!
//! [`HyperTransport`] implements [`HttpClient`](identity_base::seam::HttpClient) over hyper and rustls. Credentials make one by themselves when they
//! are given none; a program names it to set a proxy, extra roots or its own seams:
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::Arc;
//! use identity_base::seam::{Env, HttpClient};
//! use identity_transport::{HyperTransport, ProxyConfig};
//!
//! let proxy = ProxyConfig::new("http://proxy.contoso.com:3128")?.bypass("10.0.0.0/8, .internal.contoso.com");
//! let transport: Arc<dyn HttpClient> = Arc::new(HyperTransport::builder().proxy(proxy).build());
//!
//! // Or as the environment says; `identity-runtime` has the real one.
//! let env: Arc<dyn Env> = Arc::new(HashMap::from([("HTTPS_PROXY".to_owned(), "proxy.contoso.com:3128".to_owned())]));
//! let transport = HyperTransport::builder().env(env).build();
//! # Ok::<(), identity_base::Error>(())
//! ```
//!
//! # What it promises
//!
//! - **Nothing happens in a constructor**: no thread, no file, no variable is read before the first request. Building one is cheap.
//! - **Roots** are read once a transport, at its first TLS connection, on a thread of their own.
//! - **Connections** are pooled for each tokio runtime, at most eight idle ones a host, for 60 s idle and 5 min in all; a connection that ran into a time
//!   limit or broke is never used again. When a runtime ends, its connections are closed.
//! - **TLS** is 1.2 or newer, without early data and key log. The cryptographic provider is always passed explicitly: no process-wide default is
//!   installed or used, so other users of rustls in the same program don't matter.
//! - **Answers** are bounded: 64 KiB and 100 fields of head, the request's cap for the body, enforced while it arrives. Redirects are
//!   answers like others. An encoded body is refused.
//! - **Errors** say what failed and whether any byte of the request may have left the machine.
//!
//! A connection that the server closed while it was idle is noticed before it is used. If it breaks all the same before any byte of the answer, the
//! request is sent once more on a new connection, but only if none of its bytes were written, or if its method is idempotent (GET).
//!
//! # Environment variables
//!
//! Read through the [`Env`](identity_base::seam::Env) seam, once, at the first request that needs them. Empty ones count as unset.
//!
//! | variable | meaning |
//! |---|---|
//! | `https_proxy`, `HTTPS_PROXY` | the proxy for https, the lower-case one first: see [`ProxyConfig`] |
//! | `no_proxy`, `NO_PROXY` | the hosts that are asked directly |
//! | `REQUEST_METHOD` | if set, the program runs as CGI, where clients can set `*_PROXY`: they are ignored |
//! | `SSL_CERT_FILE`, `SSL_CERT_DIR` | roots that replace the platform's, as PEM |
//!
//! `HTTP_PROXY`, `http_proxy` and `ALL_PROXY` are not used: plain http is only ever sent to the machine itself or its platform's metadata endpoints, and
//! those are never asked through a proxy.
//!
//! # Features
//!
//! `http2` offers HTTP/2 to servers; `aws-lc` does TLS with AWS-LC in place of ring; `webpki-roots` compiles Mozilla's roots in, for systems that have none.
//! None is on by default.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod builder;
mod clock;
mod connect;
mod detached;
mod exchange;
mod failure;
mod limits;
mod message;
mod pool;
mod process;
mod proxy;
mod resolver;
mod target;
mod tls;
mod transport;

pub use builder::HyperTransportBuilder;
pub use proxy::ProxyConfig;
pub use resolver::SystemResolver;
pub use transport::HyperTransport;
