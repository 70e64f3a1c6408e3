//! Where the file system fails or hangs, and what was done to it.

use std::io;
use std::path::{Path, PathBuf};

use super::{FsOp, tree};
use crate::Gate;

#[derive(Default)]
pub(super) struct Faults {
    failures: Vec<Failure>,
    gates: Vec<(FsOp, PathBuf, Gate)>,
    operations: Vec<(FsOp, PathBuf)>,
}

struct Failure {
    operation: FsOp,
    path: PathBuf,
    error: io::ErrorKind,
    /// How often it still happens; `None` for always.
    left: Option<usize>,
}

impl Faults {
    pub(super) fn add(&mut self, operation: FsOp, path: &Path, error: io::ErrorKind, left: Option<usize>) {
        self.failures.push(Failure {
            operation,
            path: tree::normal(path),
            error,
            left,
        });
    }

    pub(super) fn hold(&mut self, operation: FsOp, path: &Path, gate: &Gate) {
        self.gates.push((operation, tree::normal(path), gate.clone()));
    }

    pub(super) fn clear(&mut self) {
        self.failures.clear();
        self.gates.clear();
    }

    pub(super) fn operations(&self) -> Vec<(FsOp, PathBuf)> {
        self.operations.clone()
    }

    /// Notes the operation; the gates it has to pass.
    pub(super) fn note(&mut self, operation: FsOp, path: &Path) -> Vec<Gate> {
        let path = tree::normal(path);
        let gates = self
            .gates
            .iter()
            .filter(|(op, at, _)| *op == operation && *at == path);
        let gates = gates.map(|(_, _, gate)| gate.clone()).collect();
        self.operations.push((operation, path));
        gates
    }

    /// The first failure that is planned for this operation.
    pub(super) fn fail(&mut self, operation: FsOp, path: &Path) -> io::Result<()> {
        let path = tree::normal(path);
        let planned = self.failures.iter_mut().find(|failure| {
            failure.operation == operation && failure.path == path && failure.left != Some(0)
        });
        let Some(failure) = planned else { return Ok(()) };
        failure.left = failure.left.map(|left| left - 1);
        Err(failure.error.into())
    }
}
