//! The dates of HTTP headers.

use std::time::UNIX_EPOCH;

/// Milliseconds since the Unix epoch of an HTTP date, in any of its three forms.
pub(crate) fn millis(text: &str) -> Option<i64> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::millis;

    #[test]
    fn the_three_forms_are_read() {
        for date in [
            "Mon, 24 Nov 2025 16:00:00 GMT",
            "Monday, 24-Nov-25 16:00:00 GMT",
            "Mon Nov 24 16:00:00 2025",
        ] {
            assert_eq!(millis(date), Some(1_764_000_000_000), "{date}");
        }
        for bad in ["", "now", "2025-11-24T16:00:00Z", "Mon, 99 Nov 2025 16:00:00 GMT"] {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }
}
