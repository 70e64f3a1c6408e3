//! Every form of a lifetime.

use proptest::prelude::*;

use super::*;

fn json(document: &str) -> Json {
    Json::parse(document.as_bytes()).unwrap()
}

#[test]
fn every_form_of_a_lifetime_is_read() {
    for (document, seconds) in [
        ("3600", 3600.0),
        ("3600.0", 3600.0),
        ("3599.9", 3599.9),
        ("\"3600\"", 3600.0),
        ("\"3599.9\"", 3599.9),
        ("\" 3600 \"", 3600.0),
        ("\"3.6e3\"", 3600.0),
        ("1", 1.0),
        ("1e3", 1000.0),
    ] {
        let lifetime = lifetime("expires_in", &json(document)).unwrap();
        assert!((lifetime.as_secs_f64() - seconds).abs() < 1e-6, "{document}");
    }
}

#[test]
fn long_lifetimes_are_cut() {
    for document in [
        "172801",
        "1e12",
        "9223372036854775807",
        "18446744073709551615",
        "1e300",
        "\"1e12\"",
        "\"99999999999999999999999\"",
    ] {
        assert_eq!(
            lifetime("expires_in", &json(document)).unwrap(),
            MAX_LIFETIME,
            "{document}"
        );
    }
    assert_eq!(lifetime("expires_in", &json("172800")).unwrap(), MAX_LIFETIME);
}

#[test]
fn what_is_no_lifetime_is_an_error_without_the_value() {
    for document in [
        "0",
        "0.0",
        "-0.0",
        "-1",
        "-1.5",
        "-9223372036854775808",
        "\"0\"",
        "\"-1\"",
        "\"\"",
        "\" \"",
        "\"NaN\"",
        "\"nan\"",
        "\"inf\"",
        "\"infinity\"",
        "\"1e400\"",
        "\"-1e400\"",
        "\"CNRYCNRY\"",
        "\"12 34\"",
        "\"0x10\"",
        "\"1_000\"",
        "\"--1\"",
        "\"1e-9\"",
        "1e-9",
        "null",
        "true",
        "[3600]",
        "{\"a\":3600}",
    ] {
        let error = lifetime("expires_in", &json(document)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{document}");
        assert!(error.message().contains("expires_in") && !error.message().contains("CNRY"));
    }
    let not_finite = lifetime("x", &Json::Float(f64::NAN)).unwrap_err();
    assert_eq!(not_finite.kind(), ErrorKind::Protocol);
}

#[test]
fn every_form_of_an_end_is_read() {
    for (document, millis) in [
        ("1764000000", 1_764_000_000_000),
        ("\"1764000000\"", 1_764_000_000_000),
        ("1764000000.5", 1_764_000_000_500),
        ("\"1764000000.25\"", 1_764_000_000_250),
        ("0", 0),
        ("-1", -1000),
        ("\"11/24/2025 16:00:00 +00:00\"", 1_764_000_000_000),
        ("\"11/24/2025 4:00:00 PM +00:00\"", 1_764_000_000_000),
        ("\"1/1/1970 12:00:00 AM +00:00\"", 0),
        ("\"1/1/1970 12:00:00 PM +00:00\"", 43_200_000),
        ("\"02/29/2024 00:00:00 +00:00\"", 1_709_164_800_000),
        ("\"12/31/1999 23:59:59 +00:00\"", 946_684_799_000),
        ("\"03/01/2000 00:00:00 +00:00\"", 951_868_800_000),
    ] {
        assert_eq!(
            expires_on("expires_on", &json(document)).unwrap(),
            millis,
            "{document}"
        );
    }
}

#[test]
fn what_is_no_end_is_an_error() {
    for document in [
        "1e300",
        "9223372036854775807",
        "\"1e400\"",
        "\"soon\"",
        "null",
        "[]",
        "\"11/24/2025 16:00:00\"",
        "\"11/24/2025 16:00:00 +01:00\"",
        "\"24/11/2025 16:00:00 +00:00\"",
        "\"02/29/2025 00:00:00 +00:00\"",
        "\"2/30/2024 00:00:00 +00:00\"",
        "\"11/24/2025 24:00:00 +00:00\"",
        "\"11/24/2025 13:00:00 PM +00:00\"",
        "\"11/24/2025 0:00:00 AM +00:00\"",
        "\"11/24/2025 1:00:00 XM +00:00\"",
        "\"11/24/2025 1:00 PM +00:00\"",
        "\"0/1/2025 1:00:00 +00:00\"",
        "\"1/0/2025 1:00:00 +00:00\"",
        "\"1/1/1969 1:00:00 +00:00\"",
        "\"-1/1/2025 1:00:00 +00:00\"",
        "\"1/1/2025 1:00:00 PM x +00:00\"",
        "\"+00:00\"",
        "\"2025-11-24T16:00:00Z\"",
    ] {
        assert_eq!(
            expires_on("expires_on", &json(document)).unwrap_err().kind(),
            ErrorKind::Protocol,
            "{document}"
        );
    }
}

proptest! {
    #[test]
    fn every_scalar_is_a_lifetime_within_bounds_or_an_error(
        value in prop_oneof![
            any::<i64>().prop_map(Json::Integer),
            any::<u64>().prop_map(Json::Unsigned),
            any::<f64>().prop_map(Json::Float),
            ".{0,12}".prop_map(|text| Json::from(text.as_str())),
            "-?[0-9]{1,30}(\\.[0-9]{1,4})?([eE][-+]?[0-9]{1,3})?".prop_map(|text| Json::from(text.as_str())),
        ]
    ) {
        if let Ok(lifetime) = lifetime("expires_in", &value) {
            prop_assert!(lifetime > Duration::ZERO && lifetime <= MAX_LIFETIME);
        }
        if let Ok(millis) = expires_on("expires_on", &value) {
            prop_assert!(millis.unsigned_abs() <= 9_000_000_000_000_000);
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar(seconds in 0i64..253_402_300_800) {
        let days = seconds.div_euclid(86_400);
        // An independent way to the date: count the years and months off.
        let (mut year, mut left) = (1970, days);
        let length = |year: i64| if is_leap(year) { 366 } else { 365 };
        while left >= length(year) {
            left -= length(year);
            year += 1;
        }
        let mut month = 1;
        while left >= days_in(year, month) {
            left -= days_in(year, month);
            month += 1;
        }
        let of_day = seconds.rem_euclid(86_400);
        let text = format!(
            "{month:02}/{:02}/{year:04} {:02}:{:02}:{:02} +00:00",
            left + 1, of_day / 3600, of_day / 60 % 60, of_day % 60
        );
        prop_assert_eq!(app_service_date(&text), Some(seconds * 1000), "{}", text);
    }
}
