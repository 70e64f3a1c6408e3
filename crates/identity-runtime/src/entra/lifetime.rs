//! How long a token is valid: the one parser for all the forms in which services say it.

use std::time::Duration;

use identity_base::{Error, ErrorKind};

use crate::json::Json;

/// Longer lifetimes are cut to this: no service gives longer ones, and a mistake must not keep a token for years.
pub const MAX_LIFETIME: Duration = Duration::from_secs(48 * 3600);

/// A lifetime in seconds: an integer, a float, or either as a text.
///
/// # Errors
/// [`ErrorKind::Protocol`] when the value isn't a number, isn't finite, or isn't positive.
pub fn lifetime(member: &'static str, value: &Json) -> Result<Duration, Error> {
    let seconds = seconds(value).ok_or_else(|| malformed(member, value))?;
    positive(seconds).ok_or_else(|| {
        Error::new(
            ErrorKind::Protocol,
            format!("`{member}` is not positive, so the token is expired already"),
        )
    })
}

/// The end of a lifetime, in milliseconds since the Unix epoch: seconds as an integer, a float, or either as a text; or one of the two date forms of old App
/// Service versions, `MM/DD/YYYY HH:MM:SS +00:00` and `M/D/YYYY h:MM:SS AM +00:00`.
///
/// # Errors
/// [`ErrorKind::Protocol`] when the value is none of these or far outside of calendars.
pub fn expires_on(member: &'static str, value: &Json) -> Result<i64, Error> {
    if let Some(seconds) = seconds(value) {
        let millis = seconds * 1000.0;
        // Beyond this the conversion would lose its meaning; the year is about 287,000 then.
        return match millis.is_finite() && millis.abs() < 9e15 {
            #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
            true => Ok(millis as i64),
            false => Err(malformed(member, value)),
        };
    }
    value
        .as_text()
        .and_then(app_service_date)
        .ok_or_else(|| malformed(member, value))
}

/// The number of seconds, unchecked.
fn seconds(value: &Json) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "where precision ends the value is cut to 48 h anyway"
    )]
    match value {
        Json::Integer(seconds) => Some(*seconds as f64),
        Json::Unsigned(seconds) => Some(*seconds as f64),
        Json::Float(seconds) => Some(*seconds),
        Json::Text(text) => {
            let text = text.trim();
            // Rust also reads `inf`, `nan` and the like.
            let is_number = text
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
            is_number.then(|| text.parse().ok()).flatten()
        }
        _ => None,
    }
}

/// The duration, if there is one left.
fn positive(seconds: f64) -> Option<Duration> {
    // A text such as `1e400` becomes infinite.
    if !seconds.is_finite() || seconds <= 0.0 {
        return None;
    }
    let capped = seconds.min(MAX_LIFETIME.as_secs_f64());
    Some(Duration::from_secs_f64(capped)).filter(|lifetime| lifetime.as_millis() > 0)
}

fn malformed(member: &str, value: &Json) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("`{member}` is {} that is no time", value.kind()),
    )
}

/// `10/25/2026 13:05:09 +00:00` or `10/25/2026 1:05:09 PM +00:00`.
fn app_service_date(text: &str) -> Option<i64> {
    let mut words = text.trim().strip_suffix("+00:00")?.split_ascii_whitespace();
    let (date, time, half) = (words.next()?, words.next()?, words.next());
    if words.next().is_some() {
        return None;
    }
    let [month, day, year] = numbers(date, '/')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => match half {
            "AM" => hour % 12,
            "PM" => hour % 12 + 12,
            _ => return None,
        },
        Some(_) => return None,
    };
    let is_time = hour < 24 && minute < 60 && second < 60;
    let is_date = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && (1970..10_000).contains(&year);
    if !is_time || !is_date {
        return None;
    }
    let days = days_since_epoch(year, month, day);
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// Three short unsigned numbers.
fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator).map(|part| {
        let fits = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| part.parse::<i64>().ok()).flatten()
    });
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01; the year begins in March here, so that the leap day is its last.
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1 - 719_468
}

#[cfg(test)]
mod tests;
