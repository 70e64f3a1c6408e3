//! What an organization's server offers: the endpoints of its description (MEX) that take a user name and a password.

use identity_base::{Error, ErrorKind};
use roxmltree::Node;

use super::xml::{children, descend, parse};

const POLICY: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const UTILITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const SOAP12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const TRANSPORT: &str = "http://schemas.xmlsoap.org/soap/http";
/// The two generations of security policies, and where each of them names the tokens it wants.
const SECURITY: [(&str, &str); 2] = [
    (
        "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
        "SignedEncryptedSupportingTokens",
    ),
    (
        "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
        "SignedSupportingTokens",
    ),
];

/// The generations of WS-Trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// WS-Trust 1.3.
    V13,
    /// The draft of February 2005.
    V2005,
}

impl Version {
    /// What a request for a token is called.
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
            Self::V2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
        }
    }

    fn of_action(action: &str) -> Option<Self> {
        [Self::V13, Self::V2005]
            .into_iter()
            .find(|version| version.action() == action)
    }

    /// What the address of an endpoint tells by itself.
    pub(super) fn of_address(address: &str) -> Option<Self> {
        let address = address.to_ascii_lowercase();
        if address.contains("/trust/13/usernamemixed") {
            return Some(Self::V13);
        }
        address
            .contains("/trust/2005/usernamemixed")
            .then_some(Self::V2005)
    }
}

/// Where a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) address: String,
    pub(super) version: Version,
}

/// The endpoint of a description: the first of WS-Trust 1.3, else the first.
///
/// # Errors
/// [`ErrorKind::Protocol`] for a document that isn't one; [`ErrorKind::AuthenticationFailed`] when it has no such endpoint.
pub(super) fn endpoint(document: &[u8]) -> Result<Endpoint, Error> {
    let document = parse(document, "the description of the organization's server")?;
    let root = document.root_element();
    let policies: Vec<String> = children(root, POLICY, "Policy")
        .filter(|policy| wants_password(*policy))
        .filter_map(|policy| policy.attribute((UTILITY, "Id")))
        .map(|id| format!("#{id}"))
        .collect();
    let bindings: Vec<(&str, Version)> = children(root, WSDL, "binding")
        .filter_map(|binding| read_binding(binding, &policies))
        .collect();
    let mut found: Vec<Endpoint> = root
        .descendants()
        .filter(|node| node.has_tag_name((WSDL, "port")))
        .filter_map(|port| read_port(port, &bindings))
        .collect();
    let newest = found.iter().position(|endpoint| endpoint.version == Version::V13);
    match (newest, found.is_empty()) {
        (_, true) => Err(Error::new(
            ErrorKind::AuthenticationFailed,
            "the organization's server offers no sign-in with user name and password (WS-Trust)",
        )
        .with_hint(
            "use another credential, or ask the server's administrator for the endpoint `usernamemixed`",
        )),
        (at, false) => Ok(found.swap_remove(at.unwrap_or(0))),
    }
}

/// Whether a policy wants a user name token over an encrypted transport.
fn wants_password(policy: Node<'_, '_>) -> bool {
    SECURITY.iter().any(|(namespace, tokens)| {
        let Some(all) = descend(policy, POLICY, &["ExactlyOne", "All"]) else {
            return false;
        };
        let wants = children(all, namespace, tokens)
            .filter_map(|tokens| descend(tokens, POLICY, &["Policy"]))
            .flat_map(|inner| children(inner, namespace, "UsernameToken"))
            .filter_map(|token| descend(token, POLICY, &["Policy"]))
            .any(|inner| children(inner, namespace, "WssUsernameToken10").next().is_some());
        wants
            && policy
                .descendants()
                .any(|node| node.has_tag_name((*namespace, "TransportBinding")))
    })
}

/// A binding's name and what it speaks, if it follows one of the policies.
fn read_binding<'a>(binding: Node<'a, '_>, policies: &[String]) -> Option<(&'a str, Version)> {
    let follows = children(binding, POLICY, "PolicyReference")
        .filter_map(|reference| reference.attribute("URI"))
        .any(|uri| policies.iter().any(|policy| policy == uri));
    let over_http =
        children(binding, SOAP12, "binding").any(|soap| soap.attribute("transport") == Some(TRANSPORT));
    let operation = descend(binding, WSDL, &["operation"])?;
    let action = children(operation, SOAP12, "operation")
        .next()?
        .attribute("soapAction")?;
    let version = Version::of_action(action)?;
    (follows && over_http).then_some((binding.attribute("name")?, version))
}

/// A port of one of the bindings, at an encrypted address.
fn read_port(port: Node<'_, '_>, bindings: &[(&str, Version)]) -> Option<Endpoint> {
    let name = port.attribute("binding")?;
    let name = name.rsplit(':').next().unwrap_or(name);
    let (_, version) = bindings.iter().find(|(binding, _)| *binding == name)?;
    let address = descend(port, ADDRESSING, &["EndpointReference", "Address"])?
        .text()?
        .trim();
    address.starts_with("https://").then(|| Endpoint {
        address: address.to_owned(),
        version: *version,
    })
}

#[cfg(test)]
mod tests;
