//! `webhooks send`: a signed delivery to a handler, as the service would send it, and whether it is answered as it has
//! to be.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::address::is_loopback;
use super::event::{self, FileContent, Message, MessageContent, Name, Number, RawInbound, ReactionTarget};
use super::model::{Schema, WebhookId};
use super::secret_file::{SecretInArgs, Secrets};
use super::signature::{self, Scheme, SigningKeys, Unsigned, WINDOW};
use super::verify;
use crate::failure::{Code, Exit, Failure};
use crate::http::Error;
use crate::http::delivery::{HandlerAnswer, HandlerClient};
use crate::interrupt;
use crate::model::words::{count, cut};
use crate::model::{Phone, parse_age, time};
use crate::output::Column;
use crate::output::format::OutputFormat;
use crate::output::waiting::Waiting;
use crate::session::{Session, through};

/// Examples and what is expected.
pub const AFTER_HELP: &str = "\
Examples:
  url=http://localhost:3000/hook
  spectrum webhooks send $url --secret-file hook.env
  spectrum webhooks send $url --secret-file hook.env \\
      --text 'Hi' --times 2
  spectrum webhooks send $url --secret-file hook.env \\
      --stale 10m
  spectrum webhooks send $url --secret-file hook.env \\
      --bad-signature

A handler answers 2xx to what the service sends, also to the same event again
and to messages out of order, and 4xx to what is stale or badly signed.
Redirects are not followed, as the service does not. Plain http goes to this
machine only. Exit codes: 7 answered otherwise, 8 no answer.";

/// The message that is sent when nobody says what.
const TEXT: &str = "Hello!";
/// Who sends it: a number of nobody.
const FROM: &str = "+14155550123";
/// What a reaction is on.
const REACTED_TO: &str = "Shall we meet at six?";
/// The bytes that an attachment is said to have.
const FILE_SIZE: u64 = 48_213;
/// The order in which three messages are sent, so that none is where it belongs.
const SHUFFLED: [usize; 3] = [2, 0, 1];
/// The most deliveries of one command.
const MOST_TIMES: u32 = 1000;
/// Characters of an answer that are shown.
const SHOWN: usize = 200;

/// What a handler answered.
pub const SENT: [Column; 10] = [
    Column::shown("status", "STATUS", 0, true),
    Column::shown("milliseconds", "TIME (MS)", 0, true),
    Column::shown("answer", "ANSWER", 1, false),
    Column::shown("id", "MESSAGE ID", 2, true),
    Column::on_request("expected", "EXPECTED"),
    Column::on_request("asExpected", "AS EXPECTED"),
    Column::on_request("schemes", "SCHEMES"),
    Column::on_request("timestamp", "TIMESTAMP"),
    Column::on_request("webhookId", "WEBHOOK ID"),
    Column::on_request("eventId", "EVENT ID"),
];

