//! What a service asks to wait.

use std::time::Duration;

use http::header::{DATE, HeaderMap, RETRY_AFTER};
use identity_base::seam::Now;

use crate::http_date;

/// No wait is believed beyond this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// Azure's variants in milliseconds, the more exact ones first.
const IN_MILLISECONDS: [&str; 2] = ["retry-after-ms", "x-ms-retry-after-ms"];

/// How long the service asks to wait: `retry-after-ms`, `x-ms-retry-after-ms`, or `Retry-After` in seconds or as a date. At most an hour.
///
/// What can't be, such as a negative number, a date in the past, or two values, counts as if the header weren't there.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Now) -> Option<Duration> {
    let wait = IN_MILLISECONDS
        .iter()
        .find_map(|name| number(single(headers, name)?).map(Duration::from_millis))
        .or_else(|| {
            let text = single(headers, RETRY_AFTER.as_str())?;
            number(text)
                .map(Duration::from_secs)
                .or_else(|| until(text, headers, now))
        })?;
    Some(wait.min(MAX_RETRY_AFTER))
}

/// The header's value, if there is exactly one.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim();
    values.next().is_none().then_some(value)
}

/// Digits alone; a number too large to express is the largest.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX / 1000))
}

/// The time until a date, by the service's own clock if it told it.
fn until(text: &str, headers: &HeaderMap, now: Now) -> Option<Duration> {
    let date = http_date::millis(text)?;
    let now = single(headers, DATE.as_str())
        .and_then(http_date::millis)
        .unwrap_or(now.wall);
    u64::try_from(date.saturating_sub(now))
        .ok()
        .filter(|wait| *wait > 0)
        .map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    const NOW: Now = Now {
        wall: 1_764_000_000_000,
        elapsed: 0,
    };

    fn wait(pairs: &[(&'static str, &'static str)]) -> Option<u128> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        retry_after(&headers, NOW).map(|wait| wait.as_millis())
    }

    #[test]
    fn seconds_dates_and_milliseconds_are_understood() {
        assert_eq!(wait(&[("retry-after", "7")]), Some(7000));
        assert_eq!(wait(&[("retry-after", " 7 ")]), Some(7000));
        assert_eq!(wait(&[("retry-after", "0")]), Some(0));
        assert_eq!(
            wait(&[("retry-after", "Mon, 24 Nov 2025 16:00:20 GMT")]),
            Some(20_000)
        );
        assert_eq!(
            wait(&[("retry-after-ms", "250"), ("retry-after", "7")]),
            Some(250)
        );
        assert_eq!(
            wait(&[("x-ms-retry-after-ms", "250"), ("retry-after", "7")]),
            Some(250)
        );
        assert_eq!(wait(&[("retry-after-ms", "x"), ("retry-after", "7")]), Some(7000));
        let by_its_clock = [
            ("retry-after", "Mon, 24 Nov 2025 17:00:20 GMT"),
            ("date", "Mon, 24 Nov 2025 17:00:00 GMT"),
        ];
        assert_eq!(wait(&by_its_clock), Some(20_000));
    }

    #[test]
    fn no_wait_is_longer_than_an_hour() {
        for long in [
            "3600",
            "86400",
            "18446744073709551615",
            "99999999999999999999999",
            "Wed, 24 Nov 2100 16:00:00 GMT",
        ] {
            assert_eq!(wait(&[("retry-after", long)]), Some(3_600_000), "{long}");
        }
        assert_eq!(
            wait(&[("retry-after-ms", "99999999999999999999999")]),
            Some(3_600_000)
        );
    }

    #[test]
    fn what_can_not_be_is_as_if_absent() {
        for bad in [
            "-1",
            "NaN",
            "1e400",
            "1e3",
            "1.5",
            "+5",
            "",
            "soon",
            "7, 8",
            "Mon, 24 Nov 2025 15:59:59 GMT",
            "Mon, 24 Nov 2025 16:00:00 GMT",
        ] {
            assert_eq!(wait(&[("retry-after", bad)]), None, "{bad}");
        }
        assert_eq!(wait(&[("retry-after", "1"), ("retry-after", "2")]), None);
        assert_eq!(wait(&[]), None);
    }
}
