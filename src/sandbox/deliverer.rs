//! Sends deliveries as the service does: six attempts, its waits between them, its sense of what is worth another one.
//!
//! A thread of its own with a runtime of its own: nothing of it stands in the way of an answer.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::active_faults::ActiveFaults;
use super::delivery::{Delivery, DeliveryAttempt, DeliveryOutcome, Rules};
use super::delivery_journal::{DeliveryJournal, PendingDelivery};
use super::fault::DeliveryFate;
use super::store::Store;
use crate::nouns::webhooks::address::is_loopback;
use crate::nouns::webhooks::rows::{self, Stored};
use crate::nouns::webhooks::signature::{self, SigningKey, SigningKeys};

/// The waits before the second attempt and those that follow, each half as long to half as long again.
const WAITS: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(10),
];
/// How long a handler may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Attempts at once to one webhook: a slow one does not hold up the others.
const AT_ONCE: usize = 32;
/// Attempts at once to all of them.
const AT_ONCE_IN_ALL: usize = 256;
/// How long attempts under way may take once the sandbox stops.
const DRAIN: Duration = Duration::from_secs(5);

/// The thread that delivers, until it is dropped.
#[derive(Debug)]
pub struct Deliverer {
    /// None once it is told to stop.
    sender: Option<UnboundedSender<PendingDelivery>>,
    thread: Option<JoinHandle<()>>,
}

impl Deliverer {
    /// Starts the thread; where the system has none to give, nothing is taken.
    pub fn start(store: Arc<Store>, journal: Arc<DeliveryJournal>, rules: Rules, faults: Arc<ActiveFaults>) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let thread = std::thread::Builder::new().name("sandbox-deliveries".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(run(receiver, store, journal, rules, faults));
                runtime.shutdown_background();
            }
        });
        Self { sender: thread.is_ok().then_some(sender), thread: thread.ok() }
    }

    /// Hands a delivery over.
    ///
    /// # Errors
    /// The delivery, when nobody takes it.
    pub fn send(&self, waiting: PendingDelivery) -> Result<(), PendingDelivery> {
        match &self.sender {
            Some(sender) => sender.send(waiting).map_err(|unsent| unsent.0),
            None => Err(waiting),
        }
    }
}

impl Drop for Deliverer {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What every delivery needs.
struct Inside {
    store: Arc<Store>,
    journal: Arc<DeliveryJournal>,
    rules: Rules,
    faults: Arc<ActiveFaults>,
    stopping: watch::Receiver<bool>,
    places: Mutex<HashMap<String, Arc<Semaphore>>>,
    all_places: Arc<Semaphore>,
    plain: OnceLock<Option<Client>>,
    /// Reading the system's roots takes a while, and most handlers have no certificate.
    trusting: OnceLock<Option<Client>>,
}

async fn run(
    mut receiver: UnboundedReceiver<PendingDelivery>,
    store: Arc<Store>,
    journal: Arc<DeliveryJournal>,
    rules: Rules,
    faults: Arc<ActiveFaults>,
) {
    let (stop, stopping) = watch::channel(false);
    let inside = Arc::new(Inside {
        store,
        journal,
        rules,
        faults,
        stopping,
        places: Mutex::default(),
        all_places: Arc::new(Semaphore::new(AT_ONCE_IN_ALL)),
        plain: OnceLock::new(),
        trusting: OnceLock::new(),
    });
    // Each delivery holds one end: the other one ends when all are done.
    let (working, mut done) = mpsc::channel::<()>(1);
    while let Some(waiting) = receiver.recv().await {
        let (inside, working) = (Arc::clone(&inside), working.clone());
        let (number, fate) = inside.faults.get().next_delivery();
        tokio::spawn(async move {
            inside.deliver(&waiting.delivery, number, &fate).await;
            drop((waiting, working));
        });
    }
    drop(working);
    stop.send_replace(true);
    let _ = tokio::time::timeout(DRAIN, done.recv()).await;
}

/// Why an attempt failed, and whether another one may help.
struct FailedAttempt {
    status: Option<StatusCode>,
    why: String,
    is_fatal: bool,
}

impl FailedAttempt {
    fn fatal(why: impl Into<String>) -> Self {
        Self { status: None, why: why.into(), is_fatal: true }
    }
}

impl Inside {
    async fn deliver(&self, delivery: &Delivery, number: u64, fate: &DeliveryFate) {
        if !fate.late.is_zero() {
            self.pause(fate.late).await;
        }
        if fate.is_lost {
            let error = Some("it was never sent, as the sandbox was asked".to_owned());
            let attempt = delivery.attempt(now().as_millisecond());
            return self.journal.add(DeliveryAttempt { error, fault: Some("delivery-lost"), ..attempt });
        }
        self.try_all(delivery, number, fate, None).await;
        if fate.is_doubled {
            self.try_all(delivery, number, fate, Some("delivery-twice")).await;
        }
    }

