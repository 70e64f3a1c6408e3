//! Tests that drive the public interface only.
//!
//! The library itself is empty; it compiles and runs the examples of the project's front page.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct FrontPage;
