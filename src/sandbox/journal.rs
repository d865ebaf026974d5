//! The last requests, bodies included, in memory: bounded by number and by size, and never with a credential in them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use hyper::Method;
use serde::Serialize;

use super::events::Events;
use super::fault::FaultKind;
use super::options::SandboxProject;
use super::records::Iso;
use crate::secrets::credentials::Credentials;
use crate::secrets::redactor::Redactor;
use crate::secrets::revealed;

/// As much as is kept of a body, in bytes.
pub const LARGEST_BODY: usize = 64 << 10;
/// As much as all of them may take, in bytes.
const LARGEST: usize = 32 << 20;
/// What a request takes beside its texts, in bytes, about.
const OVERHEAD: usize = 160;
/// The beginning of a secret that may stand at the end of a body that was cut, in bytes; less says nothing of it.
const TELLING: usize = 4;

/// A request and what was answered.
#[derive(Debug)]
pub struct Visit {
    /// When its head had come, in milliseconds since 1970.
    pub at: i64,
    /// The method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The query, without its question mark.
    pub query: Option<String>,
    /// The status; none when no answer was sent.
    pub status: Option<u16>,
    /// How long the answer took, in milliseconds.
    pub ms: u64,
    /// The fault that it met.
    pub fault: Option<FaultKind>,
    /// The body that came, cut.
    pub request: Vec<u8>,
    /// The body that was sent, cut.
    pub response: Vec<u8>,
}

impl Visit {
    fn size(&self) -> usize {
        let query = self.query.as_ref().map_or(0, String::len);
        OVERHEAD + self.path.len() + query + self.request.len() + self.response.len()
    }
}

/// As much of a body as is kept.
pub fn cut(body: &[u8]) -> Vec<u8> {
    body.get(..LARGEST_BODY).unwrap_or(body).to_vec()
}

/// A visit as it is told.
#[derive(Debug, Serialize)]
pub struct JournalEntry {
    /// Counts requests, from 1.
    pub seq: u64,
    at: Iso,
    method: String,
    path: String,
    query: Option<String>,
    status: Option<u16>,
    ms: u64,
    /// A status, `drop`, `hang` or `garbage`.
    fault: Option<String>,
    /// The body that came, as text; null when there was none.
    request: Option<String>,
    /// The body that was sent, as text; null when there was none.
    response: Option<String>,
}

/// The journal of a sandbox.
#[derive(Debug)]
pub struct RequestJournal {
    kept: Mutex<KeptRequest>,
    length: usize,
    /// Who hears of it.
    events: Arc<Events>,
    projects: Arc<[SandboxProject]>,
    /// Made when somebody asks: most sandboxes tell nobody.
    redactor: OnceLock<Redactor>,
}

#[derive(Debug, Default)]
struct KeptRequest {
    visits: VecDeque<(u64, Arc<Visit>)>,
    bytes: usize,
    seq: u64,
}

impl RequestJournal {
    /// Keeps so many requests.
    pub fn new(length: usize, events: Arc<Events>, projects: Arc<[SandboxProject]>) -> Self {
        Self { kept: Mutex::default(), length, events, projects, redactor: OnceLock::new() }
    }

    fn kept(&self) -> MutexGuard<'_, KeptRequest> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a visit, and tells of it.
    pub fn add(&self, visit: Visit) {
        let visit = Arc::new(visit);
        let mut kept = self.kept();
        kept.seq += 1;
        let seq = kept.seq;
        kept.bytes += visit.size();
        kept.visits.push_back((seq, Arc::clone(&visit)));
        while kept.visits.len() > self.length || kept.bytes > LARGEST {
            let Some((_, oldest)) = kept.visits.pop_front() else { break };
            kept.bytes -= oldest.size();
        }
        // Under the lock, so that events come in their order.
        if self.events.is_heard() {
            self.events.tell("request", &self.entry(seq, &visit));
        }
    }

    /// The visits behind a number, oldest first: so many of those that follow it, or without a number the newest.
    pub fn entries(&self, after: Option<u64>, limit: usize) -> Vec<JournalEntry> {
        let visits: Vec<_> = {
            let kept = self.kept();
            let all = &kept.visits;
            let start = match after {
                Some(after) => all.partition_point(|(seq, _)| *seq <= after),
                None => all.len().saturating_sub(limit),
            };
            all.range(start..).take(limit).cloned().collect()
        };
        visits.iter().map(|(seq, visit)| self.entry(*seq, visit)).collect()
    }

    /// Forgets everything; the numbers go on. How many there were.
    pub fn clear(&self) -> usize {
        let mut kept = self.kept();
        let count = kept.visits.len();
        *kept = KeptRequest { seq: kept.seq, ..KeptRequest::default() };
        count
    }

