//! What was sent.

use std::fmt;

use identity_base::seam::HttpRequest;

/// One request as [`ScriptedHttp`](super::ScriptedHttp) got it, with its parts decoded. `Debug` shows neither query, headers nor body.
#[derive(Clone)]
pub struct RecordedRequest(HttpRequest);

impl RecordedRequest {
    /// A record of `request`.
    #[must_use]
    pub const fn new(request: HttpRequest) -> Self {
        Self(request)
    }

    /// The request itself, with policy and limits.
    #[must_use]
    pub const fn request(&self) -> &HttpRequest {
        &self.0
    }

    /// `GET` or `POST`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.0.method.as_str()
    }

    /// The URL as text.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.uri.to_string()
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.uri.host().unwrap_or_default()
    }

    /// The path, as sent.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.uri.path()
    }

    /// The query's parameters, decoded, in order.
    #[must_use]
    pub fn query(&self) -> Vec<(String, String)> {
        pairs(self.0.uri.query().unwrap_or_default().as_bytes())
    }

    /// A query parameter, decoded.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        value(self.query(), name)
    }

    /// A header's value; `None` when it isn't there or isn't text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name)?.to_str().ok()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// The form's fields, decoded, in order; `None` when the body isn't declared to be a form.
    #[must_use]
    pub fn form(&self) -> Option<Vec<(String, String)>> {
        let declared = self.header("content-type")?;
        declared
            .starts_with("application/x-www-form-urlencoded")
            .then(|| pairs(self.body()))
    }

    /// A field of the form, decoded.
    #[must_use]
    pub fn form_value(&self, name: &str) -> Option<String> {
        value(self.form()?, name)
    }
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

fn value(pairs: Vec<(String, String)>, name: &str) -> Option<String> {
    pairs
        .into_iter()
        .find_map(|(known, value)| (known == name).then_some(value))
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