/// Send a signed delivery to a handler, as the service would
#[derive(Debug, Args)]
pub struct SendArgs {
    /// The handler
    #[arg(value_name = "URL")]
    pub url: String,
    /// The webhook's secrets
    #[command(flatten)]
    pub secret: SecretInArgs,
    /// Who writes [default: +14155550123]
    #[arg(long, value_name = "PHONE")]
    pub from: Option<String>,
    /// To whom: shared, or a line of the project [default: shared]
    #[arg(long, value_name = "shared|LINE")]
    pub to: Option<String>,
    /// A text [default: Hello!]
    #[arg(long, value_name = "TEXT", group = "content", allow_hyphen_values = true)]
    pub text: Option<String>,
    /// A file of this name; several are an album
    #[arg(long, value_name = "NAME", group = "content")]
    pub attachment: Vec<String>,
    /// An emoji on an earlier message
    #[arg(long, value_name = "EMOJI", group = "content")]
    pub reaction: Option<String>,
    /// Somebody's card
    #[arg(long, value_name = "NAME", group = "content")]
    pub contact: Option<String>,
    /// A link with its preview
    #[arg(long, value_name = "URL", group = "content")]
    pub link: Option<String>,
    /// The whole body, byte for byte, - for standard input
    #[arg(long, value_name = "FILE", group = "content", conflicts_with_all = ["from", "to", "group_chat", "shuffle"])]
    pub body: Option<PathBuf>,
    /// Write to a group instead of a chat of two
    #[arg(long)]
    pub group_chat: bool,
    /// How to sign
    #[arg(long, value_enum, default_value = "both", hide_possible_values = true, value_name = "both|v0|standard")]
    pub scheme: Signing,
    /// The form of the body
    #[arg(long, value_name = "SCHEMA", default_value_t)]
    pub schema: Schema,
    /// The webhook that it is for [default: a new id]
    #[arg(long, value_name = "UUID")]
    pub webhook_id: Option<WebhookId>,
    /// Sign it wrongly; the handler has to answer 4xx
    #[arg(long, group = "fault")]
    pub bad_signature: bool,
    /// As if signed so long ago, such as 10m; the handler has to answer 4xx
    #[arg(long, value_name = "TIME", group = "fault", value_parser = parse_age)]
    pub stale: Option<Duration>,
    /// The same event so many times
    #[arg(long, value_name = "N", group = "fault", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_TIMES)))]
    pub times: Option<u32>,
    /// Three messages, out of order
    #[arg(long, group = "fault")]
    pub shuffle: bool,
    /// What to expect: 204, 4xx, or several: 401,403
    #[arg(long, value_name = "STATUS")]
    pub expect: Option<ExpectedStatuses>,
}

/// How to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Signing {
    /// In both schemes, as far as there are secrets.
    Both,
    /// `X-Spectrum-*` alone.
    V0,
    /// `webhook-*` alone.
    Standard,
}

/// Who writes, and to whom.
struct Between {
    from: Option<Phone>,
    /// The line that is written to; none is a number of the pool.
    line: Option<Phone>,
}

impl Between {
    fn read(args: &SendArgs, session: &Session) -> Result<Self, Failure> {
        let is_line = |to: &&String| !to.trim().eq_ignore_ascii_case(event::SHARED);
        let phone = |flag, text: Option<&String>| text.map(|text| session.phone(flag, text)).transpose();
        Ok(Self { from: phone("--from", args.from.as_ref())?, line: phone("--to", args.to.as_ref().filter(is_line))? })
    }
}

/// Statuses that are as they have to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedStatuses {
    text: String,
    /// From and to, both included.
    ranges: Vec<(u16, u16)>,
}

impl ExpectedStatuses {
    fn holds(&self, status: u16) -> bool {
        self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&status))
    }
}

impl FromStr for ExpectedStatuses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let range = |part: &str| {
            let part = part.trim().to_ascii_lowercase();
            let (digits, class) = part.strip_suffix("xx").map_or((part.as_str(), false), |class| (class, true));
            let number: u16 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            let range = if class { (number * 100, number * 100 + 99) } else { (number, number) };
            (digits.len() == if class { 1 } else { 3 } && (100..600).contains(&range.0)).then_some(range)
        };
        let ranges = text.split(',').map(range).collect::<Option<Vec<_>>>();
        let ranges = ranges.ok_or_else(|| format!("{text:?} is no status; write one, as 204, or a class, as 4xx"))?;
        Ok(Self { text: text.trim().to_ascii_lowercase(), ranges })
    }
}

/// One body that is sent.
struct SentBody {
    body: Vec<u8>,
    event: String,
    event_id: String,
    /// The message's, where the body has one.
    id: Option<String>,
}

/// What came of one delivery.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SentDelivery {
    status: u16,
    milliseconds: u64,
    /// The answer's first line.
    answer: String,
    id: Option<String>,
    expected: String,
    as_expected: bool,
    /// In which schemes it was signed.
    schemes: Vec<&'static str>,
    /// Unix seconds.
    timestamp: i64,
    webhook_id: String,
    event_id: String,
}

