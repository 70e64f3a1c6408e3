//! On a virtual clock.

use std::sync::Mutex;

use identity_testkit::TestClock;

use super::*;

/// How one address behaves.
#[derive(Clone, Copy)]
enum Plan {
    Connects(u64),
    Refuses(u64),
    Hangs,
}

use Plan::{Connects, Hangs, Refuses};

fn address(index: usize, v6: bool) -> SocketAddr {
    let text = if v6 {
        format!("[2001:db8::{index}]:443")
    } else {
        format!("192.0.2.{index}:443")
    };
    text.parse().unwrap()
}

/// Races the plans; the result, how long it took in ms, and when each attempt began.
fn race(plans: &[(bool, Plan)]) -> (io::Result<SocketAddr>, u64, Vec<(SocketAddr, u64)>) {
    let clock = TestClock::new();
    let start = clock.now();
    let addresses: Vec<_> = plans
        .iter()
        .enumerate()
        .map(|(i, (v6, _))| address(i, *v6))
        .collect();
    let begun = Mutex::new(Vec::new());
    let attempt = |target: SocketAddr| {
        let at = u64::try_from(clock.now().since(start).as_millis()).unwrap();
        begun.lock().unwrap().push((target, at));
        let (_, plan) = plans[addresses.iter().position(|a| *a == target).unwrap()];
        let clock = clock.clone();
        async move {
            match plan {
                Connects(ms) => {
                    clock.sleep(Duration::from_millis(ms)).await;
                    Ok(target)
                }
                Refuses(ms) => {
                    clock.sleep(Duration::from_millis(ms)).await;
                    Err(io::ErrorKind::ConnectionRefused.into())
                }
                Hangs => std::future::pending().await,
            }
        }
    };
    let result = clock.block_on(connect(&addresses, &clock, Duration::from_secs(3), attempt));
    let took = u64::try_from(clock.now().since(start).as_millis()).unwrap();
    (result, took, begun.into_inner().unwrap())
}

#[test]
fn a_dead_first_family_costs_its_head_start() {
    let (result, took, _) = race(&[(true, Hangs), (true, Hangs), (false, Connects(20))]);
    assert_eq!(result.unwrap(), address(2, false));
    assert_eq!(took, 320);
}

#[test]
fn a_refusal_starts_the_next_at_once() {
    let (result, took, begun) = race(&[(true, Refuses(5)), (false, Connects(10))]);
    assert_eq!(result.unwrap(), address(1, false));
    assert_eq!((took, begun[1].1), (15, 5));
}

#[test]
fn the_first_family_wins_if_it_is_quick_enough() {
    let (result, took, begun) = race(&[(true, Connects(299)), (false, Connects(1))]);
    assert_eq!(result.unwrap(), address(0, true));
    assert_eq!((took, begun.len()), (299, 1));
}

#[test]
fn a_slow_first_one_may_still_win() {
    let (result, took, _) = race(&[(true, Connects(400)), (false, Connects(500))]);
    assert_eq!((result.unwrap(), took), (address(0, true), 400));
}

#[test]
fn the_families_take_turns() {
    let plans = [
        (true, Hangs),
        (true, Hangs),
        (true, Hangs),
        (false, Hangs),
        (false, Hangs),
    ];
    let (result, took, begun) = race(&plans);
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
    let order: Vec<_> = begun
        .iter()
        .map(|(address, at)| (address.is_ipv6(), *at))
        .collect();
    assert_eq!(
        order,
        [(true, 0), (false, 300), (true, 600), (false, 900), (true, 1200)]
    );
    assert_eq!(took, 4200);
}

#[test]
fn nothing_new_is_tried_after_the_limit() {
    let (result, took, begun) = race(&vec![(false, Hangs); 40]);
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
    // At 0, 300, … 2,700 ms, and not at 3,000 ms.
    assert_eq!(begun.len(), 10);
    assert_eq!(took, 5700);
}

#[test]
fn the_last_failure_is_told() {
    let (result, took, begun) = race(&[(true, Refuses(0)), (false, Refuses(1))]);
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!((took, begun.len()), (1, 2));
    assert_eq!(race(&[]).0.unwrap_err().kind(), io::ErrorKind::NotFound);
}
