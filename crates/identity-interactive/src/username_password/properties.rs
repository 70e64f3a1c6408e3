//! Properties of what other people's servers are read with.

use identity_base::ErrorKind;
use proptest::prelude::*;

use super::{mex, rstr};

/// The parts of descriptions and answers, in whatever order.
fn soup() -> impl Strategy<Value = String> {
    let part = prop::sample::select(
        &[
            "<wsdl:definitions xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\">",
            "</wsdl:definitions>",
            "<wsp:Policy xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2004/09/policy\" URI=\"#P\">",
            "</wsp:Policy>",
            "<wsdl:binding name=\"B\">",
            "<wsdl:port binding=\"t:B\">",
            "</wsdl:port>",
            "<s:Envelope xmlns:s=\"x\">",
            "</s:Envelope>",
            "<s:Fault>",
            "<faultstring>",
            "<RequestSecurityTokenResponse>",
            "</RequestSecurityTokenResponse>",
            "<RequestedSecurityToken>",
            "</RequestedSecurityToken>",
            "<TokenType>urn:oasis:names:tc:SAML:2.0:assertion</TokenType>",
            "<a>",
            "</a>",
            "<a/>",
            "<",
            ">",
            "\"",
            "'",
            "&amp;",
            "&CNRY;",
            "CNRY",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<?x",
            "?>",
            "<!DOCTYPE a>",
            " ",
            "\u{feff}",
            "\u{0}",
            "\u{e4}",
        ][..],
    );
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

/// Well-formed content, spelled in ways that a writer would not choose again.
fn content() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &[
            "text",
            " ",
            "\r\n",
            "&#65;&amp;",
            "<!-- c -->",
            "<e  a = '1'/>",
            "<![CDATA[<x>]]>",
            "\u{e4}",
        ][..],
    )
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop::collection::vec(inner, 0..4)
            .prop_map(|inner| format!("<n:e xmlns:n='u' b=\">\" >{}</n:e >", inner.concat()))
    })
}

fn check(text: &[u8]) -> Result<(), TestCaseError> {
    let outcomes = [
        mex::endpoint(text).map(|endpoint| assert!(endpoint.address.starts_with("https://"))),
        rstr::read(text).map(|assertion| assert!(!assertion.text.is_empty())),
    ];
    for error in outcomes.into_iter().filter_map(Result::err) {
        prop_assert!(
            matches!(
                error.kind(),
                ErrorKind::Protocol | ErrorKind::AuthenticationFailed
            ),
            "{}",
            error
        );
        let is_quoted =
            error.kind() == ErrorKind::AuthenticationFailed || error.message().contains("of the type");
        prop_assert!(is_quoted || !format!("{error:?}").contains("CNRY"), "{}", error);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_soup_of_parts_is_read_or_refused(text in soup()) {
        check(text.as_bytes())?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        check(&bytes)?;
    }

    #[test]
    fn an_assertion_is_never_spelled_anew(parts in prop::collection::vec(content(), 1..4)) {
        let assertion = parts.concat();
        let answer = format!(
            "<RequestSecurityTokenResponse><RequestedSecurityToken>{assertion}</RequestedSecurityToken>\
             <TokenType>urn:oasis:names:tc:SAML:1.0:assertion</TokenType></RequestSecurityTokenResponse>"
        );
        match rstr::read(answer.as_bytes()) {
            Ok(read) => prop_assert_eq!(read.text.expose(), assertion),
            Err(error) => prop_assert!(assertion.trim().is_empty(), "{}", error),
        }
    }
}
