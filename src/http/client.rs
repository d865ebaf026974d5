//! The single send path: every request of every command goes through [`Client::send`].

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};

use super::answer::{Answer, ServerClock};
use super::call::{Call, Expected};
use super::config::Config;
use super::endpoint::{Endpoint, Repeat, Spec};
use super::envelope::{self, BodyContent};
use super::error::Error;
use super::pace::{Pace, Start};
use super::reply::Reply;
use super::seam::{Clock, Received, Request, SystemClock, Transport, block_on};
use super::transport;
use crate::failure::Code;
use crate::secrets::redactor::Redactor;
use crate::secrets::revealed;

/// Watches the send path.
pub trait Observer: Send + Sync {
    /// An attempt is about to begin; counts from 1.
    fn begins(&self, _number: u32) {}
    /// No more attempts are made, whatever came of the last one.
    fn ends(&self) {}
    /// One attempt has ended.
    fn attempt(&self, attempt: &Attempt<'_>);
}

/// One attempt, for `-v` and `-vv`. Nothing in it is redacted yet, except that `Authorization` is left out.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Counts from 1.
    pub number: u32,
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a str,
    /// The body that was sent.
    pub sent: Option<&'a str>,
    /// The status, or why there was none.
    pub result: Result<(StatusCode, &'a HeaderMap, &'a str), &'a Error>,
    /// From the start of the attempt to the end of its body.
    pub took: Duration,
    /// The wait before the next attempt, when there will be one.
    pub next_in: Option<Duration>,
}

/// A place in a text, from a slice of it: a difference of addresses.
fn place_of(part: &str, whole: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.len()
}

/// The one client of a process; threads share it.
pub struct Client {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    config: Config,
    authorization: HeaderValue,
    redactor: Redactor,
    pace: Arc<Pace>,
    observer: Option<Arc<dyn Observer>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Client {
    /// Builds the client; connects nowhere yet.
    ///
    /// # Errors
    /// When a CA file holds no certificate, or the credentials cannot stand in a header.
    pub fn new(config: Config, observer: Option<Arc<dyn Observer>>) -> Result<Self, transport::BuildError> {
        let transport = Arc::new(transport::Network::new(&config.server)?);
        Self::over(transport, Arc::new(SystemClock), config, observer)
    }

    /// A client over any transport and any clock.
    ///
    /// # Errors
    /// When the credentials cannot stand in a header.
    pub fn over(
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        config: Config,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self, transport::BuildError> {
        let mut authorization = HeaderValue::from_str(&(config.dialect.authorize)(&config.credentials))
            .map_err(|_| transport::BuildError::Credentials)?;
        authorization.set_sensitive(true);
        Ok(Self {
            transport,
            authorization,
            redactor: config.credentials.redactor(),
            pace: Arc::new(Pace::new(config.rate, Arc::clone(&clock))),
            clock,
            observer,
            config,
        })
    }

    /// The project that the credentials belong to.
    pub fn project(&self) -> &str {
        self.config.credentials.project_id.as_str()
    }

    /// The shared limiter, so that a run can be told to stop: from a signal's hook, too.
    pub fn pace(&self) -> &Arc<Pace> {
        &self.pace
    }

    /// What tells the time.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Requests per second; 0 does not pace.
    pub fn rate(&self) -> f64 {
        self.config.rate
    }

    /// Calls an endpoint in the name of the credentials' project.
    ///
    /// # Errors
    /// The last attempt's failure, with the noun's hint.
    pub fn call<E: Endpoint>(&self, endpoint: &E) -> Result<Reply<E>, Error> {
        block_on(self.call_starting(endpoint, Start::Turn))
    }

    /// As [`Client::call`], with a say in how it starts; blocks only where the transport and the clock do.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn call_starting<E: Endpoint>(&self, endpoint: &E, start: Start) -> Result<Reply<E>, Error> {
        let call = Call::of(endpoint, self.project())?.starting(start);
        self.send_later(&call).await.map(Reply::new).map_err(|error| self.explain(error, &E::SPEC))
    }

    /// As [`Client::call`], for a caller who is to be told of a failure by then, and asks again on its own.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn call_until<E: Endpoint>(&self, endpoint: &E, until: Option<Instant>) -> Result<Reply<E>, Error> {
        let mut call = Call::of(endpoint, self.project())?;
        call.until = until;
        self.send(&call).map(Reply::new).map_err(|error| self.explain(error, &E::SPEC))
    }

    /// What the noun has to say of a failure.
    fn explain(&self, mut error: Error, spec: &Spec) -> Error {
        // A noun that has words for its 404 means something of its own by it.
        let names_project_alone =
            spec.parameters().all(|name| name == "project") && spec.hint(Code::NotFound).is_none();
        if error.is_absent() && error.speaks_of_the_project(names_project_alone) {
            error.message = format!(
                "project {} is not known at {} ({})",
                self.project(),
                self.config.server.url.as_str().trim_end_matches('/'),
                error.said()
            );
            error.context = self.config.told.about(Code::Unauthorized).map(Into::into);
            error.hint = Some("run `spectrum profiles check`");
        } else {
            error.hint = error.hint.or_else(|| spec.hint(error.code));
        }
        error
    }

    /// Sends a call, and repeats it where that may help and can do no harm; hands back a 2xx answer that holds what the
    /// call expects.
    ///
    /// # Errors
    /// The last attempt's failure.
    pub fn send(&self, call: &Call) -> Result<Answer, Error> {
        block_on(self.send_later(call))
    }

