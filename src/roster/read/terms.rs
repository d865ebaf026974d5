//! What a person says about a file beside its format: where its numbers are dialled, what its columns are called, and
//! what is to be left out.

use std::str::FromStr;

use super::field::{Field, SETTABLE, is_same, nearest};
use crate::model::Region;
use crate::model::blank::trim;

/// How a file is to be understood that is not in a roster's own words.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// How numbers without a plus are read; a row's own `region` counts more.
    pub region: Option<Region>,
    /// The columns that are called otherwise, each field and each column once.
    pub map: Vec<Mapped>,
    /// Whether columns that mean nothing here are left out, rather than a problem.
    pub ignores_columns: bool,
    /// Whether rows without a phone number are left out, rather than a problem.
    pub skips_without_phone: bool,
}

/// `FIELD=COLUMN`: what a field's column is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// The field.
    pub field: Field,
    /// The column's name, in CSV; a key's, in the other formats.
    pub column: String,
    /// Whether a file without the column is wrong: it was named for this file.
    pub is_needed: bool,
}

/// What a name means in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// It is the name of a field.
    Field(Field),
    /// It would be, but this column was named for that field, and is there.
    Displaced(&'a Mapped),
    /// Nothing that is known.
    Unknown,
}

impl Mapped {
    /// A column for a field that is named by the API's name, or `region`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn new(field: &str, column: &str, is_needed: bool) -> Result<Self, String> {
        let column = trim(column);
        if column.is_empty() {
            return Err(format!("no column is named for {field}"));
        }
        let has_values = |field: &Field| field.has_values();
        match (Field::by_name(field).filter(has_values), nearest(field).filter(has_values)) {
            (Some(field), _) => Ok(Self { field, column: column.to_owned(), is_needed }),
            (None, Some(near)) => Err(format!("{field:?} is no field of a roster; did you mean {}?", near.name())),
            (None, None) => Err(format!("{field:?} is no field of a roster; the fields are {SETTABLE}, region")),
        }
    }
}

impl FromStr for Mapped {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((field, column)) = text.split_once('=') else {
            return Err("write FIELD=COLUMN, such as phoneNumber='Phone 1 - Value'".to_owned());
        };
        Self::new(trim(field), column, true)
    }
}

impl Terms {
    /// The map of a file's own words over that of the settings. Of a field's columns the file's counts.
    ///
    /// # Errors
    /// When a field or a column is named twice.
    pub fn join(own: Vec<Mapped>, settings: Vec<Mapped>) -> Result<Vec<Mapped>, String> {
        let mut map: Vec<Mapped> = Vec::new();
        for mapped in own.iter().chain(settings.iter().filter(|mapped| own.iter().all(|own| own.field != mapped.field)))
        {
            let name = mapped.field.name();
            if map.iter().any(|other| other.field == mapped.field) {
                return Err(format!("{name} is mapped to more than one column"));
            }
            if let Some(other) = map.iter().find(|other| is_same(&other.column, &mapped.column)) {
                return Err(format!(
                    "the column {:?} is mapped to both {} and {name}",
                    other.column,
                    other.field.name()
                ));
            }
            map.push(mapped.clone());
        }
        Ok(map)
    }

    /// What a name means among all the names that stand beside it.
    pub fn meaning<'n>(&self, name: &str, beside: impl IntoIterator<Item = &'n str>) -> Meaning<'_> {
        if let Some(mapped) = self.map.iter().find(|mapped| is_same(&mapped.column, name)) {
            return Meaning::Field(mapped.field);
        }
        let Some(field) = Field::by_name(name) else { return Meaning::Unknown };
        let mapped = self.map.iter().find(|mapped| mapped.field == field);
        match mapped.filter(|mapped| beside.into_iter().any(|other| is_same(&mapped.column, other))) {
            Some(mapped) => Meaning::Displaced(mapped),
            None => Meaning::Field(field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_names_a_field_and_a_column() {
        let mapped = |text: &str| text.parse::<Mapped>();
        let phone = Mapped { field: Field::Phone, column: "Phone 1 = Value".to_owned(), is_needed: true };
        assert_eq!(mapped(" Phone Number = Phone 1 = Value "), Ok(phone));
        assert_eq!(mapped("region=Country").map(|mapped| mapped.field), Ok(Field::Region));
        for (text, words) in [
            ("phoneNumber", "write FIELD=COLUMN"),
            ("phoneNumber= ", "no column is named"),
            ("phone=Phone", "did you mean phoneNumber?"),
            ("id=ID", "the fields are type"),
            ("createdAt=x", "the fields are type"),
            ("tags=Tags", "the fields are type"),
            ("=x", "the fields are type"),
        ] {
            let error = mapped(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_said_of_the_file_counts_more_than_the_settings() {
        let pair = |field: &str, column: &str| Mapped::new(field, column, false).unwrap();
        let settings = vec![pair("phoneNumber", "Phone"), pair("email", "Mail")];
        let joined = Terms::join(vec![pair("phoneNumber", "Cell")], settings.clone()).unwrap();
        assert_eq!(joined, [pair("phoneNumber", "Cell"), pair("email", "Mail")]);
        assert!(Terms::join(vec![pair("email", "a"), pair("email", "b")], Vec::new()).is_err());
        assert!(Terms::join(vec![pair("lastName", "MAIL")], settings).is_err());
    }

    #[test]
    fn a_fields_own_name_gives_way_to_a_column_that_is_there() {
        let map = vec![Mapped::new("phoneNumber", "Phone 1", true).unwrap()];
        let terms = Terms { map, ..Terms::default() };
        let meaning = |name: &str, beside: &[&'static str]| terms.meaning(name, beside.iter().copied());
        assert_eq!(meaning("phone_1", &[]), Meaning::Field(Field::Phone));
        assert_eq!(meaning("phoneNumber", &["email"]), Meaning::Field(Field::Phone));
        assert!(matches!(meaning("phoneNumber", &["email", "PHONE 1"]), Meaning::Displaced(_)));
        assert_eq!(meaning("Tags", &[]), Meaning::Unknown);
    }
}
