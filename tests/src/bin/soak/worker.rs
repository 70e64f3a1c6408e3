//! A caller: bursts of calls for the tokens that everybody uses, and one thing out of the ordinary after each.

use std::sync::Arc;
use std::time::Duration;

use entra_identity::{AccessToken, Error, TokenFuture, TokenRequest};
use tokio::task::JoinSet;

use crate::draw::{Draw, Operation};
use crate::flows::Flow;
use crate::generation::Generation;
use crate::ledger::count;
use crate::stage::{CAE, COLD, HOT, OTHER_TENANT, api};
use crate::time::{sleep, within};
use crate::world::{Asked, World};

/// A claims challenge, as an API sends it.
const CHALLENGE: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}"#;
/// What is left of a token has to be so long, where a caller cares.
const REMAINING: Duration = Duration::from_secs(30);
/// Of the tokens that are there at once, one in so many is looked into.
const SAMPLED: u64 = 64;
/// How many callers come at once.
const CROWD: usize = 6;
/// What is waited when no credential can be made.
const PAUSE: Duration = Duration::from_millis(20);

/// One of a flow's workers.
struct Worker {
    world: Arc<World>,
    flow: usize,
    plan: Flow,
    draw: Draw,
}

/// Works until the soak is over.
pub(crate) async fn work(world: Arc<World>, flow: usize, number: u64) {
    let (Some(plan), Some(lane)) = (world.flows.get(flow).copied(), world.lanes.get(flow)) else {
        return;
    };
    let stream = u64::try_from(flow).unwrap_or(0) * 16 + number;
    let mut worker = Worker {
        draw: Draw::new(world.seed, stream),
        world: Arc::clone(&world),
        flow,
        plan,
    };
    while !world.is_stopped() {
        let Some(generation) = lane.current(&world, flow).await else {
            sleep(PAUSE).await;
            continue;
        };
        worker.burst(&generation).await;
        let other_tenant = plan.other_tenant;
        let operation = Operation::draw(&mut worker.draw, |operation| {
            operation != Operation::OtherTenant || other_tenant
        });
        if operation == Operation::Renew || generation.is_worn() {
            lane.renew(&world, flow, Some(&generation)).await;
        } else {
            worker.operate(operation, &generation).await;
        }
        match plan.pause {
            Duration::ZERO => tokio::task::yield_now().await,
            pause => sleep(pause).await,
        }
    }
}

impl Worker {
    /// Calls for the tokens that are used all the time.
    async fn burst(&mut self, generation: &Generation) {
        for _ in 0..self.draw.between(16, 48) {
            let number = self.draw.between(0, HOT - 1);
            let Some(hot) = generation.hot(number) else { return };
            if self.world.is_stopped() {
                return;
            }
            let api = api(number);
            let scope = self.plan.scope(&api);
            let asked = Asked::hot(&api, hot);
            match generation.credential.get_token(&[&scope]).try_now() {
                Ok(result) => {
                    let closely = self.draw.next().is_multiple_of(SAMPLED);
                    self.world
                        .judge(self.flow, generation, &asked, &result, false, closely);
                }
                // Nothing of it has begun; the same again, so that the journal tells it.
                Err(unbegun) => {
                    drop(unbegun);
                    let id = self.world.marks.begin(self.flow);
                    let scopes = [scope.as_str()];
                    let request = TokenRequest::new(&scopes).correlation_id(&id);
                    // What fails after a wait would make the rest of the burst wait as well.
                    if !self.call(generation, &asked, request).await {
                        return;
                    }
                }
            }
        }
    }

