//! What all builders here have in common.

use identity_base::{ClientId, Error, Secret, TenantId};
use identity_runtime::entra::EntraClient;
use identity_runtime::{ClientOptions, TenantPolicy};

use super::{Application, Regional, once};
use crate::proof::{AssertionOptions, CertificateProof, CertificateSource, Proof};
use crate::region::Regions;

/// The settings of an application before they are checked.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) tenant_id: String,
    pub(crate) client_id: String,
    pub(crate) options: ClientOptions,
    pub(crate) additionally_allowed_tenants: Vec<String>,
    pub(crate) region: Option<String>,
    #[cfg(feature = "cache")]
    pub(crate) kept: crate::kept::KeptSetup,
}

/// The settings of a certificate before it is read.
#[derive(Clone, Debug)]
pub(crate) struct CertificateSetup {
    pub(crate) source: CertificateSource,
    pub(crate) password: Option<Secret>,
    pub(crate) assertions: AssertionOptions,
}

impl CertificateSetup {
    pub(crate) fn new(source: CertificateSource) -> Self {
        Self {
            source,
            password: None,
            assertions: AssertionOptions::default(),
        }
    }
}

/// The settings of a proof before they are checked.
#[derive(Clone, Debug)]
pub(crate) enum ProofSetup {
    Public,
    Secret(Secret),
    Certificate(Box<CertificateSetup>),
    Assertion(identity_runtime::assertion::AssertionSource),
}

impl ProofSetup {
    /// Checks the settings. A certificate's file is read here.
    pub(crate) fn build(self, client_id: &ClientId, options: &ClientOptions) -> Result<Proof, Error> {
        match self {
            Self::Public => Ok(Proof::Public),
            Self::Secret(secret) => Proof::secret(secret),
            Self::Assertion(source) => Ok(Proof::Assertion(source)),
            Self::Certificate(setup) => {
                let CertificateSetup {
                    source,
                    password,
                    assertions,
                } = *setup;
                CertificateProof::new(source, password, client_id.clone(), assertions, options)
                    .map(Proof::certificate)
            }
        }
    }
}

impl Setup {
    pub(crate) fn new(tenant_id: &str, client_id: &str) -> Self {
        Self {
            tenant_id: tenant_id.to_owned(),
            client_id: client_id.to_owned(),
            options: ClientOptions::default(),
            additionally_allowed_tenants: Vec::new(),
            region: None,
            #[cfg(feature = "cache")]
            kept: crate::kept::KeptSetup::default(),
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) that names the first wrong value.
    pub(crate) fn build(self, name: &'static str, proof: ProofSetup) -> Result<Application, Error> {
        self.checked(name, proof)
            .map_err(|error| error.with_credential(name))
    }

    fn checked(self, name: &'static str, proof: ProofSetup) -> Result<Application, Error> {
        let client_id = ClientId::parse(&self.client_id)?;
        let tenant = TenantId::parse(&self.tenant_id)?;
        let tenants = TenantPolicy::new(tenant).allow(&self.additionally_allowed_tenants)?;
        self.options.validate()?;
        // The environment is asked once, so that a credential never changes its authority.
        let authority = self.options.authority()?;
        let options = self.options.with_authority(authority);
        #[cfg(feature = "cache")]
        let kept = self.kept.build(&options)?;
        let regional = Regions::new(self.region.as_deref(), &options)?.map(|regions| Regional {
            regions,
            client: EntraClient::new(&once(&options), name),
        });
        Ok(Application {
            name,
            proof: proof.build(&client_id, &options)?,
            client_id,
            tenants,
            client: EntraClient::new(&options, name),
            regional,
            #[cfg(feature = "cache")]
            kept,
        })
    }
}

/// The methods of every builder whose settings are in `self.setup`.
macro_rules! setup_methods {
    () => {
        /// Sets authority, transport, retries, clock, observer and the like. Default: [`ClientOptions::default`].
        pub fn with_options(mut self, options: &ClientOptions) -> Self {
            self.setup.options = options.clone();
            self
        }

        /// Allows requests for other tenants than the credential's own; `*` allows all. Default: none.
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
    };
    (region) => {
        $crate::application::setup_methods!();

        /// Asks the token service of a region, such as `westeurope`, or of the region the program runs in with `tryautodetect`. When it can't be
        /// reached, the global service is asked for ten minutes.
        ///
        /// Default: `AZURE_REGIONAL_AUTHORITY_NAME`, then `MSAL_FORCE_REGION`, else the global service.
        pub fn with_region(mut self, region: impl Into<String>) -> Self {
            self.setup.region = Some(region.into());
            self
        }
    };
    (cache) => {
        $crate::application::setup_methods!(region);

        /// Keeps the application's tokens beyond the process, where MSAL and azure-identity for Python find them too: the next process needs no request
        /// while a token is valid and no refresh is due. Default: in memory only.
        ///
        /// Whoever reads the cache can use the tokens until they expire. A cache that can't be read or written never stops a program.
        #[cfg(feature = "cache")]
        #[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
        pub fn with_cache_persistence(
            mut self,
            options: identity_cache::TokenCachePersistenceOptions,
        ) -> Self {
            self.setup.kept.persistence = Some(options);
            self
        }

        /// Shares token caches with other credentials; goes before [`with_cache_persistence`](Self::with_cache_persistence). Closing one of the credentials
        /// wipes them from memory. Default: caches of its own.
        #[cfg(feature = "cache")]
        #[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
        pub fn with_token_caches(mut self, caches: &identity_cache::TokenCaches) -> Self {
            self.setup.kept.caches = Some(caches.clone());
            self
        }
    };
}
pub(crate) use setup_methods;
