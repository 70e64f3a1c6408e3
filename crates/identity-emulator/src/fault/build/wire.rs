//! The builder methods for faults of bytes and connections.

use crate::certificates::WrongCertificate;
use crate::fault::Fault;
use crate::fault::effect::{ConnectFault, Payload, ResetAt, WireFault};

/// How the bytes of the answer go out.
impl Fault {
    fn wire(mut self, fault: WireFault) -> Self {
        self.effect.wire = Some(fault);
        self
    }

    /// Sends the body at so many bytes a second.
    #[must_use]
    pub fn drip(self, bytes_per_second: u32) -> Self {
        self.wire(WireFault::Drip {
            bytes_per_second,
            head: false,
        })
    }

    /// Sends the head and the body at so many bytes a second; over HTTP/2 the body alone.
    #[must_use]
    pub fn drip_head(self, bytes_per_second: u32) -> Self {
        self.wire(WireFault::Drip {
            bytes_per_second,
            head: true,
        })
    }

    /// Ends the connection in an orderly way after so many bytes of the body; over HTTP/2 resets the stream.
    #[must_use]
    pub fn truncate(self, after: u64) -> Self {
        self.wire(WireFault::Truncate { after })
    }

    /// Falls silent after so many bytes of the body, with the connection open.
    #[must_use]
    pub fn stall(self, after: u64) -> Self {
        self.wire(WireFault::Stall { after })
    }

    /// Resets the connection (TCP RST); over HTTP/2, [`ResetAt::MidBody`] resets the stream and
    /// [`ResetAt::AfterResponse`] sends GOAWAY.
    #[must_use]
    pub fn reset(self, at: ResetAt) -> Self {
        self.wire(WireFault::Reset(at))
    }

    /// Sends these bytes in place of an HTTP answer and ends the connection. The request is served.
    #[must_use]
    pub fn raw(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.wire(WireFault::Raw(Payload::new(bytes.into())))
    }

    /// Puts so many spaces in front of the body, which leaves it valid JSON.
    #[must_use]
    pub fn huge_body(self, bytes: u64) -> Self {
        self.wire(WireFault::Huge { bytes })
    }

    /// Sends a body without length and without end.
    #[must_use]
    pub fn endless_body(self) -> Self {
        self.wire(WireFault::Endless)
    }

    /// Claims a body of so many bytes, sends the real one and then nothing.
    #[must_use]
    pub fn claim_length(self, bytes: u64) -> Self {
        self.wire(WireFault::ClaimLength { bytes })
    }
}

/// Faults of a whole connection to the TLS port. They combine with [`nth`](Fault::nth), [`after`](Fault::after) and
/// [`times`](Fault::times) alone, which then count connections.
impl Fault {
    fn connect(fault: ConnectFault) -> Self {
        let mut rule = Self::default();
        rule.effect.connect = Some(fault);
        rule
    }

    /// Resets the connection before a byte is read.
    pub fn connection_reset() -> Self {
        Self::connect(ConnectFault::Reset)
    }

    /// Closes the connection before a byte is read.
    pub fn connection_close() -> Self {
        Self::connect(ConnectFault::Close)
    }

    /// Takes the connection and never says a word: the handshake stalls.
    pub fn connection_stall() -> Self {
        Self::connect(ConnectFault::Stall)
    }

    /// Finishes the TLS handshake and then resets the connection, without reading a request.
    pub fn reset_after_handshake() -> Self {
        Self::connect(ConnectFault::ResetAfterHandshake)
    }

    /// Answers in clear text where TLS is expected.
    pub fn plain_http() -> Self {
        Self::connect(ConnectFault::PlainHttp)
    }

    /// Sends these bytes where a TLS handshake is expected.
    pub fn garbage(bytes: impl Into<Vec<u8>>) -> Self {
        Self::connect(ConnectFault::Raw(Payload::new(bytes.into())))
    }

    /// Ends the handshake with a TLS alert: 70 is what a server that only knows an old protocol sends.
    pub fn tls_alert(number: u8) -> Self {
        Self::connect(ConnectFault::TlsAlert(number))
    }

    /// Shows a certificate that must be refused.
    pub fn certificate(wrong: WrongCertificate) -> Self {
        Self::connect(ConnectFault::Certificate(wrong))
    }
}
