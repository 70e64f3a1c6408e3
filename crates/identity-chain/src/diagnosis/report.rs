//! What a diagnosis found out.

use std::time::Duration;

use identity_base::ErrorKind;

use super::situation::{Level, Situation};

/// What a diagnosis found out. `Display` is the form for people; with the feature `serde` it can be serialised, under names that are stable.
///
/// It names variables, files, tools, tenants and accounts. It never holds a secret: no token, no key, no password, no value of a secret variable.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Report {
    /// The chain that was diagnosed.
    pub credential: &'static str,
    /// What a token was asked for.
    pub scope: String,
    /// Each member, in order.
    pub links: Vec<LinkReport>,
    /// The first member that gave a token: the one that would be used.
    pub winner: Option<&'static str>,
    /// The member whose failure stops the chain.
    pub stopped_at: Option<&'static str>,
    /// What concerns all members: clock, network, proxy, clouds, caches.
    pub checks: Vec<Check>,
}

/// One member.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LinkReport {
    /// The credential's type name.
    pub credential: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen: variables by name, files with their ages, tools with their versions.
    pub evidence: Vec<String>,
    /// What should be changed.
    pub findings: Vec<Finding>,
    /// Why there is no token.
    pub problem: Option<Problem>,
    /// What is known about the token.
    pub token: Option<TokenReport>,
    /// What to do next.
    pub next_step: Option<String>,
    /// How long the member took. Serialised in milliseconds, as `elapsed_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "elapsed_ms", serialize_with = "serialize::millis")
    )]
    pub elapsed: Duration,
}

/// How a member ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Verdict {
    /// It gave a token.
    Works,
    /// It isn't set up here, or needs a person: the chain goes on.
    Unavailable,
    /// It was refused, or broke.
    Failed,
    /// A member before it gave a token, or stopped the chain.
    NotReached,
    /// Nobody was asked, or asking would disturb a person.
    NotAsked,
}

/// Why there is no token.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Problem {
    /// The error's kind. Serialised in words, such as `authentication_failed`.
    #[cfg_attr(feature = "serde", serde(serialize_with = "serialize::kind"))]
    pub kind: ErrorKind,
    /// The error's own message.
    pub message: String,
    /// Its causes, the nearest first.
    pub causes: Vec<String>,
    /// Entra's code, if it gave one.
    pub aadsts: Option<u32>,
    /// What that code means, if it is known.
    pub meaning: Option<&'static str>,
    /// The id by which Entra's support finds the request.
    pub correlation_id: Option<String>,
}

/// What is known about a token, read from its claims without verifying them.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TokenReport {
    /// How long it is still valid. Serialised in seconds, as `expires_in`.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "expires_in", serialize_with = "serialize::seconds")
    )]
    pub expires_in: Duration,
    /// The user's name, else the application's id.
    pub identity: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// For whom the token is.
    pub audience: Option<String>,
    /// Its roles and scopes, if it names any.
    pub permissions: Vec<String>,
}

/// Something that concerns all members.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Check {
    /// What was looked at: `clock`, `network`, `proxy`, `cloud`, `cache` or `program`.
    pub subject: &'static str,
    /// What was seen.
    pub evidence: String,
    /// What should be changed.
    pub finding: Option<Finding>,
}

/// A situation that was recognised.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Finding {
    /// The id of the [`Situation`].
    pub id: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What was seen.
    pub message: String,
    /// What to do.
    pub fix: String,
}

impl Finding {
    /// A finding of `situation`, with what it says to do.
    pub(crate) fn new(situation: &Situation, message: impl Into<String>) -> Self {
        Self {
            id: situation.id,
            level: situation.level,
            message: message.into(),
            fix: situation.fix.to_owned(),
        }
    }

    /// The same with something more exact to do.
    pub(crate) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }
}

impl LinkReport {
    pub(crate) fn new(credential: &'static str) -> Self {
        Self {
            credential,
            verdict: Verdict::NotAsked,
            evidence: Vec::new(),
            findings: Vec::new(),
            problem: None,
            token: None,
            next_step: None,
            elapsed: Duration::ZERO,
        }
    }
}

impl Report {
    /// Every finding, of the members and of what concerns all of them.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let of_links = self.links.iter().flat_map(|link| &link.findings);
        of_links.chain(self.checks.iter().filter_map(|check| check.finding.as_ref()))
    }

    /// The member of this type name.
    #[must_use]
    pub fn link(&self, credential: &str) -> Option<&LinkReport> {
        self.links.iter().find(|link| link.credential == credential)
    }
}

#[cfg(feature = "serde")]
mod serialize {
    //! Forms that other programs read easily.

    use std::time::Duration;

    use identity_base::ErrorKind;
    use serde::Serializer;

    pub(super) fn millis<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(duration.as_secs())
    }

    /// `AuthenticationFailed` as `authentication_failed`.
    pub(super) fn kind<S: Serializer>(kind: &ErrorKind, serializer: S) -> Result<S::Ok, S::Error> {
        let mut words = String::new();
        for letter in format!("{kind:?}").chars() {
            if letter.is_ascii_uppercase() && !words.is_empty() {
                words.push('_');
            }
            words.push(letter.to_ascii_lowercase());
        }
        serializer.serialize_str(&words)
    }
}
