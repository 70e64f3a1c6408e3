//! Single flight, watched where requests leave: no two for the same token of one credential at the same time.

use std::collections::HashSet;
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
    chained: bool,
    ledger: Arc<Ledger>,
    under_way: UnderWay,
}

/// The tokens that are being asked for.
#[derive(Clone, Debug, Default)]
struct UnderWay(Arc<Mutex<HashSet<String>>>);

/// One of them, until the request is over or given up.
#[derive(Debug)]
struct Flying {
    all: UnderWay,
    key: String,
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn HttpClient>, flow: usize, chained: bool, ledger: Arc<Ledger>) -> Self {
        Self {
            inner,
            flow,
            chained,
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
            let apart = match () {
                () if marks::is_challenged(id) => " challenged",
                () if self.chained && !marks::is_called(id) => " in the background",
                () => "",
            };
            let _flying = match key(&uri, &request.body, apart) {
                None => None,
                Some(key) => match self.under_way.take_off(key) {
                    Ok(flying) => Some(flying),
                    Err(key) => {
                        let told = format!("two requests at once for {key}");
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
    fn take_off(&self, key: String) -> Result<Flying, String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.insert(key.clone()) {
            true => Ok(Flying {
                all: self.clone(),
                key,
            }),
            false => Err(key),
        }
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.key);
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
        let first = under_way.take_off("k".to_owned()).unwrap();
        assert!(under_way.take_off("k".to_owned()).is_err());
        assert!(under_way.take_off("l".to_owned()).is_ok());
        drop(first);
        assert!(under_way.take_off("k".to_owned()).is_ok());
    }
}
