//! The part of the Secret Service's interface that a cache needs.

use std::collections::HashMap;

use futures_util::StreamExt as _;
use serde::Serialize;
use zbus::message::Type;
use zbus::{
    Connection, DynamicType, Error, MatchRule, Message, MessageStream, ObjectPath, OwnedObjectPath,
    OwnedVariant, Variant,
};
use zeroize::Zeroizing;

use super::super::Item;

const SERVICE: &str = "org.freedesktop.secrets";
const SERVICE_PATH: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const COLLECTION_INTERFACE: &str = "org.freedesktop.Secret.Collection";
const ITEM_INTERFACE: &str = "org.freedesktop.Secret.Item";
const PROMPT_INTERFACE: &str = "org.freedesktop.Secret.Prompt";
const PROPERTIES_INTERFACE: &str = "org.freedesktop.DBus.Properties";
/// The attribute by which libsecret keeps items of different schemas apart.
const SCHEMA: &str = "xdg:schema";
/// What stands for no object.
const NOTHING: &str = "/";

/// A session, parameters, the secret, and its type.
type SecretStruct = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// A session with the service.
pub(super) struct Client {
    connection: Connection,
    session: OwnedObjectPath,
}

impl Client {
    pub(super) async fn connect(address: &str) -> Result<Self, Error> {
        let connection = zbus::connection::Builder::address(address).build().await?;
        let answer = connection
            .call_method(
                Some(SERVICE),
                SERVICE_PATH,
                Some(SERVICE_INTERFACE),
                "OpenSession",
                &("plain", Variant::from("")),
            )
            .await?;
        let (_, session): (OwnedVariant, OwnedObjectPath) = answer.body().deserialize()?;
        Ok(Self { connection, session })
    }

    /// The secret of an item; `None` when there is no such item.
    pub(super) async fn secret(&self, item: &Item) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let path = match self.find(item).await? {
            Some(path) => path,
            // Of a locked collection some services don't tell all: GNOME's finds nothing by a schema. What is not seen must not count as absent, or it is
            // replaced.
            None if self.unlock_default_collection().await? => match self.find(item).await? {
                Some(path) => path,
                None => return Ok(None),
            },
            None => return Ok(None),
        };
        let answer = self
            .call(&path, ITEM_INTERFACE, "GetSecret", &self.session)
            .await?;
        let (_, _, secret, _): SecretStruct = answer.body().deserialize()?;
        Ok(Some(Zeroizing::new(secret)))
    }

    /// The item, which is unlocked then.
    async fn find(&self, item: &Item) -> Result<Option<OwnedObjectPath>, Error> {
        let (unlocked, locked) = self.search(item).await?;
        if let Some(path) = unlocked.into_iter().next() {
            return Ok(Some(path));
        }
        let Some(path) = locked.into_iter().next() else {
            return Ok(None);
        };
        self.unlock(&path).await?;
        Ok(Some(path))
    }

    /// Unlocks the collection that new items go to; whether it was there and locked.
    async fn unlock_default_collection(&self) -> Result<bool, Error> {
        let collection = self.alias().await?;
        if collection.as_str() == NOTHING {
            return Ok(false);
        }
        let answer = self
            .call(
                &collection,
                PROPERTIES_INTERFACE,
                "Get",
                &(COLLECTION_INTERFACE, "Locked"),
            )
            .await?;
        let is_locked: OwnedVariant = answer.body().deserialize()?;
        if !matches!(&*is_locked, Variant::Bool(true)) {
            return Ok(false);
        }
        self.unlock(&collection).await?;
        Ok(true)
    }

    /// Puts a secret into an item, in the place of the old one if there is one.
    pub(super) async fn set_secret(&self, item: &Item, secret: &[u8]) -> Result<(), Error> {
        let collection = self.default_collection().await?;
        self.unlock(&collection).await?;
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Variant::from(item.label)),
            (
                "org.freedesktop.Secret.Item.Attributes",
                Variant::from(attributes(item)),
            ),
        ]);
        let secret = (&self.session, &[][..] as &[u8], secret, "text/plain");
        let answer = self
            .call(
                &collection,
                COLLECTION_INTERFACE,
                "CreateItem",
                &(properties, secret, true),
            )
            .await?;
        let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = answer.body().deserialize()?;
        self.answer_prompt(&prompt).await
    }

    /// The collection that new items go to.
    pub(super) async fn default_collection(&self) -> Result<OwnedObjectPath, Error> {
        let collection = self.alias().await?;
        match collection.as_str() {
            NOTHING => Err(Error::Failure("the keyring has no default collection".to_owned())),
            _ => Ok(collection),
        }
    }

    /// What the alias for new items stands for.
    async fn alias(&self) -> Result<OwnedObjectPath, Error> {
        let answer = self.service("ReadAlias", &"default").await?;
        answer.body().deserialize()
    }

    /// The items that fit: those that are unlocked, and those that are locked.
    async fn search(&self, item: &Item) -> Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>), Error> {
        let answer = self.service("SearchItems", &attributes(item)).await?;
        answer.body().deserialize()
    }

    /// Unlocks an object, which may ask the user.
    async fn unlock(&self, path: &ObjectPath<'_>) -> Result<(), Error> {
        let answer = self.service("Unlock", &vec![path]).await?;
        let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = answer.body().deserialize()?;
        self.answer_prompt(&prompt).await
    }

    /// Shows a prompt to the user and waits for the answer.
    async fn answer_prompt(&self, prompt: &ObjectPath<'_>) -> Result<(), Error> {
        if prompt.as_str() == NOTHING {
            return Ok(());
        }
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(SERVICE)
            .path(prompt.to_owned())
            .interface(PROMPT_INTERFACE)
            .member("Completed")
            .build()?;
        // Listened for before it is shown, so that a quick answer isn't missed.
        let mut answers = MessageStream::for_match_rule(rule, &self.connection, None).await?;
        self.call(prompt, PROMPT_INTERFACE, "Prompt", &"").await?;
        let completed = answers.next().await.ok_or(Error::InvalidReply)??;
        let (is_dismissed, _): (bool, OwnedVariant) = completed.body().deserialize()?;
        match is_dismissed {
            true => Err(Error::Failure(
                "the keyring is locked, and was not unlocked".to_owned(),
            )),
            false => Ok(()),
        }
    }

    async fn service<B: Serialize + DynamicType>(&self, method: &str, body: &B) -> Result<Message, Error> {
        let path = ObjectPath::try_from(SERVICE_PATH)?;
        self.call(&path, SERVICE_INTERFACE, method, body).await
    }

    async fn call<B: Serialize + DynamicType>(
        &self,
        path: &ObjectPath<'_>,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, Error> {
        self.connection
            .call_method(Some(SERVICE), path, Some(interface), method, body)
            .await
    }
}

/// What the item is found by.
fn attributes(item: &Item) -> HashMap<&str, &str> {
    HashMap::from([(SCHEMA, item.name.as_str()), item.attribute])
}
