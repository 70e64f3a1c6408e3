//! What each member of a chain would do, and why.
//!
//! [`Diagnosis`] does it, [`Report`] is what it finds out, and [`Situation`] the table of what it knows.

mod claims;
mod display;
mod given;
mod links;
mod look;
mod report;
mod situation;
mod surroundings;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use identity_base::seam::{HttpError, HttpErrorKind};
use identity_base::{AccessToken, Error, ErrorKind, Foreign, TokenRequest};
use identity_runtime::aadsts::{self, AadstsClass};

use self::claims::Claims;
pub use self::given::Given;
pub(crate) use self::given::Managed;
use self::look::Look;
pub use self::report::{Check, Finding, LinkReport, Problem, Report, TokenReport, Verdict};
use self::situation::{LEFT_OUT, MI_REPLACED};
pub use self::situation::{Level, Situation};
use crate::ChainedTokenCredential;
use crate::chained::{Chain, Member, goes_on};

/// How long one member may take: longer than any credential of this library tries (managed identity has the most patience, 90 s), so that its own error is the
/// one that is judged, as the chain judges it.
const LIMIT: Duration = Duration::from_secs(120);
/// The most causes of an error that are shown.
const MAX_CAUSES: usize = 4;

/// Finds out what each member of a chain would do, and why.
///
/// The members are asked for a token in order, as the chain does it, until one answers or stops the chain; what a member needs from the environment, from files
/// and from tools is told of all. The chain itself is left as it is: nobody is chosen. Members that would show a person something are not asked.
///
/// ```no_run
/// use identity_chain::DefaultAzureCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = DefaultAzureCredential::new()?;
/// let report = credential.diagnose("https://storage.azure.com/.default").await;
/// println!("{report}");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Diagnosis {
    chain: ChainedTokenCredential,
    left_out: Vec<&'static str>,
    offline: bool,
}

impl Diagnosis {
    pub(crate) const fn new(chain: ChainedTokenCredential) -> Self {
        Self {
            chain,
            left_out: Vec::new(),
            offline: false,
        }
    }

    pub(crate) fn with_left_out(mut self, left_out: Vec<&'static str>) -> Self {
        self.left_out = left_out;
        self
    }

    /// Whether to look only: no member is asked, no request is sent and no tool started. Default: no.
    #[must_use]
    pub const fn with_offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Does it, for a token for `scope`. Never fails: what fails is in the report.
    pub async fn diagnose(&self, scope: &str) -> Report {
        let chain = self.chain.chain();
        let mut report = Report {
            credential: chain.name,
            scope: Foreign::new(scope, 300).to_string(),
            links: Vec::with_capacity(chain.members.len()),
            winner: None,
            stopped_at: None,
            checks: Vec::new(),
        };
        for member in &chain.members {
            let is_over = report.winner.is_some() || report.stopped_at.is_some();
            let link = self.link(chain, member, scope, is_over).await;
            let name = link.credential;
            match link.verdict {
                Verdict::Works => report.winner = Some(name),
                Verdict::Failed if stops(member, &link) => report.stopped_at = Some(name),
                _ => {}
            }
            report.links.push(link);
        }
        let look = Look {
            options: &chain.options,
            may_ask: !self.offline,
        };
        report.checks = surroundings::checks(&look, scope).await;
        if !self.left_out.is_empty() {
            let finding = Finding::new(&LEFT_OUT, self.left_out.join(", "));
            report.checks.push(Check {
                subject: "program",
                evidence: "built without some credentials".to_owned(),
                finding: Some(finding),
            });
        }
        report
    }

    async fn link(&self, chain: &Chain, member: &Member, scope: &str, is_over: bool) -> LinkReport {
        let credential = &member.credential;
        let mut link = LinkReport::new(credential.name());
        let look = Look {
            options: &chain.options,
            may_ask: !self.offline && !is_over,
        };
        links::inspect(&look, &mut link, &member.given).await;
        if is_over {
            link.verdict = Verdict::NotReached;
            return link;
        }
        if self.offline {
            return link;
        }
        if links::asks_a_person(link.credential) {
            link.evidence.push("asking it would disturb a person".to_owned());
            return link;
        }
        let clock = chain.options.clock();
        let began = clock.now();
        // A user's credential may be among them; its panic is a finding like any other.
        let request = TokenRequest::new(scope)
            .deadline(LIMIT)
            .within_chain(chain.softens);
        let asked = AssertUnwindSafe(async { credential.get_token_with(request).await })
            .catch_unwind()
            .await;
        let outcome =
            asked.unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the credential panicked")));
        let ended = clock.now();
        link.elapsed = ended.since(began);
        match outcome {
            Ok(token) => {
                link.verdict = Verdict::Works;
                link.token = Some(TokenReport::of(&token, ended.wall));
            }
            Err(error) => blame(&mut link, &error, scope),
        }
        link
    }
}

