//! The keychain of macOS. This was never compiled.

use security_framework::passwords::{get_generic_password, set_generic_password};
use zeroize::Zeroizing;

use super::{Backend, Item};

/// `errSecItemNotFound`.
const ITEM_NOT_FOUND: i32 = -25300;

/// The user's default keychain: an item's service is the attribute's value, its account the name.
#[derive(Debug)]
pub(super) struct Keychain;

impl Backend for Keychain {
    fn get(&self, item: &Item) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        match get_generic_password(item.attribute.1, &item.name) {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(error) if error.code() == ITEM_NOT_FOUND => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn set(&self, item: &Item, secret: &[u8]) -> Result<(), String> {
        set_generic_password(item.attribute.1, &item.name, secret).map_err(|error| error.to_string())
    }

    fn probe(&self) -> Result<(), String> {
        Ok(())
    }
}
