//! The provider.

use identity_base::BearerTokenProvider;
#[cfg(any(feature = "object_store_0_13", feature = "object_store_0_14"))]
use identity_base::Error;

/// The scope of Azure Storage in the public cloud and, as it names no account, in the others too.
pub const SCOPE: &str = "https://storage.azure.com/.default";
/// What object_store calls its Azure store in errors.
#[cfg(any(feature = "object_store_0_13", feature = "object_store_0_14"))]
pub(crate) const STORE: &str = "MicrosoftAzure";

/// A [`BearerTokenProvider`] as object_store's `AzureCredentialProvider`.
///
/// The store asks for a credential before each request. While the token stays the same it gets the same `Arc`: nothing is copied, and what is allocated
/// is the future that object_store's trait wants in a box. object_store's type owns the token's text without erasing it.
///
/// When there is no token the store's error is `Error::Generic`, with ours as its source; object_store doesn't try again, since credentials have.
///
/// Share one (`Arc`) among the stores of an account: each has a copy of the token of its own otherwise.
#[derive(Debug)]
pub struct ForObjectStore {
    pub(crate) provider: BearerTokenProvider,
    #[cfg(feature = "object_store_0_13")]
    pub(crate) v0_13: crate::converted::Converted<object_store_0_13::azure::AzureCredential>,
    #[cfg(feature = "object_store_0_14")]
    pub(crate) v0_14: crate::converted::Converted<object_store_0_14::azure::AzureCredential>,
}

impl ForObjectStore {
    /// Hands out the tokens of `provider`, which is best made for [`SCOPE`].
    #[must_use]
    pub fn new(provider: BearerTokenProvider) -> Self {
        Self {
            provider,
            #[cfg(feature = "object_store_0_13")]
            v0_13: crate::converted::Converted::default(),
            #[cfg(feature = "object_store_0_14")]
            v0_14: crate::converted::Converted::default(),
        }
    }

    /// Where the tokens come from.
    #[must_use]
    pub const fn provider(&self) -> &BearerTokenProvider {
        &self.provider
    }
}

/// The error as the source of theirs.
#[cfg(any(feature = "object_store_0_13", feature = "object_store_0_14"))]
pub(crate) fn source(error: Error) -> Box<dyn std::error::Error + Send + Sync> {
    Box::new(error)
}
