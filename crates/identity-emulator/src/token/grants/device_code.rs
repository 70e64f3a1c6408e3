//! `device_code`: a device asks whether its person is done.

use super::Grant;
use crate::answer::Answer;
use crate::people::{Device, Poll};
use crate::refusal::Refusal;
use crate::token::TokenCall;
use crate::token::issue;

pub(super) struct DeviceCode;

impl Grant for DeviceCode {
    fn name(&self) -> &'static str {
        "urn:ietf:params:oauth:grant-type:device_code"
    }

    fn redeem(&self, request: &TokenCall<'_>) -> Result<Answer, Refusal> {
        // The peers send the same value as `code` as well.
        let code = request
            .call
            .form("device_code")
            .or_else(|| request.call.form("code"))
            .ok_or_else(|| Refusal::missing("device_code"))?;
        let proof = request.authenticate_either()?;
        let world = request.world;
        let is_own = |device: &Device| match device.asked.app == request.app.id {
            true => Ok(()),
            false => Err(Refusal::new(70000).with("parameter", "device_code")),
        };
        let authorization = match world.people.poll(code, world.clock.unix_seconds(), is_own)? {
            Poll::Done(authorization) => authorization,
            Poll::Unknown => return Err(Refusal::new(70018)),
            Poll::Redeemed => return Err(Refusal::new(54005)),
            Poll::Expired => return Err(Refusal::new(70020)),
            Poll::Pending => return Err(Refusal::new(70016)),
            Poll::SlowDown => return Err(Refusal::new(70016).error("slow_down")),
            Poll::Declined => return Err(Refusal::new(65004).error("authorization_declined")),
            Poll::Refused(code) => return Err(Refusal::new(code)),
        };
        issue::for_sign_in(request, *authorization, proof)
    }
}
