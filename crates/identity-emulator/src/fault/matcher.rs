//! Which requests a rule meets.

use serde::{Deserialize, Serialize};

use crate::routes::Route;

/// The conditions of a rule; those that are absent hold for every request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Matcher {
    /// A name for the journal and the administration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) route: Option<Route>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
    /// Only the request of this number, counted from 1 over those that meet the other conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nth: Option<u64>,
    /// Only requests after this many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<u64>,
    /// At most this often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<u64>,
}

/// What a rule looks at in a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) route: Route,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) grant: Option<&'a str>,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) client_id: Option<&'a str>,
}

impl Matcher {
    /// Whether the request is one that the rule counts. `None` stands for a connection, which has no facts yet.
    pub(super) fn counts(&self, facts: Option<Facts<'_>>) -> bool {
        let Some(facts) = facts else { return true };
        let text = |wanted: &Option<String>, given: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| given.is_some_and(|given| given.eq_ignore_ascii_case(wanted)))
        };
        self.route.is_none_or(|route| route == facts.route)
            && text(&self.method, Some(facts.method))
            && text(&self.path, Some(facts.path))
            && text(&self.grant, facts.grant)
            && text(&self.tenant, facts.tenant)
            && text(&self.client_id, facts.client_id)
    }

    /// Whether the rule applies to the request it counted as number `seen`, having been applied `applied` times.
    pub(super) fn applies(&self, seen: u64, applied: u64) -> bool {
        self.nth.is_none_or(|nth| seen == nth)
            && self.after.is_none_or(|after| seen > after)
            && self.times.is_none_or(|times| applied < times)
    }
}
