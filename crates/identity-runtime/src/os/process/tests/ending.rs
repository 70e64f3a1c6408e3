//! The end of children, and of what they started.

use super::*;

/// Within this time nothing of a child's group is left.
const GONE_WITHIN: Duration = Duration::from_secs(1);

/// Waits until the processes whose ids are in the file, one a line, are gone, and says how long that took.
fn all_gone(ids: &Path, count: usize) {
    let ids = String::from_utf8(std::fs::read(ids).unwrap()).unwrap();
    assert_eq!(ids.lines().count(), count);
    let ((), took) = timed(|| {
        for id in ids.lines() {
            wait_until("the group is gone", || !is_alive(id));
        }
    });
    assert!(took < GONE_WITHIN, "{took:?}");
}

#[test]
fn a_child_that_hangs_is_killed_with_its_children() {
    let scratch = Scratch::new();
    let ids = scratch.path("ids");
    let script = format!(
        "trap '' TERM INT; sleep 1000 & echo $! > {0}; echo $$ >> {0}; wait",
        ids.display()
    );
    let (outcome, took) = timed(|| run(shell(&script).timeout(Duration::from_millis(700))));
    assert_eq!(outcome.unwrap_err().kind, ProcessErrorKind::Timeout);
    assert!(
        took >= Duration::from_millis(600) && took < Duration::from_secs(10),
        "{took:?}"
    );
    all_gone(&ids, 2);
}

/// Whatever the child's end was: by itself, well or not, by a signal, or for what it printed.
#[test]
fn what_a_child_leaves_running_is_killed_when_it_has_ended() {
    let scratch = Scratch::new();
    let ids = scratch.path("ids");
    for (held, end, expected) in [
        // Its child keeps the outputs open, or one of them, or none.
        ("", "printf token", Some(Some(0))),
        (">/dev/null", "exit 3", Some(Some(3))),
        (">/dev/null 2>&1", "printf token", Some(Some(0))),
        (">/dev/null 2>&1", "exit 1", Some(Some(1))),
        ("", "kill -9 $$", Some(None)),
        (">/dev/null 2>&1", "kill -9 $$", Some(None)),
        ("", "cat /dev/zero", None),
    ] {
        // A child that ignores polite signals, and a child of that one.
        let script = format!(
            "(trap '' TERM HUP INT; sleep 1000 & echo $! > {0}.tmp; sh -c 'echo $PPID' >> {0}.tmp; mv {0}.tmp {0}; wait) {held} &\n\
             while [ ! -e {0} ]; do :; done; {end}",
            ids.display()
        );
        let (outcome, took) = timed(|| run(shell(&script)));
        assert_eq!(outcome.as_ref().ok().map(|output| output.code), expected, "{end}");
        assert!(took < Duration::from_secs(10), "{took:?}");
        all_gone(&ids, 2);
        std::fs::remove_file(&ids).unwrap();
    }
}

#[test]
fn dropping_the_future_kills_and_collects_the_child() {
    let scratch = Scratch::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let runner = runner("/usr/bin:/bin");
    for round in 0..20 {
        let id = scratch.path(&round.to_string());
        let script = format!("echo $$ > {0}.tmp; mv {0}.tmp {0}; sleep 1000", id.display());
        runtime.block_on(async {
            let child = tokio::spawn({
                let runner = runner.clone();
                async move { runner.run(shell(&script)).await }
            });
            while !id.exists() {
                tokio::task::yield_now().await;
            }
            child.abort();
            assert!(child.await.unwrap_err().is_cancelled());
        });
        let id = String::from_utf8(std::fs::read(&id).unwrap()).unwrap();
        // Neither alive nor a zombie: its entry is gone.
        wait_until("the child is collected", || {
            !Path::new(&format!("/proc/{}", id.trim())).exists()
        });
    }
}

#[test]
fn a_grandchild_of_the_group_delays_nothing() {
    let (outcome, took) = timed(|| run(shell("sleep 30 & printf token")));
    assert_eq!(text(&outcome.unwrap().stdout), "token");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_grandchild_that_left_the_group_and_keeps_the_outputs_open_delays_by_half_a_second() {
    let scratch = Scratch::new();
    let id = scratch.path("id");
    let script = format!(
        "setsid sh -c 'echo $$ > {0}.tmp; mv {0}.tmp {0}; exec sleep 30' & while [ ! -e {0} ]; do :; done; printf token",
        id.display()
    );
    let (outcome, took) = timed(|| run(shell(&script)));
    assert_eq!(text(&outcome.unwrap().stdout), "token");
    assert!(
        took >= Duration::from_millis(450) && took < Duration::from_secs(10),
        "{took:?}"
    );
    let id = String::from_utf8(std::fs::read(&id).unwrap()).unwrap();
    assert!(is_alive(&id), "it is none of ours any more");
    let pid = rustix::process::Pid::from_raw(id.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn four_run_at_once_and_the_time_limit_of_the_fifth_begins_with_its_turn() {
    let scratch = Scratch::new();
    let runner = runner("/usr/bin:/bin");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut running: Vec<_> = (0..MAX_CHILDREN)
            .map(|_| {
                tokio::spawn({
                    let runner = runner.clone();
                    async move { runner.run(shell("sleep 1000")).await }
                })
            })
            .collect();
        while runner.turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let marker = scratch.path("marker");
        let limit = Duration::from_secs(2);
        let fifth = tokio::spawn({
            let (runner, script) = (runner.clone(), format!("echo > {}; exit 0", marker.display()));
            async move { runner.run(shell(&script).timeout(limit)).await }
        });
        // It waits for longer than its limit.
        let clock = SystemClock::new();
        let waited = timeout(
            &clock,
            limit + Duration::from_millis(200),
            std::future::pending::<()>(),
        );
        assert!(waited.await.is_none());
        assert!(!fifth.is_finished() && !marker.exists());
        running.pop().unwrap().abort();
        assert_eq!(fifth.await.unwrap().unwrap().code, Some(0));
        // One that gives up gives its turn back.
        running.push(tokio::spawn({
            let runner = runner.clone();
            async move { runner.run(shell("sleep 1000")).await }
        }));
        while runner.turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let sixth = tokio::spawn({
            let runner = runner.clone();
            async move { runner.run(shell("exit 0")).await }
        });
        tokio::task::yield_now().await;
        sixth.abort();
        running.pop().unwrap().abort();
        assert_eq!(runner.run(shell("exit 0")).await.unwrap().code, Some(0));
        running.iter().for_each(tokio::task::JoinHandle::abort);
    });
}
