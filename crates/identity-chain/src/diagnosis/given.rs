//! What a program said in place of environment variables.

/// What a program gave a credential in place of environment variables, so that a diagnosis doesn't miss it there: see
/// [`ChainBuilder::given`](crate::ChainBuilder::given). [`DefaultAzureCredential`](crate::DefaultAzureCredential) says it of its members by itself.
///
/// ```
/// use identity_chain::diagnosis::Given;
/// let given = Given::new().with_tenant_id("contoso.com").with_client_id("44444444-4444-4444-4444-444444444444");
/// # let _ = given;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Given {
    pub(crate) tenant_id: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) username: Option<String>,
    #[cfg_attr(
        not(feature = "managed"),
        expect(dead_code, reason = "managed identity, of which it tells, is left out")
    )]
    pub(crate) managed: Managed,
}

/// How a managed identity credential was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Managed {
    /// By a program, which doesn't say how.
    #[default]
    ByProgram,
    /// As a member of the default chain: its identity is that of `AZURE_CLIENT_ID` unless the program says otherwise.
    ByDefault {
        /// Whether the program asks for the host's own identity.
        is_system: bool,
        /// Whether it does the token exchange of AKS as well.
        exchanges: bool,
    },
}

impl Given {
    /// Nothing so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tenant, in place of `AZURE_TENANT_ID`.
    pub fn with_tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant_id.into());
        self
    }

    /// The client id, in place of `AZURE_CLIENT_ID`; of a managed identity, the one that is asked for.
    pub fn with_client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Whose account is meant, in place of `AZURE_USERNAME`.
    pub fn with_username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// What was given, by name: nothing of it is a secret.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("tenant", &self.tenant_id),
            ("client id", &self.client_id),
            ("account", &self.username),
        ]
        .into_iter()
        .filter_map(|(what, value)| Some((what, value.as_deref()?)))
    }
}
