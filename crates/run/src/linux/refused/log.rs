//! What was refused, each once, as much as is worth telling.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pinfold_confine::linux::RefusedCall;

use super::{CallRefused, Judge, Refusals, Refused, Wanted};

/// Most refusals that are kept.
const MAX_REFUSALS: usize = 1000;
/// Most paths that are remembered to be allowed after all.
const MAX_ALLOWED: usize = 4096;
/// How long it takes until what is refused again is news again.
const OLD_NEWS: Duration = Duration::from_secs(5);

/// What somebody wants, and why he will not get it as far as can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) path: PathBuf,
    pub(super) wanted: Wanted,
    pub(super) program: OsString,
    pub(super) thread: i32,
}

#[derive(Debug)]
pub(super) struct Log {
    judge: Judge,
    refused: HashMap<(PathBuf, Wanted), Kept>,
    allowed: HashSet<(PathBuf, Wanted)>,
    /// As they came; there are not many calls.
    calls: Vec<CallRefused>,
    attempts: u64,
    dropped: u64,
}

/// A refusal.
#[derive(Debug)]
struct Kept {
    /// The number of its last attempt.
    last: u64,
    /// When it was news.
    told: Instant,
    refused: Refused,
}

impl Log {
    pub(super) fn new(judge: Judge) -> Self {
        Self { judge, refused: HashMap::new(), allowed: HashSet::new(), calls: Vec::new(), attempts: 0, dropped: 0 }
    }

    /// Takes an attempt down if the policy refuses it, and gives it if that is news.
    pub(super) fn take(&mut self, Attempt { path, wanted, program, thread }: Attempt) -> Option<&Refused> {
        self.attempts += 1;
        let key = (path, wanted);
        if self.allowed.contains(&key) {
            return None;
        }
        if let Some(Kept { last, refused, .. }) = self.refused.get_mut(&key) {
            *last = self.attempts;
            (refused.program, refused.thread) = (program, thread);
            refused.times += 1;
            return self.news(&key);
        }
        let verdict = self.judge.judge(wanted.access(), &key.0);
        if verdict.allowed {
            self.allow(key);
            return None;
        }
        if self.refused.len() >= MAX_REFUSALS {
            self.dropped += 1;
            return None;
        }
        let refused = Refused { path: key.0.clone(), wanted, program, thread, times: 1, verdict };
        let kept = Kept { last: self.attempts, told: Instant::now(), refused };
        Some(&self.refused.entry(key).insert_entry(kept).into_mut().refused)
    }

    /// What has been kept, if that was not told for some time.
    fn news(&mut self, key: &(PathBuf, Wanted)) -> Option<&Refused> {
        let kept = self.refused.get_mut(key).filter(|kept| kept.told.elapsed() >= OLD_NEWS)?;
        kept.told = Instant::now();
        Some(&kept.refused)
    }

    /// Takes down a call that its filter refuses.
    pub(super) fn take_call(&mut self, call: RefusedCall, program: &OsStr) {
        match self.calls.iter_mut().find(|refused| refused.call.name == call.name) {
            Some(refused) => refused.times += 1,
            None => self.calls.push(CallRefused { call, program: program.to_owned(), times: 1 }),
        }
    }

    fn allow(&mut self, key: (PathBuf, Wanted)) {
        if self.allowed.len() >= MAX_ALLOWED {
            self.allowed.clear();
        }
        self.allowed.insert(key);
    }

    /// A program of this name was found: where it was looked for before, nobody misses it.
    pub(super) fn found_program(&mut self, name: &OsStr) {
        let was_a_try = |path: &PathBuf, wanted: Wanted| {
            matches!(wanted, Wanted::Execute | Wanted::Look) && path.file_name() == Some(name)
        };
        self.refused.retain(|(path, wanted), _| !was_a_try(path, *wanted));
    }

    /// All of it. Who looked at a path and then wanted more of it is told once.
    pub(super) fn finish(self) -> Refusals {
        let Self { refused, calls, dropped, .. } = self;
        let more = [Wanted::Write, Wanted::Execute, Wanted::Connect, Wanted::Read];
        let is_told = |(path, wanted): &(PathBuf, Wanted)| {
            *wanted == Wanted::Look && more.iter().any(|more| refused.contains_key(&(path.clone(), *more)))
        };
        let mut all: Vec<_> = refused.iter().filter(|(key, _)| !is_told(key)).map(|(_, kept)| kept).collect();
        all.sort_by_key(|kept| std::cmp::Reverse(kept.last));
        let paths = all.into_iter().map(|kept| kept.refused.clone()).collect();
        Refusals { paths, calls, dropped }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use pinfold_policy::{Access, Effect, Verdict};

    use super::*;

    /// Refuses all but what is below `/open`.
    fn log() -> Log {
        let judge = |_: Access, path: &Path| {
            let (allowed, why) = (path.starts_with("/open"), "a test".into());
            Verdict { allowed, effect: Effect::Absent, why, rule: None, hint: None }
        };
        Log::new(Judge::new(judge))
    }

    fn attempt(path: &str, wanted: Wanted) -> Attempt {
        Attempt { path: path.into(), wanted, program: "cat".into(), thread: 7 }
    }

    fn told(log: Log) -> Vec<(String, Wanted, u64)> {
        let told = |refused: Refused| (refused.path.display().to_string(), refused.wanted, refused.times);
        log.finish().paths.into_iter().map(told).collect()
    }

    #[test]
    fn each_is_told_once_and_the_latest_first() {
        let mut log = log();
        for path in ["/a", "/b", "/open/c", "/a", "/open/c"] {
            log.take(attempt(path, Wanted::Read));
        }
        log.take(attempt("/b", Wanted::Look));
        log.take(attempt("/d", Wanted::Look));
        let expected = [("/d", Wanted::Look, 1), ("/a", Wanted::Read, 2), ("/b", Wanted::Read, 1)];
        assert_eq!(told(log), expected.map(|(path, wanted, times)| (path.to_owned(), wanted, times)));
    }

    #[test]
    fn it_is_news_once_in_a_while() {
        let mut log = log();
        assert!(log.take(attempt("/a", Wanted::Read)).is_some());
        assert!(log.take(attempt("/a", Wanted::Read)).is_none());
        assert!(log.take(attempt("/open/c", Wanted::Read)).is_none());
        log.refused.values_mut().for_each(|kept| kept.told -= OLD_NEWS);
        assert_eq!(log.take(attempt("/a", Wanted::Read)).map(|refused| refused.times), Some(3));
        assert!(log.take(attempt("/a", Wanted::Read)).is_none());
    }

    #[test]
    fn a_program_that_is_found_is_not_missed() {
        let mut log = log();
        log.take(attempt("/a/make", Wanted::Execute));
        log.take(attempt("/a/make", Wanted::Look));
        log.take(attempt("/a/cc", Wanted::Execute));
        log.found_program("make".as_ref());
        assert_eq!(told(log), [("/a/cc".to_owned(), Wanted::Execute, 1)]);
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let mut log = log();
        for number in 0..MAX_REFUSALS + 5 {
            log.take(attempt(&format!("/{number}"), Wanted::Read));
        }
        log.take(attempt("/1", Wanted::Read));
        let refusals = log.finish();
        assert_eq!((refusals.paths.len(), refusals.dropped), (MAX_REFUSALS, 5));
        assert_eq!(refusals.paths.first().map(|refused| refused.times), Some(2));
    }
}
