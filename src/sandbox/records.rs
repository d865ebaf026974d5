//! The users' rows: every SQL statement about them, and the JSON that the API shows of one.

use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::revision::Revision;
use super::schema::BLOCK_BITS;
use super::store_error::StoreError;
use crate::nouns::users::model::UserType;

/// What stands between the fields that a search looks through, so that no match reaches across two of them.
const BETWEEN: char = '\u{1f}';
/// The columns of a record, in the order that [`Record::read`] takes them.
const COLUMNS: &str = "id, project, type, first_name, last_name, email, phone, assigned, created_ms, opt_in, owner";

/// One user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUser<T = String> {
    /// A UUID, version 4.
    pub id: T,
    /// The owning project.
    pub project_id: T,
    /// `shared` or `dedicated`.
    pub kind: T,
    /// None when unset, as the next two.
    pub first_name: Option<T>,
    /// The family name.
    pub last_name: Option<T>,
    /// The e-mail address.
    pub email: Option<T>,
    /// The person's number.
    pub phone_number: T,
    /// The pool number or the project's line.
    pub assigned_phone_number: T,
    /// The server's own marks.
    pub meta: StoredMeta,
    /// When the row was made, in milliseconds since 1970.
    pub created_at: i64,
}

/// The server's own marks on a user; one that is not set is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct StoredMeta {
    /// Whether the person has texted the assigned number, so that they can be messaged.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub opt_in: bool,
    /// Whether this is the row of the project's owner.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub project_owner: bool,
}

/// A user as a revision of the API shows it; the keys stand in the documented order.
#[derive(Debug)]
pub struct UserView<'r, T>(pub &'r StoredUser<T>, pub Revision);

impl<T: Serialize> Serialize for UserView<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(record, revision) = self;
        let mut object = serializer.serialize_struct("User", 10)?;
        object.serialize_field("id", &record.id)?;
        object.serialize_field("projectId", &record.project_id)?;
        if revision.tells_type_and_total() {
            object.serialize_field("type", &record.kind)?;
        }
        object.serialize_field("firstName", &record.first_name)?;
        object.serialize_field("lastName", &record.last_name)?;
        object.serialize_field("email", &record.email)?;
        object.serialize_field("phoneNumber", &record.phone_number)?;
        object.serialize_field("assignedPhoneNumber", &record.assigned_phone_number)?;
        object.serialize_field("meta", &record.meta)?;
        object.serialize_field("createdAt", &Iso(record.created_at))?;
        object.end()
    }
}

/// A moment in the API's form: ISO 8601 with milliseconds and `Z`.
#[derive(Debug, Clone, Copy)]
pub struct Iso(pub i64);

impl std::fmt::Display for Iso {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let moment = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        write!(f, "{moment:.3}")
    }
}

