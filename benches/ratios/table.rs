//! The one table, as Markdown shows it too.

use std::time::Duration;

/// A row, told while the bench runs and printed whole at its end.
#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 7]>,
}

const HEAD: [&str; 7] = ["What", "Beside it", "Ours", "Theirs", "Ratio", "Goal", "Peak memory, ours / theirs"];

/// Whether a figure is as good as it has to be.
pub fn goal(text: &str, reached: bool) -> String {
    format!("{text} {}", if reached { "✓" } else { "✗" })
}

impl Table {
    pub fn push(&mut self, row: [String; 7]) {
        eprintln!("  {}", row.join(" | "));
        self.rows.push(row);
    }

    /// A row that could not be measured.
    pub fn skip(&mut self, what: &str, beside: &str, missing: &str) {
        let mut row = [what, beside, "", "", "skipped", "", ""].map(str::to_owned);
        row[6] = format!("{missing} is not installed");
        self.push(row);
    }

    pub fn print(&self) {
        let widths: Vec<usize> = (0..HEAD.len())
            .map(|at| self.rows.iter().map(|row| row[at].as_str()).chain([HEAD[at]]).map(width).max().unwrap_or(0))
            .collect();
        let line = |cells: &[&str]| {
            let cells = cells.iter().zip(&widths).map(|(cell, wide)| {
                // A bar inside a cell would end it.
                let text = cell.replace('|', "\\|");
                format!(" {text}{} ", " ".repeat(wide - width(cell)))
            });
            println!("|{}|", cells.collect::<Vec<_>>().join("|"));
        };
        println!();
        line(&HEAD);
        println!("|{}|", widths.iter().map(|wide| "-".repeat(wide + 2)).collect::<Vec<_>>().join("|"));
        for row in &self.rows {
            line(&row.each_ref().map(String::as_str));
        }
    }
}

fn width(text: &str) -> usize {
    text.chars().count() + text.matches('|').count()
}

pub fn time(took: Duration) -> String {
    let ms = took.as_secs_f64() * 1000.0;
    match ms {
        ..10.0 => format!("{ms:.1} ms"),
        ..1000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1000.0),
    }
}

pub fn size(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
