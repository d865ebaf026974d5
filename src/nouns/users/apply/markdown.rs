//! A plan as Markdown, for a comment on a change or the summary of a job.

use std::fmt::Write as _;

use super::show;
use crate::output::{Palette, sanitize};
use crate::roster::plan::{Plan, Step};

/// The largest table, in bytes: GitHub takes comments of 65,536 characters.
const LARGEST: usize = 60_000;

/// The plan: what it comes to, and a table with a row for each change.
pub fn plan(plan: &Plan<'_>, rate: f64, file: &str) -> String {
    let mut text = format!("### Plan for {}\n\n**{}**\n", code(file), show::counts(plan, rate));
    let changes = plan.steps.iter().filter_map(|step| row(step, plan));
    let owners = plan.kept_owners.iter().map(|owner| {
        let who = format!("{}  {}", owner.phone, show::existing(owner));
        format!("| owner kept | | {} |\n", code(&who))
    });
    let (mut table, mut left_out) = (String::new(), 0);
    for row in owners.chain(changes) {
        if left_out > 0 || table.len() + row.len() > LARGEST {
            left_out += 1;
        } else {
            table.push_str(&row);
        }
    }
    if !table.is_empty() {
        // Writing into a String cannot fail.
        let _ = write!(text, "\n| Change | Line | User |\n|---|---:|---|\n{table}");
    }
    if left_out > 0 {
        let _ = write!(text, "\nand {left_out} more\n");
    }
    text
}

fn row(step: &Step<'_>, plan: &Plan<'_>) -> Option<String> {
    let change = show::change(step, plan, Palette::default())?;
    let line = step.row.map(|row| row.line.to_string()).unwrap_or_default();
    Some(format!("| {} | {line} | {} |\n", change.name, code(&change.text)))
}

/// A text that is shown as it is: within marks of code neither Markdown nor HTML means anything, nor does a name call
/// anybody. A bar would end the cell even there.
fn code(text: &str) -> String {
    let text = sanitize::line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if text.contains('`') { " " } else { "" };
    format!("{fence}{blank}{}{blank}{fence}", text.trim().replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_in_its_cell_and_means_nothing() {
        assert_eq!(code("Ada"), "`Ada`");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("`@all` <b>\n| x"), "`` `@all` <b> \\| x ``");
        assert_eq!(code("```"), "```` ``` ````");
    }
}
