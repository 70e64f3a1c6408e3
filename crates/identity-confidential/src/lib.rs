//! Entra (Azure) credentials of services: every way a program proves who it is without a person.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod jwt;
mod key;

pub use key::{ClientCertificate, SignatureAlgorithm};
