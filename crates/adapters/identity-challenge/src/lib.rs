//! Reads the `WWW-Authenticate` headers by which a service asks for another token, and tells which requests may carry one.
//!
//! A service that takes part in continuous access evaluation answers 401 when it no longer accepts a token, and says in the header which claims the next
//! one must have. [`claims`] finds them; the text goes to `TokenRequest::claims` as it is.
//!
//! ```
//! use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};
//!
//! let mut headers = HeaderMap::new();
//! let challenge = r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;
//! headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
//! assert_eq!(identity_challenge::claims(&headers).as_deref(), Some(r#"{"access_token":{}}"#));
//! ```
//!
//! Nothing here panics or grows beyond the header that it reads; what can't be understood is no challenge.
//!
//! [`require_https`] is what the adapters for HTTP clients ask before they sign a request.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod challenge;
mod claims;
mod https;

pub use challenge::{Challenge, parse};
pub use claims::{claims, claims_in};
pub use https::{PlainHttpRefused, require_https};
