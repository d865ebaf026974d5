//! The query part of a request, read strictly: what is wrong is named.

use std::borrow::Cow;
use std::str::FromStr;

use super::refusal::Refusal;

/// The parameters of a request; those that a route does not know are ignored.
#[derive(Debug, Default)]
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads `a=1&b=2`; `+` is a space, as in every form.
    pub fn parse(text: Option<&'a str>) -> Self {
        Self(url::form_urlencoded::parse(text.unwrap_or_default().as_bytes()).collect())
    }

    /// All values of a parameter that may be repeated.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_ref())
    }

    /// The value of a parameter that may stand once.
    ///
    /// # Errors
    /// When it stands more often.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refusal::Validation(format!("{name} must be given once"))),
            (value, None) => Ok(value),
        }
    }

    /// A whole number within bounds.
    ///
    /// # Errors
    /// When it is another text, or out of bounds.
    pub fn number(&self, name: &str, least: u32, most: u32) -> Result<Option<u32>, Refusal> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits && (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(Refusal::Validation(format!("{name} must be a whole number from {least} to {most}"))),
        }
    }

    /// A value of a type of ours.
    ///
    /// # Errors
    /// When it is another text; `what` says what was expected.
    pub fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Refusal::Validation(format!("{name} must be {what}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_doubles_refused() {
        let query = Query::parse(Some("search=%2B1+2&limit=5&limit=6&id=a&id=b"));
        assert_eq!(query.one("search").ok().flatten(), Some("+1 2"));
        assert!(query.one("limit").is_err());
        assert_eq!(query.all("id").collect::<Vec<_>>(), ["a", "b"]);
        assert!(matches!(query.one("offset"), Ok(None)));
    }

    #[test]
    fn numbers_stay_in_their_bounds() {
        let read = |text: &str| Query::parse(Some(text)).number("limit", 1, 500);
        assert!(matches!(read("limit=500"), Ok(Some(500))));
        for bad in ["limit=0", "limit=501", "limit=", "limit=+5", "limit=%2B5", "limit=-1", "limit=1.0", "limit=1e2"] {
            assert!(matches!(read(bad), Err(Refusal::Validation(text)) if text.starts_with("limit must")), "{bad}");
        }
    }
}
