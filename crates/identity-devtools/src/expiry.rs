//! When a tool says that its token ends.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use identity_base::{Error, ErrorKind};
use identity_runtime::entra;
use identity_runtime::json::Json;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The end as seconds since the epoch: a number, or a text of one.
pub(crate) fn from_seconds(member: &'static str, value: &Json) -> Result<SystemTime, Error> {
    from_millis(entra::expires_on(member, value)?).ok_or_else(|| not_a_time(member))
}

/// The end as a date with its offset from UTC, as RFC 3339 writes it; a date without one counts as UTC, which is what the tool was told to print.
pub(crate) fn from_date(member: &'static str, value: &Json) -> Result<SystemTime, Error> {
    let text = value.as_text().map(str::trim).ok_or_else(|| not_a_time(member))?;
    let timestamp = text.parse::<Timestamp>().or_else(|_| {
        // Without an offset. What has a zone in brackets or a `Z` was refused above for another reason.
        let is_local = !text.contains(['Z', 'z', '[']);
        text.parse::<DateTime>()
            .ok()
            .filter(|_| is_local && text.contains(':'))
            .and_then(|date| TimeZone::UTC.to_timestamp(date).ok())
            .ok_or(())
    });
    timestamp
        .ok()
        .and_then(|timestamp| from_millis(timestamp.as_millisecond()))
        .ok_or_else(|| not_a_time(member))
}

fn from_millis(millis: i64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(millis).ok()?))
}

fn not_a_time(member: &str) -> Error {
    Error::new(ErrorKind::AuthenticationFailed, format!("`{member}` is no time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Option<u64> {
        let end = from_date("expiresOn", &Json::from(text)).ok()?;
        Some(end.duration_since(UNIX_EPOCH).unwrap().as_secs())
    }

    #[test]
    fn dates_of_every_form_are_read() {
        // What `date -u -d '2026-11-24 15:25:01' +%s` says.
        for text in [
            "2026-11-24 15:25:01.000000",
            "2026-11-24 15:25:01",
            "2026-11-24T15:25:01Z",
            "2026-11-24T15:25:01.5Z",
            "2026-11-24T10:25:01-05:00",
            "2026-11-24T20:55:01+05:30",
            "2026-11-24 15:25:01.999999",
            " 2026-11-24T15:25:01 ",
        ] {
            assert_eq!(date(text), Some(1_795_533_901), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026-11-24",
            "2026-13-24 15:25:01",
            "2026-02-30T00:00:00Z",
            "15:25:01",
            "tomorrow",
            "11/24/2026 15:25:01",
            "2026-11-24T25:00:00Z",
            "1960-01-01 00:00:00",
            "99999-01-01T00:00:00Z",
            "2026-11-24 15:25:01 PST",
            "CNRY",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
        assert!(from_date("expiresOn", &Json::Integer(1)).is_err() && from_date("x", &Json::Null).is_err());
    }

    #[test]
    fn seconds_may_be_a_text() {
        for json in [
            Json::Integer(1_795_533_901),
            Json::from("1795533901"),
            Json::Float(1_795_533_901.0),
        ] {
            let end = from_seconds("expires_on", &json).unwrap();
            assert_eq!(end.duration_since(UNIX_EPOCH).unwrap().as_secs(), 1_795_533_901);
        }
        for json in [
            Json::Integer(-1),
            Json::from("soon"),
            Json::Null,
            Json::Unsigned(u64::MAX),
        ] {
            assert!(from_seconds("expires_on", &json).is_err());
        }
    }
}