    fn entry(&self, seq: u64, visit: &Visit) -> JournalEntry {
        let body = |bytes: &[u8]| {
            let is_cut = bytes.len() == LARGEST_BODY;
            let text = String::from_utf8_lossy(bytes);
            // A letter that was cut in two.
            let text = if is_cut { text.trim_end_matches('\u{fffd}') } else { &text };
            (!text.is_empty()).then(|| self.redacted(&revealed::hidden(text), is_cut))
        };
        JournalEntry {
            seq,
            at: Iso(visit.at),
            method: visit.method.to_string(),
            path: self.redacted(&visit.path, false),
            query: visit.query.as_ref().map(|query| self.redacted(query, false)),
            status: visit.status,
            ms: visit.ms,
            fault: visit.fault.map(|fault| fault.to_string()),
            request: body(&visit.request),
            response: body(&visit.response),
        }
    }

    /// A text without the projects' secrets, and without the beginning of one at its end where it was cut.
    fn redacted(&self, text: &str, is_cut: bool) -> String {
        let redactor = self.redactor.get_or_init(|| {
            let mut redactor = Redactor::default();
            for project in self.projects.iter() {
                let credentials = Credentials { project_id: project.id.clone(), secret: project.secret.clone() };
                redactor.absorb(credentials.redactor());
            }
            redactor
        });
        let mut text = redactor.redact(text).into_owned();
        if is_cut {
            for project in self.projects.iter() {
                let secret = project.secret.expose();
                let mut ends = secret.char_indices().map(|(at, _)| at).filter(|at| *at >= TELLING).rev();
                if let Some(end) = ends.find(|end| text.ends_with(&secret[..*end])) {
                    text.truncate(text.len() - end);
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::options::{DEFAULT_SECRET, LARGEST_JOURNAL, SandboxOptions};

    fn journal(length: usize) -> RequestJournal {
        RequestJournal::new(length, Arc::default(), SandboxOptions::default().projects.into())
    }

    fn visit(request: &[u8]) -> Visit {
        Visit {
            at: 0,
            method: Method::GET,
            path: "/".to_owned(),
            query: None,
            status: Some(200),
            ms: 0,
            fault: None,
            request: cut(request),
            response: Vec::new(),
        }
    }

    fn seqs(journal: &RequestJournal, after: Option<u64>, limit: usize) -> Vec<u64> {
        journal.entries(after, limit).iter().map(|entry| entry.seq).collect()
    }

    #[test]
    fn it_is_bounded_by_number_and_by_size() {
        let small = journal(3);
        (0..5).for_each(|_| small.add(visit(b"x")));
        assert_eq!(seqs(&small, None, 10), [3, 4, 5]);
        assert_eq!(seqs(&small, None, 2), [4, 5]);
        assert_eq!(seqs(&small, Some(3), 1), [4]);
        assert_eq!(seqs(&small, Some(9), 1), [0; 0]);
        assert_eq!(small.clear(), 3);
        small.add(visit(b"x"));
        assert_eq!(seqs(&small, None, 10), [6]);
        let large = journal(LARGEST_JOURNAL);
        (0..1000).for_each(|_| large.add(visit(&vec![b'x'; 1 << 20])));
        let kept = large.kept();
        assert!(kept.bytes <= LARGEST && kept.visits.len() > LARGEST / LARGEST_BODY - 10, "{}", kept.visits.len());
        assert_eq!(kept.bytes, kept.visits.iter().map(|(_, visit)| visit.size()).sum::<usize>());
        let none = journal(0);
        none.add(visit(b"x"));
        assert_eq!(seqs(&none, None, 10), [0; 0]);
    }

    #[test]
    fn no_secret_is_in_it_however_it_stands_there() {
        let journal = journal(10);
        let told = |request: &[u8]| {
            journal.clear();
            journal.add(visit(request));
            journal.entries(None, 1).remove(0).request.unwrap()
        };
        assert_eq!(told(format!("a {DEFAULT_SECRET} b").as_bytes()), "a [redacted] b");
        assert_eq!(told(br#"{"signingSecret":"0af3e1"}"#), r#"{"signingSecret":"[redacted]"}"#);
        // Where a body is cut, the beginning of a secret may be left.
        for left in [5, 20, DEFAULT_SECRET.len() - 1] {
            let body = "é".repeat((LARGEST_BODY - left) / 2) + if left % 2 == 1 { "x" } else { "" } + DEFAULT_SECRET;
            let told = told(body.as_bytes());
            assert!(told.len() > LARGEST_BODY - 100 && !told.contains(&DEFAULT_SECRET[..5]), "{left}");
        }
        assert_eq!(told(&[b'a', 0xff, b'b']), "a\u{fffd}b");
    }
}
