//! What happens in one simulated history, as data: drawn from a seed, and made shorter as long as it still fails.

use fastrand::Rng;
use spectrum_cli::sandbox::revision::Revision;

/// People that a history may speak of.
pub const PEOPLE: u8 = 16;

/// Everything that decides how a history goes.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// For what is drawn on the way: whose turn it is, how long something takes.
    pub seed: u64,
    pub revision: Revision,
    pub seats: u32,
    /// Starts a second at most, as the run is told; 0 does not pace.
    pub rate: u32,
    /// Requests a second at most, as the service allows them; 0 does not limit.
    pub limit: u32,
    pub retries: u32,
    pub prune: bool,
    pub replace: bool,
    pub replace_opted_in: bool,
    pub create_only: bool,
    pub fail_fast: bool,
    /// Whether no other run is known to be at work.
    pub alone: bool,
    /// How far the service's clock is ahead, in milliseconds; none means that it is ours.
    pub ahead: Option<i64>,
    /// The longest way to the service or back, in milliseconds.
    pub latency: u64,
    pub users: Vec<Person>,
    pub rows: Vec<Person>,
    /// From which arrival on the service refuses everybody for their rate, and for how many seconds each time.
    pub closed: Option<(u32, u16)>,
    /// What befalls the so-manieth request.
    pub faults: Vec<(u32, Fault)>,
    /// What somebody else does just before the so-manieth request arrives at the service.
    pub others: Vec<(u32, Act)>,
    /// How a run ends after so many events of the world.
    pub ends: Vec<(u32, End)>,
}

/// A user, or a row that asks for one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Person {
    pub phone: u8,
    /// One of the project's lines; none for a shared user.
    pub line: Option<u8>,
    pub first: Option<u8>,
    pub last: Option<u8>,
    pub email: Option<u8>,
    pub opted_in: bool,
    pub owner: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Nothing takes the connection.
    NoConnection,
    /// The request is lost, and the connection breaks.
    LoseRequest,
    /// The work is done, and the connection breaks.
    LoseAnswer,
    /// The request arrives so many seconds late, whether or not somebody still waits.
    LateRequest(u16),
    /// The answer comes so many seconds late.
    LateAnswer(u16),
    /// The request arrives twice, and the second answer counts.
    Twice,
    /// Refused before any work, with a `Retry-After` in seconds where there is one.
    Refused(u16, Option<u16>),
    /// The work is done, and something on the way back says 502.
    FailedAfter,
    /// A proxy's page.
    Page(u16),
    /// The work is done, and a success says nothing that can be read.
    Garbage,
    /// The work is done, and the body ends in the middle, as far as its length says.
    Cut,
    /// The work is done, and the text ends in the middle, under a length that fits.
    CutText,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    Create(Person),
    Rename(u8, u8),
    Delete(u8),
    OptIn(u8),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// It is killed, and what is on its way stays there.
    Kill,
    /// Ctrl-C.
    Interrupt,
}

fn some<T>(rng: &mut Rng, percent: u8, value: impl FnOnce(&mut Rng) -> T) -> Option<T> {
    (rng.u8(..100) < percent).then(|| value(rng))
}

fn chance(rng: &mut Rng, percent: u8) -> bool {
    rng.u8(..100) < percent
}

impl Person {
    fn draw(rng: &mut Rng, phone: u8) -> Self {
        Self {
            phone,
            line: some(rng, 20, |rng| rng.u8(..2)),
            first: some(rng, 70, |rng| rng.u8(..3)),
            last: some(rng, 40, |rng| rng.u8(..3)),
            // Mostly everybody's own; sometimes somebody else's.
            email: some(rng, 50, |rng| if chance(rng, 85) { phone } else { rng.u8(..PEOPLE) }),
            opted_in: chance(rng, 20),
            owner: false,
        }
    }

    fn draw_some(rng: &mut Rng, most: usize) -> Vec<Self> {
        let mut phones: Vec<u8> = (0..PEOPLE).collect();
        rng.shuffle(&mut phones);
        phones.truncate(rng.usize(most / 3..=most));
        phones.into_iter().map(|phone| Self::draw(rng, phone)).collect()
    }
}

