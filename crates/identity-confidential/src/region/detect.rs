//! The region this program runs in.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use identity_base::seam::{ConnectPolicy, HttpRequest, HttpTimeouts};
use identity_base::{Error, ErrorKind};
use identity_runtime::ClientOptions;
use identity_runtime::env_vars::REGION_NAME;
use identity_runtime::json::Json;
use identity_runtime::retry::{Call, Judgement, RequestKey, RetryPolicy};

/// What the metadata service knows of the virtual machine.
const INSTANCE: &str = "http://169.254.169.254/metadata/instance/compute?api-version=2021-02-01";
/// Outside of Azure nothing answers at that address, so it is not waited for long.
const PATIENCE: Duration = Duration::from_secs(2);
/// The answer is a few KB.
const MAX_BODY: usize = 64 * 1024;

/// The region by the platform's variable, else by the metadata service.
pub(super) async fn region(options: &ClientOptions) -> Option<String> {
    if let Some(region) = options.env().var(REGION_NAME) {
        return Some(region.trim().replace(' ', "").to_ascii_lowercase());
    }
    let request = HttpRequest::get(http::Uri::from_static(INSTANCE))
        .header(
            HeaderName::from_static("metadata"),
            HeaderValue::from_static("true"),
        )
        .policy(ConnectPolicy::metadata())
        .timeouts(HttpTimeouts::metadata().capped(PATIENCE))
        .max_body(MAX_BODY);
    let call = Call::new("region", RequestKey::of(&["region"]));
    let policy = RetryPolicy::none();
    let sender = options.sender();
    let answer = sender.send(&policy, &call, request, |response, _sent| {
        let location = match response.status.as_u16() {
            200 => Json::parse(&response.body).ok(),
            _ => None,
        };
        let location = location
            .as_ref()
            .and_then(|json| json.text("location"))
            .map(str::to_owned);
        Judgement::Done(
            location.ok_or_else(|| Error::new(ErrorKind::Protocol, "the metadata service tells no region")),
        )
    });
    match answer.await {
        Ok(region) => Some(region),
        Err(error) => {
            tracing::debug!(target: identity_runtime::trace::TARGET, kind = ?error.kind(), "no region was found");
            None
        }
    }
}
