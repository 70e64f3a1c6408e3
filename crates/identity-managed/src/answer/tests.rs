//! Answers good and bad.

use super::*;

const SENT: Now = Now {
    wall: 1_764_000_000_000,
    elapsed: 5,
};
const RESOURCE: &str = "https://management.azure.com";

fn expected(identity: Option<&UserAssignedId>, echo: Echo) -> Expected<'_> {
    Expected {
        source: ManagedIdentitySource::Imds,
        resource: RESOURCE,
        identity,
        echo,
    }
}

fn read_json(document: &str, expected: &Expected<'_>) -> Result<Fetched, Error> {
    let result = read(&Json::parse(document.as_bytes()).unwrap(), expected, SENT);
    if let Err(error) = &result {
        assert!(!format!("{error} {error:?}").contains("CNRY"), "{error:?}");
    }
    result
}

fn lifetime_of(members: &str) -> Result<u64, ErrorKind> {
    let document = format!("{{\"access_token\":\"t\",{members}}}");
    match read_json(&document, &expected(None, Echo::IfPresent)) {
        Ok(fetched) => match fetched.expiry {
            identity_base::Expiry::In(lifetime) => Ok(lifetime.as_secs()),
            other => panic!("{other:?}"),
        },
        Err(error) => Err(error.kind()),
    }
}

