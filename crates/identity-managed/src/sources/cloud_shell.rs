//! Azure Cloud Shell, whose identity is the person that signed in to the portal.

use http::HeaderValue;
use identity_base::seam::{ConnectPolicy, Env, HttpRequest, HttpTimeouts};
use identity_base::{Error, Fetched};
use identity_runtime::entra::Form;
use identity_runtime::env_vars::MSI_ENDPOINT;

use super::{check_selectable, endpoint};
use crate::answer::Echo;
use crate::endpoint::Endpoint;
use crate::exchange::{Ask, Context, Exchange, MAX_BODY, METADATA, local_policy, no_meaning};
use crate::user_assigned::Names;
use crate::{ManagedIdentitySource, UserAssignedId};

const SOURCE: ManagedIdentitySource = ManagedIdentitySource::CloudShell;

#[derive(Debug)]
pub(crate) struct CloudShell {
    endpoint: Endpoint,
}

impl CloudShell {
    pub(crate) fn new(env: &dyn Env, identity: Option<&UserAssignedId>) -> Result<Self, Error> {
        check_selectable(SOURCE, &Names::NONE, identity)?;
        Ok(Self {
            endpoint: endpoint(SOURCE, env, MSI_ENDPOINT)?,
        })
    }

    pub(crate) async fn fetch(&self, context: &Context, ask: Ask<'_>) -> Result<Fetched, Error> {
        let mut form = Form::new();
        form.set("resource", ask.resource.to_owned());
        let request = HttpRequest::post_form(self.endpoint.uri().clone(), form.encode())
            .policy(ConnectPolicy::metadata())
            .timeouts(HttpTimeouts::metadata())
            .max_body(MAX_BODY)
            .header(METADATA, HeaderValue::from_static("true"));
        let exchange = Exchange {
            context,
            source: SOURCE,
            ask,
            policy: context.policy(local_policy()),
            echo: Echo::IfPresent,
            secrets: &[],
            meaning: no_meaning,
        };
        exchange.token(request).await
    }
}
