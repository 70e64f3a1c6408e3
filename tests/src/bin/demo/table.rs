//! The table of what happened.

use std::fmt;
use std::time::Duration;

use crate::row::Measured;

const HEAD: [&str; 6] = ["credential", "tenant", "scope", "cold", "cached", "requests"];

/// Rows of text whose columns are as wide as they have to be.
#[derive(Debug)]
pub(crate) struct Table(Vec<[String; 6]>);

impl Table {
    pub(crate) fn new() -> Self {
        Self(vec![HEAD.map(str::to_owned)])
    }

    pub(crate) fn add(&mut self, measured: Measured) {
        self.0.push([
            measured.credential,
            measured.tenant,
            measured.scope.to_owned(),
            readable(measured.cold),
            readable(measured.cached),
            measured.requests.to_string(),
        ]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = [0; 6];
        for row in &self.0 {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.len().max(*width);
            }
        }
        for row in &self.0 {
            let cells = row.iter().zip(widths);
            let cells: Vec<_> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

fn readable(time: Duration) -> String {
    match time.as_nanos() {
        nanos @ 0..10_000 => format!("{nanos} ns"),
        nanos @ 10_000..10_000_000 => format!("{} us", nanos / 1_000),
        nanos => format!("{} ms", nanos / 1_000_000),
    }
}