#[test]
fn lifetimes_in_every_form() {
    for (members, seconds) in [
        (r#""expires_in":3600"#, 3600),
        (r#""expires_in":"3600""#, 3600),
        (r#""expires_in":3599.9"#, 3599),
        (r#""expires_on":1764003600"#, 3600),
        (r#""expires_on":"1764003600""#, 3600),
        (r#""expires_on":"11/24/2025 17:00:00 +00:00""#, 3600),
        (r#""expires_on":"11/24/2025 5:00:00 PM +00:00""#, 3600),
        (r#""expires_in":null,"expires_on":1764003600"#, 3600),
        // An endpoint that answers from a cache repeats the first `expires_in`.
        (r#""expires_in":86399,"expires_on":1764003600"#, 3600),
        (r#""expires_in":60,"expires_on":1764003600"#, 60),
        // This machine's clock is ahead.
        (r#""expires_in":3600,"expires_on":1763000000"#, 3600),
        (r#""expires_in":1000000000000"#, 48 * 3600),
    ] {
        assert_eq!(lifetime_of(members), Ok(seconds), "{members}");
    }
    for members in [
        r#""resource":"https://management.azure.com""#,
        r#""expires_in":0"#,
        r#""expires_in":-1"#,
        r#""expires_in":"soon""#,
        r#""expires_in":"CNRYCNRY""#,
        r#""expires_on":1764000000"#,
        r#""expires_on":0"#,
        r#""expires_on":"2025-11-24T17:00:00Z""#,
        r#""expires_on":"11/24/2025 17:00:00 +01:00""#,
        r#""expires_in":null"#,
        r#""expires_in":{}"#,
    ] {
        assert_eq!(lifetime_of(members), Err(ErrorKind::Protocol), "{members}");
    }
}

#[test]
fn advice_to_refresh_is_taken_if_it_makes_sense() {
    let refresh = |value: &str| {
        let document = format!(r#"{{"access_token":"t","expires_in":3600,"refresh_in":{value}}}"#);
        read_json(&document, &expected(None, Echo::IfPresent))
            .unwrap()
            .refresh
    };
    assert_eq!(
        refresh("\"1800\""),
        Some(identity_base::Expiry::In(Duration::from_secs(1800)))
    );
    for ignored in ["3600", "0", "-1", "null", "\"x\""] {
        assert_eq!(refresh(ignored), None, "{ignored}");
    }
}

#[test]
fn only_a_bearer_token_that_fits_a_header_is_taken() {
    for bad in [
        r#"{"expires_in":1}"#,
        r#"{"access_token":null,"expires_in":1}"#,
        r#"{"access_token":"","expires_in":1}"#,
        r#"{"access_token":7,"expires_in":1}"#,
        r#"{"access_token":["CNRYCNRY"],"expires_in":1}"#,
        r#"{"access_token":"CNRY\r\nX: y","expires_in":1}"#,
        r#"{"access_token":"CNRY CNRY","expires_in":1}"#,
        r#"{"access_token":"CNRYé","expires_in":1}"#,
        r#"{"access_token":"CNRY","expires_in":1,"token_type":"pop"}"#,
        r#"{"access_token":"CNRY","expires_in":1,"token_type":7}"#,
    ] {
        let error = read_json(bad, &expected(None, Echo::IfPresent)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{bad}");
    }
    for kind in ["\"Bearer\"", "\"bearer\"", "null"] {
        let document = format!(r#"{{"access_token":"t","expires_in":1,"token_type":{kind}}}"#);
        assert!(
            read_json(&document, &expected(None, Echo::IfPresent)).is_ok(),
            "{kind}"
        );
    }
}

#[test]
fn an_error_beside_a_token_is_an_error() {
    let has = |document: &str| has_token(&Json::parse(document.as_bytes()).unwrap());
    assert!(has(r#"{"access_token":"t"}"#) && has(r#"{"access_token":"t","error":""}"#));
    assert!(has(r#"{"access_token":"t","error":null}"#));
    assert!(!has(r#"{"access_token":"t","error":"invalid_request"}"#) && !has("{}"));
}

#[test]
fn the_resource_has_to_be_the_requested_one_where_it_is_named() {
    let of = |resource: &str| {
        let document = format!(r#"{{"access_token":"t","expires_in":1,"resource":{resource}}}"#);
        read_json(&document, &expected(None, Echo::IfPresent))
            .map(|_| ())
            .map_err(|error| error.kind())
    };
    for same in [
        "\"https://management.azure.com\"",
        "\"https://management.azure.com/\"",
        "\"HTTPS://Management.Azure.com\"",
        "\"\"",
        "null",
        "7",
    ] {
        assert_eq!(of(same), Ok(()), "{same}");
    }
    for other in [
        "\"https://vault.azure.net\"",
        "\"https://management.azure.com.evil.example\"",
        "\"management.azure.com\"",
    ] {
        assert_eq!(of(other), Err(ErrorKind::IdentityMismatch), "{other}");
    }
}

#[test]
fn the_identity_has_to_be_the_requested_one() {
    let ids = [
        (UserAssignedId::client_id("AAAA").unwrap(), "client_id"),
        (UserAssignedId::object_id("AAAA").unwrap(), "object_id"),
        (UserAssignedId::resource_id("/AAAA").unwrap(), "msi_res_id"),
        (UserAssignedId::resource_id("/AAAA").unwrap(), "mi_res_id"),
    ];
    for (id, member) in &ids {
        let of = |echoed: &str, echo: Echo| {
            let document = format!(r#"{{"access_token":"t","expires_in":1,"{member}":{echoed}}}"#);
            read_json(&document, &expected(Some(id), echo))
                .map(|_| ())
                .map_err(|error| error.kind())
        };
        let same = format!("\"{}\"", id.as_str().to_ascii_lowercase());
        for echo in [Echo::IfPresent, Echo::Required] {
            assert_eq!(of(&same, echo), Ok(()), "{id}");
            assert_eq!(of("\"/bbbb\"", echo), Err(ErrorKind::IdentityMismatch), "{id}");
        }
        for absent in ["null", "\"\""] {
            assert_eq!(of(absent, Echo::IfPresent), Ok(()), "{id}");
            assert_eq!(
                of(absent, Echo::Required),
                Err(ErrorKind::IdentityMismatch),
                "{id}"
            );
        }
    }
    // Nothing was asked for: whose token it is may be said or not.
    assert!(
        read_json(
            r#"{"access_token":"t","expires_in":1,"client_id":"x"}"#,
            &expected(None, Echo::Required)
        )
        .is_ok()
    );
    // One right name beside a wrong one is wrong.
    let (id, _) = &ids[2];
    let both = r#"{"access_token":"t","expires_in":1,"msi_res_id":"/aaaa","mi_res_id":"/bbbb"}"#;
    assert_eq!(
        read_json(both, &expected(Some(id), Echo::IfPresent))
            .unwrap_err()
            .kind(),
        ErrorKind::IdentityMismatch
    );
}
