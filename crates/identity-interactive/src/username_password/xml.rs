//! XML of other people's servers.

mod survey;

use identity_base::{Error, ErrorKind};
use roxmltree::{Document, Node};

/// Reads a document without a document type, which could define entities.
///
/// # Errors
/// [`ErrorKind::Protocol`] that says where, never what.
pub(super) fn parse<'a>(text: &'a [u8], what: &str) -> Result<Document<'a>, Error> {
    let unreadable = |why: String| Error::new(ErrorKind::Protocol, format!("{what} can't be read: {why}"));
    let text = std::str::from_utf8(text).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
    let text = text.trim_start_matches('\u{feff}');
    survey::check(text).map_err(|why| unreadable(why.to_owned()))?;
    Document::parse(text).map_err(|error| {
        let place = error.pos();
        unreadable(format!(
            "malformed XML at line {} column {}",
            place.row, place.col
        ))
    })
}

/// The child elements of this name, whatever their namespace's prefix.
pub(super) fn children<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |child| child.has_tag_name((namespace, name)))
}

/// The first child element on each step of a path of names of one namespace.
pub(super) fn descend<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    path: &[&'static str],
) -> Option<Node<'a, 'i>> {
    let mut node = node;
    for name in path {
        node = children(node, namespace, name).next()?;
    }
    Some(node)
}

/// What stands between the tags of an element, as it was sent.
pub(super) fn inner<'a>(document: &'a Document<'_>, element: Node<'_, '_>) -> Option<&'a str> {
    // By the element's own tags: neighbouring pieces of text are one node, which doesn't tell where it ends.
    let inside = survey::after_tag(document.input_text().get(element.range())?)?;
    inside.get(..inside.rfind("</")?)
}

/// Text that may stand in an element or an attribute.
pub(super) fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // Readers make a line end of it otherwise.
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangerous_documents_are_refused() {
        let deep = format!("{}{}", "<a>".repeat(200), "</a>".repeat(200));
        let bomb = "<!DOCTYPE a [<!ENTITY b \"CNRY\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
        let file = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";
        for bad in [
            deep.as_str(),
            bomb,
            file,
            "",
            "<a>",
            "<a></b>",
            "CNRY",
            "<a>&nope;</a>",
        ] {
            let error = parse(bad.as_bytes(), "the document").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(!error.to_string().contains("CNRY"), "{error}");
        }
        assert!(parse(b"\xff\xfe<\0a\0", "x").is_err());
        assert!(parse("\u{feff}<a><b/></a>".as_bytes(), "x").is_ok());
    }

    #[test]
    fn what_would_be_read_as_something_else_is_escaped() {
        let mut out = String::new();
        escape("a<b>&\"c'\u{e4}\r\n", &mut out);
        assert_eq!(out, "a&lt;b&gt;&amp;&quot;c&apos;\u{e4}&#13;\n");
    }
}
