//! A plan for people.

use std::fmt::Write as _;
use std::time::Duration;

use crate::http::pace::SPACING_MARGIN;
use crate::model::time;
use crate::model::words::count;
use crate::nouns::users::model::NewUser;
use crate::output::{Palette, sanitize};
use crate::roster::plan::{Action, Change, Difference, Plan, Step};
use crate::roster::{ProjectUser, RowOutcome, Summary};

/// How long a plan takes at a rate, when nothing has to be repeated; none when nothing bounds it.
pub fn expected(plan: &Plan<'_>, rate: f64) -> Option<Duration> {
    let seconds = (rate > 0.0).then(|| plan.requests() as f64 * SPACING_MARGIN / rate)?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// The plan: a line per change, and the counts.
pub fn plan(plan: &Plan<'_>, rate: f64, palette: Palette) -> String {
    let mut text = String::new();
    for change in plan.steps.iter().filter_map(|step| change(step, plan, palette)) {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{} {}", change.sign, sanitize::line(change.text.trim_end()));
    }
    for owner in &plan.kept_owners {
        let line = format!("owner kept: {}  {}", owner.phone, existing(owner));
        let _ = writeln!(text, "{} {}", palette.warning("!"), sanitize::line(line.trim_end()));
    }
    let head = if plan.counts().changes() { "plan: " } else { "" };
    let _ = writeln!(text, "{head}{}", counts(plan, rate));
    text
}

/// What a plan comes to, in a line.
pub fn counts(plan: &Plan<'_>, rate: f64) -> String {
    let counts = plan.counts();
    let kept = if counts.kept > 0 { format!(" ({} kept with other values)", counts.kept) } else { String::new() };
    let unchanged = format!("= {} unchanged{kept}", counts.unchanged + counts.kept);
    let outside = format!("? {} not in the roster", plan.not_in_roster);
    let mut parts = vec![unchanged, outside];
    if counts.unreadable > 0 {
        parts.push(format!("? {} whose number cannot be read", counts.unreadable));
    }
    if !counts.changes() {
        return format!("nothing to do: {}", parts.join(", "));
    }
    let (create, differs, delete) = (counts.create, counts.differs, counts.delete);
    let took = expected(plan, rate).map(|expected| format!(", about {} at {rate}/s", time::show(expected)));
    format!(
        "+ {create} to create, ~ {differs} that differ, - {delete} to delete, {}; {}{}",
        parts.join(", "),
        count(plan.requests(), "request"),
        took.unwrap_or_default()
    )
}

/// A step that changes something, as it is shown.
pub struct ShownChange {
    /// Its word.
    pub name: &'static str,
    /// Its sign.
    pub sign: String,
    /// Whom it is about, and what it does.
    pub text: String,
}

/// What a step changes; none when it changes nothing.
pub fn change(step: &Step<'_>, plan: &Plan<'_>, palette: Palette) -> Option<ShownChange> {
    let phone = step.phone();
    let (name, sign, mut text) = match step.change {
        Change::Unchanged(_) | Change::Kept(_) => return None,
        Change::Unreadable(user) => {
            let line = format!("{phone}  may be {}, whose number is shown as {}", user.id, user.phone);
            ("cannot be read", palette.warning("?"), line)
        }
        Change::Create => ("create", palette.good("+"), format!("{phone}  {}", wanted(&step.wanted()?))),
        Change::Delete(user) => ("delete", palette.error("-"), format!("{phone}  {}", existing(user))),
        Change::Differs(_) => {
            let fields: Vec<_> = step.differences().iter().map(difference).collect();
            let replaced = match plan.action(step) {
                Action::Replace => "  (delete and create again)",
                _ if plan.is_spared(step) => "  (opted in: not replaced)",
                _ => "",
            };
            ("differs", palette.warning("~"), format!("{phone}  {}{replaced}", fields.join(", ")))
        }
    };
    if let Some(holder) = step.held_by {
        let _ = write!(text, "  (the e-mail belongs to {})", holder.phone);
    }
    Some(ShownChange { name, sign, text })
}

fn wanted(user: &NewUser) -> String {
    let line = user.assigned_phone_number.as_ref().map(|line| format!("on {line}"));
    let email = user.email.as_ref().map(ToString::to_string);
    [user.first_name.clone(), user.last_name.clone(), email, line].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// An existing user's names.
pub fn existing(user: &ProjectUser) -> String {
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
    let told = |outcome: RowOutcome| match summary.count(outcome) {
        0 => None,
        number => Some(format!("{number} {}", outcome.as_str())),
    };
    let counts: Vec<_> = RowOutcome::ALL.into_iter().filter_map(told).collect();
    let counts = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
    format!("{counts} in {}\n", time::show(summary.took))
}
