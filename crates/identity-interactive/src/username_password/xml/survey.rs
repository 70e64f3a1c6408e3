//! How large the parts of a document are, before it is parsed.
//!
//! Some costs of a parser grow with the square of a number that the document chooses, or with the stack: names of one element are compared with each other,
//! namespaces are copied from parents to children. One pass over the text, which looks at each byte about once, keeps those numbers small.

/// The most elements that are open at once. Descriptions and answers have about fifteen.
const MAX_DEPTH: usize = 128;
/// The most attributes of one element.
const MAX_ATTRIBUTES: usize = 128;
/// The most declarations of namespaces in all. Descriptions of large servers have some hundreds.
const MAX_NAMESPACES: usize = 2048;

/// What the text goes on with.
enum Piece<'a> {
    /// A tag, without its angle brackets.
    Tag(&'a str),
    /// A comment, a section of plain text, or an instruction.
    Other,
}

/// Whether a document is small enough in all respects. That it is well-formed is for the parser to tell, so what makes no sense here is none of this pass's
/// business as long as the parser stops there too.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    let mut depth = 0usize;
    let mut namespaces = 0usize;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let Some((piece, next)) = rest.get(at..).and_then(piece) else {
            return Err("it ends in the middle of a tag");
        };
        rest = next;
        let Piece::Tag(tag) = piece else { continue };
        if tag.starts_with('!') {
            return Err("it has a document type");
        }
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
            continue;
        }
        let attributes = tag.matches('=').count();
        namespaces += tag.matches("xmlns").count();
        if attributes > MAX_ATTRIBUTES && count_unquoted(tag) > MAX_ATTRIBUTES {
            return Err("an element has too many attributes");
        }
        if namespaces > MAX_NAMESPACES {
            return Err("it declares too many namespaces");
        }
        if !tag.ends_with('/') {
            depth += 1;
        }
        if depth > MAX_DEPTH {
            return Err("its elements are nested too deeply");
        }
    }
    Ok(())
}

/// The piece that `text` begins with, at a `<`, and what follows it; `None` when it has no end.
fn piece(text: &str) -> Option<(Piece<'_>, &str)> {
    for (begin, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
        if let Some(inside) = text.strip_prefix(begin) {
            return inside.split_once(end).map(|(_, rest)| (Piece::Other, rest));
        }
    }
    let inside = text.strip_prefix('<')?;
    // An angle bracket in a value ends no tag.
    let mut quote = None;
    let end = inside.bytes().position(|byte| match quote {
        Some(open) => {
            if byte == open {
                quote = None;
            }
            false
        }
        None => {
            if matches!(byte, b'"' | b'\'') {
                quote = Some(byte);
            }
            byte == b'>'
        }
    })?;
    Some((Piece::Tag(inside.get(..end)?), inside.get(end + 1..)?))
}

/// What follows the tag that an element begins with; `None` for an element that ends there.
pub(super) fn after_tag(element: &str) -> Option<&str> {
    match piece(element)? {
        (Piece::Tag(tag), rest) if !tag.ends_with('/') => Some(rest),
        _ => None,
    }
}

/// The equals signs of a tag that stand in no value.
fn count_unquoted(tag: &str) -> usize {
    let mut quote = None;
    tag.bytes()
        .filter(|byte| match quote {
            Some(open) => {
                if *byte == open {
                    quote = None;
                }
                false
            }
            None => {
                if matches!(byte, b'"' | b'\'') {
                    quote = Some(*byte);
                }
                *byte == b'='
            }
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(open: &str, count: usize) -> String {
        format!("{}{}", open.repeat(count), "</a>".repeat(count))
    }

    #[test]
    fn what_is_open_counts_whatever_stands_in_values_and_comments() {
        assert_eq!(check(&nested("<a>", 128)), Ok(()));
        for open in [
            "<a>",
            "<a b=\"/>\">",
            "<a b='/>'>",
            "<a b=\"'/>\">",
            "<a><!--</a>-->",
            "<a><![CDATA[</a>]]>",
            "<a><?x </a>?>",
        ] {
            assert!(check(&nested(open, 129)).is_err(), "{open}");
        }
        for flat in [
            "<a/>",
            "<a b='>'/>",
            "<!-- <a> -->",
            "<![CDATA[<a>]]>",
            "<?a <a>?>",
            "<a></a>",
        ] {
            assert_eq!(check(&flat.repeat(1000)), Ok(()), "{flat}");
        }
    }

    #[test]
    fn attributes_and_namespaces_are_limited() {
        let many = |text: &dyn Fn(usize) -> String, count: usize| (0..count).map(text).collect::<String>();
        let attributes = |count| format!("<a{}/>", many(&|n| format!(" b{n}='='"), count));
        assert_eq!(check(&attributes(128)), Ok(()));
        assert!(check(&attributes(129)).is_err());
        assert_eq!(check(&format!("<a b='{}'/>", "=".repeat(1000))), Ok(()));
        let namespaces = |count| many(&|n| format!("<a xmlns:b{n}='x'/>"), count);
        assert_eq!(check(&namespaces(2048)), Ok(()));
        assert!(check(&namespaces(2049)).is_err());
    }

    #[test]
    fn what_has_no_end_or_a_document_type_is_told_at_once() {
        // Each `<` looks for its end: not twice through the whole text.
        let endless = "<a".repeat(4 << 20);
        assert!(check(&endless).is_err());
        for bad in [
            "<",
            "<a",
            "<a b='>",
            "<!-- x",
            "<![CDATA[ x",
            "<?x",
            "<!DOCTYPE a>",
            "<!x>",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(check("no tags"), Ok(()));
    }
}
