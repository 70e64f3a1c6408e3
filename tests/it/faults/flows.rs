//! The flows: every way to a token, with the request of it that faults meet.

mod hosts;
mod made;
mod people;
mod services;
mod tools;

pub(super) use made::secret;
pub(super) use tools::tool;

use std::sync::Arc;
use std::time::Duration;

use entra_identity::{BoxFuture, ClientOptions, TokenCredential};
use identity_emulator::{Fault, Route};

use super::stage::Stage;

/// The application of people, which can't keep a secret.
pub(super) const DESKTOP: &str = "88888888-8888-8888-8888-888888888888";
/// What services ask for, and the host's identity.
pub(super) const SCOPE: &str = crate::support::SCOPE;
/// What people ask for first, and later.
pub(super) const USER_SCOPE: &str = "https://graph.microsoft.com/User.Read";
pub(super) const OTHER_SCOPE: &str = "https://graph.microsoft.com/Mail.Read";

/// What stands behind the request that is met, which decides how a failure of it is dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Entra's token endpoint.
    Entra,
    /// The same for a grant that is good once: never repeated once it was sent.
    Once,
    /// The same, asked again and again until a person has signed in.
    Poll,
    /// A build system's id tokens.
    Oidc,
    /// A sign-in's first steps: device code, user realm, the organization's server.
    Start,
    /// What confirms an authority.
    Discovery,
    /// Where the machine is: the global service is asked if nobody says.
    Region,
    /// The metadata service of a virtual machine.
    Imds,
    /// The metadata service behind a probe, in a chain.
    Probe,
    /// An endpoint of the machine itself.
    Host,
    /// The same, asked with a key that is good once.
    Key,
    /// A token that is due for its refresh and good for a while yet.
    Soft,
    /// A token that is kept and good for a while.
    Kept,
    /// A developer tool.
    Tool,
    /// A sign-in in a browser.
    Browser,
    /// A cache in a file.
    File,
}

impl Kind {
    /// Whether it is a token endpoint of Entra that is asked.
    pub(super) fn is_entra(self) -> bool {
        matches!(self, Self::Entra | Self::Once | Self::Poll | Self::Soft)
    }

    /// Whether an endpoint of the host is asked.
    pub(super) fn is_host(self) -> bool {
        matches!(self, Self::Imds | Self::Host | Self::Key)
    }

    /// Whether it is asked by HTTP.
    pub(super) fn is_http(self) -> bool {
        !matches!(self, Self::Kept | Self::Tool | Self::Browser | Self::File)
    }
}

type Make = for<'a> fn(&'a Stage, ClientOptions) -> BoxFuture<'a, Arc<dyn TokenCredential>>;

/// A flow, and the request in it that faults meet.
#[derive(Clone, Copy)]
pub(super) struct Flow {
    /// Its name in the table and in reports.
    pub(super) id: &'static str,
    pub(super) kind: Kind,
    /// The request that is met.
    pub(super) route: Route,
    /// The grant of it, where the same route serves several.
    pub(super) grant: Option<&'static str>,
    /// How many requests of this route come before the one that is met.
    pub(super) skip: u64,
    pub(super) make: Make,
    pub(super) scope: &'static str,
    /// A scope that is asked for first, without a fault.
    pub(super) before: Option<&'static str>,
    /// The age of that token when the fault begins.
    pub(super) age: Duration,
}

impl Flow {
    const fn new(id: &'static str, kind: Kind, route: Route, make: Make) -> Self {
        Self {
            id,
            kind,
            route,
            grant: None,
            skip: 0,
            make,
            scope: SCOPE,
            before: None,
            age: Duration::ZERO,
        }
    }

    const fn grant(mut self, grant: &'static str) -> Self {
        self.grant = Some(grant);
        self
    }

    const fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    const fn scope(mut self, scope: &'static str) -> Self {
        self.scope = scope;
        self
    }

    /// `scope` is asked for first.
    const fn after(mut self, scope: &'static str) -> Self {
        self.before = Some(scope);
        self
    }

    const fn aged(mut self, seconds: u64) -> Self {
        self.before = Some(self.scope);
        self.age = Duration::from_secs(seconds);
        self
    }

    /// A rule for the request that is met.
    pub(super) fn rule(&self) -> Fault {
        let rule = Fault::on(self.route).named("planned");
        let rule = match self.grant {
            Some(grant) => rule.grant(grant),
            None => rule,
        };
        match self.skip {
            0 => rule,
            skip => rule.after(skip),
        }
    }

    /// Whether the request goes over TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.kind.is_http()
            && !matches!(
                self.route,
                Route::Imds
                    | Route::AppService
                    | Route::CloudShell
                    | Route::AzureArc
                    | Route::InstanceMetadata
            )
    }

    /// Whether the request is the flow's first over TLS, so that a fault of connections meets it.
    pub(super) fn is_first_over_tls(&self) -> bool {
        self.is_tls() && self.skip == 0 && self.before.is_none() && !self.id.contains("then")
    }

    /// Whether HTTP/2 is spoken; else it is what the library speaks by default.
    pub(super) fn is_http2(&self) -> bool {
        self.id.contains("HTTP/2")
    }

    /// Whether it is a chain, whose failure is one of its members'.
    pub(super) fn is_chain(&self) -> bool {
        self.id.contains("chain")
    }

    /// Whether trying once more can work: a grant that was good once can't be sent again.
    pub(super) fn can_recover(&self) -> bool {
        self.kind != Kind::Once
    }
}

/// All of them.
pub(super) fn all() -> Vec<Flow> {
    [services::FLOWS, hosts::FLOWS, people::FLOWS, tools::FLOWS].concat()
}
