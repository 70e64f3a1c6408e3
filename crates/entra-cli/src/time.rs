//! Times and durations as people write and read them.

use std::time::Duration;

use jiff::Timestamp;

use crate::failure::Failure;

/// The longest duration that an option takes.
const MAX: Duration = Duration::from_secs(24 * 3600);

/// Reads `90`, `90s`, `500ms`, `5m` or `1h`.
///
/// # Errors
/// A usage failure for anything else, zero, and more than a day.
pub(crate) fn parse_duration(option: &str, text: &str) -> Result<Duration, Failure> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => Some(Duration::from_millis(1)),
        "" | "s" => Some(Duration::from_secs(1)),
        "m" | "min" => Some(Duration::from_secs(60)),
        "h" => Some(Duration::from_secs(3600)),
        _ => None,
    };
    let number = number.parse::<u32>().ok();
    number
        .zip(unit)
        .and_then(|(number, unit)| unit.checked_mul(number))
        .filter(|duration| !duration.is_zero() && *duration <= MAX)
        .ok_or_else(|| {
            Failure::usage(format!(
                "the value of {option} is not a duration between 1 ms and a day"
            ))
            .hint("write it as 30s, 500ms, 5m or 1h")
        })
}

/// A moment, given in milliseconds since 1970, in RFC 3339 form, to the second and in UTC.
pub(crate) fn rfc3339(millis: i64) -> String {
    match Timestamp::from_second(millis.div_euclid(1000)) {
        Ok(time) => time.to_string(),
        Err(_) => format!("{millis} ms after 1970"),
    }
}

/// How long it is until `millis`, seen from `now`: `in 59 min`, `in 2 h 5 min`, `12 s ago`.
pub(crate) fn relative(millis: i64, now: i64) -> String {
    let seconds = millis.saturating_sub(now).div_euclid(1000);
    let size = match seconds.unsigned_abs() {
        size @ 0..120 => format!("{size} s"),
        size @ 120..7200 => format!("{} min", size / 60),
        size if size % 3600 < 60 => format!("{} h", size / 3600),
        size => format!("{} h {} min", size / 3600, size % 3600 / 60),
    };
    match seconds {
        0.. => format!("in {size}"),
        _ => format!("{size} ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_limits() {
        for (text, millis) in [
            ("90", 90_000),
            ("90s", 90_000),
            ("500ms", 500),
            ("5m", 300_000),
            ("1h", 3_600_000),
        ] {
            let parsed = parse_duration("--timeout", text).unwrap();
            assert_eq!(parsed.as_millis(), millis, "{text}");
        }
        for bad in [
            "",
            "0",
            "-1",
            "1d",
            "s",
            "25h",
            "99999999999999999999",
            "1.5s",
            "5 m",
            "é",
        ] {
            let failure = parse_duration("--timeout", bad).unwrap_err();
            assert!(failure.text().contains("--timeout"), "{bad}");
        }
    }

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(rfc3339(1_700_000_000_999), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(i64::MAX), format!("{} ms after 1970", i64::MAX));
    }

    #[test]
    fn distances_are_rounded_down() {
        for (seconds, expected) in [
            (59, "in 59 s"),
            (3599, "in 59 min"),
            (7200, "in 2 h"),
            (7500, "in 2 h 5 min"),
            (-12, "12 s ago"),
        ] {
            assert_eq!(relative(seconds * 1000, 0), expected);
        }
    }
}
