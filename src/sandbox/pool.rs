//! The pool of shared numbers, and which of them a phone gets.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _};

use super::store_error::StoreError;
use crate::model::Phone;

/// The first area code of the pool's numbers; each area code has one hundred that belong to nobody (555-0100 to 555-0199).
const FIRST_AREA: usize = 628;

/// A fixed set of numbers.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    size: usize,
}

impl Pool {
    /// A pool of so many numbers.
    pub fn new(size: usize) -> Self {
        Self { size: size.max(1) }
    }

    /// The number at a place; the same in every pool that is large enough.
    fn number(index: usize) -> String {
        format!("+1{}55501{:02}", FIRST_AREA + index / 100, index % 100)
    }

    /// The numbers in the order in which a phone is offered them: from the place that its last digits name, round once.
    ///
    /// People thus spread over the pool, and whoever reads a number can tell why it was given.
    pub fn offers(self, phone: &Phone) -> impl Iterator<Item = String> {
        let digits: u64 = phone.as_str().trim_start_matches('+').parse().unwrap_or(0);
        let size = self.size;
        let start = usize::try_from(digits % (size as u64)).unwrap_or(0);
        let own = phone.as_str().to_owned();
        (0..size).map(move |step| Self::number((start + step) % size)).filter(move |number| *number != own)
    }
}

/// The number that a phone has, or once had, in a project.
fn remembered(connection: &Connection, project: &str, phone: &Phone) -> Result<Option<String>, StoreError> {
    let sql = "SELECT number FROM pairs WHERE project = ? AND phone = ?";
    Ok(connection.prepare_cached(sql)?.query_row([project, phone.as_str()], |row| row.get(0)).optional()?)
}

/// The first number that a phone has in no project yet.
fn free(connection: &Connection, pool: Pool, phone: &Phone) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT number FROM pairs WHERE phone = ?")?;
    let taken: HashSet<String> = statement.query_map([phone.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(pool.offers(phone).find(|number| !taken.contains(number)))
}

/// Tells whether a phone could be given a number in a project.
///
/// # Errors
/// Whatever the database says.
pub fn is_available(connection: &Connection, pool: Pool, project: &str, phone: &Phone) -> Result<bool, StoreError> {
    Ok(remembered(connection, project, phone)?.is_some() || free(connection, pool, phone)?.is_some())
}

/// Gives a phone its number in a project: the one it had there before, else a free one; none when there is none left.
///
/// # Errors
/// Whatever the database says.
pub fn assign(connection: &Connection, pool: Pool, project: &str, phone: &Phone) -> Result<Option<String>, StoreError> {
    if let Some(number) = remembered(connection, project, phone)? {
        return Ok(Some(number));
    }
    let Some(number) = free(connection, pool, phone)? else { return Ok(None) };
    let sql = "INSERT INTO pairs (number, phone, project) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute([&number, phone.as_str(), project])?;
    Ok(Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_offered_once_and_starts_where_the_last_digits_say() {
        let phone: Phone = "+14155550123".parse().unwrap();
        let offers: Vec<String> = Pool::new(100).offers(&phone).collect();
        assert_eq!(offers[0], "+16285550123");
        assert_eq!(offers.iter().collect::<HashSet<_>>().len(), 100);
        assert!(offers.iter().all(|number| number.parse::<Phone>().is_ok()));
    }

    #[test]
    fn nobody_is_offered_their_own_number() {
        let phone: Phone = "+16285550101".parse().unwrap();
        assert_eq!(Pool::new(10).offers(&phone).count(), 9);
    }

    #[test]
    fn the_largest_pool_holds_different_phone_numbers() {
        let phone: Phone = "+14155550123".parse().unwrap();
        let offers: HashSet<String> = Pool::new(10_000).offers(&phone).collect();
        assert_eq!(offers.len(), 10_000);
        assert!(offers.iter().all(|number| number.parse::<Phone>().is_ok()));
    }
}