impl Serialize for Iso {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'r> StoredUser<&'r str> {
    /// Borrows a record from a row of [`COLUMNS`].
    fn borrow(row: &'r Row<'_>) -> Result<Self, StoreError> {
        let text = |at: usize| row.get_ref(at)?.as_str().map_err(|_| wrong_type(at));
        let optional = |at: usize| match row.get_ref(at)? {
            ValueRef::Null => Ok(None),
            value => value.as_str().map(Some).map_err(|_| wrong_type(at)),
        };
        Ok(Self {
            id: text(0)?,
            project_id: text(1)?,
            kind: text(2)?,
            first_name: optional(3)?,
            last_name: optional(4)?,
            email: optional(5)?,
            phone_number: text(6)?,
            assigned_phone_number: text(7)?,
            meta: StoredMeta { opt_in: row.get(9)?, project_owner: row.get(10)? },
            created_at: row.get(8)?,
        })
    }
}

fn wrong_type(at: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(at, "text".to_owned(), Type::Null)
}

impl StoredUser {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            project_id: row.get(1)?,
            kind: row.get(2)?,
            first_name: row.get(3)?,
            last_name: row.get(4)?,
            email: row.get(5)?,
            phone_number: row.get(6)?,
            assigned_phone_number: row.get(7)?,
            meta: StoredMeta { opt_in: row.get(9)?, project_owner: row.get(10)? },
            created_at: row.get(8)?,
        })
    }

    fn search_text(&self) -> String {
        let fields =
            [self.first_name.as_deref(), self.last_name.as_deref(), Some(&*self.phone_number), self.email.as_deref()];
        let fields: Vec<String> = fields.into_iter().flatten().map(fold).collect();
        fields.join(&BETWEEN.to_string())
    }

    /// Inserts a new row; `claims_email` says that its e-mail is part of its identity.
    ///
    /// # Errors
    /// Also when an identity rule is broken.
    pub fn insert(&self, connection: &Connection, claims_email: bool) -> Result<(), StoreError> {
        let sql = "INSERT INTO users
            (id, project, type, first_name, last_name, email, phone, assigned, created_ms, email_claim, search,
             opt_in, owner)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let claim = self.email.as_deref().filter(|_| claims_email);
        connection.prepare_cached(sql)?.execute(params![
            self.id,
            self.project_id,
            self.kind,
            self.first_name,
            self.last_name,
            self.email,
            self.phone_number,
            self.assigned_phone_number,
            self.created_at,
            claim,
            self.search_text(),
            self.meta.opt_in,
            self.meta.project_owner
        ])?;
        Ok(())
    }

    /// Writes names and e-mail of a row that is there; the e-mail is no identity afterwards.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn update(&self, connection: &Connection) -> Result<(), StoreError> {
        let sql =
            "UPDATE users SET first_name = ?, last_name = ?, email = ?, email_claim = NULL, search = ? WHERE id = ?";
        let values = params![self.first_name, self.last_name, self.email, self.search_text(), self.id];
        connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }
}

/// A text as a search compares it.
fn fold(text: &str) -> String {
    text.to_lowercase().replace(BETWEEN, " ")
}

/// What an active row is looked up by, within a project.
#[derive(Debug, Clone, Copy)]
pub enum LookupKey<'a> {
    /// A shared user's phone.
    SharedPhone(&'a str),
    /// A shared user's e-mail; the earliest where several have it.
    SharedEmail(&'a str),
    /// A dedicated user's phone and line.
    Tuple(&'a str, &'a str),
    /// The id.
    Id(&'a str),
}

/// Finds an active user of a project.
///
/// # Errors
/// Whatever the database says.
pub fn find(connection: &Connection, project: &str, key: LookupKey<'_>) -> Result<Option<StoredUser>, StoreError> {
    let mut values = vec![project];
    let condition = match key {
        LookupKey::SharedPhone(phone) => {
            values.push(phone);
            "type = 'shared' AND phone = ?"
        }
        LookupKey::SharedEmail(email) => {
            values.push(email);
            "type = 'shared' AND email = ? AND email IS NOT NULL ORDER BY seq LIMIT 1"
        }
        LookupKey::Tuple(phone, line) => {
            values.extend([line, phone]);
            "type = 'dedicated' AND assigned = ? AND phone = ?"
        }
        LookupKey::Id(id) => {
            values.push(id);
            "id = ?"
        }
    };
    let sql = format!("SELECT {COLUMNS} FROM users WHERE project = ? AND deleted_ms IS NULL AND {condition}");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(params_from_iter(values), StoredUser::read).optional()?)
}

/// Finds an active user by id in whatever project.
///
/// # Errors
/// Whatever the database says.
pub fn find_anywhere(connection: &Connection, id: &str) -> Result<Option<StoredUser>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE id = ? AND deleted_ms IS NULL");
    Ok(connection.prepare_cached(&sql)?.query_row([id], StoredUser::read).optional()?)
}

/// The active users of a person, in whatever project: all of them, or the one whose assigned number is this.
///
/// # Errors
/// Whatever the database says.
pub fn of_person(connection: &Connection, phone: &str, assigned: Option<&str>) -> Result<Vec<StoredUser>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM users WHERE phone = ?1 AND (?2 IS NULL OR assigned = ?2) AND deleted_ms IS NULL ORDER BY seq"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let users = statement.query_map(params![phone, assigned], StoredUser::read)?;
    Ok(users.collect::<Result<_, _>>()?)
}

