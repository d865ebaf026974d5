//! A plan for people.

use std::fmt::Write as _;
use std::time::Duration;

use crate::http::pace::SPACING_MARGIN;
use crate::model::time;
use crate::nouns::users::model::NewUser;
use crate::output::{Palette, sanitize};
use crate::roster::plan::{Change, Difference, Plan, Step};
use crate::roster::{Outcome, ProjectUser, Summary};

/// How long a plan takes at a rate, when nothing has to be repeated; none when nothing bounds it.
pub fn expected(plan: &Plan<'_>, rate: f64) -> Option<Duration> {
    (rate > 0.0).then(|| Duration::from_secs_f64(plan.requests() as f64 * SPACING_MARGIN / rate))
}

/// The plan: a line per change, and the counts.
pub fn plan(plan: &Plan<'_>, rate: f64, palette: Palette) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        if let Some((sign, line)) = change(step, plan.replace, palette) {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{sign} {}", sanitize::line(line.trim_end()));
        }
    }
    let counts = plan.counts();
    if !counts.changes() {
        let _ = writeln!(text, "nothing to do: = {} unchanged", counts.unchanged);
        return text;
    }
    let _ = write!(
        text,
        "plan: + {} to create, ~ {} that differ, - {} to delete, = {} unchanged",
        counts.create, counts.differs, counts.delete, counts.unchanged
    );
    let requests = plan.requests();
    let plural = if requests == 1 { "" } else { "s" };
    match expected(plan, rate) {
        Some(expected) => {
            let _ = writeln!(text, "; {requests} request{plural}, about {} at {rate}/s", time::show(expected));
        }
        None => {
            let _ = writeln!(text, "; {requests} request{plural}");
        }
    }
    text
}

/// A change's sign, and what it says.
fn change(step: &Step<'_>, replace: bool, palette: Palette) -> Option<(String, String)> {
    let phone = step.phone();
    let (sign, mut line) = match step.change {
        Change::Unchanged(_) => return None,
        Change::Create => (palette.good("+"), format!("{phone}  {}", wanted(&step.wanted()?))),
        Change::Delete(user) => (palette.error("-"), format!("{phone}  {}", existing(user))),
        Change::Differs(_) => {
            let fields: Vec<_> = step.differences().iter().map(difference).collect();
            let replaced = if replace && step.replacement().is_some() { "  (delete and create again)" } else { "" };
            (palette.warning("~"), format!("{phone}  {}{replaced}", fields.join(", ")))
        }
    };
    if let Some(holder) = step.held_by {
        let _ = write!(line, "  (the e-mail belongs to {})", holder.phone);
    }
    Some((sign, line))
}

fn wanted(user: &NewUser) -> String {
    let line = user.assigned_phone_number.as_ref().map(|line| format!("on {line}"));
    let email = user.email.as_ref().map(ToString::to_string);
    [user.first_name.clone(), user.last_name.clone(), email, line].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn existing(user: &ProjectUser) -> String {
    let parts = [&user.first_name, &user.last_name, &user.email];
    parts.into_iter().flatten().map(|part| &**part).collect::<Vec<_>>().join(" ")
}

/// `firstName "Ad" → "Ada"`
fn difference(difference: &Difference) -> String {
    let old = difference.old.as_ref().map_or_else(|| "none".to_owned(), |old| format!("{old:?}"));
    format!("{} {old} → {:?}", difference.field, difference.new)
}

/// What a run came to, in a line.
pub fn summary(summary: &Summary) -> String {
    let count = |outcome: Outcome| match summary.count(outcome) {
        0 => None,
        count => Some(format!("{count} {}", outcome.as_str())),
    };
    let counts: Vec<_> = Outcome::ALL.into_iter().filter_map(count).collect();
    let counts = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
    format!("{counts} in {}\n", time::show(summary.took))
}
