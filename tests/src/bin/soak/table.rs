//! What is printed at the end.

use std::fmt::{self, Display, Formatter};

use crate::ledger::{Ledger, read};
use crate::marks::Marks;

/// A flow's row.
#[derive(Clone, Debug, Default)]
struct Row {
    name: String,
    /// Credentials, calls, tokens at once, waits, callers that went away, calls that reached the emulator, and that met a fault.
    numbers: [u64; 7],
    /// The longest wait, in milliseconds.
    longest: u64,
    errors: String,
}

const HEADS: [&str; 10] = [
    "flow",
    "credentials",
    "calls",
    "at once",
    "waited",
    "went away",
    "reached",
    "met a fault",
    "longest, ms",
    "errors",
];

/// All rows and their sum.
#[derive(Clone, Debug)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    pub(crate) fn of(ledger: &Ledger, marks: &Marks) -> Self {
        let mut total = Row {
            name: "all".to_owned(),
            ..Row::default()
        };
        let mut rows = Vec::new();
        for (flow, (name, counts)) in ledger.flows().enumerate() {
            let (reached, faulted) = marks.counts(flow);
            let errors: Vec<String> = counts
                .errors()
                .into_iter()
                .map(|(kind, count)| format!("{kind} {count}"))
                .collect();
            let row = Row {
                name: name.to_owned(),
                numbers: [
                    read(&counts.credentials),
                    read(&counts.calls),
                    read(&counts.hits),
                    read(&counts.waited),
                    read(&counts.dropped),
                    reached,
                    faulted,
                ],
                longest: read(&counts.longest),
                errors: errors.join(", "),
            };
            for (sum, number) in total.numbers.iter_mut().zip(row.numbers) {
                *sum += number;
            }
            total.longest = total.longest.max(row.longest);
            rows.push(row);
        }
        rows.push(total);
        Self(rows)
    }

    /// The sums: calls, those that reached the emulator, and those that met a fault.
    pub(crate) fn totals(&self) -> (u64, u64, u64) {
        self.0.last().map_or((0, 0, 0), |all| {
            let [_, calls, _, _, _, reached, faulted] = all.numbers;
            (calls, reached, faulted)
        })
    }

    /// The flow with the fewest fetches, and their number.
    pub(crate) fn least(&self) -> (String, u64) {
        let flows = self.0.iter().take(self.0.len().saturating_sub(1));
        flows
            .map(|row| {
                let [_, _, _, waited, ..] = row.numbers;
                (row.name.clone(), waited)
            })
            .min_by_key(|(_, waited)| *waited)
            .unwrap_or_default()
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [flow, numbers @ .., errors] = HEADS;
        let widest = self.0.iter().map(|row| row.name.len()).max().unwrap_or(0);
        write!(f, "{flow:widest$}")?;
        for head in numbers {
            write!(f, "  {head:>11}")?;
        }
        writeln!(f, "  {errors}")?;
        for row in &self.0 {
            write!(f, "{:widest$}", row.name)?;
            for number in row.numbers.into_iter().chain([row.longest]) {
                write!(f, "  {number:>11}")?;
            }
            writeln!(f, "  {}", row.errors)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use entra_identity::ErrorKind;

    use super::Table;
    use crate::ledger::{Ledger, count};
    use crate::marks::Marks;

    #[test]
    fn rows_are_summed_and_the_least_is_found() {
        let ledger = Ledger::new(vec!["one", "two"]);
        let marks = Marks::new(2);
        for flow in [0, 0, 1] {
            let counts = ledger.of(flow).unwrap();
            count(&counts.calls);
            count(&counts.waited);
            let id = marks.begin(flow);
            marks.saw(&id, flow == 1);
        }
        ledger.of(1).unwrap().error(ErrorKind::Timeout);
        let table = Table::of(&ledger, &marks);
        assert_eq!(table.totals(), (3, 3, 1));
        assert_eq!(table.least(), ("two".to_owned(), 1));
        let text = table.to_string();
        assert!(text.contains("Timeout 1") && text.lines().count() == 4, "{text}");
    }
}
