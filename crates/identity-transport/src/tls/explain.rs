//! TLS errors in words: which check failed, and what a person can do. Never what the server presented.

use identity_base::Foreign;
use rustls::{AlertDescription, CertificateError, Error};

use super::verify::SelfSigned;

/// What to do about a certificate whose dates don't fit.
const CHECK_CLOCK: &str = "check this machine's date and time";

/// One line on `error`.
pub(crate) fn describe(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. } => {
            "what the server sent is not TLS, or not in order".to_owned()
        }
        Error::NoCertificatesPresented => "the server presented no certificate".to_owned(),
        Error::PeerIncompatible(_) => {
            "the server and this client have no TLS version (1.2 or newer) or cipher in common".to_owned()
        }
        Error::PeerMisbehaved(_) => "the server broke the rules of TLS".to_owned(),
        Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "the server does not offer TLS 1.2 or newer".to_owned()
        }
        Error::AlertReceived(alert) => format!("the server refused the connection ({alert:?})"),
        Error::FailedToGetCurrentTime => format!("the time is before 1970; {CHECK_CLOCK}"),
        Error::DecryptError => "what the server sent can't be decrypted".to_owned(),
        Error::NoApplicationProtocol => "the server offers neither HTTP/1.1 nor HTTP/2".to_owned(),
        _ => "the TLS handshake failed".to_owned(),
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the server's certificate has expired; {CHECK_CLOCK}")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the server's certificate is not valid yet; {CHECK_CLOCK}")
        }
        CertificateError::UnknownIssuer => {
            "the server's certificate is from an unknown issuer; if a proxy or firewall of your organisation inspects TLS, add its root"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another name".to_owned()
        }
        CertificateError::Revoked => "the server's certificate was revoked".to_owned(),
        CertificateError::BadSignature => {
            "the server's certificate or handshake has a wrong signature".to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the server's certificate is not for servers".to_owned()
        }
        CertificateError::BadEncoding | CertificateError::UnhandledCriticalExtension => {
            "the server's certificate can't be understood".to_owned()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the server's certificate is signed in a way that isn't accepted, such as with SHA-1".to_owned()
        }
        CertificateError::ApplicationVerificationFailure => {
            "the server's certificate doesn't have the expected thumbprint".to_owned()
        }
        CertificateError::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            _ if other.0.is::<SelfSigned>() => {
                "the server's certificate is self-signed and not among the roots".to_owned()
            }
            Some(webpki::Error::CaUsedAsEndEntity) => {
                "the server's certificate is that of an authority, not of a server".to_owned()
            }
            Some(webpki::Error::NameConstraintViolation) => {
                "the server's certificate is for a name that its issuer may not vouch for".to_owned()
            }
            Some(webpki::Error::PathLenConstraintViolated | webpki::Error::EndEntityUsedAsCa) => {
                "the server's certificate is from an issuer that may not issue it".to_owned()
            }
            Some(_) => "the server's certificate was refused".to_owned(),
            // What the platform's own verifier says, in one sentence of its own.
            None => format!("the server's certificate was refused: {}", Foreign::new(&other.0.to_string(), 200)),
        },
        _ => "the server's certificate was refused".to_owned(),
    }
}