    /// Makes attempts until one arrives, or none is left.
    async fn try_all(&self, delivery: &Delivery, number: u64, fate: &DeliveryFate, fault: Option<&'static str>) {
        let fault = fault.or((!fate.late.is_zero()).then_some("delivery-late"));
        for at in 0..=WAITS.len() {
            let place = self.place(&delivery.webhook).await;
            let mut attempt = delivery.attempt(now().as_millisecond());
            (attempt.attempt, attempt.fault) = (u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1), fault);
            let result = self.attempt(delivery, &mut attempt).await;
            drop(place);
            let result = match result {
                Ok(_) if self.faults.get().drops(number, at) => {
                    attempt.fault = Some("delivery-drop");
                    let why = "its answer was lost, as the sandbox was asked".to_owned();
                    Err(FailedAttempt { status: None, why, is_fatal: false })
                }
                other => other,
            };
            let failed = match result {
                Ok(status) => {
                    (attempt.outcome, attempt.status) = (DeliveryOutcome::Delivered, Some(status.as_u16()));
                    return self.journal.add(attempt);
                }
                Err(failed) => failed,
            };
            if failed.status == Some(StatusCode::GONE) {
                // That the service does so is our guess: it has the word for it, and others use the status so.
                let at = now().as_millisecond();
                let _ = self.store.write(|c| rows::disable(c, &delivery.webhook, "receiver_gone", at));
            }
            attempt.status = failed.status.map(|status| status.as_u16());
            attempt.error = Some(failed.why);
            let wait = WAITS.get(at).filter(|_| !failed.is_fatal && !*self.stopping.borrow());
            let Some(wait) = wait else { return self.journal.add(attempt) };
            attempt.outcome = DeliveryOutcome::Retrying;
            self.journal.add(attempt);
            self.pause(spread(*wait, fastrand::f64()).div_f64(self.rules.speed)).await;
            if *self.stopping.borrow() {
                let error = Some("the sandbox stopped before the next attempt".to_owned());
                return self.journal.add(DeliveryAttempt { error, ..delivery.attempt(now().as_millisecond()) });
            }
        }
    }

