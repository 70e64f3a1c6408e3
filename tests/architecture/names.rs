//! Stable names: those in the tracing output, and the globals.

use crate::document::{root, section};

/// The names that `identity_runtime::trace` holds, by what they are called there.
fn names() -> Vec<(String, String)> {
    let code = std::fs::read_to_string(root().join("crates/identity-runtime/src/trace.rs")).unwrap();
    let constants = code.lines().filter_map(|line| {
        line.strip_prefix("pub const ")?
            .strip_suffix("\";")?
            .split_once(": &str = \"")
    });
    constants
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn every_span_and_field_name_is_documented() {
    let names = names();
    assert!(names.len() > 5, "{names:?}");
    let section = section("Span and field names");
    for (_, value) in names {
        assert!(
            section.contains(&format!("`{value}`")),
            "{value} is not documented"
        );
    }
}

#[test]
fn spans_and_events_keep_to_the_stable_names() {
    let fields: Vec<_> = names().into_iter().map(|(_, value)| value).collect();
    let mut problems = Vec::new();
    let mut seen = 0;
    library_files(|path, text| {
        for call in calls(text) {
            seen += 1;
            let arguments = arguments(call);
            if !arguments
                .iter()
                .any(|argument| argument.starts_with("target:") && argument.ends_with("TARGET"))
            {
                problems.push(format!("{path}: no target in tracing::{call}"));
            }
            let named = arguments.iter().filter_map(|argument| field(argument));
            for unknown in named.filter(|name| !fields.iter().any(|field| field == name)) {
                problems.push(format!(
                    "{path}: the field `{unknown}` has no constant in trace.rs"
                ));
            }
        }
    });
    assert!(seen > 5, "only {seen} spans and events were found");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Each use of a macro of `tracing`: from its name to its closing parenthesis.
fn calls(text: &str) -> impl Iterator<Item = &str> {
    const MACROS: [&str; 7] = ["trace!", "debug!", "info!", "warn!", "error!", "_span!", "event!"];
    text.match_indices("tracing::").filter_map(|(at, prefix)| {
        let call = &text[at + prefix.len()..];
        let (name, rest) = call.split_once('(')?;
        MACROS.iter().any(|known| name.ends_with(known)).then_some(())?;
        let mut depth = 1;
        let end = rest.find(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        })?;
        Some(&call[..name.len() + 1 + end])
    })
}

/// The arguments of a macro, parted at the commas that stand in no parentheses and no text.
fn arguments(call: &str) -> Vec<&str> {
    let (_, inside) = call.split_once('(').unwrap();
    let (mut depth, mut in_text) = (0, false);
    let parts = inside.split(|c| {
        match c {
            '"' => in_text = !in_text,
            '(' | '{' | '[' if !in_text => depth += 1,
            ')' | '}' | ']' if !in_text => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0 && !in_text
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The field that an argument sets, if it sets one.
fn field(argument: &str) -> Option<&str> {
    if argument.starts_with('"') || argument.starts_with("target:") {
        return None;
    }
    let name = match argument.split_once(" = ") {
        Some((name, _)) => name,
        // A call is a value for the message's text.
        None if argument.ends_with(')') => return None,
        None => argument,
    };
    Some(name.trim_start_matches(['%', '?']))
}

#[test]
fn macros_are_taken_apart() {
    let text = r#"tracing::debug!(target: T::TARGET, %source, ms = f(1, 2), kind = ?error.kind(), "a, (b) {}", f()); tracing::field::Empty"#;
    let calls: Vec<_> = calls(text).collect();
    let [call] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    let arguments = arguments(call);
    let fields: Vec<_> = arguments.iter().filter_map(|argument| field(argument)).collect();
    assert_eq!(fields, ["source", "ms", "kind"]);
}

#[test]
fn the_globals_are_the_documented_ones() {
    let section = section("globals");
    let mut seen = 0;
    library_files(|path, text| {
        for line in text.lines() {
            let declaration = ["pub(crate) ", "pub(super) ", "pub "]
                .iter()
                .find_map(|visibility| line.strip_prefix(visibility));
            let declaration = declaration.unwrap_or(line).strip_prefix("static ");
            let Some((name, kind)) = declaration.and_then(|rest| rest.split_once(": ")) else {
                continue;
            };
            // Plain data behind a reference is as good as a constant.
            if !kind.starts_with(['&', '[']) {
                seen += 1;
                assert!(
                    section.contains(&format!("`{name}`")),
                    "{path} has a global `{name}`, which is not documented"
                );
            }
        }
    });
    assert!(seen > 0);
}

/// Shows each file of the library crates, files of tests excepted.
fn library_files(mut show: impl FnMut(&str, &str)) {
    const TOOLS: [&str; 3] = ["identity-emulator", "identity-testkit", "entra-cli"];
    let crates = root().join("crates");
    let mut folders = vec![crates.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != "tests" && !TOOLS.contains(&name) {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                let shown = path.strip_prefix(&crates).unwrap().to_str().unwrap();
                show(shown, &std::fs::read_to_string(&path).unwrap());
            }
        }
    }
}
