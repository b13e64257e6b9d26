//! Users, a connection each, who open, use and close sessions at a fixed rate and check every answer.
//!
//! - **on-schedule**: each request has a time at which it is due, whether or not the one before is answered; latency counts
//!   from then. A service that stops for a second delays every request of that second, and all of them show it.
//! - **known**: a session belongs to one user, who alone uses it. So each answer is known before it comes, and a lost session
//!   or a lost use is seen at once.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use hyper::{Method, StatusCode, body::Bytes};
use rand::{Rng, RngExt, SeedableRng, rngs::SmallRng};
use tokio::time::sleep_until;

use crate::client::Client;

/// How many sessions a user has, about.
const SESSIONS: usize = 50;

/// How many wrong answers of a user are told.
const TOLD: usize = 5;

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where the service listens.
    pub address: SocketAddr,
    /// How many users there are.
    pub users: u32,
    /// How many requests a second they make together.
    pub rate: f64,
    /// When the first is due.
    pub begin: Instant,
    /// For how long.
    pub time: Duration,
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Answers by method, path and status, named as the service names them.
    pub counts: BTreeMap<String, u64>,
    /// From when each request was due to the end of its answer, in microseconds: those due in the first half of a second of
    /// [`Plan::begin`]'s, and those due in the second half. Whatever happens once a second is in one of them.
    pub latency_us: [Histogram<u64>; 2],
    /// Sessions that their users knew to be open at the end, and found.
    pub open: u64,
    /// Sessions that were gone though nobody closed them.
    pub lost: u64,
    /// Answers that were not what they must be, the first of each user.
    pub wrong: Vec<String>,
}

impl Outcome {
    fn new() -> Self {
        let latency_us = [(); 2].map(|()| Histogram::new(3).expect("three digits are allowed"));
        Self { counts: BTreeMap::new(), latency_us, open: 0, lost: 0, wrong: Vec::new() }
    }

    fn add(&mut self, other: Self) {
        for (series, count) in other.counts {
            *self.counts.entry(series).or_default() += count;
        }
        for (known, other) in self.latency_us.iter_mut().zip(other.latency_us) {
            known.add(other).expect("a histogram that resizes takes every value");
        }
        self.open += other.open;
        self.lost += other.lost;
        self.wrong.extend(other.wrong);
    }

    /// How many requests were answered.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The latency that this share of requests did not exceed.
    #[must_use]
    pub fn latency(&self, share: f64) -> Duration {
        let mut both = self.latency_us[0].clone();
        both.add(&self.latency_us[1]).expect("a histogram that resizes takes every value");
        Duration::from_micros(both.value_at_quantile(share))
    }
}

/// Does what `plan` says.
///
/// # Errors
///
/// If the service cannot be reached or a connection breaks.
pub async fn run(plan: Plan) -> io::Result<Outcome> {
    let users: Vec<_> = (0..plan.users).map(|number| tokio::spawn(User::run(number, plan))).collect();
    let mut outcome = Outcome::new();
    for user in users {
        outcome.add(user.await.map_err(io::Error::other)??);
    }
    Ok(outcome)
}

/// A session as its user knows it.
struct Session {
    id: String,
    uses: u64,
}

struct User {
    name: String,
    client: Client,
    random: SmallRng,
    sessions: Vec<Session>,
    outcome: Outcome,
}

impl User {
    async fn run(number: u32, plan: Plan) -> io::Result<Outcome> {
        let mut user = Self {
            name: format!("user-{number}"),
            client: Client::connect(plan.address).await?,
            random: SmallRng::seed_from_u64(number.into()),
            sessions: Vec::new(),
            outcome: Outcome::new(),
        };
        for _ in 0..SESSIONS {
            user.open().await?;
        }
        let between = Duration::from_secs_f64(f64::from(plan.users) / plan.rate);
        // Users begin one after the other, not all at once.
        let begin = plan.begin + between.mul_f64(f64::from(number) / f64::from(plan.users));
        let mut due = begin;
        while due < begin + plan.time {
            sleep_until(due.into()).await;
            user.act().await?;
            let late = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            let half = usize::from(due.duration_since(plan.begin).subsec_millis() >= 500);
            user.outcome.latency_us[half].record(late).expect("a histogram that resizes takes every value");
            due += between;
        }
        user.count_sessions().await?;
        Ok(user.outcome)
    }