impl Fault {
    fn draw(rng: &mut Rng) -> Self {
        match rng.u8(..12) {
            0 => Self::NoConnection,
            1 => Self::LoseRequest,
            2 => Self::LoseAnswer,
            3 => Self::LateRequest(rng.u16(1..200)),
            4 => Self::LateAnswer(rng.u16(1..60)),
            5 => Self::Twice,
            6 => Self::Refused(429, some(rng, 60, |rng| if chance(rng, 80) { rng.u16(..8) } else { rng.u16(..100) })),
            7 => {
                let status = *rng.choice(&[500, 503, 429, 502, 401, 409]).unwrap();
                Self::Refused(status, some(rng, 40, |rng| rng.u16(..100)))
            }
            8 => Self::FailedAfter,
            9 => Self::Page(*rng.choice(&[404, 403, 502, 200, 302]).unwrap()),
            10 => Self::Garbage,
            _ if rng.bool() => Self::Cut,
            _ => Self::CutText,
        }
    }
}

impl Act {
    fn draw(rng: &mut Rng) -> Self {
        let phone = rng.u8(..PEOPLE);
        match rng.u8(..4) {
            0 => Self::Create(Person::draw(rng, phone)),
            1 => Self::Rename(phone, rng.u8(..3)),
            2 => Self::Delete(phone),
            _ => Self::OptIn(phone),
        }
    }
}

impl History {
    pub fn draw(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let create_only = chance(rng, 10);
        // Small ones find as much in less time.
        let most = *rng.choice(&[2, 3, 4, 4, 6, 11]).unwrap();
        let mut users = Person::draw_some(rng, most.min(8));
        if let Some(user) = users.first_mut().filter(|_| chance(rng, 50)) {
            user.owner = true;
        }
        let mut rows: Vec<Person> = Person::draw_some(rng, most);
        // A row mostly speaks of who is there, and mostly means the same kind of user.
        for user in &users {
            if let Some(row) = rows.iter_mut().find(|row| row.phone == user.phone).filter(|_| chance(rng, 80)) {
                row.line = user.line;
            }
        }
        // No roster names an e-mail twice among its shared users.
        let mut seen = std::collections::HashSet::new();
        for row in rows.iter_mut().filter(|row| row.line.is_none()) {
            row.email = row.email.filter(|email| seen.insert(*email));
        }
        let is_stormy = chance(rng, 90);
        let faults = if is_stormy { rng.usize(..8) } else { 0 };
        let burst = chance(rng, 15);
        let mut at = rng.u32(..6);
        let mut drawn = Vec::new();
        for _ in 0..faults * if burst { 3 } else { 1 } {
            drawn.push((at, Fault::draw(rng)));
            at += if burst { 1 } else { rng.u32(1..10) };
        }
        let others = if chance(rng, 60) { rng.usize(1..5) } else { 0 };
        let ends = if chance(rng, 50) { rng.usize(1..3) } else { 0 };
        Self {
            seed: rng.u64(..),
            revision: *rng.choice(&Revision::ALL).unwrap(),
            seats: *rng.choice(&[100, 100, 100, 8]).unwrap(),
            rate: *rng.choice(&[0, 1, 4, 5, 5, 20]).unwrap(),
            limit: *rng.choice(&[0, 0, 5]).unwrap(),
            retries: *rng.choice(&[0, 1, 4, 4]).unwrap(),
            prune: !create_only && rng.bool(),
            replace: !create_only && rng.bool(),
            replace_opted_in: chance(rng, 25),
            create_only,
            fail_fast: chance(rng, 10),
            alone: chance(rng, 80),
            ahead: some(rng, 70, |rng| rng.i64(-100_000..100_000)),
            latency: *rng.choice(&[1, 40, 300, 1500]).unwrap(),
            users,
            rows,
            closed: some(rng, 10, |rng| (rng.u32(..20), rng.u16(1..60))),
            faults: drawn,
            others: (0..others).map(|_| (rng.u32(..30), Act::draw(rng))).collect(),
            ends: (0..ends)
                .map(|_| (rng.u32(1..60), if chance(rng, 70) { End::Kill } else { End::Interrupt }))
                .collect(),
        }
    }

