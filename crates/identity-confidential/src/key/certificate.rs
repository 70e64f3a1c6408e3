//! What has to be known of an X.509 certificate.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::der::{self, Reader, tag};

/// A certificate: its bytes, and the few fields that are read. No signature is checked; that is the service's part.
pub(crate) struct X509 {
    pub(crate) der: Vec<u8>,
    /// The issuer's name as DER.
    pub(crate) issuer: Vec<u8>,
    /// The subject's name as DER.
    pub(crate) subject: Vec<u8>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    /// The public key as the DER of an `RSAPublicKey`, if it is an RSA key.
    pub(crate) rsa_public_key: Option<Vec<u8>>,
    /// What kind of key it is, for messages.
    pub(crate) key_algorithm: Cow<'static, str>,
}

impl X509 {
    /// Reads a certificate. Bytes after it are dropped, since OpenSSL's "trusted" certificates append data of its own.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let certificate = Reader::new(bytes).optional(tag::SEQUENCE)?;
        let mut outer = Reader::new(certificate.content);
        let mut tbs = outer.sequence()?;
        // The signature and its algorithm have to be there, nothing more is asked of them.
        outer.sequence()?;
        outer.expect(tag::BIT_STRING)?;

        let _version = tbs.optional(tag::CONTEXT_0);
        tbs.expect(tag::INTEGER)?;
        tbs.sequence()?;
        let issuer = tbs.optional(tag::SEQUENCE)?;
        let mut validity = tbs.sequence()?;
        let not_before = time(&mut validity)?;
        let not_after = time(&mut validity)?;
        let subject = tbs.optional(tag::SEQUENCE)?;
        let mut key = tbs.sequence()?;
        let algorithm = key.sequence()?.expect(tag::OID)?;
        let bits = key.expect(tag::BIT_STRING)?;
        let rsa_public_key = match (algorithm == super::rsa::OID, bits.split_first()) {
            (true, Some((0, key))) => Some(key.to_vec()),
            (true, _) => return None,
            (false, _) => None,
        };
        Some(Self {
            der: certificate.whole.to_vec(),
            issuer: issuer.whole.to_vec(),
            subject: subject.whole.to_vec(),
            not_before,
            not_after,
            rsa_public_key,
            key_algorithm: algorithm_name(algorithm),
        })
    }

    /// Whether its issuer is itself.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }
}

/// Reads `UTCTime` or `GeneralizedTime`, in the forms that RFC 5280 allows: seconds and `Z`.
fn time(reader: &mut Reader<'_>) -> Option<SystemTime> {
    let element = reader.any()?;
    let digits = element.content.strip_suffix(b"Z")?;
    let mut numbers = digits.chunks(2).map(|pair| match pair {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => i8::try_from((tens - b'0') * 10 + (ones - b'0')).ok(),
        _ => None,
    });
    let mut next = || numbers.next().flatten();
    let year = match (element.tag, digits.len()) {
        (tag::UTC_TIME, 12) => {
            let year = i16::from(next()?);
            // RFC 5280: 50 to 99 are in the last century.
            if year >= 50 { 1900 + year } else { 2000 + year }
        }
        (tag::GENERALIZED_TIME, 14) => i16::from(next()?) * 100 + i16::from(next()?),
        _ => return None,
    };
    let civil = DateTime::new(year, next()?, next()?, next()?, next()?, next()?, 0).ok()?;
    // The end of the year 9999 means "never" and is a little beyond what a timestamp holds.
    let seconds = TimeZone::UTC
        .to_timestamp(civil)
        .unwrap_or(Timestamp::MAX)
        .as_second();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    match seconds >= 0 {
        true => SystemTime::UNIX_EPOCH.checked_add(distance),
        false => SystemTime::UNIX_EPOCH.checked_sub(distance),
    }
}

/// A time for messages: `2026-11-24T17:30:00Z`.
pub(crate) fn show(time: SystemTime) -> String {
    let whole = Timestamp::try_from(time).and_then(|time| Timestamp::from_second(time.as_second()));
    whole.map_or_else(|_| "an unknown time".to_owned(), |time| time.to_string())
}

/// Names of public-key algorithms that users meet, by OID.
pub(crate) fn algorithm_name(oid: &[u8]) -> Cow<'static, str> {
    let dotted = der::dotted(oid);
    match dotted.as_str() {
        "1.2.840.113549.1.1.1" => "RSA".into(),
        "1.2.840.113549.1.1.10" => "RSASSA-PSS (a key restricted to PSS)".into(),
        "1.2.840.10045.2.1" => "an elliptic-curve key".into(),
        "1.2.840.10040.4.1" => "DSA".into(),
        "1.3.101.112" => "Ed25519".into(),
        "1.3.101.113" => "Ed448".into(),
        _ => dotted.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Option<i64> {
        let mut bytes = vec![tag, u8::try_from(text.len()).unwrap()];
        bytes.extend_from_slice(text.as_bytes());
        let time = time(&mut Reader::new(&bytes))?;
        Some(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap(),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap(),
        })
    }

    #[test]
    fn both_kinds_of_time_are_read() {
        assert_eq!(read(tag::UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(read(tag::UTC_TIME, "261124173000Z"), Some(1_795_541_400));
        assert_eq!(read(tag::UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(read(tag::UTC_TIME, "500101000000Z"), Some(-631_152_000));
        assert_eq!(
            read(tag::GENERALIZED_TIME, "20500101000000Z"),
            Some(2_524_608_000)
        );
        assert_eq!(
            read(tag::GENERALIZED_TIME, "99991231235959Z"),
            Some(Timestamp::MAX.as_second()),
            "never"
        );
        for bad in [
            "",
            "Z",
            "261124173000",
            "2611241730Z",
            "261324173000Z",
            "260230173000Z",
            "26112417300aZ",
            "261124173060Z",
        ] {
            assert_eq!(read(tag::UTC_TIME, bad), None, "{bad:?}");
        }
        assert_eq!(read(tag::INTEGER, "261124173000Z"), None);
    }

    #[test]
    fn dates_are_shown_in_utc() {
        assert_eq!(
            show(SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_541_400_123)),
            "2026-11-24T17:30:00Z"
        );
    }
}
