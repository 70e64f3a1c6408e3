//! The headers of every request to Entra.

use http::header::{ACCEPT, HeaderName, HeaderValue, USER_AGENT};
use identity_base::Error;
use identity_base::seam::HttpRequest;

use crate::crypto::guid;
use crate::{ClientOptions, env_vars};

/// Both spellings: the first is the Azure SDKs', the second the one that sign-in logs are searched by.
const REQUEST_IDS: [HeaderName; 2] = [
    HeaderName::from_static("x-ms-client-request-id"),
    HeaderName::from_static("client-request-id"),
];
/// More of the environment's addition to the user agent isn't sent.
const MAX_SUFFIX_BYTES: usize = 256;

/// The headers of one logical request: all its attempts carry the same id.
#[derive(Clone, Debug)]
pub struct RequestHeaders {
    user_agent: HeaderValue,
    id: HeaderValue,
}

impl RequestHeaders {
    /// The headers for a request with the given correlation id, or a new one.
    ///
    /// `User-Agent` is `entra-identity/VERSION (OS; ARCHITECTURE)`, after the application id and before `AZURE_HTTP_USER_AGENT` where these are set.
    ///
    /// # Errors
    /// As [`Random::fill`](identity_base::seam::Random::fill), and [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration)
    /// for an application id or correlation id that can't stand in a header.
    pub fn new(options: &ClientOptions, correlation_id: Option<&str>) -> Result<Self, Error> {
        let id = match correlation_id {
            Some(id) => id.to_owned(),
            None => guid(&**options.random())?,
        };
        Ok(Self {
            user_agent: header(&user_agent(options))?,
            id: header(&id)?,
        })
    }

    /// The id that the service logs.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// Sets the headers on a request.
    #[must_use]
    pub fn apply(&self, request: HttpRequest) -> HttpRequest {
        let [first, second] = REQUEST_IDS;
        request
            .header(USER_AGENT, self.user_agent.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(first, self.id.clone())
            .header(second, self.id.clone())
    }
}

fn user_agent(options: &ClientOptions) -> String {
    let mut text = String::new();
    if let Some(id) = options.application_id() {
        text.push_str(id);
        text.push(' ');
    }
    text.push_str(&format!(
        "entra-identity/{} ({}; {})",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    ));
    // What can't be sent is left out: a variable of another program must not stop this one.
    let suffix = options
        .env()
        .var(env_vars::AZURE_HTTP_USER_AGENT)
        .filter(|suffix| {
            suffix.len() <= MAX_SUFFIX_BYTES && suffix.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
        });
    if let Some(suffix) = suffix {
        text.push(' ');
        text.push_str(&suffix);
    }
    text
}

fn header(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|_| {
        Error::new(
            identity_base::ErrorKind::InvalidConfiguration,
            "the application id or correlation id has characters that can't stand in a header",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Uri;
    use std::collections::HashMap;
    use std::sync::Arc;

    fn options(suffix: &str) -> ClientOptions {
        let env = HashMap::from([("AZURE_HTTP_USER_AGENT".to_owned(), suffix.to_owned())]);
        ClientOptions::default().with_env(Arc::new(env))
    }

    fn agent(options: &ClientOptions) -> String {
        let headers = RequestHeaders::new(options, None).unwrap();
        let request = headers.apply(HttpRequest::get(Uri::from_static("https://h/")));
        let ids: Vec<_> = REQUEST_IDS
            .iter()
            .map(|name| request.headers[name].to_str().unwrap())
            .collect();
        assert_eq!(ids, [headers.correlation_id(); 2]);
        assert_eq!(headers.correlation_id().len(), 36);
        request.headers[USER_AGENT].to_str().unwrap().to_owned()
    }

    #[test]
    fn the_user_agent_names_program_library_and_environment() {
        let own = format!(
            "entra-identity/{} (linux; {})",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::ARCH
        );
        assert_eq!(agent(&options("")), own);
        assert_eq!(
            agent(&options("x/1 y").with_application_id("backup job")),
            format!("backup job {own} x/1 y")
        );
        for bad in ["a\r\nX: y", "é", &"x".repeat(300)] {
            assert_eq!(agent(&options(bad)), own, "{bad:?}");
        }
    }

    #[test]
    fn ids_that_can_not_be_sent_are_an_error() {
        assert!(RequestHeaders::new(&options("").with_application_id("a\nb"), None).is_err());
        assert!(RequestHeaders::new(&options(""), Some("a\nb")).is_err());
    }
}
