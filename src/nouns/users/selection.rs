//! Which users a person means: by name, or by the filters that `list` and `delete` share; and reading everybody to
//! tell.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::endpoints::List;
use super::kinds::whole;
use super::lookup::{self, FoundUser, UserKey};
use super::model::{User, UserType};
use crate::failure::{Code, Failure};
use crate::http::{Client, Reply, answer};
use crate::model::words::count;
use crate::model::{Phone, parse_age};
use crate::output::sanitize;
use crate::session::Session;

/// Filters of users. Those that the API does not know are applied to all that it lists.
#[derive(Debug, Clone, Default, Args)]
pub struct Filters {
    /// Only shared users
    #[arg(long, conflicts_with = "dedicated")]
    pub shared: bool,
    /// Only dedicated users
    #[arg(long)]
    pub dedicated: bool,
    /// Part of a name, phone or e-mail, in any case
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub search: Option<String>,
    /// Only users who have texted their number, so that they can be messaged
    #[arg(long, conflicts_with = "not_opted_in")]
    pub opted_in: bool,
    /// Only shared users who have not texted their number yet
    #[arg(long)]
    pub not_opted_in: bool,
    /// Only users registered longer ago than this, such as 30d
    #[arg(long, value_name = "TIME", value_parser = parse_age)]
    pub older_than: Option<Duration>,
    /// Only users registered within this time, such as 12h
    #[arg(long, value_name = "TIME", value_parser = parse_age)]
    pub newer_than: Option<Duration>,
    /// Only users whose assigned number is this
    #[arg(long, value_name = "LINE")]
    pub line: Option<String>,
    /// The same, read.
    #[arg(skip)]
    on_line: Option<Phone>,
}

impl Filters {
    /// The filters with their number read; nobody is on a line that was not.
    ///
    /// # Errors
    /// Usage, when it is no number.
    pub fn read(&self, session: &Session) -> Result<Self, Failure> {
        let on_line = self.line.as_deref().map(|line| session.phone("--line", line)).transpose()?;
        Ok(Self { on_line, ..self.clone() })
    }

    /// The type that is asked for.
    pub fn kind(&self) -> Option<UserType> {
        match (self.shared, self.dedicated) {
            (true, _) => Some(UserType::Shared),
            (_, true) => Some(UserType::Dedicated),
            _ => None,
        }
    }

    /// Whether nothing at all is asked for: then everybody is meant.
    pub fn is_empty(&self) -> bool {
        self.kind().is_none() && self.search.is_none() && !self.is_local()
    }

    /// Whether something is asked for that the API does not know.
    pub fn is_local(&self) -> bool {
        let by_age = self.older_than.is_some() || self.newer_than.is_some();
        self.opted_in || self.not_opted_in || by_age || self.line.is_some()
    }

    /// What the API is asked for. Only shared users opt in, and a revision that does not tell a user's type still knows
    /// whom to list by it.
    pub fn asked(&self) -> List {
        let kind = self.kind().or(self.not_opted_in.then_some(UserType::Shared));
        List { kind, search: self.search.clone(), ..List::default() }
    }

    /// Whether a user who was listed by [`Filters::asked`] is meant. An age that cannot be read is neither old nor new.
    pub fn keeps(&self, user: &User<'_>, now: Timestamp) -> bool {
        let kind = self.asked().kind;
        let age = || user.created().map(|created| now.duration_since(created));
        let than = |time: Duration| jiff::SignedDuration::try_from(time).unwrap_or(jiff::SignedDuration::MAX);
        let number = || user.assigned_phone_number.as_deref().and_then(whole);
        kind.is_none_or(|kind| user.kind.as_deref().is_none_or(|word| word == kind.as_str()))
            && (!self.opted_in || user.meta.opt_in)
            && (!self.not_opted_in || (kind == Some(UserType::Shared) && !user.meta.opt_in))
            && self.older_than.is_none_or(|time| age().is_some_and(|age| age > than(time)))
            && self.newer_than.is_none_or(|time| age().is_some_and(|age| age <= than(time)))
            && self.line.as_ref().is_none_or(|_| number().is_some_and(|number| self.is_line(&number)))
    }

    fn is_line(&self, number: &str) -> bool {
        self.on_line.as_ref().is_some_and(|line| line.as_str() == number)
    }

