//! GitHub's workflow commands: an error that is shown beside the line that it is about.

use std::fmt::Write as _;

use super::sanitize;

/// `::error file=…,line=…::…`, in a line; a line of 0 means the file as a whole.
pub fn error(file: Option<&str>, line: u32, text: &str) -> String {
    let mut command = "::error".to_owned();
    // Writing into a String cannot fail.
    if let Some(file) = file {
        let _ = write!(command, " file={}", escape(file, true));
        if line > 0 {
            let _ = write!(command, ",line={line}");
        }
    }
    let place = if file.is_none() && line > 0 { format!("line {line}: ") } else { String::new() };
    let _ = write!(command, "::{}", escape(&format!("{place}{text}"), false));
    command
}

/// A value as a workflow command takes it; one of a property may hold neither `:` nor `,`.
fn escape(text: &str, is_property: bool) -> String {
    let text = sanitize::line(text).replace('%', "%25");
    if is_property { text.replace(':', "%3A").replace(',', "%2C") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stays_one_command_whatever_it_quotes() {
        assert_eq!(error(Some("a.csv"), 3, "no phone"), "::error file=a.csv,line=3::no phone");
        assert_eq!(error(Some("a,b:c%.csv"), 0, "50%"), "::error file=a%2Cb%3Ac%25.csv::50%25");
        assert_eq!(error(None, 7, "a\n::stop-commands::x"), "::error::line 7: a ::stop-commands::x");
        assert_eq!(error(Some("a\n.csv"), 1, "\u{1b}[31mx"), "::error file=a .csv,line=1::[31mx");
    }
}
