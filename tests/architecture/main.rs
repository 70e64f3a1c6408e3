//! What `docs/ARCHITECTURE.md` says, compared with the code.
#![expect(clippy::disallowed_methods, reason = "the tests read the project's own files")]

#[cfg(test)]
mod constants;
#[cfg(test)]
mod defaults;
#[cfg(test)]
mod document;
#[cfg(test)]
mod names;
#[cfg(test)]
mod source;
#[cfg(test)]
mod value;