/// Sends deliveries.
///
/// # Errors
/// Usage or invalid input, before anything is sent; network or timeout, when there is no answer; rejected, when an
/// answer is not as it has to be.
pub fn send(args: &SendArgs, session: &Session) -> Result<Exit, Failure> {
    session.out.check_fields(&SENT)?;
    let url = parse_url(&args.url)?;
    let between = Between::read(args, session)?;
    args.check(&between)?;
    let expected = args.expected()?;
    let only = match args.scheme {
        Signing::Both => None,
        Signing::V0 => Some(Scheme::V0),
        Signing::Standard => Some(Scheme::Standard),
    };
    let secrets = args.secret.read(only, session)?;
    let keys = keys(&secrets, only, session);
    let now = Timestamp::now();
    let events = args.events(&between, now)?;
    if serde_json::from_slice::<serde::de::IgnoredAny>(&events[0].body).is_err() {
        session.out.warn("the body is not JSON; it is sent as it is, as application/json");
    }
    let (server, proxy) = session.server(url.clone())?;
    let handler = HandlerClient::new(server).map_err(|error| session.unbuilt(&error))?;
    interrupt::install();
    let waiting = session.is_watched().then(Waiting::start);
    let mut run =
        SendRun { args, session, keys, expected, url, proxy, handler, waiting, sent: Vec::new(), unexpected: None };
    let ended = run.all(&events);
    run.print()?;
    ended?;
    run.unexpected.map_or(Ok(Exit::Done), Err)
}

/// The keys that sign; what was asked for and is not there is said.
fn keys(secrets: &Secrets, only: Option<Scheme>, session: &Session) -> SigningKeys {
    if only.is_none() {
        for (scheme, other) in [(Scheme::V0, Scheme::Standard), (Scheme::Standard, Scheme::V0)] {
            if secrets.of(other).is_empty() {
                let name = other.secret_name();
                session.out.note(format!("signed in the {scheme} scheme alone: no {name} was given"));
            }
        }
    }
    // A v0 header holds one signature: that of the last line, as a shell would read it.
    SigningKeys {
        v0: secrets.v0.last().map(|secret| secret.key.clone()),
        standard: secrets.standard.iter().map(|secret| secret.key.clone()).collect(),
    }
}

impl SendArgs {
    /// Refuses what does not go together and clap cannot know of.
    fn check(&self, between: &Between) -> Result<(), Failure> {
        let usage = |message: &str, hint: &str| Err(Failure::new(Code::Usage, message).hint(hint));
        if self.body.as_deref() == Some(Path::new("-")) && self.secret.secret_stdin {
            return usage("--secret-stdin and --body - both want standard input", "name a file for one of them");
        }
        let is_text =
            self.attachment.is_empty() && self.reaction.is_none() && self.contact.is_none() && self.link.is_none();
        let is_addressed = self.from.is_some() || self.to.is_some() || self.group_chat;
        if self.schema == Schema::Raw && self.body.is_none() && (!is_text || is_addressed) {
            return usage(
                "raw-inbound.v1 carries what a provider sent, and no iMessage",
                "give a --text, or the whole delivery with `--body FILE`",
            );
        }
        if self.group_chat && between.line.is_none() {
            return usage("a group is written to on a line of the project", "name the line with `--to LINE`");
        }
        Ok(())
    }

    fn expected(&self) -> Result<ExpectedStatuses, Failure> {
        if let Some(expected) = &self.expect {
            return Ok(expected.clone());
        }
        if let Some(age) = self.stale
            && age.as_secs() <= WINDOW
        {
            let message = format!("--stale {}: a handler has to accept what is {WINDOW} s old", time::show(age));
            let hint = "give a longer time, or say with `--expect STATUS` what has to come back";
            return Err(Failure::new(Code::Usage, message).hint(hint));
        }
        let class = if self.bad_signature || self.stale.is_some() { "4xx" } else { "2xx" };
        class.parse().map_err(|reason: String| Failure::new(Code::Internal, reason))
    }

