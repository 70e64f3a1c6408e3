//! What a cached token costs through the chain in allocations: nothing.

use std::sync::Arc;

use identity_base::TokenCredential;
use identity_testkit::{HttpStep, ScriptedHttp, assert_future_is_ready_on_first_poll};

use crate::world::{SCOPE, run_with};

#[test]
fn a_cached_token_through_the_default_chain_costs_none() {
    run_with(
        ScriptedHttp::new().respond_with(|_, _| HttpStep::token("t", 3599)),
        async |world| {
            world.set_application();
            let credential: Arc<dyn TokenCredential> = Arc::new(world.default_chain());
            credential.get_token(&[SCOPE]).await.unwrap();
            let hit = || drop(assert_future_is_ready_on_first_poll(credential.get_token(&[SCOPE])).unwrap());
            // The first hit of a thread may set the thread up.
            hit();
            let counted = allocation_counter::measure(|| (0..100).for_each(|_| hit()));
            assert_eq!(counted.count_total, 0);
            assert_eq!(allocation_counter::measure(|| drop(Box::new(7))).count_total, 1);
        },
    );
}
