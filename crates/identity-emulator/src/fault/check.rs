//! Whether a rule makes sense, checked when it is added.

use hyper::header::{HeaderName, HeaderValue};

use super::effect::{BodyFault, ConnectFault, WireFault};
use super::{Effect, Fault};
use crate::catalogue::Aadsts;

impl Fault {
    /// Says what is wrong with the rule, for the author of the rule to read.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(connect) = &self.effect.connect {
            return self.check_connection(connect);
        }
        self.effect.check()
    }

    fn check_connection(&self, connect: &ConnectFault) -> Result<(), String> {
        let on = &self.on;
        let conditions = [&on.method, &on.path, &on.grant, &on.tenant, &on.client_id];
        if on.route.is_some() || conditions.into_iter().any(Option::is_some) {
            return Err("a connection fault comes before any request, so it cannot look at one".to_owned());
        }
        let alone = Effect {
            connect: Some(connect.clone()),
            ..Effect::default()
        };
        if serde_json::to_value(&alone).ok() != serde_json::to_value(&self.effect).ok() {
            return Err("a connection fault comes before any answer, so it cannot change one".to_owned());
        }
        match connect {
            ConnectFault::Raw(bytes) if bytes.bytes().is_none() => {
                Err("the raw bytes are not base64".to_owned())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn is_for_connections(&self) -> bool {
        self.effect.connect.is_some()
    }
}

impl Effect {
    fn check(&self) -> Result<(), String> {
        if let Some(status) = self.status
            && !(200..=599).contains(&status)
        {
            return Err(format!(
                "{status} is no status of a final answer, which is 200 to 599"
            ));
        }
        if let Some(code) = self.aadsts
            && Aadsts::lookup(code).is_none()
        {
            return Err(format!("AADSTS{code} is not in the catalogue"));
        }
        if self.aadsts.is_none() && (self.suberror.is_some() || self.claims.is_some()) {
            return Err("a suberror or claims challenge needs an AADSTS code".to_owned());
        }
        for (name, value) in &self.headers {
            let name_ok = HeaderName::from_bytes(name.as_bytes()).is_ok();
            if !name_ok || HeaderValue::from_str(value).is_err() {
                return Err(format!(
                    "{name:?}: {value:?} is no header; raw bytes can carry a broken one"
                ));
            }
        }
        let base64_ok = match (&self.body, &self.wire) {
            (Some(BodyFault::Other { bytes, .. }), _) | (_, Some(WireFault::Raw(bytes))) => {
                bytes.bytes().is_some()
            }
            _ => true,
        };
        if !base64_ok {
            return Err("the bytes are not base64".to_owned());
        }
        match self.wire {
            Some(WireFault::Drip {
                bytes_per_second: 0, ..
            }) => Err("zero bytes a second never end; use a stall".to_owned()),
            _ => Ok(()),
        }
    }
}
