//! Properties: a record is what its rule says, and survives being kept.

use proptest::prelude::*;

use super::*;

fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(&["login.microsoftonline.com", "localhost:8443", "contoso.com", "u.t", "1.0", "11111111-1111-1111-1111-111111111111"][..])
            .prop_map(str::to_owned),
        1 => prop::sample::select(&["", "a/b", "https://login.microsoftonline.com", "a b", "\u{e4}", "a\nb", "user@host", "..", "[::1]", "1.1"][..])
            .prop_map(str::to_owned),
        1 => any::<String>(),
        1 => (1020usize..1030).prop_map(|length| "x".repeat(length)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_is_read_exactly_if_all_its_members_are_right(
        authority in values(),
        client_id in values(),
        home_account_id in values(),
        tenant_id in values(),
        username in values(),
        version in prop_oneof![9 => Just("1.0".to_owned()), 1 => values()],
    ) {
        let members = [
            ("authority", &authority),
            ("clientId", &client_id),
            ("homeAccountId", &home_account_id),
            ("tenantId", &tenant_id),
            ("username", &username),
            ("version", &version),
        ];
        let text = Json::Object(members.map(|(name, value)| (name.to_owned(), Json::from(value.as_str()))).into()).to_document();
        let is_name = |name: &str| (1..=1024).contains(&name.len()) && !name.chars().any(char::is_control);
        let is_right = version == "1.0"
            && !authority.contains('/')
            && Authority::parse(&authority).is_ok()
            && ClientId::parse(&client_id).is_ok()
            && TenantId::parse(&tenant_id).is_ok()
            && is_name(&home_account_id)
            && is_name(&username)
            && text.len() <= 16 * 1024;
        let read = AuthenticationRecord::deserialize(&text);
        prop_assert_eq!(read.is_ok(), is_right, "{}", text.as_str());
        match read {
            Ok(record) => {
                prop_assert_eq!(record.home_account_id(), &home_account_id);
                prop_assert_eq!(record.username(), &username);
                prop_assert_eq!(AuthenticationRecord::deserialize(&record.serialize()).unwrap(), record);
            }
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
                prop_assert!(error.to_string().len() <= 1024 && !error.to_string().chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), is_object in any::<bool>()) {
        let text = if is_object { format!("{{\"version\": \"1.0\", \"authority\": {text:?}}}") } else { text };
        prop_assert!(AuthenticationRecord::deserialize(&text).is_err());
    }
}
