//! `users link`: what people open to text their number.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;

use super::lookup::{self, Found, UserKey};
use crate::failure::{Code, Exit, Failure};
use crate::output::format::Format;
use crate::output::{Column, sanitize};
use crate::session::Session;

/// Examples and special exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  spectrum users link +14155550123 --message 'Hello!'
  spectrum users link +14155550123 --qr
  spectrum users link +14155550123 +14155550124 --svg 'links/{phone}.svg'

Exit codes: 5 no such user, 6 a user has no number yet.";

/// What RFC 3986 lets stand unescaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A number keeps its plus.
const NUMBER: &AsciiSet = &ESCAPED.remove(b'+');

/// The quiet zone that scanners need around a code, in modules.
const QUIET: usize = 4;

const LINK: [Column; 4] = [
    Column::shown("phoneNumber", "PHONE", 0, true),
    Column::shown("assignedPhoneNumber", "NUMBER", 2, true),
    Column::shown("link", "LINK", 0, true),
    Column::on_request("id", "ID"),
];

/// Whose links, and what they say.
#[derive(Debug, Args)]
pub struct LinkArgs {
    /// Ids or phone numbers
    #[arg(required = true, value_name = "USER", value_parser = lookup::parse_key)]
    pub users: Vec<UserKey>,
    /// The text that stands ready to be sent, up to 1000 characters
    #[arg(long, value_name = "TEXT", value_parser = message)]
    pub message: Option<String>,
    /// Draw it as a QR code for a phone's camera
    #[arg(long)]
    pub qr: bool,
    /// Write the QR code into a new SVG file; {phone} in its name is the
    /// user's number
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
    fn of(found: &Found, message: Option<&str>) -> Result<Self, Failure> {
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
/// Not found, ambiguous, no number, a file that is there already, or whatever the call met.
pub fn link(args: &LinkArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&LINK)?;
    if let (Some(path), [_, _, ..]) = (&args.svg, args.users.as_slice())
        && !path.to_string_lossy().contains("{phone}")
    {
        return Err(Failure::new(Code::Usage, "--svg names one file for several users")
            .hint("write {phone} where the number should stand, such as --svg '{phone}.svg'"));
    }
    let client = session.client()?;
    let mut links = Vec::new();
    for key in &args.users {
        links.push(Link::of(&lookup::one(client, key)?, args.message.as_deref())?);
    }
    if let Some(path) = &args.svg {
        links.iter().try_for_each(|link| write_svg(path, link, session))?;
    }
    match (session.out.format(), links.as_slice()) {
        (Format::Table, links) => print(links, args.qr, session)?,
        (_, [only]) => session.out.one_of_ours(&LINK, only)?,
        (_, several) => session.out.many_of_ours(&LINK, several)?,
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
        Failure::new(Code::InvalidInput, format!("the link does not fit a QR code ({error})")).hint("shorten --message")
    })
}

/// Writes a code into a file of its own; a file that is there is somebody's and stays.
fn write_svg(path: &Path, link: &Link, session: &Session) -> Result<(), Failure> {
    // A number from the service is no way out of the folder.
    let number: String = link.phone_number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '+').collect();
    let path = PathBuf::from(path.to_string_lossy().replace("{phone}", &number));
    let picture = code(&link.link)?.render::<svg::Color<'_>>().min_dimensions(256, 256).quiet_zone(true).build();
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        file.write_all(picture.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| {
        let failure = Failure::new(Code::InvalidInput, format!("--svg {} cannot be written: {error}", path.display()));
        match error.kind() {
            io::ErrorKind::AlreadyExists => failure.hint("name a file that is not there yet"),
            _ => failure,
        }
    })?;
    session.out.note(format!("wrote {}", path.display()));
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
