//! The command line.

/// What a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Args {
    /// How long there are calls, in seconds.
    pub(crate) seconds: u64,
    /// What everything random is drawn from; without it the time of day.
    pub(crate) seed: Option<u64>,
    /// Whether the emulator offers HTTP/2. A credential's own transport doesn't ask for it unless it is built to.
    pub(crate) http2: bool,
}

/// The length of a run whose figures are demanded in full.
pub(crate) const FULL_SECONDS: u64 = 120;

impl Args {
    /// Reads `--seconds N`, `--seed N` and `--http2`.
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self {
            seconds: FULL_SECONDS,
            seed: None,
            http2: false,
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
                "--http2" => parsed.http2 = true,
                "--seed" => parsed.seed = Some(number()?),
                _ => {
                    return Err(format!(
                        "{name:?} is not known; there are --seconds N, --seed N and --http2"
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
                seed: None,
                http2: false
            })
        );
        assert_eq!(
            parse(&["--seed", "7", "--http2", "--seconds", "5"]),
            Ok(Args {
                seconds: 5,
                seed: Some(7),
                http2: true
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
