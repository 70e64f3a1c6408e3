//! The request for a token to the organization's server (RST).

use identity_base::{Error, ErrorKind, Secret};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::mex::{Endpoint, Version};
use super::xml::escape;

/// For how long the request is meant.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// What a request says.
pub(super) struct Rst<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) username: &'a str,
    pub(super) password: &'a Secret,
    /// Whom the assertion is for.
    pub(super) audience: &'a str,
    /// A GUID.
    pub(super) message_id: &'a str,
    /// Milliseconds since the Unix epoch.
    pub(super) now: i64,
}

impl Rst<'_> {
    /// The envelope. Everything that isn't ours is escaped, so nobody's name or password adds an element.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] for characters that XML can't have; [`ErrorKind::Internal`] for a time outside the calendar.
    pub(super) fn envelope(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        if !self
            .username
            .chars()
            .chain(self.password.expose().chars())
            .all(is_xml)
        {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                "the user name or the password has characters that can't be sent to the organization's server",
            ));
        }
        let (trust, key_type) = match self.endpoint.version {
            Version::V13 => (
                "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
                "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
            ),
            Version::V2005 => (
                "http://schemas.xmlsoap.org/ws/2005/02/trust",
                "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
            ),
        };
        let outside = || Error::new(ErrorKind::Internal, "the clock is outside the calendar");
        let created = Timestamp::from_millisecond(self.now).map_err(|_| outside())?;
        let expires = created.checked_add(LIFETIME).map_err(|_| outside())?;
        let time = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        // Large enough from the start: no copy of the password stays behind.
        let room = 6
            * (self.username.len()
                + self.password.expose().len()
                + self.audience.len()
                + self.endpoint.address.len());
        let mut out = Zeroizing::new(String::with_capacity(4096 + room));
        out.push_str(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" \
             xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\"><s:Header>\
             <wsa:Action s:mustUnderstand=\"1\">",
        );
        out.push_str(self.endpoint.version.action());
        out.push_str("</wsa:Action><wsa:MessageID>urn:uuid:");
        escape(self.message_id, &mut out);
        out.push_str(
            "</wsa:MessageID><wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>\
             <wsa:To s:mustUnderstand=\"1\">",
        );
        escape(&self.endpoint.address, &mut out);
        out.push_str(
            "</wsa:To><wsse:Security s:mustUnderstand=\"1\" \
             xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
             <wsu:Timestamp wsu:Id=\"_0\"><wsu:Created>",
        );
        out.push_str(&time(created));
        out.push_str("</wsu:Created><wsu:Expires>");
        out.push_str(&time(expires));
        out.push_str(
            "</wsu:Expires></wsu:Timestamp><wsse:UsernameToken wsu:Id=\"ADALUsernameToken\"><wsse:Username>",
        );
        escape(self.username, &mut out);
        out.push_str("</wsse:Username><wsse:Password>");
        escape(self.password.expose(), &mut out);
        out.push_str("</wsse:Password></wsse:UsernameToken></wsse:Security></s:Header><s:Body><wst:RequestSecurityToken xmlns:wst=\"");
        out.push_str(trust);
        out.push_str(
            "\"><wsp:AppliesTo xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2004/09/policy\"><wsa:EndpointReference><wsa:Address>",
        );
        escape(self.audience, &mut out);
        out.push_str("</wsa:Address></wsa:EndpointReference></wsp:AppliesTo><wst:KeyType>");
        out.push_str(key_type);
        out.push_str("</wst:KeyType><wst:RequestType>");
        out.push_str(trust);
        out.push_str("/Issue</wst:RequestType></wst:RequestSecurityToken></s:Body></s:Envelope>");
        Ok(Zeroizing::new(std::mem::take(&mut *out).into_bytes()))
    }
}

/// Whether a character may stand in a document at all, escaped or not.
const fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_name_and_password_arrive_as_they_are_or_are_refused(
            name in any::<String>(),
            password in prop::collection::vec(prop_oneof![any::<char>(), Just('\r'), Just('\n'), Just(']'), Just('>')], 0..16),
        ) {
            let password: String = password.into_iter().collect();
            let endpoint = Endpoint { address: "https://fs.contoso.test/".to_owned(), version: Version::V13 };
            let rst = Rst {
                endpoint: &endpoint,
                username: &name,
                password: &Secret::new(password.as_str()),
                audience: "urn:a",
                message_id: "1",
                now: 0,
            };
            let Ok(text) = rst.envelope() else {
                let control = |c: char| (c.is_control() && !"\t\r\n".contains(c)) || "\u{fffe}\u{ffff}".contains(c);
                prop_assert!(name.chars().chain(password.chars()).any(control));
                return Ok(());
            };
            let text = std::str::from_utf8(&text).unwrap();
            let document = roxmltree::Document::parse(text).unwrap();
            for (tag, value) in [("Username", name), ("Password", password)] {
                let node = document.descendants().find(|node| node.tag_name().name() == tag).unwrap();
                prop_assert_eq!(node.text().unwrap_or_default(), value);
            }
        }
    }

    fn envelope(version: Version, username: &str, password: &str) -> String {
        let endpoint = Endpoint {
            address: "https://fs.contoso.test/trust?a=1&b=2".to_owned(),
            version,
        };
        let rst = Rst {
            endpoint: &endpoint,
            username,
            password: &Secret::new(password),
            audience: "urn:federation:MicrosoftOnline",
            message_id: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            now: 1_764_000_000_123,
        };
        String::from_utf8(rst.envelope().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn an_envelope_is_xml_with_each_value_in_its_place() {
        for version in [Version::V13, Version::V2005] {
            let hostile = "</wsse:Username><x a=\"'&lt;\">";
            let text = envelope(version, hostile, "pa<ss>&'\"");
            let document = roxmltree::Document::parse(&text).unwrap();
            let value = |name: &str| {
                let mut nodes = document
                    .descendants()
                    .filter(|node| node.tag_name().name() == name);
                let node = nodes.next().unwrap();
                assert!(nodes.next().is_none(), "{name} once");
                node.text().unwrap().to_owned()
            };
            assert_eq!(
                (value("Username").as_str(), value("Password").as_str()),
                (hostile, "pa<ss>&'\"")
            );
            assert_eq!(
                (value("Created").as_str(), value("Expires").as_str()),
                ("2025-11-24T16:00:00Z", "2025-11-24T16:10:00Z")
            );
            assert_eq!(value("To"), "https://fs.contoso.test/trust?a=1&b=2");
            assert_eq!(value("Action"), version.action());
            assert!(
                version
                    .action()
                    .starts_with(value("RequestType").strip_suffix("/Issue").unwrap())
            );
            assert_eq!(
                value("MessageID"),
                "urn:uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3301"
            );
        }
        assert!(envelope(Version::V13, "u", "p").contains("200512/Bearer<"));
        assert!(envelope(Version::V2005, "u", "p").contains("/NoProofKey<"));
    }
}
