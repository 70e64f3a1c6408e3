//! Random bytes of the operating system.

use identity_base::seam::Random;
use identity_base::{Error, ErrorKind};
use ring::rand::SecureRandom as _;

/// The operating system's generator. It keeps no state in the process, so values stay distinct after a fork.
#[derive(Clone, Debug)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl SystemRandom {
    /// The operating system's generator.
    #[must_use]
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), Error> {
        self.0
            .fill(buffer)
            .map_err(|_| Error::new(ErrorKind::Internal, "the operating system gave no random bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_differ() {
        let random = SystemRandom::new();
        let (mut a, mut b) = ([0u8; 32], [0u8; 32]);
        random.fill(&mut a).unwrap();
        random.fill(&mut b).unwrap();
        assert_ne!(a, b);
        assert_ne!(a, [0u8; 32]);
        random.fill(&mut []).unwrap();
    }
}
