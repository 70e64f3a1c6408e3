//! Rows of the plan that have no cells: those that are tested elsewhere, and those that can't be run here.

/// Row, fault, the file below the workspace that tests it, and the name of the test there.
pub(super) const ELSEWHERE: &[(&str, &str, &str, &str)] = &[
    (
        "FT-02",
        "an address that swallows all packets: no attempt begins after the limit",
        "crates/identity-transport/src/connect/race/tests.rs",
        "nothing_new_is_tried_after_the_limit",
    ),
    (
        "FT-05",
        "the first address is slow, the second one good",
        "crates/identity-transport/src/connect/race/tests.rs",
        "a_slow_first_one_may_still_win",
    ),
    (
        "FT-17",
        "an idle connection breaks when it is used again",
        "crates/identity-transport/tests/it/pool.rs",
        "what_may_be_repeated_is_sent_once_more_when_an_idle_connection_breaks",
    ),
    (
        "FT-64",
        "a tool that hangs is ended with its children at the limit",
        "tests/it/devtools/ending.rs",
        "a_tool_that_hangs_is_ended_with_its_children_at_the_limit",
    ),
    (
        "FT-64",
        "a hundred tools that hang and are given up leave nothing behind",
        "tests/it/devtools/ending.rs",
        "many_that_are_given_up_leave_nothing_behind",
    ),
    (
        "FT-82",
        "the holder of the lock is killed",
        "crates/identity-cache/tests/cache/processes.rs",
        "two_hundred_killed_processes_harm_nothing",
    ),
    (
        "FT-86",
        "eight processes change one cache",
        "crates/identity-cache/tests/cache/processes.rs",
        "eight_processes_lose_nothing",
    ),
    (
        "FT-87",
        "a process is killed while it saves",
        "crates/identity-cache/tests/cache/processes.rs",
        "two_hundred_killed_processes_harm_nothing",
    ),
    (
        "FT-88",
        "there is no keyring",
        "crates/identity-cache/src/store/keyring/tests.rs",
        "a_file_is_used_where_there_is_no_keyring_if_that_is_allowed",
    ),
    (
        "FT-89",
        "a keyring that never answers",
        "crates/identity-cache/src/store/keyring/tests.rs",
        "a_keyring_that_hangs_costs_five_seconds_once",
    ),
    (
        "FT-89",
        "a bus that never answers",
        "crates/identity-cache/tests/cache/keyring.rs",
        "a_bus_that_never_answers_costs_one_time_limit_and_no_thread_is_waited_for",
    ),
    (
        "FT-89",
        "a process ends although its keyring hangs",
        "crates/identity-cache/tests/cache/keyring.rs",
        "a_process_ends_although_its_keyring_hangs",
    ),
    (
        "FT-90",
        "garbage in the keyring",
        "crates/identity-cache/src/store/keyring/tests.rs",
        "garbage_in_the_item_is_a_miss_and_replaced",
    ),
    (
        "FT-106",
        "ten thousand callers of a listener, and then the right one",
        "crates/identity-interactive/tests/interactive/hostile.rs",
        "ten_thousand_callers_and_then_the_right_one",
    ),
    (
        "FT-108",
        "the port of a listener is taken",
        "crates/identity-interactive/tests/interactive/browser.rs",
        "a_port_that_is_taken_is_no_reason_to_share_it",
    ),
    (
        "FT-113",
        "the first caller leaves at any await point",
        "crates/identity-runtime/src/cached/tests/flights.rs",
        "a_first_caller_that_is_dropped_at_any_await_point_costs_nobody_anything",
    ),
    (
        "FT-114",
        "the first caller panics",
        "crates/identity-runtime/src/cached/tests/flights.rs",
        "a_first_caller_that_panics_costs_nobody_anything",
    ),
    (
        "FT-114",
        "a fetch panics",
        "crates/identity-runtime/src/cached/tests/flights.rs",
        "a_panicking_fetch_is_an_internal_error_for_all_and_the_next_call_works",
    ),
    (
        "FT-115",
        "the runtime is dropped while a fetch is under way",
        "crates/identity-runtime/src/cached/tests/runtimes.rs",
        "a_waiter_elsewhere_survives_the_drop_of_the_flights_runtime_in_mid_wait",
    ),
    (
        "FT-116",
        "the credential is closed while a fetch is under way",
        "crates/identity-runtime/src/cached/tests/closing.rs",
        "a_fetch_that_takes_longer_is_ended",
    ),
    (
        "FT-117",
        "more keys than are kept",
        "crates/identity-runtime/src/cached/tests/limits.rs",
        "what_is_evicted_while_others_come_is_gone_and_comes_again",
    ),
];

/// Row, fault, and why it can't be run.
pub(super) const IMPOSSIBLE: &[(&str, &str, &str)] = &[
    (
        "FT-02",
        "an address that swallows all packets, as a cell",
        "loopback always answers, and shaping it needs a kernel module that isn't there; the race of addresses is tested with faked connections",
    ),
    (
        "FT-13",
        "a certificate with a weak key, or signed by SHA-1",
        "the libraries that make the test's certificates refuse to make such ones; TLS by rustls accepts neither",
    ),
    (
        "FT-74",
        "the system starts no process (EAGAIN, ENOMEM)",
        "needs a limit for the whole process of the tests, which would meet its neighbours",
    ),
    (
        "FT-93 to FT-102",
        "a distributed cache in Redis",
        "the library has no such cache yet",
    ),
    (
        "FT-118",
        "fork with a warm pool",
        "forking a process with threads needs unsafe code, which the workspace forbids",
    ),
    (
        "Windows, macOS",
        "job objects, batch files, DPAPI, Keychain",
        "the tests run on Linux; quoting and formats are unit-tested on every system",
    ),
];

/// A test that was renamed would leave the page with a promise that nobody keeps.
#[test]
#[expect(clippy::disallowed_methods, reason = "the tests read the project's own files")]
fn what_is_tested_elsewhere_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (row, _, file, test) in ELSEWHERE {
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(
            text.contains(&format!("fn {test}(")),
            "{row}: {test} is not in {file}"
        );
    }
}