    async fn operate(&mut self, operation: Operation, generation: &Arc<Generation>) {
        let cold = api(match operation {
            Operation::Cae => HOT + COLD + self.draw.between(0, CAE - 1),
            _ => HOT + self.draw.between(0, COLD - 1),
        });
        let number = self.draw.between(0, HOT - 1);
        let warm = api(number);
        let (cold_scope, warm_scope) = (self.plan.scope(&cold), self.plan.scope(&warm));
        let (cold_scopes, warm_scopes) = ([cold_scope.as_str()], [warm_scope.as_str()]);
        let id = match operation {
            Operation::Claims => self.world.marks.begin_challenged(self.flow),
            _ => self.world.marks.begin(self.flow),
        };
        let (cold_request, warm_request) = (
            TokenRequest::new(&cold_scopes).correlation_id(&id),
            TokenRequest::new(&warm_scopes).correlation_id(&id),
        );
        let (cold_asked, warm_asked) = (Asked::any(&cold), Asked::any(&warm));
        match operation {
            Operation::Cold | Operation::Renew => {
                self.call(generation, &cold_asked, cold_request).await;
            }
            Operation::OtherTenant => {
                let asked = Asked {
                    tenant: Some(OTHER_TENANT),
                    ..cold_asked
                };
                let request = cold_request.tenant_id(OTHER_TENANT);
                self.call(generation, &asked, request).await;
            }
            Operation::Claims => {
                self.call(generation, &warm_asked, warm_request.claims(CHALLENGE))
                    .await;
            }
            Operation::Cae => {
                self.call(generation, &cold_asked, cold_request.enable_cae(true))
                    .await;
            }
            Operation::Rejected => {
                let last = generation.hot(number).and_then(|hot| hot.last());
                let asked = Asked {
                    rejected: last.as_ref(),
                    ..warm_asked
                };
                let request = match &last {
                    Some(last) => warm_request.rejected(last),
                    None => warm_request,
                };
                self.call(generation, &asked, request).await;
            }
            Operation::MinRemaining => {
                self.call(generation, &warm_asked, warm_request.min_remaining(REMAINING))
                    .await;
            }
            Operation::Deadline => {
                let at_most = Duration::from_millis(self.draw.between(1, 40));
                self.call(generation, &cold_asked, cold_request.deadline(at_most))
                    .await;
            }
            Operation::Dropped => {
                let patience = Duration::from_micros(self.draw.between(0, 8_000));
                let call = generation.credential.get_token_with(cold_request);
                match within(patience, call).await {
                    Some(result) => {
                        self.world
                            .judge(self.flow, generation, &cold_asked, &result, true, true);
                    }
                    None => self.count_dropped(generation),
                }
            }
            Operation::Crowd => self.crowd(generation, &cold, &cold_scope).await,
            Operation::Handle => self.handle(generation, number, &warm, &warm_scopes).await,
        }
    }

    /// A call to its end; whether it brought a token.
    async fn call(&self, generation: &Generation, asked: &Asked<'_>, request: TokenRequest<'_>) -> bool {
        let call = generation.credential.get_token_with(request);
        self.finish(generation, asked, call).await
    }

    async fn finish(&self, generation: &Generation, asked: &Asked<'_>, call: TokenFuture<'_>) -> bool {
        let (result, waited) = match call.try_now() {
            Ok(result) => (result, false),
            Err(call) => match self.world.patiently(self.flow, call).await {
                Some(result) => (result, true),
                None => return false,
            },
        };
        self.world
            .judge(self.flow, generation, asked, &result, waited, true);
        result.is_ok()
    }

    fn count_dropped(&self, generation: &Generation) {
        if let Some(counts) = self.world.ledger.of(self.flow) {
            count(&counts.calls);
            count(&counts.dropped);
        }
        generation.wear(1);
    }

    /// Several callers at once for one token.
    async fn crowd(&self, generation: &Arc<Generation>, api: &str, scope: &str) {
        let mut callers: JoinSet<Result<AccessToken, Error>> = JoinSet::new();
        for _ in 0..CROWD {
            let (generation, scope) = (Arc::clone(generation), scope.to_owned());
            let id = self.world.marks.begin(self.flow);
            callers.spawn(async move {
                let scopes = [scope.as_str()];
                let request = TokenRequest::new(&scopes).correlation_id(&id);
                generation.credential.get_token_with(request).await
            });
        }
        let asked = Asked::any(api);
        loop {
            let next = self.world.patiently(self.flow, callers.join_next()).await;
            let Some(Some(joined)) = next else { return };
            match joined {
                Ok(result) => self
                    .world
                    .judge(self.flow, generation, &asked, &result, true, true),
                Err(error) => self
                    .world
                    .ledger
                    .violation(self.flow, &format!("a caller ended early: {error}")),
            }
        }
    }

    /// Through a handle, which knows its token.
    async fn handle(&mut self, generation: &Generation, number: u64, api: &str, scopes: &[&str]) {
        let Some(handle) = generation.credential.handle(scopes) else {
            return;
        };
        for _ in 0..self.draw.between(1, 8) {
            let Some(hot) = generation.hot(number) else { return };
            let asked = Asked::hot(api, hot);
            match handle.token().try_now() {
                Ok(result) => self
                    .world
                    .judge(self.flow, generation, &asked, &result, false, true),
                Err(unbegun) => {
                    drop(unbegun);
                    let id = self.world.marks.begin(self.flow);
                    let request = TokenRequest::new(scopes).correlation_id(&id);
                    if !self.finish(generation, &asked, handle.token_with(request)).await {
                        return;
                    }
                }
            }
        }
    }
}