    /// One attempt; what was sent goes into its record.
    async fn attempt(&self, delivery: &Delivery, attempt: &mut DeliveryAttempt) -> Result<StatusCode, FailedAttempt> {
        // As it is now: it may have been deleted, or its secret changed.
        let found = self.store.read(|c| rows::find(c, &delivery.project, &delivery.webhook));
        let webhook = match found {
            Ok(Some(webhook)) if webhook.disabled.is_none() => webhook,
            Ok(Some(_)) => return Err(FailedAttempt::fatal("the webhook is disabled")),
            Ok(None) => return Err(FailedAttempt::fatal("the webhook was deleted")),
            Err(error) => return Err(FailedAttempt::fatal(format!("the sandbox's store failed: {error}"))),
        };
        let url: Url = webhook.url.parse().map_err(|error| FailedAttempt::fatal(format!("not a URL: {error}")))?;
        if !self.rules.anywhere && !is_loopback(&url) {
            let why = "not on this machine, and the sandbox sends nowhere else unless started with --deliver-anywhere";
            return Err(FailedAttempt::fatal(why));
        }
        let client = self.client(&url).ok_or_else(|| FailedAttempt::fatal("no HTTP client could be built"))?;
        let time = now();
        attempt.headers = signature::sign(
            &signature::Unsigned {
                webhook_id: &delivery.webhook,
                event: delivery.event,
                event_id: &delivery.event_id,
                timestamp: time.as_second(),
                body: &delivery.body,
            },
            &keys(&webhook, time),
        );
        let timeout = TIMEOUT.div_f64(self.rules.speed);
        let mut request = client.post(url).timeout(timeout).body(delivery.body.as_slice().to_vec());
        for (name, value) in &attempt.headers {
            request = request.header(*name, value);
        }
        let started = Instant::now();
        let result = request.send().await;
        attempt.ms = Some(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        match result {
            Ok(response) if response.status().is_success() => Ok(response.status()),
            Ok(response) => Err(refused(response.status())),
            Err(error) => Err(unsent(&error, timeout)),
        }
    }

    fn client(&self, url: &Url) -> Option<Client> {
        let (cell, is_plain) = if url.scheme() == "http" { (&self.plain, true) } else { (&self.trusting, false) };
        let build = || {
            // reqwest asks for it whatever the URL; installed once, another client finds it there.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let builder =
                Client::builder().redirect(Policy::none()).no_proxy().dns_resolver(Arc::new(DeliveryResolver));
            let builder = if is_plain { builder.tls_certs_only([]) } else { builder };
            builder.build().ok()
        };
        cell.get_or_init(build).clone()
    }

    /// Waits for a turn with a webhook.
    async fn place(&self, webhook: &str) -> (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>) {
        let own = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            let own = places.entry(webhook.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE)));
            Arc::clone(own)
        };
        // Nobody closes them.
        (own.acquire_owned().await.ok(), Arc::clone(&self.all_places).acquire_owned().await.ok())
    }

    /// Waits, unless the sandbox stops.
    async fn pause(&self, time: Duration) {
        let mut stopping = self.stopping.clone();
        let _ = tokio::time::timeout(time, stopping.wait_for(|stop| *stop)).await;
    }
}

fn now() -> Timestamp {
    Timestamp::now()
}

/// A wait made half as long to half as long again; `random` is from 0 to 1.
fn spread(wait: Duration, random: f64) -> Duration {
    wait.mul_f64(0.5 + random)
}

/// What a webhook's deliveries are signed with at a moment: while a rotation overlaps, with both standard secrets.
fn keys(webhook: &Stored, at: Timestamp) -> SigningKeys {
    let standard = webhook.keys.standard_at(at).into_iter().filter_map(|secret| SigningKey::standard(secret).ok());
    SigningKeys { v0: Some(SigningKey::v0(&webhook.keys.signing)), standard: standard.collect() }
}

/// A status that is not 2xx: which are worth another attempt is documented.
fn refused(status: StatusCode) -> FailedAttempt {
    let again = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
    FailedAttempt { status: Some(status), why: format!("the handler answered {}", status.as_u16()), is_fatal: !again }
}

/// No answer at all.
fn unsent(error: &reqwest::Error, timeout: Duration) -> FailedAttempt {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    let reason = causes.last().cloned().unwrap_or_else(|| "no reason given".to_owned());
    let why = if error.is_timeout() {
        format!("no answer within {}", crate::model::time::show(timeout))
    } else {
        format!("no answer ({reason})")
    };
    // A name that nobody knows is not tried again.
    FailedAttempt { status: None, why, is_fatal: causes.iter().any(|cause| cause.contains("dns error")) }
}

/// Names of this machine lead to it without asking anybody; others are looked up.
struct DeliveryResolver;

impl Resolve for DeliveryResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_ascii_lowercase();
        Box::pin(async move {
            if name == "localhost" || name.ends_with(".localhost") {
                let ours = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
                return Ok(Box::new(ours.into_iter()) as Addrs);
            }
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worth_another_attempt_is_as_documented() {
        for again in [500, 502, 503, 504, 599, 408, 429] {
            assert!(!refused(StatusCode::from_u16(again).unwrap()).is_fatal, "{again}");
        }
        for fatal in [300, 301, 302, 307, 308, 400, 401, 403, 404, 409, 410, 422, 499] {
            assert!(refused(StatusCode::from_u16(fatal).unwrap()).is_fatal, "{fatal}");
        }
    }

    #[test]
    fn a_wait_is_spread_by_half_of_it() {
        let wait = Duration::from_secs(10);
        assert_eq!(spread(wait, 0.0), Duration::from_secs(5));
        assert_eq!(spread(wait, 1.0), Duration::from_secs(15));
        assert_eq!(WAITS.len() + 1, 6);
    }
}
