//! Certificates and public keys that are registered with an application.

mod der;

use std::time::{Duration, SystemTime};

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

use self::der::{BIT_STRING, CONTEXT_0, Der, GENERALIZED_TIME, INTEGER, OBJECT_ID, SEQUENCE, UTC_TIME};

/// `rsaEncryption`, 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// A certificate of which the public half is known.
#[derive(Clone, Debug)]
pub(crate) struct RegisteredCertificate {
    pub(crate) sha1: Vec<u8>,
    pub(crate) sha256: Vec<u8>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    /// An `RSAPublicKey` in DER.
    pub(crate) key: Vec<u8>,
}

impl RegisteredCertificate {
    /// Reads the first certificate of a PEM text, or one in DER. Keys beside it are not looked at.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.first() == Some(&SEQUENCE) {
            return Self::from_der(bytes);
        }
        let certificate = CertificateDer::from_pem_slice(bytes)
            .map_err(|error| format!("it holds no PEM certificate: {error:?}"))?;
        Self::from_der(&certificate)
    }

    fn from_der(bytes: &[u8]) -> Result<Self, String> {
        let (validity, key) = parts(bytes).ok_or("it is no X.509 certificate")?;
        let mut validity = validity;
        let mut date = || time(&mut validity).ok_or("its dates can't be read");
        let (not_before, not_after) = (date()?, date()?);
        Ok(Self {
            sha1: digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec(),
            sha256: digest(&SHA256, bytes).as_ref().to_vec(),
            not_before,
            not_after,
            key: rsa_key(key).ok_or("its key is not RSA")?,
        })
    }

    /// The SHA-1 thumbprint as portals show it: 40 hexadecimal digits in capitals.
    pub(crate) fn thumbprint(&self) -> String {
        hex(&self.sha1)
    }

    pub(crate) fn is_valid_at(&self, now: SystemTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The RSA public key of a PEM text with a certificate or a `PUBLIC KEY`, as `RSAPublicKey` in DER.
pub(crate) fn public_key(pem: &[u8]) -> Result<Vec<u8>, String> {
    if let Ok(info) = SubjectPublicKeyInfoDer::from_pem_slice(pem) {
        let mut der = Der(&info);
        let info = der.sequence().ok_or("it is no public key")?;
        return rsa_key(info).ok_or_else(|| "it is no RSA key".to_owned());
    }
    RegisteredCertificate::read(pem).map(|certificate| certificate.key)
}

/// The validity and the `SubjectPublicKeyInfo` of a certificate.
fn parts(bytes: &[u8]) -> Option<(Der<'_>, Der<'_>)> {
    let mut whole = Der(bytes);
    let mut certificate = whole.sequence()?;
    let mut body = certificate.sequence()?;
    // Version 1 certificates leave the version out.
    let _version = body.take(CONTEXT_0);
    let _serial = body.take(INTEGER)?;
    let _algorithm = body.sequence()?;
    let _issuer = body.sequence()?;
    let validity = body.sequence()?;
    let _subject = body.sequence()?;
    Some((validity, body.sequence()?))
}

fn rsa_key(mut info: Der<'_>) -> Option<Vec<u8>> {
    let mut algorithm = info.sequence()?;
    if algorithm.take(OBJECT_ID)? != RSA {
        return None;
    }
    let (unused, key) = info.take(BIT_STRING)?.split_first()?;
    (*unused == 0).then(|| key.to_vec())
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn time(validity: &mut Der<'_>) -> Option<SystemTime> {
    let (tag, text) = validity.any()?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let year_digits = match tag {
        UTC_TIME => 2,
        GENERALIZED_TIME => 4,
        _ => return None,
    };
    let (year, rest) = text.split_at_checked(year_digits)?;
    let year: i16 = digits(year)?;
    let year = match tag {
        // RFC 5280: two digits are of the years 1950 to 2049.
        UTC_TIME if year < 50 => year.checked_add(2000)?,
        UTC_TIME => year.checked_add(1900)?,
        _ => year,
    };
    if rest.len() != 10 {
        return None;
    }
    let two = |at: usize| digits::<i8>(rest.get(at..at + 2)?);
    let date = jiff::civil::DateTime::new(year, two(0)?, two(2)?, two(4)?, two(6)?, two(8)?, 0).ok()?;
    let seconds = jiff::tz::Offset::UTC.to_timestamp(date).ok()?.as_second();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    match seconds {
        0.. => SystemTime::UNIX_EPOCH.checked_add(distance),
        _ => SystemTime::UNIX_EPOCH.checked_sub(distance),
    }
}

fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::der::Der;
    use super::{RegisteredCertificate, public_key, time};
    use crate::test_certificate::TestCertificate;

    #[test]
    fn a_certificate_gives_its_key_dates_and_thumbprints() {
        let made = TestCertificate::generate("reading").unwrap();
        let read = RegisteredCertificate::read(made.pem().as_bytes()).unwrap();
        assert_eq!(read.thumbprint(), made.thumbprint());
        assert_eq!((read.sha1.len(), read.sha256.len()), (20, 32));
        assert!(read.not_before < read.not_after);
        assert_eq!(public_key(made.certificate_pem().as_bytes()).unwrap(), read.key);
    }

    #[test]
    fn what_is_no_certificate_is_explained() {
        for (bad, part) in [
            (&b""[..], "no PEM certificate"),
            (
                b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
                "no X.509",
            ),
            (&[0x30, 0x03, 0x02, 0x01, 0x00], "no X.509"),
        ] {
            let problem = RegisteredCertificate::read(bad).unwrap_err();
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn both_forms_of_a_date_are_read() {
        let read = |tag: u8, text: &str| {
            let mut der = vec![tag, u8::try_from(text.len()).unwrap()];
            der.extend_from_slice(text.as_bytes());
            time(&mut Der(&der))
        };
        let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(read(0x17, "270115080000Z"), Some(expected));
        assert_eq!(read(0x18, "20270115080000Z"), Some(expected));
        assert!(read(0x17, "490101000000Z") > read(0x17, "500101000000Z"));
        for bad in [
            "",
            "Z",
            "270115080000",
            "2701150800Z",
            "271315080000Z",
            "27011508000\u{e9}Z",
            "+70115080000Z",
        ] {
            assert_eq!(read(0x17, bad), None, "{bad}");
        }
    }
}