/// Marks a user as one who can be messaged.
///
/// # Errors
/// Whatever the database says.
pub fn opt_in(connection: &Connection, id: &str) -> Result<(), StoreError> {
    connection.prepare_cached("UPDATE users SET opt_in = 1 WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Marks a user as deleted; says whether there was one.
///
/// # Errors
/// Whatever the database says.
pub fn delete(connection: &Connection, project: &str, id: &str, now: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE users SET deleted_ms = ? WHERE id = ? AND project = ? AND deleted_ms IS NULL";
    Ok(connection.prepare_cached(sql)?.execute(params![now, id, project])? > 0)
}

/// How many active users of a type a project has.
///
/// # Errors
/// Whatever the database says.
pub fn count(connection: &Connection, project: &str, kind: UserType) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(sum(active), 0) FROM counts WHERE project = ? AND type = ?";
    Ok(connection.prepare_cached(sql)?.query_row([project, kind.as_str()], |row| row.get(0))?)
}

/// When the newest row of all was made.
///
/// # Errors
/// Whatever the database says.
pub fn newest(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT created_ms FROM users ORDER BY seq DESC LIMIT 1";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
}

/// Which users a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this type.
    pub kind: Option<UserType>,
    /// Only these ids, in lower case; empty means all.
    pub ids: Vec<String>,
    /// Only where a name, the phone or the e-mail holds this.
    pub search: Option<String>,
    /// At most so many; none means all.
    pub limit: Option<u32>,
    /// After skipping so many.
    pub offset: u32,
    /// As which revision shows them.
    pub revision: Revision,
}

/// One list: the users as a JSON array, and how many match without paging.
#[derive(Debug)]
pub struct UserPage {
    /// In creation order.
    pub json: Vec<u8>,
    /// All matches.
    pub total: u64,
}

/// Where to begin a page: a place in the creation order, and how many users to leave out from there.
///
/// Blocks are left out whole: walking over the rows before it would make each page dearer than the one before.
fn skip(connection: &Connection, project: &str, kind: Option<UserType>, offset: u32) -> Result<(i64, u32), StoreError> {
    let sql = "SELECT block, sum(active) FROM blocks WHERE project = ?1 AND (?2 IS NULL OR type = ?2)
        GROUP BY block ORDER BY block";
    let mut statement = connection.prepare_cached(sql)?;
    let mut blocks = statement.query(params![project, kind.map(UserType::as_str)])?;
    let mut left = offset;
    while let Some(block) = blocks.next()? {
        let active: u32 = block.get(1)?;
        if left < active {
            return Ok((block.get::<_, i64>(0)? << BLOCK_BITS, left));
        }
        left -= active;
    }
    // Behind the last user.
    Ok((i64::MAX, 0))
}

