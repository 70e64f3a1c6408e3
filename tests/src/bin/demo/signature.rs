//! The check that an API makes of a token: key found by discovery, RS256 signature.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entra_identity::ClientOptions;
use entra_identity::seam::HttpRequest;
use identity_emulator::Emulator;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;

use crate::Result;

/// The claims of a token whose signature is that of a key which the tenant's discovery document leads to.
pub(crate) async fn verify(token: &str, emulator: &Emulator, options: &ClientOptions) -> Result<Value> {
    let parts: Vec<_> = token.split('.').collect();
    let &[header, payload, signature] = parts.as_slice() else {
        return Err("the token is no compact JWT".into());
    };
    let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part);
    let head: Value = serde_json::from_slice(&decoded(header)?)?;
    if text(&head, "alg")? != "RS256" {
        return Err("the token is not signed with RS256".into());
    }
    let discovery = format!(
        "{}/{}/v2.0/.well-known/openid-configuration",
        emulator.authority(),
        emulator.tenant_id()
    );
    let configuration = fetch(&discovery, options).await?;
    let keys = fetch(text(&configuration, "jwks_uri")?, options).await?;
    let wanted = text(&head, "kid")?;
    let key = keys
        .get("keys")
        .and_then(Value::as_array)
        .and_then(|keys| {
            keys.iter()
                .find(|key| text(key, "kid").is_ok_and(|kid| kid == wanted))
        })
        .ok_or("the key set has no key of the token's id")?;
    let key = RsaPublicKeyComponents {
        n: decoded(text(key, "n")?)?,
        e: decoded(text(key, "e")?)?,
    };
    let signed = format!("{header}.{payload}");
    key.verify(
        &RSA_PKCS1_2048_8192_SHA256,
        signed.as_bytes(),
        &decoded(signature)?,
    )
    .map_err(|_| "the signature of the token is wrong")?;
    Ok(serde_json::from_slice(&decoded(payload)?)?)
}

/// The token with a payload that its signature is not for.
pub(crate) fn with_other_payload(token: &str) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    if let Some(payload) = parts.get_mut(1) {
        *payload = BASE64_URL_SAFE_NO_PAD.encode(r#"{"aud":"https://elsewhere.test"}"#);
    }
    parts.join(".")
}

/// A JSON document, through the same transport as the credentials.
async fn fetch(url: &str, options: &ClientOptions) -> Result<Value> {
    let answer = options.http().send(HttpRequest::get(url.parse()?)).await;
    let answer = answer.map_err(|error| format!("no answer from {url}: {error}"))?;
    if !answer.status.is_success() {
        return Err(format!("{url} answers {}", answer.status).into());
    }
    Ok(serde_json::from_slice(&answer.body)?)
}

fn text<'a>(document: &'a Value, name: &str) -> Result<&'a str> {
    let value = document.get(name).and_then(Value::as_str);
    value.ok_or_else(|| format!("a document has no {name}").into())
}
