//! The server of a federated organization: what it offers, and assertions for user name and password.

use super::authorize::escape;
use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::Call;
use crate::model::PasswordCheck;
use crate::refusal::Refusal;
use crate::world::World;

/// How long an assertion is good, in seconds.
const LIFETIME: i64 = 3600;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        Route::WsTrustMetadata,
        "GET",
        "/adfs/services/trust/mex",
        Port::Tls,
        metadata,
    ),
    Row::new(
        Route::WsTrust,
        "POST",
        "/adfs/services/trust/13/usernamemixed",
        Port::Tls,
        version_13,
    ),
    Row::new(
        Route::WsTrust,
        "POST",
        "/adfs/services/trust/2005/usernamemixed",
        Port::Tls,
        version_2005,
    ),
];

/// The generations of WS-Trust.
struct Version {
    name: &'static str,
    namespace: &'static str,
    action: &'static str,
    policy: (&'static str, &'static str),
    /// What its assertions are.
    token_type: &'static str,
}

const V13: Version = Version {
    name: "13",
    namespace: "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
    action: "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
    policy: (
        "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
        "SignedEncryptedSupportingTokens",
    ),
    token_type: "urn:oasis:names:tc:SAML:1.0:assertion",
};
const V2005: Version = Version {
    name: "2005",
    namespace: "http://schemas.xmlsoap.org/ws/2005/02/trust",
    action: "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
    policy: (
        "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
        "SignedSupportingTokens",
    ),
    token_type: "urn:oasis:names:tc:SAML:1.0:assertion",
};

fn metadata(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let authority = call.authority(world);
    let mut policies = String::new();
    let mut bindings = String::new();
    let mut ports = String::new();
    for version in [&V2005, &V13] {
        let (name, (security, tokens), action) = (version.name, version.policy, version.action);
        policies.push_str(&format!(
            "<wsp:Policy wsu:Id=\"UserName{name}\"><wsp:ExactlyOne><wsp:All><sp:TransportBinding xmlns:sp=\"{security}\"/>\
             <sp:{tokens} xmlns:sp=\"{security}\"><wsp:Policy><sp:UsernameToken><wsp:Policy><sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken>\
             </wsp:Policy></sp:{tokens}></wsp:All></wsp:ExactlyOne></wsp:Policy>"
        ));
        bindings.push_str(&format!(
            "<wsdl:binding name=\"Binding{name}\" type=\"tns:Contract\"><wsp:PolicyReference URI=\"#UserName{name}\"/>\
             <soap12:binding transport=\"http://schemas.xmlsoap.org/soap/http\"/><wsdl:operation name=\"Trust\">\
             <soap12:operation soapAction=\"{action}\" style=\"document\"/></wsdl:operation></wsdl:binding>"
        ));
        ports.push_str(&format!(
            "<wsdl:port name=\"Port{name}\" binding=\"tns:Binding{name}\"><wsa10:EndpointReference><wsa10:Address>\
             {authority}/adfs/services/trust/{name}/usernamemixed</wsa10:Address></wsa10:EndpointReference></wsdl:port>"
        ));
    }
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><wsdl:definitions name=\"SecurityTokenService\" \
         xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2004/09/policy\" \
         xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" \
         xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\" xmlns:wsa10=\"http://www.w3.org/2005/08/addressing\" \
         xmlns:tns=\"http://schemas.microsoft.com/ws/2008/06/identity/securitytokenservice\">{policies}{bindings}\
         <wsdl:service name=\"SecurityTokenService\">{ports}</wsdl:service></wsdl:definitions>"
    );
    Ok(Answer::text(200, "text/xml; charset=utf-8", text))
}

fn version_13(world: &World, call: &Call) -> Result<Answer, Refusal> {
    Ok(issue(world, call, &V13))
}

fn version_2005(world: &World, call: &Call) -> Result<Answer, Refusal> {
    Ok(issue(world, call, &V2005))
}

fn issue(world: &World, call: &Call, version: &Version) -> Answer {
    let body = String::from_utf8_lossy(&call.body).into_owned();
    let action = call.header("soapaction").unwrap_or_default().trim_matches('"');
    if action != version.action || element(&body, "Action").as_deref() != Some(version.action) {
        return fault(
            "a:ActionNotSupported",
            "The message with this action cannot be processed at the receiver.",
        );
    }
    let (Some(name), Some(password)) = (element(&body, "Username"), element(&body, "Password")) else {
        return fault("a:InvalidSecurity", "The message has no user name and password.");
    };
    let failed = || {
        fault(
            "a:FailedAuthentication",
            "ID3242: The security token could not be authenticated or authorized.",
        )
    };
    let user = match world.directory.user(&name) {
        Some((_, user)) if user.federated && user.check(&password) == PasswordCheck::Good => user,
        _ => return failed(),
    };
    let id = format!("_{}", world.ids.guid());
    let until = world.clock.unix_seconds().saturating_add(LIFETIME);
    let assertion = format!(
        "<saml:Assertion MajorVersion=\"1\" MinorVersion=\"1\" AssertionID=\"{id}\" xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\">\
         <saml:NameIdentifier>{}</saml:NameIdentifier></saml:Assertion>",
        escape(&user.upn)
    );
    let response = format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><t:RequestSecurityTokenResponse xmlns:t=\"{}\">\
         <t:RequestedSecurityToken>{assertion}</t:RequestedSecurityToken><t:TokenType>{}</t:TokenType>\
         </t:RequestSecurityTokenResponse></s:Body></s:Envelope>",
        version.namespace, version.token_type
    );
    world.people.assertion(id, user, until);
    Answer::text(200, "application/soap+xml; charset=utf-8", response)
}

/// As ADFS answers: a server error, with the reason in the body.
fn fault(code: &str, reason: &str) -> Answer {
    let text = format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>\
         <s:Value xmlns:a=\"http://docs.oasis-open.org/ws-sx/ws-trust/200512\">{code}</s:Value></s:Subcode></s:Code><s:Reason>\
         <s:Text xml:lang=\"en-US\">{reason}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"
    );
    Answer::text(500, "application/soap+xml; charset=utf-8", text)
}

/// The text of the first element of this local name. Enough for requests of clients under test; this is no XML parser.
pub(crate) fn element(text: &str, name: &str) -> Option<String> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find('<') {
        let rest = text.get(from + at + 1..)?;
        from += at + 1;
        let tag = rest.split(['>', ' ', '\t', '\r', '\n', '/']).next()?;
        if tag.rsplit(':').next() == Some(name) {
            let begin = rest.find('>')? + 1;
            let end = rest.get(begin..)?.find('<')?;
            return Some(unescape(rest.get(begin..begin + end)?));
        }
    }
    None
}

fn unescape(text: &str) -> String {
    // The ampersand last, or what it makes would be taken for another one.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn elements_are_found_by_their_local_name() {
        let text = "<a><w:Username x='1'>a&amp;lt;b</w:Username><Password>p&lt;</Password><Empty/></a>";
        assert_eq!(element(text, "Username").as_deref(), Some("a&lt;b"));
        assert_eq!(element(text, "Password").as_deref(), Some("p<"));
        assert_eq!(element(text, "None"), None);
        assert_eq!(element("<a", "a"), None);
        assert_eq!(element("", "a"), None);
    }
}
