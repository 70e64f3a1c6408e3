//! Which key and which certificates belong together.

use super::certificate::X509;
use super::rsa::SigningKey;
use super::trouble::{Object, Trouble};

/// A certificate and those above it.
pub(super) struct Chain {
    pub(super) leaf: X509,
    pub(super) rest: Vec<Vec<u8>>,
}

/// Finds the key and certificate that belong together, and orders the others above it.
///
/// Of several certificates of one key, the one that is valid longest is used: it is the renewed one.
pub(super) fn assemble(
    keys: Vec<SigningKey>,
    mut certificates: Vec<X509>,
) -> Result<(SigningKey, Chain), Trouble> {
    let count = certificates.len();
    for key in keys {
        let belongs = |certificate: &X509| certificate.rsa_public_key.as_deref() == Some(key.public_key());
        let mut own = Vec::new();
        let mut others = Vec::new();
        for certificate in std::mem::take(&mut certificates) {
            match belongs(&certificate) {
                true => own.push(certificate),
                false => others.push(certificate),
            }
        }
        let Some(leaf) = own.into_iter().reduce(|best, next| {
            if next.not_after > best.not_after {
                next
            } else {
                best
            }
        }) else {
            certificates = others;
            continue;
        };
        return Ok((
            key,
            Chain {
                rest: order(&leaf, others),
                leaf,
            },
        ));
    }
    // Tell "not RSA" from "another RSA key".
    if let [first, others @ ..] = &*certificates
        && first.rsa_public_key.is_none()
        && others.iter().all(|other| other.rsa_public_key.is_none())
    {
        return Err(Trouble::NotRsa {
            object: Object::PublicKey,
            algorithm: first.key_algorithm.clone(),
        });
    }
    match count {
        0 => Err(Trouble::NoCertificate),
        certificates => Err(Trouble::KeyMismatch { certificates }),
    }
}

/// Puts issuers after those they issued. What the names don't connect follows in the file's order, since names can be written in two ways.
fn order(leaf: &X509, mut others: Vec<X509>) -> Vec<Vec<u8>> {
    let mut ordered: Vec<Vec<u8>> = Vec::with_capacity(others.len());
    let mut issuer = (!leaf.is_self_issued()).then(|| leaf.issuer.clone());
    while let Some(name) = issuer.take() {
        let Some(position) = others.iter().position(|other| other.subject == name) else {
            break;
        };
        let next = others.remove(position);
        issuer = (!next.is_self_issued()).then(|| next.issuer.clone());
        ordered.push(next.der);
    }
    for other in others {
        if !ordered.contains(&other.der) {
            ordered.push(other.der);
        }
    }
    ordered
}