    /// Whether a user fits what the API was asked for; for a revision that ignored the search.
    pub fn fits_search(&self, user: &User<'_>) -> bool {
        let Some(search) = self.search.as_ref().map(|text| text.to_lowercase()) else { return true };
        let fields = [&user.first_name, &user.last_name, &user.email, &Some(user.phone_number.clone())];
        fields.into_iter().flatten().any(|field| field.to_lowercase().contains(&search))
    }
}

/// Everybody that the service lists, in as many answers as it takes: one that holds some of them back, though no limit
/// was set, is asked for the rest.
///
/// # Errors
/// Whatever the call met; bad response, when the list ends before its total.
pub fn read_all(client: &Client, asked: &List) -> Result<Vec<Reply<List>>, Failure> {
    read_all_until(client, asked, None)
}

fn read_all_until(client: &Client, asked: &List, until: Option<Instant>) -> Result<Vec<Reply<List>>, Failure> {
    let mut asked = asked.clone();
    let start = u64::from(asked.offset.unwrap_or(0));
    let (mut answers, mut seen, mut known) = (Vec::new(), 0, HashSet::new());
    loop {
        let answer = client.call_until(&asked, until)?;
        let list = answer.read()?;
        let (read, total) = (list.items.len() as u64, list.total.unwrap_or(0));
        seen += read;
        // Mostly one answer holds everybody, and then nobody is looked at twice.
        if asked.limit.is_some() || (answers.is_empty() && start + seen >= total) {
            answers.push(answer);
            return Ok(answers);
        }
        let before = known.len();
        for raw in list.items {
            known.insert(user(raw)?.id.to_ascii_lowercase());
        }
        answers.push(answer);
        if start + known.len() as u64 >= total {
            return Ok(answers);
        }
        // It ends early, or it says the same again and again.
        if known.len() == before {
            let what = format!("the service listed {before} of {} and then nobody else", count(total, "user"));
            return Err(Failure::new(Code::BadResponse, what).hint("it is safe to run the same command again"));
        }
        asked.offset = u32::try_from(start + seen).ok();
    }
}

fn user(raw: &RawValue) -> Result<User<'_>, Failure> {
    Ok(answer::record(raw, "a user")?)
}

/// A record and what it says.
#[derive(Debug)]
pub struct ListedUser<'a> {
    /// The service's own text.
    pub text: &'a str,
    /// Its fields.
    pub user: User<'a>,
}

/// The users of some answers whom the filters mean, each once, in the service's order.
///
/// # Errors
/// Bad response, when a record is not a user.
pub fn select<'a>(
    answers: &'a [Reply<List>],
    filters: &Filters,
    now: Timestamp,
) -> Result<Vec<ListedUser<'a>>, Failure> {
    let (mut selected, mut known) = (Vec::new(), HashSet::new());
    for answer in answers {
        let list = answer.read()?;
        // The earliest revision knows neither a total nor a search.
        let ignores_search = list.total.is_none();
        for raw in list.items {
            let user = user(raw)?;
            let is_meant = filters.keeps(&user, now) && (!ignores_search || filters.fits_search(&user));
            // A list that grows while it is read may show somebody on two pages.
            if is_meant && (answers.len() == 1 || known.insert(user.id.to_ascii_lowercase())) {
                selected.push(ListedUser { text: raw.get(), user });
            }
        }
    }
    Ok(selected)
}

/// More ids than this, and the whole list is asked for: a request's line has its limits.
const IDS_AT_ONCE: usize = 100;

/// What one list tells of the users with these ids, or of everybody where they are too many to name. Who is missing from
/// it may be there all the same.
///
/// # Errors
/// As [`read_all`].
pub fn list_ids(client: &Client, ids: Vec<String>, until: Option<Instant>) -> Result<Vec<Reply<List>>, Failure> {
    if ids.len() > IDS_AT_ONCE {
        return read_all_until(client, &List::default(), until);
    }
    Ok(vec![client.call_until(&List { ids, ..List::default() }, until)?])
}

