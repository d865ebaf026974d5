//! Readers of rosters. An input is a line of options (`csv|US|ignore|phoneNumber=Cell`) and a file.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use spectrum_cli::roster::read::{self, Mapped, ReadOptions, Terms};
use spectrum_cli::roster::write::{self, RosterEntry};
use spectrum_cli::roster::{Problems, Roster, RosterFormat};
use spectrum_fuzz::assert_e164;

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (line, file) = (String::from_utf8_lossy(&data[..end]), data.get(end + 1..).unwrap_or_default());
    let (mut terms, mut options, mut map) = (Terms::default(), ReadOptions::default(), Vec::new());
    for word in line.split('|') {
        match word {
            "ignore" => terms.ignores_columns = true,
            "skip" => terms.skips_without_phone = true,
            word => match (word.parse::<RosterFormat>(), word.parse(), word.parse::<Mapped>()) {
                (Ok(format), ..) => options.format = Some(format),
                (_, Ok(region), _) => terms.region = Some(region),
                (.., Ok(mapped)) => map.push(mapped),
                _ => {}
            },
        }
    }
    let Ok(map) = Terms::join(map, Vec::new()) else { return };
    terms.map = map;
    match read::read_as(file, options, &terms) {
        Ok(roster) => {
            check(&roster);
            check_rewritten(&roster);
            check_encoded(file, options, &terms, &roster);
            if terms.region.is_none() {
                // A number with its plus is nobody's guess.
                for region in ["US", "GB", "IT"] {
                    let dialled = Terms { region: region.parse().ok(), ..terms.clone() };
                    let again = read::read_as(file, options, &dialled).map(|again| again.rows);
                    assert_eq!(again.as_ref(), Ok(&roster.rows), "as dialled in {region}");
                }
            }
        }
        Err(Problems(problems)) => {
            assert!(!problems.is_empty());
            assert!(problems.is_sorted_by_key(|problem| problem.line));
            let lines = 2 + file.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
            for problem in &problems {
                assert!(problem.line as usize <= lines, "{problem} on line {}", problem.line);
                assert!(!problem.reason.is_empty());
                // What is quoted is cut, however long it is in the file.
                assert!(problem.value.as_ref().is_none_or(|value| value.chars().count() <= 64), "{problem}");
            }
        }
    }
});

/// Rows are what can be sent, and no two of them are one user.
fn check(roster: &Roster) {
    let (mut seen, mut line) = (HashSet::new(), 0);
    for row in &roster.rows {
        let user = &row.user;
        assert_e164(user.phone_number.as_str());
        if let Some(assigned) = &user.assigned_phone_number {
            assert_e164(assigned.as_str());
        }
        assert!(seen.insert((&user.phone_number, &user.assigned_phone_number)), "{user:?} twice");
        assert!(row.line >= line, "{row:?} behind line {line}");
        line = row.line;
    }
}

/// What was read can be written in every format, and is then read as the same.
fn check_rewritten(roster: &Roster) {
    let entry = |row: &read::Row| RosterEntry { id: row.id.clone(), user: row.user.clone() };
    let entries: Vec<RosterEntry> = roster.rows.iter().map(entry).collect();
    for format in RosterFormat::ALL.into_iter().filter(|_| !entries.is_empty()) {
        let mut bytes = Vec::new();
        write::write(&mut bytes, format, &entries).expect("a roster in memory");
        // A file without a name tells its format by itself.
        for told in [Some(format), None] {
            let read = read::read(&bytes, ReadOptions { format: told, name: None });
            let text = String::from_utf8_lossy(&bytes);
            let again = read.unwrap_or_else(|problems| panic!("{problems:?} in the {format} that we wrote: {text}"));
            assert_eq!(again.rows.iter().map(entry).collect::<Vec<_>>(), entries, "{format}: {text}");
        }
    }
}

/// How a file is encoded makes no difference.
fn check_encoded(file: &[u8], options: ReadOptions<'_>, terms: &Terms, roster: &Roster) {
    let Ok(text) = std::str::from_utf8(file) else { return };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
    let encoded: [Vec<u8>; 3] = [
        ["\u{feff}", text].concat().into_bytes(),
        units().flat_map(u16::to_le_bytes).collect(),
        units().flat_map(u16::to_be_bytes).collect(),
    ];
    for bytes in encoded {
        assert_eq!(read::read_as(&bytes, options, terms).as_ref(), Ok(roster));
    }
}
