//! The body of a token request.

use std::borrow::Cow;
use std::fmt;

use form_urlencoded::byte_serialize;
use identity_base::Secret;
use zeroize::Zeroizing;

/// The fields of a form, in order. Secrets stay secret: `Debug` shows names only, and the encoded body is overwritten when dropped.
#[derive(Clone, Default)]
pub struct Form(Vec<(Cow<'static, str>, Value)>);

#[derive(Clone)]
enum Value {
    Plain(Cow<'static, str>),
    Secret(Secret),
}

impl Value {
    fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

impl Form {
    /// A form without fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets a field. A field of that name is replaced in its place.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) {
        self.put(name.into(), Value::Plain(value.into()));
    }

    /// Sets a field to a secret.
    pub fn set_secret(&mut self, name: impl Into<Cow<'static, str>>, value: Secret) {
        self.put(name.into(), Value::Secret(value));
    }

    fn put(&mut self, name: Cow<'static, str>, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// A field's value, unless it is a secret.
    #[must_use]
    pub fn plain(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(known, value)| match value {
            Value::Plain(text) if known == name => Some(&**text),
            _ => None,
        })
    }

    /// The secrets in the form, so that an echo of them can be recognised.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().filter_map(|(_, value)| match value {
            Value::Secret(secret) => Some(secret),
            Value::Plain(_) => None,
        })
    }

    /// The encoded form. Its buffer is made once in the right size, so that no copies stay behind.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let length: usize = self
            .0
            .iter()
            .map(|(name, value)| encoded_length(name) + encoded_length(value.expose()) + 2)
            .sum();
        let mut body = Zeroizing::new(Vec::with_capacity(length));
        for (name, value) in &self.0 {
            if !body.is_empty() {
                body.push(b'&');
            }
            byte_serialize(name.as_bytes()).for_each(|part| body.extend_from_slice(part.as_bytes()));
            body.push(b'=');
            byte_serialize(value.expose().as_bytes())
                .for_each(|part| body.extend_from_slice(part.as_bytes()));
        }
        body
    }
}

fn encoded_length(text: &str) -> usize {
    byte_serialize(text.as_bytes()).map(str::len).sum()
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_in_order_without_growing() {
        let mut form = Form::new();
        form.set("client_id", "a b");
        form.set_secret("client_secret", Secret::new("s3cret&=%+é"));
        form.set("scope", "x");
        form.set("client_id", "c");
        let body = form.encode();
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            "client_id=c&client_secret=s3cret%26%3D%25%2B%C3%A9&scope=x"
        );
        assert_eq!(
            body.capacity(),
            body.len() + 1,
            "one separator too many is counted, and nothing grew"
        );
        assert!(Form::new().encode().is_empty());
    }

    #[test]
    fn debug_shows_names_only() {
        let mut form = Form::new();
        form.set("scope", "plain");
        form.set_secret("code", Secret::new("CNRYCNRY"));
        assert_eq!(format!("{form:?}"), "{\"scope\", \"code\"}");
        assert_eq!(form.plain("scope"), Some("plain"));
        assert_eq!(form.plain("code"), None);
    }
}
