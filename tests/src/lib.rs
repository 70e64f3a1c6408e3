//! Tests that drive the public interface only.
//!
//! The library itself is empty; it compiles and runs the examples of the project's front page and of the guides to migration.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct FrontPage;

#[cfg(doctest)]
#[doc = include_str!("../../docs/migration/from-python.md")]
struct FromPython;

#[cfg(doctest)]
#[doc = include_str!("../../docs/migration/from-az-scripts.md")]
struct FromAzScripts;
