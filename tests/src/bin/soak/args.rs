//! The command line.

/// What a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Args {
    /// How long there are calls, in seconds.
    pub(crate) seconds: u64,
    /// What everything random is drawn from; without it the time of day.
    pub(crate) seed: Option<u64>,
}

/// The length of a run whose figures are demanded in full.
pub(crate) const FULL_SECONDS: u64 = 120;

impl Args {
    /// Reads `--seconds N` and `--seed N`.
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self {
            seconds: FULL_SECONDS,
            seed: None,
        };
        while let Some(name) = args.next() {
            let mut number = || {
                let value = args.next().ok_or_else(|| format!("{name} needs a number"))?;
                value
                    .parse::<u64>()
                    .map_err(|_| format!("{name} needs a number, not {value:?}"))
            };
            match name.as_str() {
                "--seconds" => parsed.seconds = number()?,
                "--seed" => parsed.seed = Some(number()?),
                _ => {
                    return Err(format!(
                        "{name:?} is not known; there are --seconds N and --seed N"
                    ));
                }
            }
        }
        match parsed.seconds {
            0 => Err("--seconds has to be at least 1".to_owned()),
            _ => Ok(parsed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn parse(args: &[&str]) -> Result<Args, String> {
        Args::parse(args.iter().map(|arg| (*arg).to_owned()))
    }

    #[test]
    fn both_options_are_read_and_rubbish_is_refused() {
        assert_eq!(
            parse(&[]),
            Ok(Args {
                seconds: 120,
                seed: None
            })
        );
        assert_eq!(
            parse(&["--seed", "7", "--seconds", "5"]),
            Ok(Args {
                seconds: 5,
                seed: Some(7)
            })
        );
        for bad in [
            &["--seconds"] as &[&str],
            &["--seconds", "x"],
            &["--seconds", "0"],
            &["--fast"],
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