/// The users whom these keys mean, each once, in the order of the keys: however many there are, by one list where that
/// tells.
///
/// # Errors
/// Those of [`lookup::one`].
pub fn find(client: &Client, keys: &[UserKey]) -> Result<Vec<FoundUser>, Failure> {
    if let [key] = keys {
        return Ok(vec![lookup::one(client, key)?]);
    }
    let ids = keys.iter().map(|key| match key {
        UserKey::Id(id) => Some(id.to_string()),
        UserKey::Phone(_) => None,
    });
    let answers = match ids.collect::<Option<Vec<_>>>() {
        Some(ids) => list_ids(client, ids, None)?,
        // No list is known that would take several numbers.
        None => read_all(client, &List::default())?,
    };
    let listed = select(&answers, &Filters::default(), Timestamp::now())?;
    let (mut by_id, mut by_phone) = (HashMap::new(), HashMap::<String, Vec<&ListedUser<'_>>>::new());
    for listed in &listed {
        by_id.insert(listed.user.id.to_ascii_lowercase(), listed);
        by_phone.entry(whole(&listed.user.phone_number).unwrap_or_default()).or_default().push(listed);
    }
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    for key in keys {
        let only = match key {
            UserKey::Id(id) => by_id.get(&id.as_str().to_ascii_lowercase()).copied(),
            UserKey::Phone(phone) => match by_phone.get(phone.as_str()).map(Vec::as_slice) {
                Some([only]) => Some(*only),
                _ => None,
            },
        };
        // Absence and ambiguity are told as for one.
        let one = match only {
            Some(listed) => FoundUser { raw: answer::raw(listed.text)? },
            None => lookup::one(client, key)?,
        };
        if known.insert(one.user()?.id.to_ascii_lowercase()) {
            found.push(one);
        }
    }
    Ok(found)
}

/// Name and number, or the number alone.
pub fn name_and_number(user: &User<'_>) -> String {
    let name = user.full_name();
    let number = sanitize::line(&user.phone_number);
    if name.is_empty() { number.into_owned() } else { format!("{} ({number})", sanitize::line(&name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-01T12:00:00Z";

    fn keeps(filters: &Filters, fields: &str) -> bool {
        let text = format!(r#"{{"id":"i","phoneNumber":"+14155550123"{fields}}}"#);
        filters.keeps(&serde_json::from_str(&text).unwrap(), NOW.parse().unwrap())
    }

    #[test]
    fn who_has_not_opted_in_is_a_shared_user_without_the_mark() {
        let filters = Filters { not_opted_in: true, ..Filters::default() };
        assert!(keeps(&filters, r#","type":"shared","meta":null"#) && keeps(&filters, ""));
        assert!(!keeps(&filters, r#","type":"shared","meta":{"opt_in":true}"#));
        assert!(!keeps(&filters, r#","type":"dedicated""#));
        let both = Filters { dedicated: true, ..filters };
        assert!(!keeps(&both, "") && !keeps(&both, r#","type":"dedicated""#), "nobody is both");
        let filters = Filters { opted_in: true, ..Filters::default() };
        assert!(keeps(&filters, r#","meta":{"opt_in":true}"#) && !keeps(&filters, r#","type":"dedicated""#));
    }

    #[test]
    fn a_line_is_compared_by_its_digits() {
        let line = "+19175550101";
        let unread = Filters { line: Some(line.to_owned()), ..Filters::default() };
        assert!(!keeps(&unread, r#","assignedPhoneNumber":"+19175550101""#));
        let filters = Filters { on_line: line.parse().ok(), ..unread };
        assert!(keeps(&filters, r#","assignedPhoneNumber":"+1 (917) 555-0101""#));
        for other in ["", r#","assignedPhoneNumber":"+191****0101""#, r#","assignedPhoneNumber":"+19175550102""#] {
            assert!(!keeps(&filters, other), "{other}");
        }
    }

    #[test]
    fn an_age_that_cannot_be_read_is_neither_old_nor_new() {
        let hours = |hours: u64| Some(Duration::from_secs(3600 * hours));
        let old = Filters { older_than: hours(24), ..Filters::default() };
        let new = Filters { newer_than: hours(24), ..Filters::default() };
        for odd in [
            "",
            r#","createdAt":null"#,
            r#","createdAt":1700000000"#,
            r#","createdAt":"yesterday""#,
            r#","createdAt":"2026-13-01T00:00:00Z""#,
            // Nobody knows whose clock that was.
            r#","createdAt":"2026-03-29T02:30:00""#,
        ] {
            assert!(!keeps(&old, odd) && !keeps(&new, odd), "{odd}");
        }
        // A day is 24 hours, whatever a clock on some wall did in that night.
        for (created, is_old) in
            [("2026-10-31T12:00:00.000Z", false), ("2026-10-31T11:59:59.999Z", true), ("2026-11-01T13:00:00Z", false)]
        {
            let created = format!(r#","createdAt":"{created}""#);
            assert_eq!((keeps(&old, &created), keeps(&new, &created)), (is_old, !is_old), "{created}");
        }
    }
}
