//! The identity-binding proxy of AKS: token requests go to a proxy in the cluster, which may stand for more workloads than a directory has federated
//! credentials.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Uri};
use identity_base::seam::{
    Env, FileMetadata, FileSystem, HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    ReadOptions, ServerIdentity,
};
use identity_base::{BoxFuture, Error, ErrorKind};
use identity_runtime::ClientOptions;
use identity_runtime::env_vars::{
    AZURE_KUBERNETES_CA_DATA, AZURE_KUBERNETES_CA_FILE, AZURE_KUBERNETES_SNI_NAME,
    AZURE_KUBERNETES_TOKEN_PROXY,
};

use crate::oidc::service_url;

/// A bundle of roots is smaller than this.
const MAX_CA_BYTES: u64 = 256 * 1024;

/// Sends token requests to the proxy instead: its address, and the request's path below the proxy's own.
pub(super) struct BindingProxy {
    inner: Arc<dyn HttpClient>,
    base: Uri,
    server_name: Option<Arc<str>>,
    roots: Roots,
}

/// What the proxy's certificate is verified by.
enum Roots {
    /// The usual ones.
    Public,
    /// These.
    Fixed(Arc<[u8]>),
    /// Those in a file, which may be replaced at any time.
    File(RootsFile),
}

struct RootsFile {
    path: PathBuf,
    files: Arc<dyn FileSystem>,
    last: Mutex<Option<(FileMetadata, Arc<[u8]>)>>,
}

impl BindingProxy {
    /// The proxy that the environment names; `None` when it names none.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] for a URL that isn't plain https, for roots given twice, and for settings of a proxy that isn't named.
    pub(super) fn from_env(options: &ClientOptions) -> Result<Option<Self>, Error> {
        let env: &dyn Env = &**options.env();
        let settings = [
            AZURE_KUBERNETES_SNI_NAME,
            AZURE_KUBERNETES_CA_FILE,
            AZURE_KUBERNETES_CA_DATA,
        ];
        let Some(url) = env.var(AZURE_KUBERNETES_TOKEN_PROXY) else {
            return match settings.into_iter().find(|name| env.var(name).is_some()) {
                None => Ok(None),
                Some(name) => Err(invalid(format!(
                    "{name} is set, but {AZURE_KUBERNETES_TOKEN_PROXY} is not"
                ))),
            };
        };
        let base = service_url(AZURE_KUBERNETES_TOKEN_PROXY, &url)?;
        if base.query().is_some() {
            return Err(invalid(format!(
                "{AZURE_KUBERNETES_TOKEN_PROXY} has a query, which is not allowed"
            )));
        }
        let roots = match (
            env.var(AZURE_KUBERNETES_CA_FILE),
            env.var(AZURE_KUBERNETES_CA_DATA),
        ) {
            (Some(_), Some(_)) => {
                return Err(invalid(format!(
                    "{AZURE_KUBERNETES_CA_FILE} and {AZURE_KUBERNETES_CA_DATA} are both set; one of them is enough"
                )));
            }
            (Some(path), None) => Roots::File(RootsFile {
                path: path.into(),
                files: Arc::clone(options.file_system()),
                last: Mutex::new(None),
            }),
            (None, Some(pem)) => Roots::Fixed(pem.into_bytes().into()),
            (None, None) => Roots::Public,
        };
        let server_name = env.var(AZURE_KUBERNETES_SNI_NAME).map(Arc::from);
        if server_name.is_some() && matches!(roots, Roots::Public) {
            return Err(invalid(format!(
                "{AZURE_KUBERNETES_SNI_NAME} is set, but neither {AZURE_KUBERNETES_CA_FILE} nor {AZURE_KUBERNETES_CA_DATA}"
            )));
        }
        Ok(Some(Self {
            inner: options.http(),
            base,
            server_name,
            roots,
        }))
    }

