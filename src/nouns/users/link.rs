//! `users link`: what people open to text their number.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;

use super::lookup::{self, FoundUser};
use super::selection;
use crate::failure::{Code, Exit, Failure};
use crate::model::words::count;
use crate::output::format::OutputFormat;
use crate::output::{Column, sanitize};
use crate::session::Session;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users link +14155550123 --message 'Hello!'
  spectrum users link +14155550123 --qr
  spectrum users link +14155550123 +14155550124 \\
      --svg '{phone}.svg'

Exit codes: 5 no such user, 6 a user has no number yet.";

/// What RFC 3986 lets stand unescaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A number keeps its plus.
const NUMBER: &AsciiSet = &ESCAPED.remove(b'+');

/// The quiet zone that scanners need around a code, in modules.
const QUIET: usize = 4;

/// A link.
pub const LINK: [Column; 4] = [
    Column::shown("phoneNumber", "PHONE", 0, true),
    Column::shown("assignedPhoneNumber", "NUMBER", 2, true),
    Column::shown("link", "LINK", 0, true),
    Column::on_request("id", "ID"),
];

/// Print the link that opens a conversation with a user's number
#[derive(Debug, Args)]
pub struct LinkArgs {
    /// Ids or phone numbers
    #[arg(required = true, value_name = "USER")]
    pub users: Vec<String>,
    /// The text that stands ready to be sent, up to 1000 characters
    #[arg(long, value_name = "TEXT", value_parser = message)]
    pub message: Option<String>,
    /// Draw it as a QR code for a phone's camera
    #[arg(long)]
    pub qr: bool,
    /// Write the QR code into an SVG file; {phone} or {id} in its name is
    /// the user's own
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

fn message(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=1000 => Ok(text.to_owned()),
        count => Err(format!("a message has 1 to 1000 characters, this one has {count}")),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    id: String,
    phone_number: String,
    assigned_phone_number: String,
    link: String,
}

impl Link {
    fn of(found: &FoundUser, message: Option<&str>) -> Result<Self, Failure> {
        let user = found.user()?;
        let Some(number) = user.assigned_phone_number.as_deref().filter(|number| !number.is_empty()) else {
            let what = format!("the user {} has no number assigned yet", user.id);
            return Err(
                Failure::new(Code::Conflict, what).hint("the service may lag behind a create; try again in a moment")
            );
        };
        Ok(Self {
            link: sms_link(&sanitize::line(number), message),
            id: user.id.to_string(),
            phone_number: user.phone_number.to_string(),
            assigned_phone_number: number.to_owned(),
        })
    }
}

/// Prints the links.
///
/// # Errors
/// Not found, ambiguous, no number, a file that cannot be written, or whatever the call met.
pub fn link(args: &LinkArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&LINK)?;
    let is_several = args.users.len() > 1;
    if is_several && args.svg.as_ref().is_some_and(|path| !PLACES.iter().any(|place| is_in(place, path))) {
        return Err(Failure::new(Code::Usage, "--svg names one file for several users")
            .hint("write {phone} where the number should stand, such as `--svg '{phone}.svg'`"));
    }
    let keys = lookup::keys(&args.users, session)?;
    let found = selection::find(session.client()?, &keys)?;
    let links = found.iter().map(|found| Link::of(found, args.message.as_deref())).collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = &args.svg {
        write_codes(path, &links, session)?;
    }
    match (session.out.format(), links.as_slice()) {
        (OutputFormat::Table, links) if session.settings.fields.is_none() => print(links, args.qr, session)?,
        (_, [only]) if !is_several => session.out.one_of_ours(&LINK, only)?,
        (_, links) => session.out.many_of_ours(&LINK, links)?,
    }
    Ok(Exit::Done)
}

/// Links for a person: alone where there is one, beside whose it is where there are several.
fn print(links: &[Link], with_code: bool, session: &Session) -> Result<(), Failure> {
    if let ([_, _, ..], false) = (links, with_code) {
        return session.out.many_of_ours(&LINK, links);
    }
    for link in links {
        if links.len() > 1 {
            session.out.text(&format!("{}\n", sanitize::line(&link.phone_number)))?;
        }
        session.out.text(&format!("{}\n", link.link))?;
        if with_code {
            warn_of_width(&link.link, session)?;
            session.out.text(&draw(&link.link, session.out.look().bold)?)?;
        }
    }
    Ok(())
}

/// The link that the service's own redirect answers with.
pub fn sms_link(number: &str, message: Option<&str>) -> String {
    // A number from the service is a number; anything else must not add to the link.
    let number = utf8_percent_encode(number, NUMBER);
    match message {
        Some(message) => format!("sms:{number}&body={}", utf8_percent_encode(message, ESCAPED)),
        None => format!("sms:{number}"),
    }
}

fn code(text: &str) -> Result<QrCode, Failure> {
    QrCode::with_error_correction_level(text, EcLevel::L).map_err(|error| {
        Failure::new(Code::InvalidInput, format!("the link does not fit a QR code ({error})"))
            .hint("shorten `--message`")
    })
}

/// What stands for a user in the name of a file.
const PLACES: [&str; 2] = ["{phone}", "{id}"];

