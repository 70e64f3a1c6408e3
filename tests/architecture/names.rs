//! Stable names: those in the tracing output, and the globals.

use crate::document::{root, section};

#[test]
fn every_span_and_field_name_is_documented() {
    let code = std::fs::read_to_string(root().join("crates/identity-runtime/src/trace.rs")).unwrap();
    let names: Vec<_> = code
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once(": &str = \""))
        .filter_map(|(_, value)| value.strip_suffix("\";"))
        .collect();
    assert!(names.len() > 5, "{names:?}");
    let section = section("Span and field names");
    for name in names {
        assert!(section.contains(&format!("`{name}`")), "{name} is not documented");
    }
}

#[test]
fn the_globals_are_the_documented_ones() {
    let mut statics = Vec::new();
    let crates = root().join("crates");
    for entry in std::fs::read_dir(&crates).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let tool = ["identity-emulator", "identity-testkit", "entra-cli"].contains(&name.as_str());
        if !tool {
            collect(&crates.join(name).join("src"), &mut statics);
        }
    }
    let section = section("globals");
    assert!(!statics.is_empty());
    for (file, name) in statics {
        assert!(
            section.contains(&format!("`{name}`")),
            "{file} has a global `{name}`, which is not documented"
        );
    }
}

/// The statics at the first column that can change: all but plain data behind a reference.
fn collect(folder: &std::path::Path, into: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let declaration = line
                    .trim_start_matches("pub(crate) ")
                    .trim_start_matches("pub(super) ")
                    .trim_start_matches("pub ");
                let Some((name, kind)) = declaration
                    .strip_prefix("static ")
                    .and_then(|rest| rest.split_once(": "))
                else {
                    continue;
                };
                if !kind.starts_with('&') && !kind.starts_with('[') {
                    into.push((path.display().to_string(), name.to_owned()));
                }
            }
        }
    }
}