    /// The events, in the order in which they are sent.
    fn events(&self, between: &Between, now: Timestamp) -> Result<Vec<SentBody>, Failure> {
        if let Some(path) = &self.body {
            return Ok(vec![self.foreign(verify::read_body(path)?, now)]);
        }
        let sent = now.checked_sub(SignedDuration::try_from(self.stale.unwrap_or_default()).unwrap_or_default());
        let sent = sent.unwrap_or(now);
        if !self.shuffle {
            return Ok(vec![self.event(between, sent, self.text.as_deref().unwrap_or(TEXT))]);
        }
        // A second apart, and the last one now.
        let events = SHUFFLED.into_iter().map(|at| {
            let before = SignedDuration::from_secs(SHUFFLED.len() as i64 - 1 - at as i64);
            let text = format!("{} {}", self.text.as_deref().unwrap_or(TEXT), at + 1);
            self.event(between, sent.checked_sub(before).unwrap_or(sent), &text)
        });
        Ok(events.collect())
    }

    /// An event of ours.
    fn event(&self, between: &Between, sent: Timestamp, text: &str) -> SentBody {
        let event_id = event::event_id(sent);
        if self.schema == Schema::Raw {
            let project_id = Uuid::new_v4().to_string();
            let raw = RawInbound { event_id: &event_id, project_id: &project_id, received: sent, text };
            return SentBody {
                body: event::raw_inbound(&raw),
                event: event::MESSAGE_RECEIVED.to_owned(),
                id: None,
                event_id,
            };
        }
        let id = if self.reaction.is_some() { event::reaction_id() } else { event::message_id() };
        let from = between.from.as_ref().map_or(FROM, Phone::as_str);
        let to = between.line.as_ref().map_or(event::SHARED, Phone::as_str);
        let group = self.group_chat.then(event::group_id);
        let content = self.content(&id, sent, from, text);
        let message = Message { id: id.clone(), sent, from, to, group: group.as_deref(), content };
        let body = event::message_received(&message);
        SentBody { body, event: event::MESSAGES.to_owned(), event_id, id: Some(id) }
    }

    fn content<'a>(&'a self, id: &str, sent: Timestamp, from: &'a str, text: &'a str) -> MessageContent<'a> {
        let file = |name: &'a String| FileContent {
            id: event::file_id(),
            name,
            mime_type: event::mime_type(name),
            size: FILE_SIZE,
        };
        match (self.attachment.as_slice(), &self.reaction, &self.contact, &self.link) {
            ([one], ..) => MessageContent::Attachment(file(one)),
            ([], Some(emoji), ..) => {
                let earlier = sent.checked_sub(SignedDuration::from_mins(1)).unwrap_or(sent);
                MessageContent::Reaction {
                    emoji,
                    target: ReactionTarget::new(event::message_id(), earlier, None, Some(REACTED_TO)),
                }
            }
            ([], None, Some(name), _) => MessageContent::Contact {
                name: Name { formatted: name },
                phones: vec![Number { value: "+14155550124" }],
            },
            ([], None, None, Some(url)) => MessageContent::Richlink { url },
            ([], None, None, None) => MessageContent::Text { text },
            (files, ..) => event::album(id, sent, from, files.iter().map(file).collect()),
        }
    }

    /// A body of somebody else, with what it says of itself in the headers, where it can stand there.
    fn foreign(&self, body: Vec<u8>, now: Timestamp) -> SentBody {
        let json = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        let word = |way: &str| {
            let text = json.pointer(way)?.as_str()?;
            let fits = (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
            fits.then(|| text.to_owned())
        };
        let event = word("/event").or_else(|| word("/type"));
        let event = event.unwrap_or_else(|| match self.schema {
            Schema::Normalized => event::MESSAGES.to_owned(),
            Schema::Raw => event::MESSAGE_RECEIVED.to_owned(),
        });
        let event_id = word("/eventId").filter(|id| !id.contains('.')).unwrap_or_else(|| event::event_id(now));
        SentBody { event, event_id, id: word("/message/id"), body }
    }
}

/// A command on its way.
struct SendRun<'a> {
    args: &'a SendArgs,
    session: &'a Session,
    keys: SigningKeys,
    expected: ExpectedStatuses,
    url: Url,
    /// The variable that names the proxy on the way.
    proxy: Option<&'static str>,
    handler: HandlerClient,
    /// Tells somebody at a terminal that an answer is waited for.
    waiting: Option<Waiting>,
    sent: Vec<SentDelivery>,
    /// The first answer that was not as it had to be.
    unexpected: Option<Failure>,
}

