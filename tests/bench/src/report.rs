//! The table: what was measured, what is asked of it, and whether it is reached.

use std::fmt::Write as _;

/// What a figure is compared with.
#[derive(Clone, Copy)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_reached(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::AtMost(most) => figure <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {}", number(least)),
            Self::AtMost(most) => format!("≤ {}", number(most)),
        }
    }
}

/// One comparison with the official crate.
pub struct Line {
    what: String,
    ours: String,
    theirs: String,
    /// What the goals are about.
    figure: f64,
    unit: &'static str,
    must: Option<Goal>,
    aim: Option<Goal>,
    /// Why it isn't reached, and what it must not fall behind.
    stands: Option<(&'static str, Goal)>,
}

impl Line {
    pub fn new(what: impl Into<String>, ours: impl Into<String>, theirs: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ours: ours.into(),
            theirs: theirs.into(),
            figure: f64::NAN,
            unit: "",
            must: None,
            aim: None,
            stands: None,
        }
    }

    /// The figure that counts, and its unit: `×` for how often ours goes into theirs.
    pub fn figure(mut self, figure: f64, unit: &'static str) -> Self {
        (self.figure, self.unit) = (figure, unit);
        self
    }

    pub fn must(mut self, goal: Goal) -> Self {
        self.must = Some(goal);
        self
    }

    pub fn aim(mut self, goal: Goal) -> Self {
        self.aim = Some(goal);
        self
    }

    /// Known not to be reached, and why: no failure of the run, as long as it doesn't get worse than `at`.
    pub fn stands(mut self, reason: &'static str, at: Goal) -> Self {
        self.stands = Some((reason, at));
        self
    }

    fn misses(&self, goal: Option<Goal>) -> bool {
        goal.is_some_and(|goal| !goal.is_reached(self.figure))
    }

    fn is_failure(&self) -> bool {
        self.misses(self.must) && self.stands.is_none_or(|(_, at)| !at.is_reached(self.figure))
    }

    fn verdict(&self) -> String {
        if self.misses(self.must) {
            return match self.stands {
                Some((reason, at)) if at.is_reached(self.figure) => format!("stands: {reason}"),
                _ => "NOT REACHED".to_owned(),
            };
        }
        match (self.must, self.aim) {
            (None, None) => "–".to_owned(),
            (_, Some(_)) if !self.misses(self.aim) => "aim reached".to_owned(),
            (None, Some(_)) => "aim not reached".to_owned(),
            (Some(_), _) => "reached".to_owned(),
        }
    }

    fn cells(&self) -> [String; 7] {
        let goal = |goal: Option<Goal>| goal.map_or_else(|| "–".to_owned(), Goal::text);
        let figure = match self.figure.is_nan() {
            true => "–".to_owned(),
            false => format!("{} {}", number(self.figure), self.unit)
                .trim_end()
                .to_owned(),
        };
        [
            self.what.clone(),
            self.ours.clone(),
            self.theirs.clone(),
            figure,
            goal(self.must),
            goal(self.aim),
            self.verdict(),
        ]
    }
}

/// All that a run found.
#[derive(Default)]
pub struct Report {
    lines: Vec<Line>,
    /// Rows of the peers' table.
    peers: Vec<[String; 8]>,
    notes: Vec<String>,
}

impl Report {
    /// Adds a line, and shows it at once: the whole run takes minutes.
    pub fn add(&mut self, line: Line) {
        let [what, ours, theirs, figure, must, _, verdict] = line.cells();
        println!("{what}: ours {ours}, azure_identity {theirs}; {figure} (must {must}): {verdict}");
        self.lines.push(line);
    }

    /// A row of the peers' table.
    pub fn peer(&mut self, cells: [String; 8]) {
        println!("{}", cells.join(" | "));
        self.peers.push(cells);
    }

    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        println!("note: {note}");
        self.notes.push(note);
    }

    /// The lines that make the run fail.
    pub fn failures(&self) -> Vec<&str> {
        let failures = self.lines.iter().filter(|line| line.is_failure());
        failures.map(|line| line.what.as_str()).collect()
    }

    /// Both tables and the notes, as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = table(
            &[
                "measured",
                "ours",
                "`azure_identity`",
                "figure",
                "must",
                "aim",
                "verdict",
            ],
            self.lines.iter().map(Line::cells),
        );
        if !self.peers.is_empty() {
            text.push('\n');
            text.push_str(&table(&crate::cold::PEER_COLUMNS, self.peers.iter().cloned()));
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(text, "- {note}");
        }
        text
    }
}

fn table<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(N));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// Three significant digits or so.
pub fn number(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 || figure.fract() == 0.0 || !figure.is_finite() => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        size if size < 0.01 => format!("{figure:.4}"),
        _ => format!("{figure:.2}"),
    }
}
