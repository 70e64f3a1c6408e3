//! Users that are forgotten.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use identity_base::{ErrorKind, Event, EventKind, Observer, TokenCredential as _};
use identity_confidential::OnBehalfOfCredentials;
use identity_testkit::HttpStep;
use identity_testkit::poll::PollOnce as _;

use super::{SCOPE, builder};
use crate::world::run;

#[test]
fn an_observer_may_ask_about_the_users_while_one_is_forgotten() {
    #[derive(Debug, Default)]
    struct Asks(OnceLock<OnBehalfOfCredentials>, AtomicUsize);
    impl Observer for Asks {
        fn event(&self, event: &Event<'_>) {
            if let (EventKind::FetchFailed, Some(users)) = (event.kind, self.0.get()) {
                assert!(users.len() < 10_000);
                self.1.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    let (ended, end) = mpsc::channel();
    let work = std::thread::spawn(move || {
        run(async |world| {
            let asks = Arc::new(Asks::default());
            let users = builder(world)
                .with_options(
                    &world
                        .options()
                        .with_observer(Arc::clone(&asks) as Arc<dyn Observer>),
                )
                .with_client_secret(world.guard.secret("secret"))
                .build_for_many()
                .unwrap();
            asks.0.set(users.clone()).unwrap();
            world.http.push(HttpStep::hang());
            let first = users.for_user("the first one").unwrap();
            let mut left = first.get_token(&[SCOPE]);
            assert!(left.poll_once().is_pending());
            drop(left);
            drop(first);
            for number in 0..10_000 {
                users.for_user(format!("user {number}")).unwrap();
            }
            assert_eq!(asks.1.load(Ordering::SeqCst), 1);
        });
        ended.send(()).unwrap();
    });
    end.recv_timeout(Duration::from_secs(60)).expect("nothing hangs");
    work.join().unwrap();
}

#[test]
fn a_user_whose_credential_was_closed_gets_another_one() {
    run(async |world| {
        let users = builder(world)
            .with_client_secret(world.guard.secret("secret"))
            .build_for_many()
            .unwrap();
        world.answer("first");
        world.answer("second");
        let credential = users.for_user("the user").unwrap();
        let first = world.token(&credential, SCOPE).await.unwrap();
        let again = users.for_user("the user").unwrap();
        assert_eq!(world.token(&again, SCOPE).await.unwrap(), first, "kept");
        credential.close().await;
        assert_eq!(
            world.token(&again, SCOPE).await.unwrap_err().kind(),
            ErrorKind::Closed
        );
        let other = users.for_user("the user").unwrap();
        assert_ne!(world.token(&other, SCOPE).await.unwrap(), first);
        assert_eq!(users.len(), 1);
    });
}