impl SendRun<'_> {
    fn all(&mut self, events: &[SentBody]) -> Result<(), Failure> {
        let given = self.args.webhook_id.as_ref().map(WebhookId::to_string);
        let webhook_id = given.unwrap_or_else(|| Uuid::new_v4().to_string());
        for _ in 0..self.args.times.unwrap_or(1) {
            for event in events {
                self.one(event, &webhook_id)?;
            }
        }
        Ok(())
    }

    fn one(&mut self, event: &SentBody, webhook_id: &str) -> Result<(), Failure> {
        // Each attempt is signed when it is made.
        let stale = self.args.stale.unwrap_or_default().as_secs();
        let now = Timestamp::now().as_second();
        let timestamp = now.saturating_sub_unsigned(stale).max(0);
        let (name, event_id, body) = (event.event.as_str(), event.event_id.as_str(), event.body.as_slice());
        // A wrong signature of the right form is that of another body.
        let signed = if self.args.bad_signature { [body, b" "].concat() } else { body.to_vec() };
        let delivery = Unsigned { webhook_id, event: name, event_id, timestamp, body: &signed };
        let headers = signature::sign(&delivery, &self.keys);
        if let Some(waiting) = &self.waiting {
            waiting.begins(1);
        }
        let answer = self.handler.deliver(&headers, body);
        if let Some(waiting) = &self.waiting {
            waiting.ends();
        }
        self.log(&headers, body, answer.as_ref().map(|answer| answer.status).map_err(|error| error.message.as_str()));
        let answer = answer.map_err(|error| unanswered(error, self.proxy))?;
        let as_expected = self.expected.holds(answer.status);
        if !as_expected && self.unexpected.is_none() {
            self.unexpected = Some(self.unexpected(&answer));
        }
        self.sent.push(SentDelivery {
            status: answer.status,
            milliseconds: u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
            answer: cut(&self.session.out.redact(&answer.line), SHOWN).into_owned(),
            id: event.id.as_deref().map(|id| self.session.out.redact(id).into_owned()),
            expected: self.expected.text.clone(),
            as_expected,
            schemes: Scheme::ALL.into_iter().filter(|scheme| self.signs(*scheme)).map(Scheme::as_str).collect(),
            timestamp,
            webhook_id: webhook_id.to_owned(),
            event_id: event.event_id.clone(),
        });
        Ok(())
    }

    fn signs(&self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::V0 => self.keys.v0.is_some(),
            Scheme::Standard => !self.keys.standard.is_empty(),
        }
    }

    /// `-v` and `-vv`.
    fn log(&self, headers: &[(&str, String)], body: &[u8], outcome: Result<u16, &str>) {
        let verbose = self.session.settings.verbosity;
        if verbose == 0 {
            return;
        }
        let outcome = outcome.map_or_else(str::to_owned, |status| status.to_string());
        let mut text = format!("POST {} {outcome}", self.url);
        if verbose > 1 {
            headers.iter().for_each(|(name, value)| text.push_str(&format!("\n> {name}: {value}")));
            text.push_str(&format!("\n> {}", cut(&String::from_utf8_lossy(body), 4000)));
        }
        self.session.out.log(text);
    }

    fn unexpected(&self, answer: &HandlerAnswer) -> Failure {
        let status = answer.status;
        let what = match (self.args.bad_signature, self.args.stale) {
            (true, _) => " to a bad signature",
            (_, Some(_)) => " to a stale delivery",
            _ => "",
        };
        let message = format!("the handler answered {status}{what}, where {} was expected", self.expected.text);
        let mut failure = Failure::new(Code::Rejected, message);
        failure.status = Some(status);
        if let Some(place) = answer.headers.get("location").filter(|_| (300..400).contains(&status)) {
            failure =
                failure.context(format!("it leads to {}", cut(&String::from_utf8_lossy(place.as_bytes()), SHOWN)));
        }
        failure.hint(match status {
            200..300 if !what.is_empty() => "verify before anything else, and answer 401",
            200..300 => "the service is content with any 2xx, and sends no more",
            300..400 => "the service follows no redirect and gives the event up: register the URL that it leads to",
            401 | 403 | 400 if what.is_empty() => {
                "give what arrived to `spectrum webhooks verify`; the service gives the event up at this status"
            }
            408 | 429 | 500..600 => "the service sends it again, 6 times in all, and then gives it up",
            _ => "the service gives the event up at this status",
        })
    }

    fn print(&self) -> Result<(), Failure> {
        let out = &self.session.out;
        // A body without an id has none to print.
        let shown: Vec<&SentDelivery> =
            self.sent.iter().filter(|sent| out.format() != OutputFormat::Id || sent.id.is_some()).collect();
        match shown.as_slice() {
            [] => Ok(()),
            [one] if !self.args.shuffle && self.args.times.is_none() => out.one_of_ours(&SENT, one),
            several => {
                out.many_of_ours(&SENT, several)?;
                let right = several.iter().filter(|sent| sent.as_expected).count();
                out.note(format!("{} of {} answered as expected", right, count(several.len(), "delivery")));
                Ok(())
            }
        }
    }
}

