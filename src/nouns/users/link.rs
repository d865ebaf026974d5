//! `users link`: what a person opens to text their number.

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;

use super::lookup::{self, UserKey};
use crate::failure::{Code, Exit, Failure};
use crate::output::format::Format;
use crate::output::{Column, sanitize};
use crate::session::Session;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users link +14155550123 --message 'Hello!'
  spectrum users link +14155550123 --qr

Exit codes: 5 no such user, 6 the user has no number yet.";

/// What RFC 3986 lets stand unescaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A number keeps its plus.
const NUMBER: &AsciiSet = &ESCAPED.remove(b'+');

const LINK: [Column; 3] = [
    Column::shown("id", "ID", 1, true),
    Column::shown("assignedPhoneNumber", "NUMBER", 2, true),
    Column::shown("link", "LINK", 0, true),
];

/// Whose link, and what it says.
#[derive(Debug, Args)]
pub struct LinkArgs {
    /// An id or a phone number
    #[arg(value_parser = lookup::parse_key)]
    pub user: UserKey,
    /// The text that stands ready to be sent, up to 1000 characters
    #[arg(long, value_name = "TEXT", value_parser = message)]
    pub message: Option<String>,
    /// Draw it as a QR code for a phone's camera
    #[arg(long)]
    pub qr: bool,
}

fn message(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=1000 => Ok(text.to_owned()),
        count => Err(format!("a message has 1 to 1000 characters, this one has {count}")),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Link<'a> {
    id: &'a str,
    assigned_phone_number: &'a str,
    link: &'a str,
}

/// Prints the link.
///
/// # Errors
/// Not found, ambiguous, no number, or whatever the call met.
pub fn link(args: &LinkArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&LINK)?;
    let found = lookup::one(session.client()?, &args.user)?;
    let user = found.user()?;
    let Some(number) = user.assigned_phone_number.as_deref().filter(|number| !number.is_empty()) else {
        return Err(Failure::new(Code::Conflict, format!("the user {} has no number assigned yet", user.id)));
    };
    let link = sms_link(&sanitize::line(number), args.message.as_deref());
    if session.out.format() != Format::Table {
        session.out.one_of_ours(&LINK, &Link { id: &user.id, assigned_phone_number: number, link: &link })?;
        return Ok(Exit::Done);
    }
    session.out.text(&format!("{link}\n"))?;
    if args.qr {
        session.out.text(&draw(&link, session.out.look().bold)?)?;
    }
    Ok(Exit::Done)
}

/// The link that the service's own redirect answers with.
fn sms_link(number: &str, message: Option<&str>) -> String {
    // A number from the service is a number; anything else must not add to the link.
    let number = utf8_percent_encode(number, NUMBER);
    match message {
        Some(message) => format!("sms:{number}&body={}", utf8_percent_encode(message, ESCAPED)),
        None => format!("sms:{number}"),
    }
}

/// A QR code of half blocks with the quiet zone of four modules that scanners need.
///
/// In colour it is black on white outright, so a dark terminal shows what a light one does; without, it is ink on paper.
fn draw(text: &str, colour: bool) -> Result<String, Failure> {
    const QUIET: usize = 4;
    let code = QrCode::with_error_correction_level(text, EcLevel::L).map_err(|error| {
        Failure::new(Code::InvalidInput, format!("the link does not fit a QR code ({error})")).hint("shorten --message")
    })?;
    let width = code.width();
    let colours = code.into_colors();
    let side = width + 2 * QUIET;
    let is_dark = |x: usize, y: usize| {
        let inside = (QUIET..QUIET + width).contains(&x) && (QUIET..QUIET + width).contains(&y);
        inside && colours.get((y - QUIET) * width + (x - QUIET)) == Some(&Color::Dark)
    };
    let mut picture = String::new();
    for y in (0..side).step_by(2) {
        if colour {
            picture.push_str("\u{1b}[30;107m");
        }
        for x in 0..side {
            picture.push(match (is_dark(x, y), is_dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        picture.push_str(if colour { "\u{1b}[0m\n" } else { "\n" });
    }
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_escapes_its_message() {
        assert_eq!(sms_link("+15550100", Some("Hi & bye? ü")), "sms:+15550100&body=Hi%20%26%20bye%3F%20%C3%BC");
        assert_eq!(sms_link("+15550100", None), "sms:+15550100");
        assert_eq!(sms_link("+1555&body=evil#", None), "sms:+1555%26body%3Devil%23");
    }

    #[test]
    fn a_code_is_square_and_has_its_quiet_zone() {
        let picture = draw("sms:+15550100", true).unwrap();
        let lines: Vec<String> = picture.lines().map(|line| console::strip_ansi_codes(line).into_owned()).collect();
        let width = lines[0].chars().count();
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(lines[0].trim().is_empty() && lines[1].trim().is_empty(), "four modules of white above");
        assert!(lines.iter().all(|line| line.starts_with("    ") && line.ends_with("    ")));
    }
}
