//! Which users a person means: the filters that `list` and `delete` share, and reading everybody to apply them.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::endpoints::List;
use super::model::{User, UserType};
use crate::failure::{Code, Failure};
use crate::http::{Client, Reply, answer};
use crate::model::{Phone, parse_age};

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
    #[arg(long, value_name = "LINE", value_parser = Phone::from_typed)]
    pub line: Option<Phone>,
}

impl Filters {
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

    /// What the API is asked for.
    pub fn asked(&self) -> List {
        List { kind: self.kind(), search: self.search.clone(), ..List::default() }
    }

    /// Whether a user is meant. An age that cannot be read is neither old nor new.
    pub fn keeps(&self, user: &User<'_>, now: Timestamp) -> bool {
        let age = || user.created().map(|created| now.duration_since(created));
        let than = |time: Duration| jiff::SignedDuration::try_from(time).unwrap_or(jiff::SignedDuration::MAX);
        (!self.opted_in || user.meta.opt_in)
            && (!self.not_opted_in || !user.is_reachable())
            && self.older_than.is_none_or(|time| age().is_some_and(|age| age > than(time)))
            && self.newer_than.is_none_or(|time| age().is_some_and(|age| age <= than(time)))
            && self.line.as_ref().is_none_or(|line| user.assigned_phone_number.as_deref() == Some(line.as_str()))
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
    let mut asked = asked.clone();
    let start = u64::from(asked.offset.unwrap_or(0));
    let (mut answers, mut seen) = (Vec::new(), 0);
    loop {
        let answer = client.call(&asked)?;
        let (read, total) = answer.read().map(|list| (list.items.len() as u64, list.total.unwrap_or(0)))?;
        answers.push(answer);
        seen += read;
        if asked.limit.is_some() || start + seen >= total {
            return Ok(answers);
        }
        // An offset beyond the end is answered with nobody, and that is the whole list.
        if read == 0 {
            if seen == 0 {
                return Ok(answers);
            }
            let what = format!("the service listed {seen} of {total} users and then no more");
            return Err(Failure::new(Code::BadResponse, what).hint("it is safe to run the same command again"));
        }
        asked.offset = u32::try_from(start + seen).ok();
    }
}

/// A record and what it says.
#[derive(Debug)]
pub struct Listed<'a> {
    /// The service's own text.
    pub text: &'a str,
    /// Its fields.
    pub user: User<'a>,
}

/// The users of some answers whom the filters mean, in the service's order.
///
/// # Errors
/// Bad response, when a record is not a user.
pub fn select<'a>(answers: &'a [Reply<List>], filters: &Filters, now: Timestamp) -> Result<Vec<Listed<'a>>, Failure> {
    let mut selected = Vec::new();
    for answer in answers {
        let list = answer.read()?;
        // The earliest revision knows neither a total nor a search.
        let ignores_search = list.total.is_none();
        for raw in list.items {
            let user: User<'_> = answer::record(raw, "a user")?;
            if filters.keeps(&user, now) && (!ignores_search || filters.fits_search(&user)) {
                selected.push(Listed { text: raw.get(), user });
            }
        }
    }
    Ok(selected)
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
        let filters = Filters { opted_in: true, ..Filters::default() };
        assert!(keeps(&filters, r#","meta":{"opt_in":true}"#) && !keeps(&filters, r#","type":"dedicated""#));
    }

    #[test]
    fn an_age_that_cannot_be_read_is_neither_old_nor_new() {
        let hours = |hours: u64| Some(Duration::from_secs(3600 * hours));
        let old = Filters { older_than: hours(24), ..Filters::default() };
        let new = Filters { newer_than: hours(24), ..Filters::default() };
        for odd in ["", r#","createdAt":null"#, r#","createdAt":"yesterday""#, r#","createdAt":"2026-13-01T00:00:00Z""#]
        {
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
