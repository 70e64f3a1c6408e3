//! OpenDAL, signed by reqsign.

use std::sync::Arc;

use http::{Request, Response};
use identity_base::bearer_token_provider;
use identity_base::seam::{HttpClient as _, HttpRequest};
use identity_reqsign::ForReqsign;
use identity_transport::HyperTransport;
use opendal_core::{
    Buffer, Error, ErrorKind, HttpBody, HttpTransport, HttpTransporter, OperationContext, Operator,
};
use opendal_service_azblob::Azblob;
use reqsign_core::ProvideCredentialChain;
use zeroize::Zeroizing;

use crate::Result;
use crate::verdict::Verdict;
use crate::world::{STORAGE, World};

const CONTAINER: &str = "opendal";

/// OpenDAL's requests over our transport.
struct Transport(HyperTransport);

impl HttpTransport for Transport {
    async fn fetch(&self, request: Request<Buffer>) -> opendal_core::Result<Response<HttpBody>> {
        let (parts, body) = request.into_parts();
        let mut ours = HttpRequest::get(parts.uri);
        ours.method = parts.method;
        ours.headers = parts.headers;
        ours.body = Arc::new(Zeroizing::new(body.to_vec()));
        let failed = |error| Error::new(ErrorKind::Unexpected, "no answer").set_source(error);
        let answer = self.0.send(ours).await.map_err(failed)?;
        let size = u64::try_from(answer.body.len()).ok();
        let stream = futures_util::stream::iter([Ok(Buffer::from(answer.body.to_vec()))]);
        let mut response = Response::new(HttpBody::new(stream, size));
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// Writes, lists, reads and deletes. So many tokens were verified `before`.
pub(crate) async fn check(world: &World, verdict: &mut Verdict, before: usize) -> Result<()> {
    let official = world.official_with(Arc::clone(&world.credential))?;
    official.blob_container_client(CONTAINER).create(None).await?;
    let before = world.azurite.accepted(before + 1).await?;
    let operator = operator(world)?;
    operator.write("folder/greeting", "hello from OpenDAL").await?;
    let listed = operator.list("folder/").await?;
    let listed: Vec<_> = listed.iter().map(|entry| entry.path()).collect();
    verdict.check("OpenDAL: writes and lists", listed == ["folder/greeting"], || {
        format!("it lists {listed:?}")
    });
    let read = operator.read("folder/greeting").await?.to_vec();
    verdict.check(
        "OpenDAL: reads what was written",
        read == b"hello from OpenDAL",
        || format!("{} bytes came", read.len()),
    );
    operator.delete("folder/greeting").await?;
    // A write, a list, a read and a deletion, at least.
    let accepted = world.azurite.accepted(before + 4).await?.saturating_sub(before);
    verdict.check("OpenDAL: Azurite verified its tokens", accepted >= 4, || {
        format!("{accepted}")
    });
    let asked = world.emulator.requests().token().count();
    verdict.check("OpenDAL: still one token request", asked == 1, || {
        format!("{asked}")
    });
    Ok(())
}

fn operator(world: &World) -> Result<Operator> {
    let provider = bearer_token_provider(Arc::clone(&world.credential), STORAGE)?;
    let builder = Azblob::default()
        .endpoint(world.azurite.url())
        .container(CONTAINER)
        .credential_provider_chain(ProvideCredentialChain::new().push(ForReqsign::new(provider)));
    let transport = HyperTransport::builder()
        .extra_root_pem(world.azurite.ca_pem())?
        .build();
    let transport = HttpTransporter::new(Transport(transport));
    Ok(Operator::new(builder)?.with_context(OperationContext::new().with_http_transport(transport)))
}
