//! How much may leave, and how fast; and how much did.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pinfold_policy::{Budget, BudgetName};

use crate::limits::HOSTS_COUNTED_MAX;

/// The budgets of a session, and what is used of them.
#[derive(Debug)]
pub(crate) struct Budgets {
    session: Arc<Account>,
    per_host: Option<u64>,
    per_second: Option<u64>,
    hosts: Mutex<HashMap<String, Arc<Account>>>,
    second: Mutex<Second>,
}

#[derive(Debug)]
struct Account {
    limit: Option<u64>,
    used: AtomicU64,
}

#[derive(Debug)]
struct Second {
    since: Instant,
    begun: u64,
    told: bool,
}

/// A budget that was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crossed {
    pub(crate) budget: BudgetName,
    pub(crate) limit: u64,
}

/// What one connection sends and receives.
#[derive(Debug)]
pub(crate) struct Meter {
    session: Arc<Account>,
    host: Arc<Account>,
    sent: AtomicU64,
    received: AtomicU64,
    crossed: OnceLock<Crossed>,
}

impl Budgets {
    pub(crate) fn new(budget: &Budget) -> Self {
        Self::limited(budget.bytes_out.value, budget.bytes_out_per_host.value, budget.connections_per_second.value)
    }

    fn limited(session: Option<u64>, per_host: Option<u64>, per_second: Option<u64>) -> Self {
        Self {
            session: Account::new(session),
            per_host,
            per_second,
            hosts: Mutex::default(),
            second: Mutex::new(Second { since: Instant::now(), begun: 0, told: false }),
        }
    }

    /// A meter for a connection to a host; nothing when there are more hosts than can be counted.
    pub(crate) fn meter(&self, host: &str) -> Option<Meter> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS_COUNTED_MAX && !hosts.contains_key(host) {
            return None;
        }
        let host = hosts.entry(host.to_owned()).or_insert_with(|| Account::new(self.per_host)).clone();
        Some(Meter::new(self.session.clone(), host))
    }

    /// May a connection begin now? If not: how long to wait, and the budget if nobody was told in this second yet.
    pub(crate) fn begin(&self) -> Result<(), (Duration, Option<Crossed>)> {
        let Some(limit) = self.per_second else { return Ok(()) };
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = second.since.elapsed();
        if passed >= Duration::from_secs(1) {
            *second = Second { since: Instant::now(), begun: 0, told: false };
        }
        if second.begun < limit {
            second.begun += 1;
            return Ok(());
        }
        let tell = !std::mem::replace(&mut second.told, true);
        let crossed = Crossed { budget: BudgetName::ConnectionsPerSecond, limit };
        // Zero connections in a second are none in the next one either, but there is always a next one.
        Err((Duration::from_secs(1).saturating_sub(passed).max(Duration::from_millis(10)), tell.then_some(crossed)))
    }
}

impl Account {
    fn new(limit: Option<u64>) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicU64::new(0) })
    }

    /// Takes as much of `want` as is left.
    fn take(&self, want: u64) -> u64 {
        let Some(limit) = self.limit else { return want };
        let taken = self.used.fetch_update(Relaxed, Relaxed, |used| Some(used.saturating_add(want).min(limit)));
        let before = taken.unwrap_or(limit);
        limit.saturating_sub(before).min(want)
    }

    fn give_back(&self, count: u64) {
        if self.limit.is_some() {
            self.used.fetch_sub(count, Relaxed);
        }
    }
}

impl Meter {
    fn new(session: Arc<Account>, host: Arc<Account>) -> Self {
        Self { session, host, sent: AtomicU64::new(0), received: AtomicU64::new(0), crossed: OnceLock::new() }
    }

    /// A meter that counts and bounds nothing: for connections that something outside makes.
    pub(crate) fn without_budget() -> Self {
        let account = Account::new(None);
        Self::new(account.clone(), account)
    }

    /// Takes room for bytes that are about to be sent: at most `want`, 0 when a budget is used up.
    pub(crate) fn take(&self, want: usize) -> usize {
        let want = want as u64;
        let of_session = self.session.take(want);
        let of_both = self.host.take(of_session);
        self.session.give_back(of_session - of_both);
        if of_both == 0 && want > 0 {
            let (budget, account) = match of_session {
                0 => (BudgetName::BytesOut, &self.session),
                _ => (BudgetName::BytesOutPerHost, &self.host),
            };
            let _ = self.crossed.set(Crossed { budget, limit: account.limit.unwrap_or_default() });
        }
        // No more than `want`, which was a `usize`.
        of_both as usize
    }

    /// Says how much of what was taken was sent.
    pub(crate) fn sent(&self, taken: usize, sent: usize) {
        self.sent.fetch_add(sent as u64, Relaxed);
        let unused = taken.saturating_sub(sent) as u64;
        self.session.give_back(unused);
        self.host.give_back(unused);
    }

    /// Says how much was received.
    pub(crate) fn received(&self, count: usize) {
        self.received.fetch_add(count as u64, Relaxed);
    }

    /// Bytes out and bytes in.
    pub(crate) fn totals(&self) -> (u64, u64) {
        (self.sent.load(Relaxed), self.received.load(Relaxed))
    }

    /// The budget that this connection crossed.
    pub(crate) fn crossed(&self) -> Option<Crossed> {
        self.crossed.get().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_the_session_are_counted_apart() {
        let budgets = Budgets::limited(Some(100), Some(60), None);
        let (a, b) = (budgets.meter("a").expect("a meter"), budgets.meter("b").expect("a meter"));
        assert_eq!(a.take(50), 50);
        assert_eq!(budgets.meter("a").expect("a meter").take(50), 10);
        assert_eq!((a.take(1), a.crossed().expect("crossed").budget), (0, BudgetName::BytesOutPerHost));
        assert_eq!(b.take(50), 40);
        assert_eq!((b.take(1), b.crossed().expect("crossed").budget), (0, BudgetName::BytesOut));
    }

    #[test]
    fn what_was_not_sent_can_be_sent_later() {
        let budgets = Budgets::limited(Some(10), None, None);
        let meter = budgets.meter("a").expect("a meter");
        assert_eq!(meter.take(10), 10);
        meter.sent(10, 4);
        assert_eq!((meter.take(10), meter.totals()), (6, (4, 0)));
    }

    #[test]
    fn connections_of_a_second_wait_for_the_next_one_and_it_is_told_once() {
        let budgets = Budgets::limited(None, None, Some(2));
        assert!(budgets.begin().is_ok() && budgets.begin().is_ok());
        let (wait, told) = budgets.begin().expect_err("no room");
        assert!(wait <= Duration::from_secs(1) && told.is_some());
        assert_eq!(budgets.begin().expect_err("no room").1, None);
    }
}
