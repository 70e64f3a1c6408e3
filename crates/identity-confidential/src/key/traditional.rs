//! OpenSSL's traditional encrypted keys: a PKCS#1 key with `Proc-Type` and `DEK-Info` headers.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{
    BlockCipherDecrypt, BlockModeDecrypt as _, BlockSizeUser, KeyInit, KeyIvInit as _, KeySizeUser,
};
use identity_base::{Foreign, Secret};
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::der;
use super::trouble::{Object, Trouble};

/// How many bytes of the initialisation vector are the salt of the key derivation.
const SALT: usize = 8;

/// The plain key of an encrypted block, by what its `DEK-Info` header says: `AES-256-CBC,0123…`.
///
/// There is no checksum, so a wrong password shows in the padding or in a result that is no key.
///
/// # Errors
/// When the header is malformed, the cipher unsupported, the password missing or wrong.
pub(crate) fn decrypt(
    bytes: &[u8],
    dek_info: &str,
    password: Option<&Secret>,
    object: Object,
) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let (cipher, iv) = dek_info.split_once(',').unwrap_or((dek_info, ""));
    let run = match cipher.trim().to_ascii_uppercase().as_str() {
        "AES-128-CBC" => cbc_decrypt::<aes::Aes128>,
        "AES-192-CBC" => cbc_decrypt::<aes::Aes192>,
        "AES-256-CBC" => cbc_decrypt::<aes::Aes256>,
        "DES-EDE3-CBC" => cbc_decrypt::<des::TdesEde3>,
        _ => {
            let algorithm = Foreign::new(cipher.trim(), 40).to_string();
            return Err(Trouble::UnsupportedEncryption { object, algorithm });
        }
    };
    let Some(iv) = hex(iv.trim()) else {
        return Err(Trouble::MalformedDer { object });
    };
    let Some(password) = password else {
        return Err(Trouble::PasswordMissing { object });
    };
    match run(bytes, &iv, password.expose().as_bytes()) {
        Err(BadIv) => Err(Trouble::MalformedDer { object }),
        Ok(Some(plain)) if der::only_sequence(&plain).is_some() => Ok(plain),
        Ok(_) => Err(Trouble::WrongPassword { object }),
    }
}

/// The initialisation vector has the wrong length for the cipher.
struct BadIv;

/// Decrypts; `None` when the padding is wrong.
fn cbc_decrypt<C>(data: &[u8], iv: &[u8], password: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, BadIv>
where
    C: BlockCipherDecrypt + BlockSizeUser + KeyInit + KeySizeUser,
{
    let salt = iv.get(..SALT).ok_or(BadIv)?;
    let key = derive(password, salt, C::key_size());
    let cipher = cbc::Decryptor::<C>::new_from_slices(&key, iv).map_err(|_| BadIv)?;
    let mut buffer = Zeroizing::new(data.to_vec());
    let Ok(plain) = cipher.decrypt_padded::<Pkcs7>(&mut buffer).map(<[u8]>::len) else {
        return Ok(None);
    };
    buffer.truncate(plain);
    Ok(Some(buffer))
}

/// OpenSSL's `EVP_BytesToKey` with MD5 and one round: each block is the digest of the one before, the password and the salt.
fn derive(password: &[u8], salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut block = Zeroizing::new([0u8; 16]);
    while key.len() < length {
        let mut digest = Md5::new();
        if !key.is_empty() {
            digest.update(*block);
        }
        digest.update(password);
        digest.update(salt);
        block.copy_from_slice(&digest.finalize());
        key.extend_from_slice(&*block);
    }
    key.truncate(length);
    key
}

/// Hexadecimal digits, two a byte.
fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            pair.iter().try_fold(0u8, |byte, digit| {
                Some(byte * 16 + u8::try_from(char::from(*digit).to_digit(16)?).ok()?)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(dek_info: &str, password: Option<&str>) -> Trouble {
        let password = password.map(Secret::new);
        decrypt(&[0; 32], dek_info, password.as_ref(), Object::Key).unwrap_err()
    }

    #[test]
    fn malformed_headers_are_errors() {
        let iv = "00112233445566778899AABBCCDDEEFF";
        assert!(matches!(
            trouble("", Some("x")),
            Trouble::UnsupportedEncryption { .. }
        ));
        assert!(matches!(
            trouble(&format!("DES-CBC,{iv}"), Some("x")),
            Trouble::UnsupportedEncryption { .. }
        ));
        for bad in ["", "0", "zz", "00", "001122334455667", "\u{e4}\u{e4}"] {
            assert!(
                matches!(
                    trouble(&format!("AES-128-CBC,{bad}"), Some("x")),
                    Trouble::MalformedDer { .. }
                ),
                "{bad:?}"
            );
        }
        assert!(
            matches!(
                trouble("AES-128-CBC,0011223344556677", Some("x")),
                Trouble::MalformedDer { .. }
            ),
            "too short for AES"
        );
        assert!(matches!(
            trouble(&format!("aes-128-cbc, {iv}"), None),
            Trouble::PasswordMissing { .. }
        ));
        assert!(matches!(
            trouble(&format!("aes-128-cbc, {iv}"), Some("x")),
            Trouble::WrongPassword { .. }
        ));
    }
}