/// No answer: what to look at, in a handler's terms.
fn unanswered(error: Error, proxy: Option<&str>) -> Failure {
    let hint = match error.code {
        _ if error.is_untrusted => None,
        Code::Network => Some("see that the handler runs there"),
        Code::Timeout => Some("answer first and work later: the service waits 30 s at most, then it sends again"),
        Code::BadResponse => Some("see what listens there"),
        _ => None,
    };
    let is_unreached = matches!(error.code, Code::Network | Code::Timeout);
    let mut failure = Failure::from(error);
    failure.context.extend(proxy.filter(|_| is_unreached).map(through));
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Where to send: any https URL that a person names, and plain http on this machine.
fn parse_url(text: &str) -> Result<Url, Failure> {
    let usage = |message: &str, hint: &str| Failure::new(Code::Usage, message).hint(hint);
    const FORM: &str = "write it as https://host/path, or http://localhost:3000/path for a handler on this machine";
    let url: Url = text.trim().parse().map_err(|_| usage("the handler's URL cannot be read", FORM))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(usage("the handler's URL holds credentials", "leave them out: the service sends none"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(usage("plain http is for handlers on this machine; the service sends to https only", FORM)),
        _ => Err(usage("the handler's URL is neither https nor http", FORM)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_to_this_machine() {
        for good in ["https://x.example/hook?a=1", "http://localhost:3000/", "http://127.0.0.1:1/h", "http://[::1]/h"] {
            assert_eq!(parse_url(good).unwrap().as_str(), good);
        }
        for bad in [
            "http://x.example/",
            "http://192.168.1.2/",
            "http://localhost.example/",
            "ftp://localhost/",
            "localhost:3000",
            "/hook",
            "",
            "https://me:s3cret@x.example/",
        ] {
            let failure = parse_url(bad).unwrap_err();
            assert_eq!(failure.code, Code::Usage, "{bad}");
            assert!(!failure.message.contains("s3cret"));
        }
    }

    #[test]
    fn a_status_is_expected_alone_by_class_or_among_several() {
        let holds = |text: &str, status| text.parse::<ExpectedStatuses>().unwrap().holds(status);
        for (text, status, yes) in [
            ("2xx", 200, true),
            ("2xx", 299, true),
            ("2XX", 300, false),
            ("204", 204, true),
            ("204", 200, false),
            ("401,403", 403, true),
            ("4xx, 200", 200, true),
            ("4xx", 199, false),
        ] {
            assert_eq!(holds(text, status), yes, "{text} {status}");
        }
        for bad in ["", "xx", "2x", "20", "2000", "9xx", "0xx", "+20", "ok", "200,", "99"] {
            assert!(bad.parse::<ExpectedStatuses>().is_err(), "{bad}");
        }
    }
}
