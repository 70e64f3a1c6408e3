//! Service Fabric: https with a certificate of the cluster's own, known by its thumbprint.
//!
//! The secret is part of the request, and a request is sent only over a connection whose certificate has that thumbprint: that is the transport's part,
//! ordered by the connect policy. Here it is made sure that there is no other way.

use http::HeaderValue;
use http::header::HeaderName;
use identity_base::seam::{ConnectPolicy, Env, HttpError, HttpErrorKind, ServerIdentity};
use identity_base::{Error, ErrorKind, Fetched, Secret};
use identity_runtime::crypto::sha256;
use identity_runtime::env_vars::{IDENTITY_ENDPOINT, IDENTITY_HEADER, IDENTITY_SERVER_THUMBPRINT};

use super::{check_selectable, endpoint, parameters, required, secret};
use crate::answer::Echo;
use crate::endpoint::Endpoint;
use crate::exchange::{Ask, Context, Exchange, get, local_policy, secret_header};
use crate::refusal::{Meaning, Refusal};
use crate::user_assigned::Names;
use crate::{ManagedIdentitySource, UserAssignedId};

const SOURCE: ManagedIdentitySource = ManagedIdentitySource::ServiceFabric;
const VERSION: &str = "2019-07-01-preview";
const HEADER: HeaderName = HeaderName::from_static("secret");
/// What this client can do, so that the issuer may take a token back before it expires.
const CAPABILITIES: (&str, &str) = ("xms_cc", "cp1");
/// The hash of a token that was taken back, so that the endpoint does not give it out of its own cache again.
const REVOKED: &str = "token_sha256_to_refresh";

#[derive(Debug)]
pub(crate) struct ServiceFabric {
    endpoint: Endpoint,
    header: HeaderValue,
    secret: Secret,
    thumbprint: [u8; 20],
}

impl ServiceFabric {
    pub(crate) fn new(env: &dyn Env, identity: Option<&UserAssignedId>) -> Result<Self, Error> {
        // Which identity a service has is said in the application's manifest.
        check_selectable(SOURCE, &Names::NONE, identity)?;
        let endpoint = endpoint(SOURCE, env, IDENTITY_ENDPOINT)?;
        if !endpoint.is_https() {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{IDENTITY_ENDPOINT} is not an https URL, as Service Fabric's is"),
            ));
        }
        let secret = secret(SOURCE, env, IDENTITY_HEADER)?;
        Ok(Self {
            endpoint,
            header: secret_header(IDENTITY_HEADER, &secret)?,
            secret,
            thumbprint: thumbprint(&required(SOURCE, env, IDENTITY_SERVER_THUMBPRINT)?)?,
        })
    }

    pub(crate) async fn fetch(&self, context: &Context, ask: Ask<'_>) -> Result<Fetched, Error> {
        let mut query = parameters(Some(VERSION), ask.resource, &Names::NONE, None);
        if ask.request.is_cae_enabled() || ask.request.claims().is_some() {
            query.push(CAPABILITIES);
        }
        let revoked = ask
            .request
            .superseded()
            .map(|token| hex(&sha256(token.secret().as_bytes())));
        if let Some(revoked) = &revoked {
            query.push((REVOKED, revoked));
        }
        let request = get(self.endpoint.with_query(&query)?)
            .policy(ConnectPolicy::metadata().server(ServerIdentity::Thumbprint(self.thumbprint)))
            .header(HEADER, self.header.clone());
        let exchange = Exchange {
            context,
            source: SOURCE,
            ask,
            policy: context.policy(local_policy()),
            echo: Echo::IfPresent,
            secrets: &[&self.secret],
            meaning,
        };
        exchange.token(request).await.map_err(explain_tls)
    }
}

/// The usual advice for TLS, to trust another root, does not help where a thumbprint decides.
fn explain_tls(error: Error) -> Error {
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<HttpError>());
    match cause.is_some_and(|cause| cause.kind == HttpErrorKind::Tls) {
        true => error.with_hint(
            "the certificate of IDENTITY_ENDPOINT has to be the one of IDENTITY_SERVER_THUMBPRINT; the variables belong to one running service, don't copy them elsewhere",
        ),
        false => error,
    }
}

/// Forty hexadecimal digits, with or without white space and colons.
fn thumbprint(text: &str) -> Result<[u8; 20], Error> {
    let wrong = || {
        Error::new(
            ErrorKind::InvalidConfiguration,
            format!("{IDENTITY_SERVER_THUMBPRINT} is not a SHA-1 thumbprint of 40 hexadecimal digits"),
        )
    };
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n' | ':'))
        .map(|c| {
            c.to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
                .ok_or_else(wrong)
        })
        .collect::<Result<_, _>>()?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect();
    match digits.len() {
        40 => bytes.try_into().map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn meaning(refusal: &Refusal, _: &Ask<'_>) -> Option<Meaning> {
    Some(match refusal.code()? {
        "SecretHeaderNotFound" => Meaning::new(
            ErrorKind::AuthenticationFailed,
            "the endpoint did not accept IDENTITY_HEADER",
        )
        .hint("the variables belong to one running service; don't copy them elsewhere"),
        "ManagedIdentityNotFound" => Meaning::new(
            ErrorKind::AuthenticationFailed,
            "the service has no managed identity",
        )
        .hint("give it one with an IdentityBindingPolicy in the application's manifest"),
        "ArgumentNullOrEmpty" | "InvalidApiVersion" => Meaning::new(
            ErrorKind::AuthenticationFailed,
            "the endpoint did not accept the request",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use identity_runtime::retry::failure::no_answer;

    use super::*;

    #[test]
    fn a_wrong_certificate_gets_the_advice_that_helps_here() {
        let fails = |kind| no_answer("node", HttpError::before_sending(kind, "why"));
        let hint = |error: Error| error.hint().unwrap_or_default().to_owned();
        assert!(hint(explain_tls(fails(HttpErrorKind::Tls))).contains("IDENTITY_SERVER_THUMBPRINT"));
        assert_eq!(
            hint(explain_tls(fails(HttpErrorKind::Connect))),
            hint(fails(HttpErrorKind::Connect))
        );
    }

    #[test]
    fn thumbprints_are_read_with_their_separators() {
        let plain = "00112233445566778899aabbccddeeff00112233";
        let expected = thumbprint(plain).unwrap();
        assert_eq!((expected[0], expected[1], expected[19]), (0x00, 0x11, 0x33));
        let with_colons: Vec<String> = plain
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair).into_owned())
            .collect();
        for same in [
            plain.to_uppercase(),
            with_colons.join(":"),
            format!(" {}\r\n\t", with_colons.join(" ")),
        ] {
            assert_eq!(thumbprint(&same).unwrap(), expected, "{same:?}");
        }
        for bad in [
            "",
            "00",
            &plain[1..],
            &format!("{plain}0"),
            &format!("{plain}00"),
            &plain.replace('0', "g"),
            &plain.replace('0', "-"),
            "é",
        ] {
            assert_eq!(
                thumbprint(bad).unwrap_err().kind(),
                ErrorKind::InvalidConfiguration,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn the_hash_of_a_revoked_token_is_the_published_one() {
        let expected = "cc0af97287543b65da2c7e1476426021826cab166f1e063ed012b855ff819656";
        assert_eq!(hex(&sha256(b"test_token")), expected);
    }
}
