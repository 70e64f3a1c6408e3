//! Writing.

use zeroize::Zeroizing;

use super::Json;

pub(super) fn document(json: &Json) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::new());
    write(json, &mut out);
    out
}

fn write(json: &Json, out: &mut String) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Integer(value) => out.push_str(&value.to_string()),
        Json::Unsigned(value) => out.push_str(&value.to_string()),
        // With a point or an exponent, so that it stays a float.
        Json::Float(value) => out.push_str(&format!("{value:?}")),
        Json::Text(value) => text(value, out),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, out);
                write(item, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                separate(at, out);
                text(name, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn separate(at: usize, out: &mut String) {
    if at > 0 {
        out.push_str(", ");
    }
}

/// A text in quotes; everything outside ASCII as `\u` escapes.
fn text(value: &str, out: &mut String) {
    out.push('"');
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}