    /// Histories with a little less in them.
    fn smaller(&self) -> Vec<Self> {
        fn without<T: Clone>(all: &[T]) -> impl Iterator<Item = Vec<T>> {
            (0..all.len()).map(|at| [&all[..at], &all[at + 1..]].concat())
        }
        let mut found = Vec::new();
        found.extend(without(&self.faults).map(|faults| Self { faults, ..self.clone() }));
        found.extend(without(&self.others).map(|others| Self { others, ..self.clone() }));
        found.extend(without(&self.ends).map(|ends| Self { ends, ..self.clone() }));
        found.extend(without(&self.rows).map(|rows| Self { rows, ..self.clone() }));
        found.extend(without(&self.users).map(|users| Self { users, ..self.clone() }));
        let plainer = |person: &Person| {
            let Person { phone, opted_in, owner, .. } = *person;
            let bare =
                Person { phone, line: None, first: None, last: None, email: None, opted_in: false, owner: false };
            [
                Person { line: None, ..*person },
                Person { first: None, ..*person },
                Person { last: None, ..*person },
                Person { email: None, ..*person },
                Person { opted_in: false, owner: false, ..*person },
                Person { opted_in, owner, ..bare },
            ]
        };
        let plain = |all: &[Person]| -> Vec<Vec<Person>> {
            let one = |at: usize| {
                plainer(&all[at]).map(|person| {
                    let mut all = all.to_vec();
                    all[at] = person;
                    all
                })
            };
            (0..all.len()).flat_map(one).collect()
        };
        found.extend(plain(&self.rows).into_iter().map(|rows| Self { rows, ..self.clone() }));
        found.extend(plain(&self.users).into_iter().map(|users| Self { users, ..self.clone() }));
        found.extend([
            Self { closed: None, ..self.clone() },
            Self { prune: false, ..self.clone() },
            Self { replace: false, replace_opted_in: false, ..self.clone() },
            Self { replace_opted_in: false, ..self.clone() },
            Self { create_only: false, ..self.clone() },
            Self { fail_fast: false, ..self.clone() },
            Self { alone: true, ..self.clone() },
            Self { ahead: None, ..self.clone() },
            Self { ahead: Some(0), ..self.clone() },
            Self { limit: 0, ..self.clone() },
            Self { rate: 0, ..self.clone() },
            Self { rate: 5, ..self.clone() },
            Self { seats: 100, ..self.clone() },
            Self { latency: 1, ..self.clone() },
            Self { retries: 0, ..self.clone() },
            Self { revision: Revision::September2026, ..self.clone() },
            Self { seed: 0, ..self.clone() },
        ]);
        // Back and forth between two plain values would never end.
        found.retain(|smaller| smaller.weight() < self.weight());
        found
    }

    /// What has to get less with every step.
    fn weight(&self) -> (usize, usize, usize) {
        let of = |person: &Person| {
            usize::from(person.line.is_some())
                + usize::from(person.first.is_some())
                + usize::from(person.last.is_some())
                + usize::from(person.email.is_some())
                + usize::from(person.opted_in)
                + usize::from(person.owner)
        };
        let count = self.faults.len() + self.others.len() + self.ends.len() + self.rows.len() + self.users.len();
        let fields = self.rows.iter().chain(&self.users).map(of).sum();
        let flags = [
            self.closed.is_some(),
            self.prune,
            self.replace,
            self.replace_opted_in,
            self.create_only,
            self.fail_fast,
            !self.alone,
            self.ahead.is_some(),
            self.ahead.is_some_and(|ahead| ahead != 0),
            self.limit != 0,
            self.rate != 0,
            self.rate != 0 && self.rate != 5,
            self.seats != 100,
            self.latency != 1,
            self.retries != 0,
            self.revision != Revision::September2026,
            self.seed != 0,
        ];
        (count, fields, flags.into_iter().filter(|flag| *flag).count())
    }

    /// The shortest history that can be reached and still fails, and how.
    pub fn shrink(mut self, mut why: String, fails: impl Fn(&Self) -> Option<String>) -> (Self, String) {
        'smaller: loop {
            for smaller in self.smaller() {
                if let Some(reason) = fails(&smaller) {
                    (self, why) = (smaller, reason);
                    continue 'smaller;
                }
            }
            return (self, why);
        }
    }
}
