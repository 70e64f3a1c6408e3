//! The list of a small crate that has one of everything, as rustdoc describes it.

use std::fs;

use super::*;
use crate::shell::Cmd;

const CRATE: &str = r#"
//! D
mod inner {
    /// Hidden by its module, shown by `pub use`.
    #[derive(Debug, Clone)]
    #[non_exhaustive]
    pub enum Kind { A, B(u8, String), C { x: i32 } }
    pub struct P<'a, T: ?Sized + 'a, const N: usize = 3> { pub f: &'a T, g: [u8; N] }
    impl<'a, T: Send + ?Sized> P<'a, T, 4> {
        pub const LIMIT: usize = 1;
        pub const fn new<F>(f: F) -> Option<F> where for<'b> F: Fn(&'b str) -> u8 { Some(f) }
        pub async fn go(&mut self, _: impl AsRef<str>) -> Result<(), Box<dyn std::error::Error + Send + 'static>> {
            Ok(())
        }
        fn private(&self) {}
    }
    pub trait Tr: Send {
        type Out: Clone;
        fn f(self: Box<Self>) -> Self::Out;
        fn g(&self) -> impl Future<Output = u8> + Send;
    }
    pub struct U(pub u8, u8);
    impl std::ops::Deref for U { type Target = str; fn deref(&self) -> &str { "" } }
    pub fn unreachable() {}
}
pub use inner::{Kind, P, Tr, U as Renamed};
pub use std::time::Duration;
pub mod m {
    pub const X: &str = "x";
    pub type Alias<T> = Result<T, super::Kind>;
    pub fn pointers(f: fn(u8) -> u8, p: *const u8, s: &mut [u8]) -> (u8,) { loop {} }
    pub use super::Kind as Again;
}
"#;

const LIST: &str = "\
pub mod sample
pub use sample::Duration = std::time::Duration
#[non_exhaustive] pub enum sample::Kind
impl Clone for Kind
impl std::fmt::Debug for Kind
pub variant sample::Kind::A
pub variant sample::Kind::B(u8, String)
pub variant sample::Kind::C
pub field sample::Kind::C::x: i32
pub struct sample::P<'a, T: ?Sized + 'a, const N: usize> { … }
pub const sample::P::LIMIT: usize
pub field sample::P::f: &'a T
pub async fn sample::P::go(&mut self, _: impl AsRef<str>) -> Result<(), Box<dyn std::error::Error + Send + 'static>>
pub const fn sample::P::new<F>(f: F) -> Option<F> where for<'b> F: Fn(&'b str) -> u8
pub struct sample::Renamed(u8, _)
impl std::ops::deref::Deref for U { type Target = str; }
pub trait sample::Tr: Send (not dyn-compatible)
pub type sample::Tr::Out: Clone
pub fn sample::Tr::f(self: Box<Self>) -> <Self as Tr>::Out
pub fn sample::Tr::g(&self) -> impl Future<Output = u8> + Send
pub mod sample::m
pub use sample::m::Again = sample::Kind
pub type sample::m::Alias<T> = Result<T, Kind>
pub const sample::m::X: &str
pub fn sample::m::pointers(f: fn(u8) -> u8, p: *const u8, s: &mut [u8]) -> (u8,)
";

fn describe() -> Value {
    let dir = std::env::temp_dir().join(format!("xtask-api-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let source = dir.join("sample.rs");
    fs::write(&source, CRATE).unwrap();
    Cmd::new("rustdoc")
        .arg(&source)
        .args([
            "--crate-type",
            "lib",
            "--edition",
            "2024",
            "-Z",
            "unstable-options",
            "--output-format",
            "json",
            "-o",
        ])
        .arg(&dir)
        .env("RUSTC_BOOTSTRAP", "1")
        .output()
        .unwrap();
    let json = fs::read_to_string(dir.join("sample.json")).unwrap();
    fs::remove_dir_all(&dir).unwrap();
    serde_json::from_str(&json).unwrap()
}

#[test]
fn everything_that_can_be_named_is_listed_once() {
    let interface = interface(&describe(), &[]).unwrap();
    let lines = interface
        .lines
        .iter()
        .fold(String::new(), |text, line| text + line + "\n");
    assert_eq!(lines, LIST, "\n{lines}");
    assert!(interface.foreign.is_empty());
}

#[test]
fn types_of_other_projects_are_noted_and_ours_are_not() {
    let krate = serde_json::json!({
        "paths": {
            "1": { "crate_id": 5, "path": ["http", "uri", "Uri"] },
            "2": { "crate_id": 6, "path": ["identity_base", "Error"] },
        },
        "index": {
            "0": { "name": "a", "inner": { "module": { "items": [3] } } },
            "3": { "name": "f", "inner": { "function": { "sig": {
                "inputs": [["uri", { "resolved_path": { "path": "Uri", "id": 1 } }]],
                "output": { "resolved_path": { "path": "Error", "id": 2 } },
            } } } },
        },
        "root": 0,
    });
    let interface = interface(&krate, &["a", "identity_base"]).unwrap();
    assert_eq!(
        interface.lines,
        ["pub mod a", "pub fn a::f(uri: http::Uri) -> identity_base::Error"]
    );
    assert_eq!(interface.foreign.into_iter().collect::<Vec<_>>(), ["http::Uri"]);
}

#[test]
fn json_of_another_shape_is_an_error() {
    assert!(interface(&serde_json::json!({}), &[]).is_err());
    assert!(interface(&serde_json::json!({ "root": 7, "index": {} }), &[]).is_err());
}