/// Whether the chain stops at a member that failed so.
fn stops(member: &Member, link: &LinkReport) -> bool {
    link.problem.as_ref().is_some_and(|problem| {
        let error = Error::new(problem.kind, "");
        !goes_on(&error, member.role)
    })
}

/// Notes why a member gave no token, and what to do.
fn blame(link: &mut LinkReport, error: &Error, scope: &str) {
    link.verdict = match error.is_unavailable() {
        true => Verdict::Unavailable,
        false => Verdict::Failed,
    };
    let known = error.aadsts().and_then(aadsts::find);
    if link.credential == "ManagedIdentityCredential"
        && let Some(answer) = replaced(error)
    {
        link.findings.push(Finding::new(
            &MI_REPLACED,
            format!("the answer {answer} and not that of a metadata endpoint"),
        ));
    }
    let command = known
        .filter(|entry| entry.class == AadstsClass::SignIn)
        .and_then(|_| links::sign_in(link.credential, scope));
    // Who gave the error knows more than the table does.
    let step = command
        .or_else(|| error.hint().map(str::to_owned))
        .or_else(|| known.map(|entry| entry.hint.to_owned()));
    // What a finding says already is not said twice.
    let is_told = |step: &String| link.findings.iter().any(|finding| finding.fix == *step);
    link.next_step = step.filter(|step| !is_told(step));
    link.problem = Some(Problem::of(error));
}

/// The answer of somebody in the place of a metadata endpoint, if an error of managed identity comes from one. The endpoint itself never answers with success
/// and no token, at length, with a redirect or with the wish for a proxy's password, and it has no gateway in front of it; what it says itself has a code.
fn replaced(error: &Error) -> Option<String> {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<HttpError>());
    if cause.is_some_and(|cause| cause.kind == HttpErrorKind::TooLarge) {
        return Some("was too long".to_owned());
    }
    let status = error.http_status()?;
    let is_foreign = match status {
        403 => error.is_unavailable(),
        200..=399 | 407 | 502 | 504 => error.code().is_none(),
        _ => false,
    };
    is_foreign.then(|| format!("was {status}"))
}

impl Problem {
    fn of(error: &Error) -> Self {
        let mut causes = Vec::new();
        let mut cause = std::error::Error::source(error);
        while let Some(current) = cause.filter(|_| causes.len() < MAX_CAUSES) {
            let text = Foreign::new(&current.to_string(), 300).to_string();
            let is_told = |before: &str| before.contains(&text);
            if !is_told(error.message()) && !causes.iter().any(|before: &String| is_told(before)) {
                causes.push(text);
            }
            cause = current.source();
        }
        Self {
            kind: error.kind(),
            message: Foreign::new(error.message(), 1024).to_string(),
            causes,
            aadsts: error.aadsts(),
            meaning: error.aadsts().and_then(aadsts::find).map(|entry| entry.meaning),
            correlation_id: error.correlation_id().map(str::to_owned),
        }
    }
}

impl TokenReport {
    fn of(token: &AccessToken, now_millis: i64) -> Self {
        let left = token.expires_on_millis().saturating_sub(now_millis);
        let claims = Claims::read(token.secret());
        let of = |names: &[&str]| claims.as_ref().and_then(|claims| claims.first(names));
        Self {
            expires_in: Duration::from_millis(u64::try_from(left).unwrap_or(0)),
            identity: of(&["upn", "preferred_username", "unique_name", "appid", "azp"]),
            tenant: of(&["tid"]),
            audience: claims
                .as_ref()
                .and_then(|claims| claims.audiences().into_iter().next()),
            permissions: claims.as_ref().map(Claims::permissions).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_has_more_time_than_it_takes_by_itself() {
        assert!(identity_runtime::retry::RetryPolicy::metadata().total < LIMIT);
    }
}
