//! An answer to a call of an endpoint, which knows what it is read as.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::answer::{Answer, FromAnswer};
use super::endpoint::Endpoint;
use super::error::Error;

/// An answer to a call of an endpoint.
pub struct Reply<E> {
    answer: Answer,
    endpoint: PhantomData<E>,
}

impl<E: Endpoint> Reply<E> {
    pub(super) fn new(answer: Answer) -> Self {
        Self { answer, endpoint: PhantomData }
    }

    /// The data as what the endpoint promises.
    ///
    /// # Errors
    /// Bad response, when it is something else.
    pub fn read(&self) -> Result<E::Answer<'_>, Error> {
        FromAnswer::from_answer(&self.answer, E::SPEC.answer)
    }
}

impl<E> Deref for Reply<E> {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.answer
    }
}

impl<E> fmt::Debug for Reply<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.answer.fmt(f)
    }
}
