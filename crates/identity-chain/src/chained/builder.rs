//! Building a chain.

use std::borrow::Cow;
use std::sync::Arc;

use identity_base::{Error, ErrorKind, TokenCredential};
use identity_runtime::ClientOptions;

use super::ChainedTokenCredential;
use super::selection::{Chain, Member, Role};

/// Builds a [`ChainedTokenCredential`].
///
/// ```
/// use std::sync::Arc;
/// use identity_base::TokenCredential;
/// use identity_chain::ChainedTokenCredential;
/// # fn example(deployed: Arc<dyn TokenCredential>, tool: Arc<dyn TokenCredential>) -> Result<(), identity_base::Error> {
/// let credential = ChainedTokenCredential::builder().push(deployed).push_developer_tool(tool).build()?;
/// # let _ = credential; Ok(()) }
/// ```
#[derive(Debug)]
#[must_use]
pub struct ChainBuilder {
    members: Vec<Member>,
    options: ClientOptions,
    name: &'static str,
    hint: Cow<'static, str>,
}

/// What to do when no member gave a token.
pub(crate) const HINT: &str = "`entra doctor` checks each of them and says what is missing";

impl ChainBuilder {
    /// A chain that takes its clock from `options`; diagnosis looks through their seams as well.
    pub fn new(options: &ClientOptions) -> Self {
        Self {
            members: Vec::new(),
            options: options.clone(),
            name: "ChainedTokenCredential",
            hint: Cow::Borrowed(HINT),
        }
    }

    /// Sets the name in errors, logs and reports.
    pub(crate) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Sets what an error says to do next.
    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Adds a member: a failure other than "unavailable" stops the chain.
    pub fn push(self, credential: Arc<dyn TokenCredential>) -> Self {
        self.member(credential, Role::Ordinary)
    }

    /// Adds a developer tool: the chain goes on past any of its failures, since a tool on a developer's machine may be there without being meant.
    pub fn push_developer_tool(self, credential: Arc<dyn TokenCredential>) -> Self {
        self.member(credential, Role::DeveloperTool)
    }

    fn member(mut self, credential: Arc<dyn TokenCredential>, role: Role) -> Self {
        self.members.push(Member { credential, role });
        self
    }

    /// The finished chain.
    ///
    /// # Errors
    /// [`InvalidConfiguration`](ErrorKind::InvalidConfiguration) when it has no member.
    pub fn build(self) -> Result<ChainedTokenCredential, Error> {
        if self.members.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                "a chain needs at least one credential",
            )
            .with_credential(self.name));
        }
        Ok(ChainedTokenCredential(Arc::new(Chain::new(
            self.name,
            self.members,
            self.options,
            self.hint,
        ))))
    }
}
