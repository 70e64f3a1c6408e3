//! Requests to Entra's token endpoint.
//!
//! A flow fills a [`Grant`] and hands it to an [`EntraClient`], which finds the endpoint, makes sure that the authority may be trusted, sends the
//! request with retries, and reads the answer or the refusal.

mod auth;
mod claims;
mod client;
mod form;
mod grant;
mod granted;
mod headers;
mod lifetime;
mod refusal;
mod response;
mod skew;

pub use auth::ClientAuth;
pub use claims::merge_claims;
pub use client::EntraClient;
pub use form::Form;
pub use grant::Grant;
pub use headers::RequestHeaders;
pub use lifetime::{MAX_LIFETIME, expires_on, lifetime};
pub use response::TokenResponse;
pub use skew::ClockSkew;
