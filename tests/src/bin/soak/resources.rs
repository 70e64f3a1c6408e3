//! What the program uses: memory, threads, files, tasks, child processes; and whether that is bounded and flat.
#![expect(
    clippy::disallowed_methods,
    reason = "the kernel's accounts of this program are files"
)]

use std::fs;

/// Pages of this size are counted by the kernel here.
const PAGE_KIB: u64 = 4;

/// What is used at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Resident memory, in KiB.
    pub(crate) memory: u64,
    pub(crate) threads: u64,
    /// Open files and sockets.
    pub(crate) files: u64,
    /// Tasks of the runtime, the emulator's included.
    pub(crate) tasks: u64,
    /// Child processes.
    pub(crate) children: u64,
}

impl Sample {
    /// What is used now. Only inside a runtime.
    pub(crate) fn take() -> Result<Self, String> {
        let failed = |what: &str, error: std::io::Error| format!("{what} can't be read: {error}");
        let statm =
            fs::read_to_string("/proc/self/statm").map_err(|error| failed("/proc/self/statm", error))?;
        let pages: u64 = statm
            .split_ascii_whitespace()
            .nth(1)
            .and_then(|pages| pages.parse().ok())
            .ok_or("/proc/self/statm has no second number")?;
        let entries = |folder: &str| {
            fs::read_dir(folder)
                .map_err(|error| failed(folder, error))
                .map(|entries| entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>())
        };
        let threads = entries("/proc/self/task")?;
        // A thread that has just ended has no children any more.
        let children = threads
            .iter()
            .filter_map(|thread| fs::read_to_string(thread.join("children")).ok())
            .map(|children| children.split_ascii_whitespace().count())
            .sum();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Ok(Self {
            memory: pages * PAGE_KIB,
            threads: number(threads.len()),
            // One of them is the folder that is being read.
            files: number(entries("/proc/self/fd")?.len()).saturating_sub(1),
            tasks: number(tokio::runtime::Handle::current().metrics().num_alive_tasks()),
            children: number(children),
        })
    }

    /// The most of each.
    pub(crate) fn most(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            threads: self.threads.max(other.threads),
            files: self.files.max(other.files),
            tasks: self.tasks.max(other.tasks),
            children: self.children.max(other.children),
        }
    }

    /// What is more than in `limit`, memory aside.
    pub(crate) fn beyond(&self, limit: &Self) -> Vec<String> {
        [
            ("threads", self.threads, limit.threads),
            ("files", self.files, limit.files),
            ("tasks", self.tasks, limit.tasks),
            ("child processes", self.children, limit.children),
        ]
        .into_iter()
        .filter(|(_, got, limit)| got > limit)
        .map(|(what, got, limit)| format!("{got} {what}, {limit} at most"))
        .collect()
    }
}

/// By how much memory grew, in percent: from the median of the second quarter to that of the last one. The first quarter is the start, in which caches and
/// pools fill. `None` when there are too few samples.
pub(crate) fn growth(samples: &[Sample]) -> Option<f64> {
    let quarter = samples.len() / 4;
    let second = median(samples.get(quarter..2 * quarter)?)?;
    let last = median(samples.get(samples.len() - quarter..)?)?;
    #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^53 KiB")]
    let (second, last) = (second as f64, last as f64);
    Some((last / second - 1.0) * 100.0)
}

fn median(samples: &[Sample]) -> Option<u64> {
    let mut memory: Vec<u64> = samples.iter().map(|sample| sample.memory).collect();
    memory.sort_unstable();
    memory.get(memory.len() / 2).copied().filter(|median| *median > 0)
}

#[cfg(test)]
mod tests {
    use super::{Sample, growth};

    fn memory(values: impl Iterator<Item = u64>) -> Vec<Sample> {
        values
            .map(|memory| Sample {
                memory,
                ..Sample::default()
            })
            .collect()
    }

    #[test]
    fn memory_that_fills_at_first_and_then_stays_is_flat() {
        let samples = memory((0..400).map(|at| if at < 100 { 10 * at } else { 1_000 + at % 3 }));
        assert!(growth(&samples).unwrap().abs() < 0.5);
    }

    #[test]
    fn a_leak_is_seen_and_a_spike_is_not_taken_for_one() {
        let leak = memory((0..400).map(|at| 1_000 + at));
        assert!(growth(&leak).unwrap() > 5.0);
        let spike = memory((0..400).map(|at| if at == 390 { 90_000 } else { 1_000 }));
        assert!(growth(&spike).unwrap().abs() < 0.5);
    }

    #[test]
    fn too_few_samples_say_nothing() {
        assert_eq!(growth(&memory(0..3)), None);
        assert_eq!(growth(&[]), None);
    }

    #[test]
    fn each_thing_has_its_own_bound() {
        let limit = Sample {
            memory: 0,
            threads: 1,
            files: 2,
            tasks: 3,
            children: 4,
        };
        assert!(limit.beyond(&limit).is_empty(), "as much as allowed is allowed");
        let more = Sample {
            memory: 9,
            threads: 2,
            files: 3,
            tasks: 4,
            children: 5,
        };
        assert_eq!(more.beyond(&limit).len(), 4);
        assert_eq!(
            Sample { children: 5, ..limit }.beyond(&limit),
            ["5 child processes, 4 at most"]
        );
        assert_eq!(limit.most(more), more);
    }

    #[tokio::test]
    #[cfg_attr(not(target_os = "linux"), ignore = "the kernel has no /proc")]
    async fn this_program_uses_something() {
        let sample = Sample::take().unwrap();
        assert!(sample.memory > 0 && sample.threads > 0 && sample.files > 0);
    }
}
