//! Just enough DER to take a certificate apart.

/// What is left of some DER.
#[derive(Clone, Copy)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;

impl<'a> Der<'a> {
    /// The next element: its tag and its contents.
    pub(super) fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let length = match first {
            0..=0x7f => usize::from(first),
            // Certificates are shorter than four bytes can say.
            0x81..=0x84 => {
                let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = after;
                bytes.iter().try_fold(0_usize, |length, byte| {
                    length.checked_mul(256)?.checked_add(usize::from(*byte))
                })?
            }
            _ => return None,
        };
        let (contents, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((tag, contents))
    }

    /// The contents of the next element, which has to have this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let before = *self;
        match self.any() {
            Some((found, contents)) if found == tag => Some(contents),
            _ => {
                *self = before;
                None
            }
        }
    }

    /// What is inside the next element, a sequence.
    pub(super) fn sequence(&mut self) -> Option<Self> {
        self.take(SEQUENCE).map(Der)
    }
}

#[cfg(test)]
mod tests {
    use super::{Der, INTEGER, SEQUENCE};

    #[test]
    fn elements_are_taken_in_turn_and_a_wrong_tag_takes_nothing() {
        let mut der = Der(&[0x02, 0x01, 0x05, 0x30, 0x81, 0x01, 0xff]);
        assert_eq!(der.take(SEQUENCE), None);
        assert_eq!(der.take(INTEGER), Some(&[5][..]));
        assert_eq!(der.take(SEQUENCE), Some(&[0xff][..]));
        assert_eq!(der.any(), None);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for bad in [
            &[0x02][..],
            &[0x02, 0x02, 0x00],
            &[0x30, 0x80],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(Der(bad).any(), None, "{bad:?}");
        }
    }
}
