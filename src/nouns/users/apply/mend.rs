//! What to type when a roster has problems that need no change of the file.

use crate::config::settings::quote;
use crate::roster::{Problem, Way};

/// The command line's own words that would mend the most, else where to read on.
pub fn hint(problems: &[Problem]) -> String {
    let mut flags: Vec<String> = Vec::new();
    let mut mapped: Vec<(&str, &str)> = Vec::new();
    let mut add = |flag: String| {
        if !flags.contains(&flag) {
            flags.push(flag);
        }
    };
    let mut ignores = false;
    for way in problems.iter().filter_map(|problem| problem.way.as_deref()) {
        match way {
            // Of several columns that look alike the first one is taken, and the others are left out.
            Way::Map(field, column) => match mapped.iter().find(|(known, _)| known == field) {
                Some((_, first)) => ignores |= first != column,
                None => {
                    mapped.push((field, column));
                    add(format!("--map {field}={}", quote(column)));
                }
            },
            Way::Ignore => ignores = true,
            Way::Region | Way::Skip => {}
        }
    }
    if ignores {
        add("--ignore-columns".to_owned());
    }
    let has = |way: &Way| problems.iter().any(|problem| problem.way.as_deref() == Some(way));
    if has(&Way::Skip) {
        add("--skip-without-phone".to_owned());
    }
    let region = if has(&Way::Region) { "; `--region CC` says where the numbers without + are dialled" } else { "" };
    match flags.is_empty() {
        true if !region.is_empty() => {
            "`--region CC`, such as `--region US`, says where the numbers without + are dialled".to_owned()
        }
        true => "run `spectrum help roster` to see what a roster looks like".to_owned(),
        false => format!("mend the file, or add `{}`{region}", flags.join(" ")),
    }
}
