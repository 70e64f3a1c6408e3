//! Tests of descriptions.

use super::*;

/// A description as ADFS gives it, with both generations, and others beside them.
fn description(host: &str) -> String {
    let policy = |id: &str, namespace: &str, tokens: &str, token: &str| {
        format!(
            "<wsp:Policy wsu:Id=\"{id}\"><wsp:ExactlyOne><wsp:All>\
             <sp:TransportBinding xmlns:sp=\"{namespace}\"><wsp:Policy/></sp:TransportBinding>\
             <s:{tokens} xmlns:s=\"{namespace}\"><wsp:Policy><s:{token}><wsp:Policy><s:WssUsernameToken10/></wsp:Policy></s:{token}></wsp:Policy></s:{tokens}>\
             </wsp:All></wsp:ExactlyOne></wsp:Policy>"
        )
    };
    let binding = |name: &str, policy: &str, action: &str| {
        format!(
            "<wsdl:binding name=\"{name}\" type=\"tns:x\"><wsp:PolicyReference URI=\"#{policy}\"/>\
             <soap12:binding transport=\"http://schemas.xmlsoap.org/soap/http\"/>\
             <wsdl:operation name=\"Issue\"><soap12:operation soapAction=\"{action}\" style=\"document\"/></wsdl:operation></wsdl:binding>"
        )
    };
    let port = |binding: &str, address: &str| {
        format!(
            "<wsdl:port name=\"p\" binding=\"tns:{binding}\"><wsa10:EndpointReference><wsa10:Address>{address}</wsa10:Address>\
             </wsa10:EndpointReference></wsdl:port>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <wsdl:definitions xmlns:wsdl=\"{WSDL}\" xmlns:wsp=\"{POLICY}\" xmlns:wsu=\"{UTILITY}\" xmlns:soap12=\"{SOAP12}\" xmlns:wsa10=\"{ADDRESSING}\">\
         {}{}{}{}{}{}<wsdl:service name=\"s\">{}{}{}</wsdl:service></wsdl:definitions>",
        policy("P13", SECURITY[0].0, SECURITY[0].1, "UsernameToken"),
        policy("P2005", SECURITY[1].0, SECURITY[1].1, "UsernameToken"),
        policy(
            "PKerberos",
            SECURITY[0].0,
            "EndorsingSupportingTokens",
            "KerberosToken"
        ),
        binding("Kerberos", "PKerberos", Version::V13.action()),
        binding("B2005", "P2005", Version::V2005.action()),
        binding("B13", "P13", Version::V13.action()),
        port(
            "Kerberos",
            &format!("https://{host}/adfs/services/trust/13/kerberosmixed")
        ),
        port(
            "B2005",
            &format!("https://{host}/adfs/services/trust/2005/usernamemixed")
        ),
        port(
            "B13",
            &format!("https://{host}/adfs/services/trust/13/usernamemixed")
        ),
    )
}

fn found(document: &str) -> Result<Endpoint, Error> {
    endpoint(document.as_bytes())
}

#[test]
fn the_newer_generation_goes_first() {
    let both = description("fs.contoso.test");
    let newer = found(&both).unwrap();
    assert_eq!(newer.version, Version::V13);
    assert_eq!(
        newer.address,
        "https://fs.contoso.test/adfs/services/trust/13/usernamemixed"
    );
    let older = found(&both.replace("tns:B13", "tns:none")).unwrap();
    assert_eq!(older.version, Version::V2005);
    assert_eq!(
        older.address,
        "https://fs.contoso.test/adfs/services/trust/2005/usernamemixed"
    );
}

#[test]
fn what_does_not_fit_is_no_endpoint() {
    let both = description("fs.contoso.test");
    for (part, other) in [
        ("https://", "http://"),
        ("TransportBinding", "AsymmetricBinding"),
        ("WssUsernameToken10", "WssUsernameToken11"),
        (
            "http://schemas.xmlsoap.org/soap/http",
            "http://schemas.xmlsoap.org/soap/smtp",
        ),
        ("RST/Issue", "RST/Validate"),
        ("URI=\"#", "URI=\"#x"),
        ("wsu:Id", "wsu:Name"),
        ("wsdl:port", "wsdl:harbour"),
    ] {
        let error = found(&both.replace(part, other)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{part}");
    }
    assert_eq!(
        found("<html><body>sign in</body></html>").unwrap_err().kind(),
        ErrorKind::AuthenticationFailed
    );
    assert_eq!(found("not xml").unwrap_err().kind(), ErrorKind::Protocol);
}

#[test]
fn addresses_tell_the_generation() {
    let of = Version::of_address;
    assert_eq!(
        of("https://h/adfs/services/Trust/13/UsernameMixed"),
        Some(Version::V13)
    );
    assert_eq!(
        of("https://h/adfs/services/trust/2005/usernamemixed"),
        Some(Version::V2005)
    );
    assert_eq!(of("https://h/adfs/services/trust/2005/windowstransport"), None);
}
