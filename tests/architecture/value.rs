//! Values as the table writes them.

use std::time::Duration;

/// A value of a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Time(Duration),
    Number(u128),
}

const TIMES: [(&str, u64); 4] = [("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)];
const SIZES: [(&str, u128); 2] = [("MiB", 1024 * 1024), ("KiB", 1024)];

impl Value {
    /// Reads `48 h`, `300 ms`, `64 MiB` or `10,000`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
        let number: u64 = number.replace(',', "").parse().ok()?;
        if unit.is_empty() {
            return Some(Self::Number(number.into()));
        }
        let time = TIMES.iter().find(|(name, _)| *name == unit);
        let size = SIZES.iter().find(|(name, _)| *name == unit);
        time.map(|(_, millis)| Self::Time(Duration::from_millis(number * millis)))
            .or_else(|| size.map(|(_, bytes)| Self::Number(u128::from(number) * bytes)))
    }
}

impl Value {
    /// As the table writes it. Sizes have a name that says so; other numbers are counts.
    pub(crate) fn written(self, name: &str) -> String {
        match self {
            Self::Time(time) => {
                let millis = time.as_millis();
                let unit = TIMES.iter().find(|(_, size)| millis % u128::from(*size) == 0);
                let (unit, size) = unit.copied().unwrap_or(("ms", 1));
                format!("{} {unit}", millis / u128::from(size))
            }
            Self::Number(number) => {
                let is_size = SIZE_WORDS.iter().any(|word| name.to_uppercase().ends_with(word));
                let unit = SIZES
                    .iter()
                    .find(|(_, size)| is_size && number >= *size && number % size == 0);
                unit.map_or_else(
                    || grouped(number),
                    |(unit, size)| format!("{} {unit}", number / size),
                )
            }
        }
    }
}

/// How names of sizes end.
const SIZE_WORDS: [&str; 6] = ["BYTES", "BODY", "BUFFER", "HEAD", "FILE", "ANSWER"];

/// The digits in groups of three.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn values_are_read_as_they_are_written() {
    for text in [
        "48 h",
        "10 min",
        "300 ms",
        "1 s",
        "64 MiB",
        "16 KiB",
        "10,000",
        "8",
        "1,000,000",
    ] {
        assert_eq!(Value::parse(text).unwrap().written("MAX_BYTES"), text);
    }
    assert_eq!(Value::Number(4096).written("MAX_BITS"), "4,096");
    for bad in ["", "soon", "5 days", "1.5 s"] {
        assert_eq!(Value::parse(bad), None, "{bad}");
    }
}
