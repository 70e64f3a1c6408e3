//! The flows: every way to a token.

mod hosts;
mod people;
mod services;
mod tools;

use std::sync::Arc;
use std::time::Duration;

use entra_identity::{BoxFuture, ClientOptions, Error, TokenCredential};

use crate::check::{Family, Identity};
use crate::stage::{CLIENT, Stage, USER};

/// A credential, or why there is none.
pub(crate) type Made = Result<Arc<dyn TokenCredential>, Error>;

/// How a credential is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Make {
    /// At once.
    Now(fn(&Stage, &ClientOptions, u64) -> Made),
    /// After a sign-in.
    After(for<'a> fn(&'a Stage, &'a ClientOptions) -> BoxFuture<'a, Made>),
}

/// A flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    pub(crate) identity: fn(&Stage) -> Identity,
    /// What its scopes end with.
    pub(crate) permission: &'static str,
    /// Whether the application is known in another tenant.
    pub(crate) other_tenant: bool,
    /// Whether other credentials are asked in turn. Such a credential may ask twice at once: in search of the member that works, and that member alone once it
    /// was found, since failures of the two mean different things.
    pub(crate) chained: bool,
    /// How many workers use its credential.
    pub(crate) workers: u64,
    /// What a worker waits between two operations, so that child processes don't take the whole machine.
    pub(crate) pause: Duration,
    /// How many fetches a credential lives for, about.
    pub(crate) fetches: u64,
    pub(crate) make: Make,
}

const SERVICE: Flow = Flow {
    name: "",
    family: Family::Service,
    identity: |stage| Identity {
        tenant: stage.tenant().to_owned(),
        client: CLIENT.to_owned(),
        user: None,
    },
    permission: ".default",
    other_tenant: false,
    chained: false,
    workers: 3,
    pause: Duration::ZERO,
    fetches: 100,
    make: Make::Now(services::secret),
};

const HOST: Flow = Flow {
    family: Family::Host,
    identity: |stage| Identity {
        tenant: stage.tenant().to_owned(),
        client: stage.host_client().to_owned(),
        user: None,
    },
    ..SERVICE
};

const PERSON: Flow = Flow {
    family: Family::Person,
    identity: |stage| Identity {
        tenant: stage.tenant().to_owned(),
        client: CLIENT.to_owned(),
        user: Some(USER.to_owned()),
    },
    permission: "Orders.Read",
    ..SERVICE
};

/// All of them.
pub(crate) fn all() -> Vec<Flow> {
    [services::FLOWS, hosts::FLOWS, tools::FLOWS, people::FLOWS].concat()
}

impl Flow {
    /// The scope for an API.
    pub(crate) fn scope(&self, api: &str) -> String {
        format!("{api}/{}", self.permission)
    }

    /// A new credential; `number` tells it from the others of the flow, and 0 is one that is well.
    pub(crate) async fn make(&self, stage: &Stage, options: &ClientOptions, number: u64) -> Made {
        match self.make {
            Make::Now(make) => make(stage, options, number),
            Make::After(make) => make(stage, options).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::all;

    #[test]
    fn every_flow_has_a_name_of_its_own() {
        let flows = all();
        let names: HashSet<_> = flows.iter().map(|flow| flow.name).collect();
        assert_eq!(names.len(), flows.len());
        assert!(flows.iter().all(|flow| !flow.name.is_empty() && flow.workers > 0));
    }
}