    async fn send_later(&self, call: &Call) -> Result<Answer, Error> {
        let sent = self.repeat(call, |answer| match (call.expected, &answer.data) {
            (_, Ok(_)) => Ok(()),
            (Expected::Yes, Err(_)) if !answer.is_refused && envelope::is_bare_yes(&answer.body) => Ok(()),
            (Expected::Anything, Err(_)) if !answer.is_refused => Ok(()),
            (_, Err(error)) => Err(error.clone()),
        });
        sent.await
    }

    async fn repeat(&self, call: &Call, check: impl Fn(&Answer) -> Result<(), Error>) -> Result<Answer, Error> {
        let result = self.repeat_unended(call, check).await;
        if let Some(observer) = &self.observer {
            observer.ends();
        }
        result
    }

    async fn repeat_unended(&self, call: &Call, check: impl Fn(&Answer) -> Result<(), Error>) -> Result<Answer, Error> {
        let url = call.url(&self.config.server.url, self.config.dialect.prefix);
        let mut first_sent = None;
        let (mut attempts, mut waited) = (0, Duration::ZERO);
        loop {
            if let Some(observer) = &self.observer {
                observer.begins(attempts + 1);
            }
            if attempts > 0 || call.start != Start::Taken {
                self.pace.turn(call.start).await.map_err(transport::not_started)?;
            }
            attempts += 1;
            let started = self.clock.now();
            let (first, first_clock) = *first_sent.get_or_insert_with(|| (started, self.clock.timestamp()));
            let result = self.attempt(call, &url, first, first_clock).await;
            let took = self.clock.now() - started;
            let refusal = match &result {
                Ok(answer) => check(answer).err(),
                Err(error) => Some(error.clone()),
            };
            let is_worth_it = match &refusal {
                Some(error) if error.code == Code::RateLimited => self.pace.refused(started, error.retry_after),
                Some(error) if error.status.is_none() => true,
                _ => {
                    self.pace.answered(started);
                    true
                }
            };
            let next_in = refusal
                .as_ref()
                .filter(|error| is_worth_it && error.repeat && call.repeat != Repeat::Never)
                .and_then(|error| self.config.retry.wait(attempts, waited, error.retry_after, fastrand::f64()))
                .filter(|wait| call.until.is_none_or(|until| self.clock.now() + *wait < until));
            self.observe(call, &url, attempts, &result, took, next_in);
            let Some(mut error) = refusal else { return result };
            error.attempts = attempts;
            error.context = self.config.told.about(error.code).map(Into::into);
            if call.repeat == Repeat::Never {
                error = error.unrepeatable();
            }
            let Some(wait) = next_in else {
                return Err(match result {
                    Ok(answer) => error.with_exchange(answer.headers, answer.body),
                    Err(_) => error,
                });
            };
            self.pace.pause_as(wait, call.start).await.map_err(transport::not_started)?;
            waited += wait;
        }
    }

    async fn attempt(&self, call: &Call, url: &Url, first: Instant, first_clock: Timestamp) -> Result<Answer, Error> {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::from_iter([(AUTHORIZATION, self.authorization.clone()), (ACCEPT, JSON)]);
        if call.body().is_some() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        let request = Request { method: call.method(), url, headers: &headers, body: call.body() };
        let Received { status, headers, body } = self.transport.exchange(request).await?;
        let body = if status.is_success() { body } else { revealed::hidden(&body).into_owned() };
        // The one place where a server's echo of the secret ends.
        let body = match self.redactor.redact(&body) {
            Cow::Borrowed(_) => body,
            Cow::Owned(clean) => clean,
        };
        let date = headers.get(DATE).and_then(|value| transport::parse_date(value.to_str().ok()?));
        let dated = date.unwrap_or_else(|| self.clock.timestamp());
        let clock = match (self.config.shares_clock, date) {
            (true, _) => ServerClock::Shared(first_clock),
            (false, Some(date)) => ServerClock::Date(date),
            (false, None) => ServerClock::Unknown,
        };
        let retry_after =
            headers.get(RETRY_AFTER).and_then(|value| transport::parse_retry_after(value.to_str().ok()?, dated));
        if status.is_success() {
            let (data, is_refused) = match (self.config.dialect.open)(&body) {
                Ok(BodyContent::Data(data)) => (Ok(place_of(data, &body)), false),
                Ok(BodyContent::Refused(refusal)) => {
                    (Err(transport::refused_in_success(status, refusal, retry_after)), true)
                }
                Ok(BodyContent::Error(refusal)) => (Err(Error::refused_in_words(status, refusal)), true),
                Err(what) => (Err(Error::bad_response(Some(status.as_u16()), what)), false),
            };
            return Ok(Answer { status, headers, body, data, is_refused, clock, elapsed: self.clock.now() - first });
        }
        let refusal = (self.config.dialect.refusal)(status, &body);
        Err(Error::refused(status, refusal, retry_after).with_exchange(headers, body))
    }

    fn observe(
        &self,
        call: &Call,
        url: &Url,
        number: u32,
        result: &Result<Answer, Error>,
        took: Duration,
        next_in: Option<Duration>,
    ) {
        let Some(observer) = &self.observer else { return };
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let result = match result {
            Ok(answer) => Ok((answer.status, &answer.headers, answer.body.as_str())),
            Err(error) => match error.exchange() {
                Some((status, headers, body)) => Ok((status, headers, body)),
                None => Err(error),
            },
        };
        observer.attempt(&Attempt {
            number,
            method: call.method(),
            target: &target,
            sent: call.body(),
            result,
            took,
            next_in,
        });
    }
}
