//! Compiles the stand-in for developer tools, a program of its own, so that the library can hold it and write it into a folder under any tool's name.
//!
//! A platform for which that fails, because it can't link, or has no processes, gets a library without it: writing tools then says so.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script is told everything by variables, starts the compiler and speaks to cargo"
)]

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// The program's one source file, of the standard library alone.
const SOURCE: &str = "src/tools/stub.rs";

fn main() {
    println!("cargo:rerun-if-changed={SOURCE}");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(tool_stub)");
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        return;
    };
    match compile(out.join("tool-stub")) {
        Ok(()) => println!("cargo:rustc-cfg=tool_stub"),
        Err(why) => println!("cargo:warning=no stand-in for developer tools on this platform: {why}"),
    }
}

fn compile(to: PathBuf) -> Result<(), String> {
    let variable = |name: &str| env::var_os(name).ok_or_else(|| format!("cargo did not set {name}"));
    let mut rustc = Command::new(variable("RUSTC")?);
    rustc
        .args(["--edition=2024", "--crate-name=tool_stub", "--crate-type=bin"])
        .args([
            "-Copt-level=s",
            "-Cpanic=abort",
            "-Cstrip=symbols",
            "-Clto=fat",
            "-Ccodegen-units=1",
        ])
        .arg("--target")
        .arg(variable("TARGET")?)
        .arg(SOURCE)
        .arg("-o")
        .arg(&to);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut option = OsString::from("-Clinker=");
        option.push(linker);
        rustc.arg(option);
    }
    let output = rustc
        .output()
        .map_err(|error| format!("the compiler can't be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = words
        .lines()
        .find(|line| line.contains("error"))
        .unwrap_or("it failed");
    Err(first.to_owned())
}