fn is_in(place: &str, path: &Path) -> bool {
    path.to_string_lossy().contains(place)
}

/// The file of a link. What comes from the service is no way out of the folder.
fn file_of(link: &Link, path: &Path) -> PathBuf {
    let bare =
        |text: &str| -> String { text.chars().filter(|c| c.is_ascii_alphanumeric() || "+-".contains(*c)).collect() };
    let [phone, id] = PLACES;
    match is_in(phone, path) || is_in(id, path) {
        true => path.to_string_lossy().replace(phone, &bare(&link.phone_number)).replace(id, &bare(&link.id)).into(),
        // Not every name is text.
        false => path.to_owned(),
    }
}

/// Writes each code into a file of its own.
fn write_codes(path: &Path, links: &[Link], session: &Session) -> Result<(), Failure> {
    let files: Vec<PathBuf> = links.iter().map(|link| file_of(link, path)).collect();
    let mut known = HashSet::new();
    if let Some(twice) = files.iter().find(|file| !known.insert(*file)) {
        let what = format!("--svg names {} for several users", twice.display());
        return Err(Failure::new(Code::Usage, what).hint("write {id} where the user's id should stand"));
    }
    for (file, link) in files.iter().zip(links) {
        let picture = code(&link.link)?.render::<svg::Color<'_>>().min_dimensions(256, 256).quiet_zone(true).build();
        std::fs::write(file, picture).map_err(|error| {
            Failure::new(
                Code::of_unwritten(&error, Code::InvalidInput),
                format!("--svg {} cannot be written: {error}", file.display()),
            )
        })?;
        session.out.note(format!("wrote {}", file.display()));
    }
    Ok(())
}

/// A code whose lines are broken is none.
fn warn_of_width(text: &str, session: &Session) -> Result<(), Failure> {
    let side = code(text)?.width() + 2 * QUIET;
    if let Some(width) = session.out.look().width.map(usize::from).filter(|width| *width < side) {
        session.out.warn(format!(
            "the code is {} wide and this terminal {width}: widen it, or use `--svg FILE`",
            count(side, "column")
        ));
    }
    Ok(())
}

/// A QR code of half blocks.
///
/// In colour it is black on white outright, so a dark terminal shows what a light one does. Without colour nobody can
/// know whether ink is dark or bright there, so both are drawn, and a camera reads one of them.
pub fn draw(text: &str, colour: bool) -> Result<String, Failure> {
    let code = code(text)?;
    let width = code.width();
    let colours = code.into_colors();
    let side = width + 2 * QUIET;
    let is_dark = |x: usize, y: usize| {
        let inside = (QUIET..QUIET + width).contains(&x) && (QUIET..QUIET + width).contains(&y);
        inside && colours.get((y - QUIET) * width + (x - QUIET)) == Some(&Color::Dark)
    };
    let picture = |ink_is_dark: bool, lead: &str, end: &str| {
        let mut picture = String::new();
        for y in (0..side).step_by(2) {
            picture.push_str(lead);
            for x in 0..side {
                let has_ink = |y: usize| y < side && is_dark(x, y) == ink_is_dark;
                picture.push(match (has_ink(y), has_ink(y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            picture.push_str(end);
        }
        picture
    };
    if colour {
        return Ok(picture(true, "\u{1b}[30;107m", "\u{1b}[0m\n"));
    }
    let (light, dark) = (picture(true, "", "\n"), picture(false, "", "\n"));
    Ok(format!("on a dark terminal:\n{dark}\non a light terminal:\n{light}"))
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

    /// What a camera sees of lines on a screen: ink and paper as the terminal has them.
    fn scan(lines: &[&str], ink: u8, paper: u8) -> Option<String> {
        const SCALE: usize = 4;
        let lines: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
        let (width, height) = (lines[0].len(), lines.len() * 2);
        let shade = |x: usize, y: usize| {
            let has_ink = match lines[y / 2][x] {
                '█' => true,
                '▀' => y.is_multiple_of(2),
                '▄' => y % 2 == 1,
                _ => false,
            };
            if has_ink { ink } else { paper }
        };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width * SCALE, height * SCALE, |x, y| {
            shade(x / SCALE, y / SCALE)
        });
        image.detect_grids().first()?.decode().ok().map(|(_, text)| text)
    }

    #[test]
    fn a_camera_reads_one_code_on_a_dark_and_one_on_a_light_terminal() {
        let link = sms_link("+16285550123", Some("Hello!"));
        let drawn = draw(&link, false).unwrap();
        let lines: Vec<&str> = drawn.lines().collect();
        let half = lines.iter().position(|line| line.is_empty()).unwrap();
        let (dark, light) = (&lines[1..half], &lines[half + 2..]);
        assert_eq!(scan(dark, 255, 0).as_deref(), Some(&*link));
        assert_eq!(scan(light, 0, 255).as_deref(), Some(&*link));
        let coloured = draw(&link, true).unwrap();
        let coloured = console::strip_ansi_codes(&coloured).into_owned();
        assert_eq!(scan(&coloured.lines().collect::<Vec<_>>(), 0, 255).as_deref(), Some(&*link));
    }
}
