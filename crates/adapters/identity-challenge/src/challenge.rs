//! The challenges of one header value, by the grammar of RFC 9110, section 11.

/// One challenge: a scheme and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The scheme as it was sent, `Bearer` for example.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether it has this scheme, whatever the case.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The first parameter of this name, whatever the case. Quotes and escapes are removed.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The challenges of a `WWW-Authenticate` value; several may stand in one.
///
/// It is lenient where services are: parameters may be separated by blanks alone, and base64 may stand without quotes. A parameter whose closing quote is
/// missing is dropped, since nobody knows what was cut off.
///
/// ```
/// let challenges = identity_challenge::parse(r#"Negotiate, Bearer realm="a, b", error=invalid_token"#);
/// assert_eq!(challenges.len(), 2);
/// assert_eq!(challenges[1].parameter("realm"), Some("a, b"));
/// ```
#[must_use]
pub fn parse(value: &str) -> Vec<Challenge> {
    let mut rest = value;
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        let (name, after) = take_while(rest, is_name);
        if name.is_empty() {
            // Not a name: step over one character, or over all of a stray quoted text.
            let mut chars = rest.chars();
            match chars.next() {
                None => return challenges,
                Some('"') => rest = quoted(chars.as_str()).map_or("", |(_, after)| after),
                Some(_) => rest = chars.as_str(),
            }
            continue;
        }
        match after.trim_start_matches([' ', '\t']).strip_prefix('=') {
            None => {
                challenges.push(Challenge {
                    scheme: name.to_owned(),
                    parameters: Vec::new(),
                });
                rest = skip_token68(after);
            }
            Some(value) => {
                let (value, after) = parameter_value(value);
                if let (Some(challenge), Some(value)) = (challenges.last_mut(), value) {
                    challenge.parameters.push((name.to_owned(), value));
                }
                rest = after;
            }
        }
    }
}

/// What stands after the equals sign, and the rest.
fn parameter_value(text: &str) -> (Option<String>, &str) {
    let text = text.trim_start_matches([' ', '\t']);
    match text.strip_prefix('"') {
        Some(inner) => quoted(inner).map_or((None, ""), |(value, after)| (Some(value), after)),
        None => {
            let (value, after) = take_while(text, |c| !matches!(c, ',' | ' ' | '\t' | '"'));
            (Some(value.to_owned()), after)
        }
    }
}

/// The text up to the closing quote, unescaped, and the rest; `None` when there is no closing quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            other => value.push(other),
        }
    }
}

/// Steps over the single token that some schemes have in place of parameters (`Negotiate YIIB…==`).
fn skip_token68(text: &str) -> &str {
    let (token, after) = take_while(text.trim_start_matches([' ', '\t']), is_name);
    let (_, end) = take_while(after, |c| c == '=');
    let end = end.trim_start_matches([' ', '\t']);
    let is_token =
        !token.is_empty() && text.starts_with([' ', '\t']) && (end.is_empty() || end.starts_with(','));
    if is_token { end } else { text }
}

/// The characters of a token, and the slash, which base64 has.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/".contains(c)
}

fn take_while(text: &str, mut keep: impl FnMut(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !keep(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn several_challenges_stand_in_one_value() {
        let found = parse(
            r#"Negotiate YIIB+/ab==, Basic realm="x", PoP, bearer Realm = "a, \"b\"" error=e claims=YWI="#,
        );
        let schemes: Vec<_> = found.iter().map(Challenge::scheme).collect();
        assert_eq!(schemes, ["Negotiate", "Basic", "PoP", "bearer"]);
        assert_eq!(found[1].parameter("realm"), Some("x"));
        assert_eq!(found[3].parameter("realm"), Some(r#"a, "b""#));
        assert_eq!(found[3].parameter("error"), Some("e"));
        assert_eq!(found[3].parameter("CLAIMS"), Some("YWI="));
        assert!(found[3].is("Bearer"));
    }

    #[test]
    fn a_quoted_text_is_no_place_for_a_parameter() {
        let found = parse(r#"Bearer realm="claims=\"x\", error=y""#);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].parameter("claims"), None);
        assert_eq!(found[0].parameter("error"), None);
    }

    #[test]
    fn what_was_cut_off_is_dropped() {
        assert_eq!(
            parse(r#"Bearer error="a", claims="eyJ"#)[0].parameter("claims"),
            None
        );
        assert_eq!(parse(r#"Bearer claims="eyJ\"#)[0].parameter("claims"), None);
        assert_eq!(parse(""), []);
        assert_eq!(parse(", ,=\"Bearer x=y\""), []);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in r#"[ -~\t\u{e9}"\\,=]{0,200}"#) {
            let bytes: usize = parse(&text)
                .iter()
                .map(|c| c.scheme.len() + c.parameters.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>())
                .sum();
            prop_assert!(bytes <= text.len());
        }

        #[test]
        fn what_is_written_is_read(values in prop::collection::vec(("[a-z]{1,8}", "[ -~]{0,20}"), 1..6)) {
            let mut seen = std::collections::HashSet::new();
            let values: Vec<_> = values.into_iter().filter(|(name, _)| seen.insert(name.clone())).collect();
            let written: Vec<_> = values
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", value.replace('\\', r"\\").replace('"', "\\\"")))
                .collect();
            let found = parse(&format!("Other a=b, Bearer {}", written.join(", ")));
            prop_assert_eq!(found.len(), 2);
            for (name, value) in &values {
                prop_assert_eq!(found[1].parameter(name), Some(value.as_str()));
            }
        }
    }
}
