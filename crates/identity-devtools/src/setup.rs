//! What the builders of the three command line tools have in common.

use std::path::PathBuf;
use std::time::Duration;

use identity_base::{Error, ErrorKind, TenantId};
use identity_runtime::{ClientOptions, TenantPolicy};

use crate::tool::{Kind, Tool};

/// How long a tool may take for one answer. They need about a second; more than ten means that something is wrong.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The settings before they are checked.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) options: ClientOptions,
    pub(crate) tenant_id: Option<String>,
    pub(crate) additionally_allowed_tenants: Vec<String>,
    pub(crate) timeout: Duration,
    pub(crate) path: Option<PathBuf>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            options: ClientOptions::default(),
            tenant_id: None,
            additionally_allowed_tenants: Vec::new(),
            timeout: TIMEOUT,
            path: None,
        }
    }
}

impl Setup {
    /// Checks the settings.
    pub(crate) fn build(self, kind: Kind) -> Result<Tool, Error> {
        self.checked(kind)
            .map_err(|error| error.with_credential(kind.credential))
    }

    fn checked(self, kind: Kind) -> Result<Tool, Error> {
        let tenants = tenants(self.tenant_id.as_deref(), &self.additionally_allowed_tenants)?;
        if self.timeout.is_zero() {
            return Err(invalid("a time limit of zero leaves the tool no time at all"));
        }
        if self.path.as_ref().is_some_and(|path| !path.is_absolute()) {
            return Err(invalid("the program's path is not absolute")
                .with_hint("a relative path would depend on where this program was started"));
        }
        self.options.validate()?;
        Ok(Tool {
            kind,
            tenants,
            path: self.path,
            timeout: self.timeout,
            options: self.options,
        })
    }
}

/// The tenants that may be asked for. Without one of its own a credential leaves the choice to the tool, and a request may name any.
pub(crate) fn tenants(own: Option<&str>, allowed: &[String]) -> Result<TenantPolicy, Error> {
    match own.filter(|tenant| !tenant.is_empty()) {
        Some(tenant) => TenantPolicy::new(TenantId::parse(tenant)?).allow(allowed),
        None => TenantPolicy::without_own().allow(allowed),
    }
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidConfiguration, message)
}

/// The methods of every builder whose settings are in `self.setup`.
macro_rules! setup_methods {
    () => {
        /// Sets the tenant to ask for. Default, also for an empty text: whichever the tool is signed in to.
        pub fn with_tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
            self.setup.tenant_id = Some(tenant_id.into());
            self
        }

        /// Allows requests for other tenants than the credential's own; `*` allows all. Default: none. A credential without a tenant of its own may be
        /// asked for any.
        pub fn with_additionally_allowed_tenants<I>(mut self, tenants: I) -> Self
        where
            I: IntoIterator,
            I::Item: Into<String>,
        {
            self.setup
                .additionally_allowed_tenants
                .extend(tenants.into_iter().map(Into::into));
            self
        }

        /// Sets how long one run of the tool may take, from its start to the end of its output. Then it is killed with all that it started. Default: 10 s.
        ///
        /// At most four tools run at once; the time for which one has to wait for its turn isn't counted.
        pub fn with_process_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.setup.timeout = timeout;
            self
        }

        /// Runs this program, an absolute path. Default: the one that is found in the absolute directories of `PATH`; never one in the current directory.
        ///
        /// One that everybody may write to, or to whose folder everybody may, is not run.
        ///
        /// No file and no environment variable can set this.
        pub fn with_program_path(mut self, path: impl Into<std::path::PathBuf>) -> Self {
            self.setup.path = Some(path.into());
            self
        }

        /// Sets clock, environment, process runner, observer and the like. Default: [`ClientOptions::default`].
        pub fn with_options(mut self, options: &ClientOptions) -> Self {
            self.setup.options = options.clone();
            self
        }
    };
}
pub(crate) use setup_methods;

/// Makes a struct around a `Cached` a credential: everything is forwarded.
macro_rules! forward_credential {
    ($credential:ident) => {
        impl identity_base::TokenCredential for $credential {
            #[inline]
            fn get_token_with(
                &self,
                request: identity_base::TokenRequest<'_>,
            ) -> identity_base::TokenFuture<'_> {
                self.0.get_token_with(request)
            }

            fn handle(&self, scopes: &[&str]) -> Option<identity_base::TokenHandle> {
                self.0.handle(scopes)
            }

            fn close(&self) -> identity_base::CloseFuture<'_> {
                self.0.close()
            }

            fn name(&self) -> &'static str {
                NAME
            }
        }
    };
}
pub(crate) use forward_credential;
