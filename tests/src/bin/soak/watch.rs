//! Single flight, watched where requests leave: no two for the same token of one credential at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entra_identity::BoxFuture;
use entra_identity::seam::{HttpClient, HttpError, HttpRequest, HttpResponse};

use crate::ledger::Ledger;
use crate::marks;

/// The transport of one credential.
#[derive(Debug)]
pub(crate) struct Watched {
    inner: Arc<dyn HttpClient>,
    flow: usize,
    /// How many requests for one token there may be at once.
    most: usize,
    ledger: Arc<Ledger>,
    under_way: UnderWay,
}

/// The tokens that are being asked for.
#[derive(Clone, Debug, Default)]
struct UnderWay(Arc<Mutex<HashMap<String, usize>>>);

/// One of them, until the request is over or given up.
#[derive(Debug)]
struct Flying {
    all: UnderWay,
    key: String,
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn HttpClient>, flow: usize, most: usize, ledger: Arc<Ledger>) -> Self {
        Self {
            inner,
            flow,
            most,
            ledger,
            under_way: UnderWay::default(),
        }
    }
}

impl HttpClient for Watched {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            let uri = request.uri.to_string();
            let id = request.headers.get("x-ms-client-request-id");
            // A host's endpoint isn't told of claims; the credential tells them apart all the same.
            let id = id.and_then(|id| id.to_str().ok()).unwrap_or_default();
            let apart = if marks::is_challenged(id) {
                " challenged"
            } else {
                ""
            };
            let _flying = match key(&uri, &request.body, apart) {
                None => None,
                Some(key) => match self.under_way.take_off(key, self.most) {
                    Ok(flying) => Some(flying),
                    Err(key) => {
                        let told = format!("more than {} at once for {key}", self.most);
                        self.ledger.violation(self.flow, &told);
                        None
                    }
                },
            };
            self.inner.send(request).await
        })
    }
}

impl UnderWay {
    /// Counts a request in, unless there are `most` already.
    fn take_off(&self, key: String, most: usize) -> Result<Flying, String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(key.clone()).or_default();
        if *count >= most {
            return Err(key);
        }
        *count += 1;
        Ok(Flying {
            all: self.clone(),
            key,
        })
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                all.remove(&self.key);
            }
        }
    }
}

/// What token a request is for: the address without its query, the API or scopes, and the claims. `None` for requests that name no API, such as those for
/// id tokens.
fn key(uri: &str, body: &[u8], apart: &str) -> Option<String> {
    let (address, query) = uri.split_once('?').unwrap_or((uri, ""));
    let body = std::str::from_utf8(body).unwrap_or_default();
    let field = |name: &str| {
        [query, body]
            .into_iter()
            .flat_map(|text| text.split('&'))
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let wanted = field("scope").or_else(|| field("resource"))?;
    Some(format!(
        "{address} {wanted} {}{apart}",
        field("claims").unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::{UnderWay, key};

    #[test]
    fn tokens_are_told_apart_by_tenant_scope_and_claims_but_not_by_grants() {
        let of = |body: &str| key("https://h/t/oauth2/v2.0/token", body.as_bytes(), "");
        let plain = of("grant_type=a&client_secret=x&scope=s").unwrap();
        assert_eq!(plain, of("scope=s&grant_type=b").unwrap());
        assert!(!plain.contains('x'));
        assert_ne!(plain, of("scope=s2").unwrap());
        assert_ne!(plain, of("scope=s&claims=c").unwrap());
        assert_ne!(
            plain,
            key("https://h/u/oauth2/v2.0/token", b"scope=s", "").unwrap()
        );
        assert_eq!(of("grant_type=urn:device&device_code=d"), None);
        assert_eq!(
            key("http://h/metadata?resource=r&v=1", b"", ""),
            key("http://h/metadata?v=1&resource=r", b"", "")
        );
        assert_ne!(
            key("http://h/metadata?resource=r", b"", ""),
            key("http://h/metadata?resource=r", b"", " challenged")
        );
    }

    #[test]
    fn a_second_request_for_the_same_token_is_found_until_the_first_is_over() {
        let under_way = UnderWay::default();
        let take_off = |key: &str, most| under_way.take_off(key.to_owned(), most);
        let first = take_off("k", 1).unwrap();
        assert!(take_off("k", 1).is_err());
        assert!(take_off("l", 1).is_ok());
        let second = take_off("k", 2).unwrap();
        assert!(take_off("k", 2).is_err(), "a third");
        drop((first, second));
        assert!(take_off("k", 1).is_ok() && under_way.0.lock().unwrap().is_empty());
    }
}
