//! The list of foreign types that may stand in our interfaces.

/// What differs between the types in use, as crate and type, and the list.
///
/// A line of the list is `crate: type — why`; empty lines and lines that begin with `#` are comments.
pub(super) fn compare(used: &[(String, String)], list: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut allowed = Vec::new();
    for line in list
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match line
            .split_once(": ")
            .and_then(|(package, rest)| Some((package, rest.split_once(" — ")?)))
        {
            Some((package, (name, why))) if !why.trim().is_empty() => allowed.push((package, name.trim())),
            _ => problems.push(format!("`{line}` is not of the form `crate: type — why`")),
        }
    }
    let is_used = |entry: &(&str, &str)| {
        used.iter()
            .any(|(package, name)| (package.as_str(), name.as_str()) == *entry)
    };
    for (package, name) in used {
        if !allowed.contains(&(package.as_str(), name.as_str())) {
            problems.push(format!("{package} shows {name}, which is not in the list"));
        }
    }
    for (package, name) in allowed.iter().filter(|entry| !is_used(entry)) {
        problems.push(format!("{package} does not show {name} any more"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_and_with_a_reason() {
        let used = [("a".to_owned(), "bytes::Bytes".to_owned())];
        let list = "# Types\n\na: bytes::Bytes — buffers\n";
        assert!(compare(&used, list).is_empty());
        assert_eq!(
            compare(&used, ""),
            ["a shows bytes::Bytes, which is not in the list"]
        );
        assert_eq!(
            compare(&used, "b: bytes::Bytes — buffers").len(),
            2,
            "another crate's line does not count"
        );
        assert_eq!(compare(&[], list), ["a does not show bytes::Bytes any more"]);
        assert_eq!(
            compare(&used, &format!("{list}a: http::Uri\n")).len(),
            1,
            "no reason"
        );
    }
}
