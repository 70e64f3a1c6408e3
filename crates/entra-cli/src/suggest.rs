//! "Did you mean": the nearest of the names that exist.

/// The name that `given` most likely stands for, if one is near.
pub(crate) fn nearest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_ascii_lowercase();
    // A third of the letters may be wrong; in a short name, one.
    let most = (given.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (distance(&given, name), name))
        .filter(|(distance, name)| *distance <= most || (given.len() >= 3 && name.starts_with(&given)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters have to be added, removed, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (row, &x) in a.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &y) in b.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let swapped = match column.checked_sub(1) {
                Some(left) if last == Some(y) && b.get(left) == Some(&x) => at(&before, left) + 1,
                _ => usize::MAX,
            };
            let changed = at(&above, column) + usize::from(x != y);
            let best = changed
                .min(at(&above, column + 1) + 1)
                .min(at(&current, column) + 1);
            current.push(best.min(swapped));
        }
        last = Some(x);
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_and_other_words_are_not() {
        let names = ["--scope", "--tenant", "--output", "--client-id"];
        for (given, expected) in [
            ("--scpoe", Some("--scope")),
            ("--Scopes", Some("--scope")),
            ("--tennant", Some("--tenant")),
            ("--out", Some("--output")),
            ("--clientid", Some("--client-id")),
            ("--quux-and-more", None),
            ("-x", None),
        ] {
            assert_eq!(nearest(given, names), expected, "{given}");
        }
    }

    #[test]
    fn distances_count_single_steps() {
        for (a, b, steps) in [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abc", "adc", 1),
            ("abc", "b", 2),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (steps, steps), "{a} {b}");
        }
    }
}
