//! Building a chain.

use std::borrow::Cow;
use std::sync::Arc;

use identity_base::{Error, ErrorKind, TokenCredential};
use identity_runtime::ClientOptions;

use super::ChainedTokenCredential;
use super::selection::{Chain, Member, Role};
use crate::diagnosis::Given;

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
    softens: bool,
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
            softens: true,
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

    /// Adds a developer tool: the chain goes on past any of its failures, since a tool on a developer's machine may be there without being meant. So does
    /// [`DefaultAzureCredential`](crate::DefaultAzureCredential) with its tools.
    pub fn push_developer_tool(self, credential: Arc<dyn TokenCredential>) -> Self {
        self.member(credential, Role::DeveloperTool)
    }

    fn member(mut self, credential: Arc<dyn TokenCredential>, role: Role) -> Self {
        self.members.push(Member {
            credential,
            role,
            given: Given::default(),
        });
        self
    }

    /// Says what the program gave the member that was added last in place of environment variables, so that a diagnosis doesn't miss it. Changes nothing else.
    pub fn given(mut self, given: Given) -> Self {
        if let Some(member) = self.members.last_mut() {
            member.given = given;
        }
        self
    }

    /// Whether members are told that others wait to be tried, so that they decide quickly whether they are set up at all. Default: yes. A chain of one
    /// member that shall do what it does alone says no.
    pub fn with_softening(mut self, softens: bool) -> Self {
        self.softens = softens;
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
            self.softens,
            self.hint,
        ))))
    }
}