    /// The same request to the proxy.
    async fn redirect(&self, mut request: HttpRequest) -> Result<HttpRequest, HttpError> {
        request.uri = rewritten(&self.base, &request.uri).ok_or_else(|| {
            HttpError::before_sending(HttpErrorKind::Protocol, "the request can't be sent to the proxy")
        })?;
        // It is one of the cluster's own services, which nothing outside has to see.
        request.policy.no_proxy = true;
        let pem = match &self.roots {
            Roots::Public => return Ok(request),
            Roots::Fixed(pem) => Arc::clone(pem),
            Roots::File(file) => file.read().await?,
        };
        request.policy.server = ServerIdentity::Roots {
            pem,
            server_name: self.server_name.clone(),
        };
        Ok(request)
    }
}

impl RootsFile {
    /// The roots. The file is read when it changed; while it is being replaced (empty or unreadable) those of before are used.
    async fn read(&self) -> Result<Arc<[u8]>, HttpError> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((seen, pem)) = &last {
            let metadata = self.files.metadata(&self.path, false).await;
            if metadata.is_ok_and(|metadata| metadata == *seen) {
                return Ok(Arc::clone(pem));
            }
        }
        let read = self
            .files
            .read(&self.path, ReadOptions::new().max_bytes(MAX_CA_BYTES))
            .await;
        match (read, last) {
            (Ok((pem, metadata)), _) if is_whole(&pem) => {
                let pem: Arc<[u8]> = Arc::from(pem.as_slice());
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((metadata, Arc::clone(&pem)));
                Ok(pem)
            }
            (_, Some((_, pem))) => Ok(pem),
            (Ok(_), None) => Err(HttpError::before_sending(
                HttpErrorKind::Tls,
                format!("the file that {AZURE_KUBERNETES_CA_FILE} names holds no whole certificate"),
            )),
            (Err(error), None) => Err(HttpError::before_sending(
                HttpErrorKind::Tls,
                format!("the file that {AZURE_KUBERNETES_CA_FILE} names can't be read"),
            )
            .with_source(error)),
        }
    }
}

/// Whether the text holds certificates, each with its end: a file that is being written does not.
fn is_whole(pem: &[u8]) -> bool {
    let count = |line: &[u8]| pem.windows(line.len()).filter(|part| *part == line).count();
    let begun = count(b"-----BEGIN CERTIFICATE-----");
    begun > 0 && begun == count(b"-----END CERTIFICATE-----")
}

/// `uri` on the host of `base`, its path below that of `base`.
fn rewritten(base: &Uri, uri: &Uri) -> Option<Uri> {
    let authority = base.authority()?.as_str();
    let prefix = base.path().trim_end_matches('/');
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("https://{authority}{prefix}{}{query}", uri.path())
        .parse()
        .ok()
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfiguration, message).with_hint(
        "AKS sets these variables together; unset them, or don't turn the identity-binding proxy on",
    )
}

impl HttpClient for BindingProxy {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            // Token requests are what the proxy understands; others (discovery, the region) go their own way.
            let request = match request.method == Method::POST {
                true => self.redirect(request).await?,
                false => request,
            };
            self.inner.send(request).await
        })
    }
}

impl fmt::Debug for BindingProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BindingProxy")
            .field("host", &self.base.host())
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_below_the_proxys_path() {
        for (base, uri, expected) in [
            ("https://proxy", "https://login/t/token", "https://proxy/t/token"),
            (
                "https://proxy/",
                "https://login/t/token?a=b",
                "https://proxy/t/token?a=b",
            ),
            (
                "https://proxy:8443/pre",
                "https://login/t",
                "https://proxy:8443/pre/t",
            ),
            (
                "https://proxy/pre/fix/",
                "https://login:1/",
                "https://proxy/pre/fix/",
            ),
        ] {
            let rewritten = rewritten(&base.parse().unwrap(), &uri.parse().unwrap()).unwrap();
            assert_eq!(rewritten.to_string(), expected);
        }
    }
}
