//! Secrets from variables, files and standard input; never from arguments.

use std::ffi::OsStr;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use identity_base::seam::{Env, FileSystem, ReadOptions};
use identity_base::{Foreign, Secret};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The longest secret that is read.
const MAX_BYTES: u64 = 64 * 1024;

/// Where a secret may come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<'a> {
    /// What it is called in messages.
    pub(crate) what: &'static str,
    /// The option that names a file, and its value.
    pub(crate) option: &'static str,
    pub(crate) file: Option<&'a OsStr>,
    /// The variable with the secret; `…_FILE` names a file with it.
    pub(crate) variable: &'static str,
}

impl Places<'_> {
    /// The secret: from the file of the option, else from the variable, else from the file of the variable `…_FILE`; `None` when none of them is set.
    ///
    /// # Errors
    /// A usage failure when what is set can't be a secret.
    pub(crate) async fn find(self, env: &dyn Env, files: &dyn FileSystem) -> Result<Option<Secret>, Failure> {
        if self.file.is_some_and(|file| file == "-") {
            return self.accept(standard_input()?, "standard input").map(Some);
        }
        if let Some(file) = self.file {
            let secret = self.read_file(Path::new(file), self.option, files).await?;
            return Ok(Some(secret));
        }
        if let Some(secret) = env.var(self.variable) {
            return Ok(Some(Secret::new(secret)));
        }
        let variable = self.file_variable();
        match env.raw(&variable).filter(|file| !file.is_empty()) {
            Some(file) => {
                let secret = self.read_file(Path::new(&file), &variable, files).await?;
                Ok(Some(secret))
            }
            None => Ok(None),
        }
    }

    /// The same where there has to be one.
    ///
    /// # Errors
    /// An `unavailable` failure when none of the places is set, beside those of [`Places::find`].
    pub(crate) async fn read(self, env: &dyn Env, files: &dyn FileSystem) -> Result<Secret, Failure> {
        self.find(env, files).await?.ok_or_else(|| {
            let hint = format!(
                "set {} or {}, or use {} FILE",
                self.variable,
                self.file_variable(),
                self.option
            );
            Failure::unavailable(format!("there is no {}", self.what)).hint(hint)
        })
    }

    fn file_variable(self) -> String {
        format!("{}_FILE", self.variable)
    }

    async fn read_file(self, path: &Path, named_by: &str, files: &dyn FileSystem) -> Result<Secret, Failure> {
        let (bytes, _) = files
            .read(path, ReadOptions::new().max_bytes(MAX_BYTES))
            .await
            .map_err(|error| unreadable(path, named_by, &error))?;
        self.accept(bytes, named_by)
    }

    /// Takes off the one line end that editors leave, and refuses what can't have been meant.
    fn accept(self, bytes: Zeroizing<Vec<u8>>, place: &str) -> Result<Secret, Failure> {
        let refuse = |why: &str| Failure::usage(format!("the {} from {place} {why}", self.what));
        let text = std::str::from_utf8(&bytes).map_err(|_| refuse("is not UTF-8 text"))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(refuse("is empty"));
        }
        if text.contains(['\n', '\r', '\0']) {
            return Err(refuse("has more than one line"));
        }
        Ok(Secret::new(text))
    }
}

/// The failure for a file that an option or variable names and that can't be read.
pub(crate) fn unreadable(path: &Path, named_by: &str, error: &io::Error) -> Failure {
    let path = path.to_string_lossy();
    Failure::usage(format!("cannot read {}: {error}", Foreign::quoted(&path, 300)))
        .hint(format!("{named_by} has to name a file that this user may read"))
}

fn standard_input() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut input = io::stdin().lock();
    if input.is_terminal() {
        return Err(
            Failure::usage("standard input is a terminal, which would show the secret")
                .hint("pipe it in, or name a file"),
        );
    }
    // The room is there from the start, so that no copy is left behind when the buffer grows.
    let room = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room.saturating_add(1)));
    (&mut input)
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?;
    match bytes.len() > room {
        true => Err(Failure::usage(format!(
            "standard input has more than {MAX_BYTES} bytes"
        ))),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use identity_runtime::os::SystemFs;

    use super::*;

    const PLACES: Places<'_> = Places {
        what: "client secret",
        option: "--client-secret-file",
        file: None,
        variable: "SECRET",
    };

    fn read(places: Places<'_>, pairs: &[(&str, &str)]) -> Result<String, Failure> {
        let env: HashMap<_, _> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let secret = runtime.block_on(places.read(&env, &SystemFs::new()))?;
        Ok(secret.expose().to_owned())
    }

    fn file(contents: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file.as_file(), contents).unwrap();
        file
    }

    #[test]
    fn an_option_wins_over_the_variable_and_that_over_its_file() {
        let (one, two) = (file(b"from option\n"), file(b"from file\r\n"));
        let path = two.path().to_str().unwrap();
        let both = [("SECRET", "from variable"), ("SECRET_FILE", path)];
        let with_file = Places {
            file: Some(one.path().as_os_str()),
            ..PLACES
        };
        assert_eq!(read(with_file, &both).unwrap(), "from option");
        assert_eq!(read(PLACES, &both).unwrap(), "from variable");
        let empty = [("SECRET", ""), ("SECRET_FILE", path)];
        assert_eq!(read(PLACES, &empty).unwrap(), "from file");
    }

    #[test]
    fn what_is_missing_is_said_with_all_places() {
        let text = read(PLACES, &[]).unwrap_err().text();
        assert!(
            text.contains("SECRET or SECRET_FILE, or use --client-secret-file"),
            "{text}"
        );
    }

    #[test]
    fn files_that_hold_no_secret_are_refused_without_their_content() {
        for bad in [&b""[..], b"\n", b"CNRY\nCNRY", b"CNRY\xff", b"CNRY\0"] {
            let file = file(bad);
            let places = Places {
                file: Some(file.path().as_os_str()),
                ..PLACES
            };
            let failure = read(places, &[]).unwrap_err();
            assert_eq!(failure.exit(), crate::exit::Exit::Usage);
            assert!(!failure.text().contains("CNRY"), "{}", failure.text());
        }
        let nowhere = Places {
            file: Some(OsStr::new("no/such/file")),
            ..PLACES
        };
        assert!(read(nowhere, &[]).unwrap_err().text().contains("cannot read"));
    }
}
