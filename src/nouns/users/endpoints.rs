//! The users of a project: the routes, and the client's calls.

use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::client::{Answer, Call, Client};
use crate::http::error::Error;
use crate::http::pace::Start;
use crate::http::route::Route;
use crate::nouns::users::model::{NewUser, UserType};

/// The routes below `/projects/{project}/users/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsersRoute {
    /// Registers a user, or returns the one that is there.
    Create,
    /// Lists active users.
    List,
    /// One user by id.
    Get(String),
    /// Soft-deletes a user.
    Delete(String),
}

impl UsersRoute {
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Create => Method::POST,
            Self::List | Self::Get(_) => Method::GET,
            Self::Delete(_) => Method::DELETE,
        }
    }

    pub(crate) fn tail(&self) -> String {
        match self {
            Self::Create | Self::List => String::new(),
            Self::Get(user) | Self::Delete(user) => format!("{user}/"),
        }
    }

    pub(crate) fn at(segments: &[&str]) -> Option<(Vec<Self>, &'static [Method])> {
        match segments {
            [] => Some((vec![Self::List, Self::Create], &[Method::GET, Method::POST])),
            [user] if !user.is_empty() => Some((
                vec![Self::Get((*user).to_owned()), Self::Delete((*user).to_owned())],
                &[Method::GET, Method::DELETE],
            )),
            _ => None,
        }
    }

    #[cfg(test)]
    pub(crate) fn examples() -> Vec<Self> {
        vec![Self::Create, Self::List, Self::Get("u1".to_owned()), Self::Delete("u1".to_owned())]
    }
}

/// Which users a list asks for; the fields are the API's query parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Only this type.
    pub kind: Option<UserType>,
    /// Only these ids.
    pub ids: Vec<String>,
    /// Partial, case-insensitive, over names, phone and e-mail.
    pub search: Option<String>,
    /// 1..=500; none asks for everything.
    pub limit: Option<u32>,
    /// 0..=1000000.
    pub offset: Option<u32>,
}

impl UserFilter {
    /// The query parameters, in order.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.kind.map(|kind| ("type", kind.to_string())));
        query.extend(self.ids.iter().map(|id| ("id", id.clone())));
        query.extend(self.search.iter().map(|text| ("search", text.clone())));
        query.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        query.extend(self.offset.map(|offset| ("offset", offset.to_string())));
        query
    }
}

/// One list answer: each user the answer's own text, borrowed.
#[derive(Debug)]
pub struct UserList<'a> {
    /// In creation order.
    pub users: Vec<&'a RawValue>,
    /// All matches, ignoring paging; absent in the seed's era.
    pub total: Option<u64>,
}

/// `data` of a list: the documented object, or a bare array.
#[derive(Deserialize)]
struct ListData<'a> {
    #[serde(borrow)]
    users: Vec<&'a RawValue>,
    #[serde(default)]
    total: Option<u64>,
}

impl Answer {
    /// Reads the answer as a list of users.
    ///
    /// # Errors
    /// [`Code::BadResponse`](crate::Code::BadResponse) when it is not one.
    pub fn users(&self) -> Result<UserList<'_>, Error> {
        if self.data()?.starts_with('[') {
            return Ok(UserList { users: self.decode("a list of users")?, total: None });
        }
        let ListData { users, total } = self.object("a list of users")?;
        Ok(UserList { users, total })
    }
}

impl Client {
    /// Registers a user. Safe to repeat: identity is the phone, or for dedicated users the tuple with the line.
    ///
    /// # Errors
    /// Whatever the call met, as [`Error`].
    pub fn create_user(&self, user: &NewUser) -> Result<Answer, Error> {
        self.create_user_as(user, Start::Turn)
    }

    /// As [`Client::create_user`], with a say in how it starts.
    ///
    /// # Errors
    /// Whatever the call met, as [`Error`].
    pub fn create_user_as(&self, user: &NewUser, start: Start) -> Result<Answer, Error> {
        let mut call = Call::new(Route::Users(self.project(), UsersRoute::Create)).with_json(user);
        call.start = start;
        self.send(&call)
    }

    /// Lists active users.
    ///
    /// # Errors
    /// Whatever the call met, as [`Error`].
    pub fn list_users(&self, filter: &UserFilter) -> Result<Answer, Error> {
        let mut call = Call::new(Route::Users(self.project(), UsersRoute::List));
        call.query = filter.query();
        self.send(&call)
    }

    /// Reads one user by id.
    ///
    /// # Errors
    /// Whatever the call met, as [`Error`].
    pub fn get_user(&self, id: &str) -> Result<Answer, Error> {
        self.send(&Call::new(Route::Users(self.project(), UsersRoute::Get(id.to_owned()))))
    }

    /// Soft-deletes one user by id. A 404 that answers a repeated attempt is success: the first one did it.
    ///
    /// # Errors
    /// Whatever the call met, as [`Error`].
    pub fn delete_user(&self, id: &str) -> Result<(), Error> {
        self.delete_user_as(id, Start::Turn)
    }

    /// As [`Client::delete_user`], with a say in how it starts.
    ///
    /// # Errors
    /// Whatever the call met, as [`Error`].
    pub fn delete_user_as(&self, id: &str, start: Start) -> Result<(), Error> {
        let mut call = Call::new(Route::Users(self.project(), UsersRoute::Delete(id.to_owned())));
        call.start = start;
        match self.send_for_yes(&call) {
            Err(error) if error.is_absent_after_retry() => Ok(()),
            other => other.map(|_| ()),
        }
    }
}
