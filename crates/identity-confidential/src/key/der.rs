//! A reader of DER, as far as keys and certificates need it: definite lengths, one-byte tags, no recursion, no allocation.

/// Tags that are used here.
pub(crate) mod tag {
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const SEQUENCE: u8 = 0x30;
    /// `[0]`, constructed.
    pub(crate) const CONTEXT_0: u8 = 0xA0;
}

/// One element: its tag, its contents, and all its bytes.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Reads elements one after the other. Anything that isn't DER is `None`; the caller knows what it was looking for.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        // Tags of more than one byte don't occur in these structures.
        if tag & 0x1F == 0x1F {
            return None;
        }
        let (&first, mut rest) = rest.split_first()?;
        let length = match first {
            0..=0x7F => usize::from(first),
            // 0x80 is the indefinite length of BER.
            0x81..=0x84 => {
                let (digits, after) = rest.split_at_checked(usize::from(first & 0x7F))?;
                rest = after;
                digits.iter().try_fold(0usize, |length, digit| {
                    length.checked_mul(256)?.checked_add(usize::from(*digit))
                })?
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - after.len())?;
        self.0 = after;
        Some(Element { tag, content, whole })
    }

    /// The next element if it has this tag; else nothing is read.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        let mut ahead = *self;
        let element = ahead.any().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element)
    }

    /// The contents of the next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.optional(tag).map(|element| element.content)
    }

    /// A reader of the next element, which must be a sequence.
    pub(crate) fn sequence(&mut self) -> Option<Self> {
        self.expect(tag::SEQUENCE).map(Self)
    }
}

/// The reader of a value that is one sequence and nothing after it.
pub(crate) fn only_sequence(bytes: &[u8]) -> Option<Reader<'_>> {
    let mut outer = Reader::new(bytes);
    let inner = outer.sequence()?;
    outer.is_empty().then_some(inner)
}

/// An object identifier in dotted form; `?` when it is malformed.
pub(crate) fn dotted(oid: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut value: u64 = 0;
    for byte in oid.iter().take(64) {
        value = (value << 7) | u64::from(byte & 0x7F);
        if byte & 0x80 != 0 {
            if value > u64::MAX >> 8 {
                return "?".to_owned();
            }
            continue;
        }
        if arcs.is_empty() {
            let top = (value / 40).min(2);
            arcs.extend([top, value - top * 40]);
        } else {
            arcs.push(value);
        }
        value = 0;
    }
    if arcs.is_empty() {
        return "?".to_owned();
    }
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncated_and_odd_lengths_are_no_elements() {
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0x1F, 1, 0],
        ] {
            assert!(Reader::new(bad).any().is_none(), "{bad:?}");
        }
        let element = Reader::new(&[4, 0x81, 1, 9, 7]).any().unwrap();
        assert_eq!(
            (element.content, element.whole),
            (&[9u8][..], &[4u8, 0x81, 1, 9][..])
        );
    }

    #[test]
    fn an_unexpected_tag_reads_nothing() {
        let mut reader = Reader::new(&[2, 1, 5]);
        assert!(reader.expect(tag::OID).is_none());
        assert_eq!(reader.expect(tag::INTEGER), Some(&[5u8][..]));
        assert!(reader.is_empty());
        assert!(only_sequence(&[0x30, 0, 0]).is_none(), "bytes after the sequence");
    }

    #[test]
    fn object_identifiers_are_dotted() {
        assert_eq!(
            dotted(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 13]),
            "1.2.840.113549.1.5.13"
        );
        assert_eq!(dotted(&[0x60, 0x86, 0x48, 1]), "2.16.840.1");
        assert_eq!(dotted(&[0x88, 0x37]), "2.999");
        assert_eq!(dotted(&[]), "?");
        assert_eq!(dotted(&[0xFF; 40]), "?");
    }
}
