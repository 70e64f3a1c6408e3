//! A buffer that may hold a token.

use zeroize::Zeroizing;

/// The first room of a buffer that was made without any.
const FIRST_ROOM: usize = 1024;

/// Bytes that are collected and overwritten when dropped. Growing leaves no copy behind, as a plain `Vec` would.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    filled: usize,
}

impl Buffer {
    /// A buffer with room for `room` bytes.
    pub(super) fn with_room(room: usize) -> Self {
        Self {
            bytes: Zeroizing::new(vec![0; room]),
            filled: 0,
        }
    }

    /// How many bytes were collected.
    pub(super) const fn len(&self) -> usize {
        self.filled
    }

    /// The room after what was collected, never empty.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.room_up_to(usize::MAX)
    }

    /// The same, without growing beyond `most` bytes in all, unless so many were collected already. While it grows, the old bytes are there beside the new ones:
    /// who allows little memory has to say where to stop.
    pub(super) fn room_up_to(&mut self, most: usize) -> &mut [u8] {
        if self.filled == self.bytes.len() {
            let larger = self.filled.saturating_mul(2).max(FIRST_ROOM).min(most);
            let mut larger = Zeroizing::new(vec![0; larger.max(self.filled.saturating_add(1))]);
            for (to, from) in larger.iter_mut().zip(self.bytes.iter()) {
                *to = *from;
            }
            self.bytes = larger;
        }
        self.bytes.get_mut(self.filled..).unwrap_or_default()
    }

    /// Counts bytes that were written into the room.
    pub(super) fn advance(&mut self, by: usize) {
        self.filled = self.filled.saturating_add(by).min(self.bytes.len());
    }

    /// What was collected.
    pub(super) fn into_bytes(mut self) -> Zeroizing<Vec<u8>> {
        self.bytes.truncate(self.filled);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_while_it_grows() {
        let mut buffer = Buffer::default();
        let mut expected = Vec::new();
        for n in 0..1000u32 {
            for byte in n.to_le_bytes() {
                buffer.room()[0] = byte;
                buffer.advance(1);
                expected.push(byte);
            }
        }
        assert_eq!(buffer.len(), 4000);
        assert_eq!(*buffer.into_bytes(), expected);
        let mut bounded = Buffer::default();
        for most in [1, 2, 3000, 3000] {
            let room = bounded.room_up_to(most).len();
            bounded.advance(room);
        }
        assert_eq!(bounded.len(), 2048);
        assert_eq!(bounded.room_up_to(3000).len(), 3000 - 2048);
        bounded.advance(3000);
        assert_eq!(bounded.room_up_to(3000).len(), 1, "never empty");
        let mut exact = Buffer::with_room(3);
        assert_eq!(exact.room().len(), 3);
        exact.advance(100);
        assert_eq!(exact.len(), 3, "never more than there is");
    }
}
