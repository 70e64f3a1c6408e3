//! An embeddable Microsoft Entra double for tests of clients: the identity that fails on demand.
//!
//! It speaks Entra's token protocol over TLS with a certificate authority of its own, signs real RS256 tokens, refuses
//! what Entra refuses with Entra's own error documents, and on top of that does what no real service will do for you:
//! it fails exactly where a test says, keeps time by a clock that the test moves, and remembers every request.
//!
//! It runs on a thread of its own, so that it works under every async runtime and under none, beside any number of
//! others, and ends when it is dropped. It is for tests: nothing in it protects anything.
//!
//! ```
//! use std::time::Duration;
//! use identity_emulator::{App, Emulator, Fault, Resource, Route, Tenant};
//!
//! let emulator = Emulator::builder()
//!     .tenant(Tenant::fixed())
//!     .app(App::confidential("daemon").secret("s3cret").role("Files.Read.All"))
//!     .resource(Resource::new("https://orders.contoso.test"))
//!     .start_blocking()?;
//!
//! // Point a client here, and have it trust this certificate.
//! let (authority, trusted) = (emulator.authority(), emulator.ca_pem());
//! let (tenant, client) = (emulator.tenant_id(), emulator.client_id_of("daemon"));
//!
//! // The first two token requests are throttled.
//! emulator.fault(Fault::on(Route::Token).times(2).status(429).retry_after(Duration::from_secs(1)));
//!
//! // … the client runs; then time passes, and the journal says what it asked.
//! emulator.clock().advance(Duration::from_secs(3600));
//! emulator.requests().token().exactly(0).with_form("grant_type", "client_credentials");
//! # let _ = (authority, trusted, tenant, client);
//! # Ok::<_, identity_emulator::StartError>(())
//! ```
//!
//! Programs in other languages drive it over HTTP: `GET /_admin` lists how.

mod answer;
mod browser;
mod builder;
mod call;
mod catalogue;
mod certificates;
mod clock;
mod emulator;
mod error;
mod fault;
mod ids;
mod journal;
mod jwt;
mod mint;
mod model;
mod people;
mod refusal;
mod registry;
mod routes;
mod script;
mod server;
mod sessions;
mod signing;
mod test_certificate;
mod token;
mod tools;
mod world;

pub use browser::EmulatedBrowser;
pub use builder::Builder;
pub use call::Listener;
pub use catalogue::Aadsts;
pub use certificates::WrongCertificate;
pub use clock::EmulatorClock;
pub use emulator::Emulator;
pub use error::StartError;
pub use fault::{Fault, FaultHandle, Gate, ResetAt};
pub use journal::{Connections, Outcome, RecordedRequest, Requests};
pub use mint::{CodeRequest, UserTokenRequest};
pub use model::{
    App, CiHost, DEFAULT_CLIENT_ID, DEFAULT_GITHUB_REQUEST_TOKEN, DEFAULT_IDENTITY_HEADER,
    DEFAULT_MSI_SECRET, DEFAULT_SECRET, DEFAULT_SERVICE_CONNECTION_ID, DEFAULT_SYSTEM_ACCESS_TOKEN,
    DEFAULT_TENANT_ID, ExpiresOn, FederatedCredential, Host, HostKind, ManagedIdentity, Resource, Tenant,
    TokenVersion, User,
};
pub use routes::Route;
pub use script::SignIn;
pub use test_certificate::TestCertificate;
pub use tools::{DeveloperTool, FakeTools, ToolAnswer, ToolCall};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