/// Lists active users. Rows go straight from the database's memory into the text: a large list is held once.
///
/// # Errors
/// Whatever the database says.
pub fn list(connection: &Connection, project: &str, filter: &Filter) -> Result<UserPage, StoreError> {
    // Named ids are looked up one by one: the plus keeps the project's index, which holds everybody, out of the plan.
    let by_id = if filter.ids.is_empty() { "" } else { "+" };
    let mut condition = format!("{by_id}project = ? AND deleted_ms IS NULL");
    let mut values: Vec<ToSqlOutput<'_>> = vec![project.into()];
    if let Some(kind) = filter.kind {
        condition.push_str(" AND type = ?");
        values.push(kind.as_str().into());
    }
    if !filter.ids.is_empty() {
        condition.push_str(" AND id IN (SELECT value FROM json_each(?))");
        values.push(serde_json::to_string(&filter.ids).unwrap_or_default().into());
    }
    if let Some(search) = &filter.search {
        // Not LIKE: a % or _ in a search means itself.
        condition.push_str(" AND instr(search, ?) > 0");
        values.push(fold(search).into());
    }
    let mut skipped = filter.offset;
    let total = if filter.ids.is_empty() && filter.search.is_none() {
        let start;
        (start, skipped) = skip(connection, project, filter.kind, filter.offset)?;
        condition.push_str(" AND seq >= ?");
        values.push(start.into());
        let kinds = filter.kind.map_or(vec![UserType::Shared, UserType::Dedicated], |kind| vec![kind]);
        kinds.into_iter().map(|kind| count(connection, project, kind)).sum::<Result<u64, StoreError>>()?
    } else {
        let sql = format!("SELECT count(*) FROM users WHERE {condition}");
        connection.prepare_cached(&sql)?.query_row(params_from_iter(&values), |row| row.get(0))?
    };
    // Always bound, never written into the text: one statement serves every page.
    values.extend([filter.limit.map_or(-1, i64::from).into(), skipped.into()]);
    let sql = format!("SELECT {COLUMNS} FROM users WHERE {condition} ORDER BY seq LIMIT ? OFFSET ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(&values))?;
    let mut json = vec![b'['];
    while let Some(row) = rows.next()? {
        if json.len() > 1 {
            json.push(b',');
        }
        // Our own types always serialize into memory.
        let _ = serde_json::to_writer(&mut json, &UserView(&StoredUser::borrow(row)?, filter.revision));
    }
    json.push(b']');
    Ok(UserPage { json, total })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::schema;

    /// A user of a project that has nothing but what a list tells apart.
    fn user(n: u32, kind: UserType) -> StoredUser {
        StoredUser {
            id: format!("id {n}"),
            project_id: "p".to_owned(),
            kind: kind.to_string(),
            first_name: None,
            last_name: None,
            email: None,
            phone_number: format!("+1415{n:07}"),
            assigned_phone_number: "+19175550101".to_owned(),
            meta: StoredMeta::default(),
            created_at: i64::from(n),
        }
    }

    fn ids(connection: &Connection, filter: &Filter) -> (Vec<String>, u64) {
        let listed = list(connection, "p", filter).unwrap();
        let users: Vec<serde_json::Value> = serde_json::from_slice(&listed.json).unwrap();
        (users.iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect(), listed.total)
    }

    #[test]
    fn every_page_is_its_piece_of_the_whole_list_whatever_was_deleted() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::create(&connection).unwrap();
        let mut random = fastrand::Rng::with_seed(7);
        let transaction = connection.transaction().unwrap();
        for n in 0..5000 {
            // Stretches of one type, of the other, and of both.
            let kind = if (n / 700) % 3 == random.u32(0..2) { UserType::Dedicated } else { UserType::Shared };
            user(n, kind).insert(&transaction, false).unwrap();
            StoredUser { project_id: "q".to_owned(), id: format!("other {n}"), ..user(n, kind) }
                .insert(&transaction, false)
                .unwrap();
        }
        // One at a time here and there, and two whole blocks.
        for n in (0..5000).filter(|n| n % 7 == 3 || (1000..3500).contains(n)) {
            assert!(delete(&transaction, "p", &format!("id {n}"), 1).unwrap());
        }
        transaction.commit().unwrap();
        for kind in [None, Some(UserType::Shared), Some(UserType::Dedicated)] {
            let (whole, total) = ids(&connection, &Filter { kind, ..Filter::default() });
            assert_eq!(whole.len() as u64, total);
            for offset in (0..2500).step_by(83) {
                let filter = Filter { kind, limit: Some(100), offset, ..Filter::default() };
                let page: Vec<String> = whole.iter().skip(offset as usize).take(100).cloned().collect();
                assert_eq!(ids(&connection, &filter), (page, total), "{kind:?} from {offset}");
            }
        }
    }

    #[test]
    fn a_user_is_written_in_the_documented_order_with_null_for_what_is_unset() {
        let record = StoredUser {
            id: "i",
            project_id: "p",
            kind: "shared",
            first_name: Some("Ada"),
            last_name: None,
            email: None,
            phone_number: "+14155550123",
            assigned_phone_number: "+16285550123",
            meta: StoredMeta::default(),
            created_at: 1_777_593_600_007,
        };
        assert_eq!(
            serde_json::to_string(&UserView(&record, Revision::June2026)).unwrap(),
            "{\"id\":\"i\",\"projectId\":\"p\",\"type\":\"shared\",\"firstName\":\"Ada\",\"lastName\":null,\"email\":null,\
             \"phoneNumber\":\"+14155550123\",\"assignedPhoneNumber\":\"+16285550123\",\"meta\":{},\
             \"createdAt\":\"2026-05-01T00:00:00.007Z\"}"
        );
    }
}
