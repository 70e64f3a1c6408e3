//! The answer of the organization's server (RSTR).

use identity_base::{Error, ErrorKind, Foreign, Secret};
use roxmltree::{Document, Node};

use super::xml::{inner, parse};

/// The assertion's bytes as they were sent: written anew, its signature would break.
#[derive(Debug)]
pub(super) struct Assertion {
    pub(super) text: Secret,
    /// The grant it is redeemed with.
    pub(super) grant_type: &'static str,
}

/// Types of assertions and their grants.
const TYPES: [(&str, &str); 4] = [
    ("urn:oasis:names:tc:SAML:1.0:assertion", SAML11),
    (
        "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1",
        SAML11,
    ),
    ("urn:oasis:names:tc:SAML:2.0:assertion", SAML2),
    (
        "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0",
        SAML2,
    ),
];
const SAML11: &str = "urn:ietf:params:oauth:grant-type:saml1_1-bearer";
const SAML2: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

/// Reads an answer, whatever its status: servers answer a wrong password with 500.
///
/// # Errors
/// [`ErrorKind::AuthenticationFailed`] with the server's reason; [`ErrorKind::Protocol`] for anything that is neither a token nor a reason.
pub(super) fn read(body: &[u8]) -> Result<Assertion, Error> {
    let document = parse(body, "the answer of the organization's server")?;
    let responses = || named(document.root(), "RequestSecurityTokenResponse");
    for response in responses() {
        let Some(token) = named(response, "RequestedSecurityToken").next() else {
            continue;
        };
        let kind = named(response, "TokenType")
            .next()
            .and_then(|node| node.text())
            .unwrap_or_default()
            .trim();
        let Some((_, grant_type)) = TYPES.iter().find(|(name, _)| *name == kind) else {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!(
                    "the organization's server gave a token of the type {}",
                    Foreign::quoted(kind, 120)
                ),
            ));
        };
        let text = inner(&document, token).filter(|text| !text.trim().is_empty());
        return match text {
            Some(text) => Ok(Assertion {
                text: Secret::new(text),
                grant_type,
            }),
            None => Err(Error::new(
                ErrorKind::Protocol,
                "the organization's server gave an empty token",
            )),
        };
    }
    Err(fault(&document))
}

/// Descendants of this name in whatever namespace: both generations use the same names.
fn named<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.descendants()
        .filter(move |node| node.is_element() && node.tag_name().name() == name)
}

fn fault(document: &Document<'_>) -> Error {
    let text = |path: &[&'static str]| {
        let mut node = named(document.root(), "Fault").next()?;
        for name in path {
            node = node.children().find(|child| child.tag_name().name() == *name)?;
        }
        node.text().map(str::trim).filter(|text| !text.is_empty())
    };
    let reason = text(&["Reason", "Text"]).or_else(|| text(&["faultstring"]));
    let code = text(&["Code", "Subcode", "Value"]).or_else(|| text(&["faultcode"]));
    match (reason, code) {
        (None, None) => Error::new(
            ErrorKind::Protocol,
            "the organization's server gave neither a token nor a reason",
        ),
        (reason, code) => Error::new(
            ErrorKind::AuthenticationFailed,
            format!(
                "the organization's server refused: {} ({})",
                Foreign::new(reason.unwrap_or("no reason given"), 400),
                Foreign::new(code.unwrap_or("no code"), 80)
            ),
        )
        .with_hint("check user name and password, and that the account may sign in without a second factor"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(kind: &str, assertion: &str) -> String {
        format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><trust:RequestSecurityTokenResponseCollection \
             xmlns:trust=\"http://docs.oasis-open.org/ws-sx/ws-trust/200512\"><trust:RequestSecurityTokenResponse>\
             <trust:RequestedSecurityToken>{assertion}</trust:RequestedSecurityToken><trust:TokenType>{kind}</trust:TokenType>\
             </trust:RequestSecurityTokenResponse></trust:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>"
        )
    }

    #[test]
    fn the_assertion_is_taken_byte_by_byte() {
        let assertion =
            "\r\n <saml:Assertion  xmlns:saml='urn:x' a = \"1\"><b/>&#65;&amp;<!-- c --></saml:Assertion>\n";
        for (kind, grant) in TYPES {
            let read = read(response(kind, assertion).as_bytes()).unwrap();
            assert_eq!((read.text.expose(), read.grant_type), (assertion, grant));
        }
        let error = read(response("urn:other", assertion).as_bytes()).unwrap_err();
        assert!(
            error.kind() == ErrorKind::Protocol && error.message().contains("urn:other"),
            "{error}"
        );
        assert!(read(response(TYPES[0].0, "").as_bytes()).is_err());
        // Pieces of text that a reader puts together.
        for pieces in [
            "a<![CDATA[<b>]]> ",
            "<![CDATA[a]]>&#65;\r\n",
            " <!-- c -->\r\n<a/> ",
        ] {
            let read = read(response(TYPES[0].0, pieces).as_bytes()).unwrap();
            assert_eq!(read.text.expose(), pieces);
        }
    }

    #[test]
    fn faults_are_told() {
        let fault = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>\
             <s:Subcode><s:Value>a:FailedAuthentication</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang=\"en-US\">ID3242: the \u{202e}token \
             could not be authenticated</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>";
        let error = read(fault.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
        assert!(error.message().contains("ID3242") && error.message().contains("a:FailedAuthentication"));
        assert!(!error.to_string().contains('\u{202e}'));
        for neither in ["<html/>", "<s:Envelope xmlns:s='x'><s:Body/></s:Envelope>"] {
            assert_eq!(read(neither.as_bytes()).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }
}