    /// One request: mostly uses of sessions.
    async fn act(&mut self) -> io::Result<()> {
        match self.random.random_range(0..100) {
            0..15 if self.sessions.len() < SESSIONS => self.open().await,
            0..15 => self.close().await,
            15..20 => self.beat().await,
            20..22 => self.flip().await,
            22..24 => self.guess().await,
            _ => self.touch().await,
        }
    }

    async fn open(&mut self) -> io::Result<()> {
        let (status, id) = self.ask("/sessions", Method::POST, "/sessions", &self.name.clone()).await?;
        if status == StatusCode::CREATED {
            self.sessions.push(Session { id: String::from_utf8_lossy(&id).into_owned(), uses: 0 });
        } else {
            self.tell(format!("a session was not opened: {status}"));
        }
        Ok(())
    }

    async fn touch(&mut self) -> io::Result<()> {
        let Some(at) = self.any() else { return self.open().await };
        let path = format!("/sessions/{}", self.sessions[at].id);
        let (status, answer) = self.ask("/sessions/{id}", Method::GET, &path, "").await?;
        self.sessions[at].uses += 1;
        let expected = format!("{{\"user\":\"{}\",\"uses\":{}}}", self.name, self.sessions[at].uses);
        if status == StatusCode::NOT_FOUND {
            self.outcome.lost += 1;
            self.sessions.swap_remove(at);
        } else if answer != expected.as_bytes() {
            self.tell(format!("expected {expected}, got {}", String::from_utf8_lossy(&answer)));
        }
        Ok(())
    }

    async fn close(&mut self) -> io::Result<()> {
        let Some(at) = self.any() else { return self.open().await };
        let path = format!("/sessions/{}", self.sessions.swap_remove(at).id);
        let (status, _) = self.ask("/sessions/{id}", Method::DELETE, &path, "").await?;
        if status == StatusCode::NOT_FOUND {
            self.outcome.lost += 1;
        }
        Ok(())
    }

    async fn beat(&mut self) -> io::Result<()> {
        let path = format!("/instances/{}", self.name);
        let (status, _) = self.ask("/instances/{name}", Method::PUT, &path, "127.0.0.1:1").await?;
        self.expect("a heartbeat", status, StatusCode::NO_CONTENT);
        Ok(())
    }

    async fn flip(&mut self) -> io::Result<()> {
        let path = format!("/flags/beta-{}", self.random.random_range(0..10));
        let (status, _) = self.ask("/flags/{name}", Method::PUT, &path, "on").await?;
        self.expect("a flag", status, StatusCode::NO_CONTENT);
        Ok(())
    }

    /// Asks for a session that nobody has.
    async fn guess(&mut self) -> io::Result<()> {
        let path = format!("/sessions/{:08x}", self.random.next_u32());
        let (status, _) = self.ask("/sessions/{id}", Method::GET, &path, "").await?;
        self.expect("a guess", status, StatusCode::NOT_FOUND);
        Ok(())
    }

    /// Looks for every session that must still be there.
    async fn count_sessions(&mut self) -> io::Result<()> {
        for mut session in std::mem::take(&mut self.sessions) {
            session.uses += 1;
            let path = format!("/sessions/{}", session.id);
            let (status, answer) = self.ask("/sessions/{id}", Method::GET, &path, "").await?;
            let expected = format!("{{\"user\":\"{}\",\"uses\":{}}}", self.name, session.uses);
            if status == StatusCode::NOT_FOUND {
                self.outcome.lost += 1;
            } else if answer == expected.as_bytes() {
                self.outcome.open += 1;
            } else {
                self.tell(format!("expected {expected}, got {}", String::from_utf8_lossy(&answer)));
            }
        }
        Ok(())
    }

    fn any(&mut self) -> Option<usize> {
        (!self.sessions.is_empty()).then(|| self.random.random_range(0..self.sessions.len()))
    }

    /// Asks, and counts the answer as the service does.
    async fn ask(&mut self, pattern: &str, method: Method, path: &str, body: &str) -> io::Result<(StatusCode, Bytes)> {
        let (status, answer) = self.client.ask(method.clone(), path, body).await?;
        *self.outcome.counts.entry(format!("{method} {pattern} {}", status.as_u16())).or_default() += 1;
        Ok((status, answer))
    }

    fn expect(&mut self, what: &str, status: StatusCode, expected: StatusCode) {
        if status != expected {
            self.tell(format!("{what} was answered with {status}"));
        }
    }

    fn tell(&mut self, wrong: String) {
        if self.outcome.wrong.len() < TOLD {
            self.outcome.wrong.push(format!("{}: {wrong}", self.name));
        }
    }
}
