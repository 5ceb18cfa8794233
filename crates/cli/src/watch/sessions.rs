//! The runs that are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use pinfold_run::control::{Told, Watched, Wish};

use super::page::Act;

use crate::platform::{Runs, Seat};

/// Most runs that are watched at a time.
const SESSIONS_MAX: usize = 128;

/// Most messages of one run that are taken before the others have their turn.
const AT_ONCE_MAX: usize = 1000;

/// Connections to runs.
pub(super) struct Sessions {
    runs: Runs,
    watched: BTreeMap<String, Watched>,
    /// Runs that do not talk to this process.
    silent: BTreeSet<String>,
}

/// Something about a run.
#[derive(Debug)]
pub(super) enum News {
    Told(Told),
    /// It is over.
    Ended,
    /// It does not talk to this process, and why.
    Silent(&'static str),
}

impl Sessions {
    pub(super) fn new(runs: Runs) -> Self {
        Self { runs, watched: BTreeMap::new(), silent: BTreeSet::new() }
    }

    /// Looks for new runs, and gives what there is to hear, each with the name of the run.
    pub(super) fn news(&mut self) -> Vec<(String, News)> {
        self.look();
        let mut news = Vec::new();
        self.watched.retain(|id, watched| {
            let mut end = None;
            for _ in 0..AT_ONCE_MAX {
                match watched.hear() {
                    Ok(Some(told)) => news.push((id.clone(), News::Told(told))),
                    Ok(None) => break,
                    Err(error) => {
                        end = Some(self::end(&error));
                        break;
                    }
                }
            }
            let Some(end) = end else { return true };
            if matches!(end, News::Silent(_)) {
                self.silent.insert(id.clone());
            }
            news.push((id.clone(), end));
            false
        });
        news
    }

    fn look(&mut self) {
        let live = self.runs.live();
        self.silent.retain(|id| live.contains(id));
        for id in live {
            if self.watched.len() < SESSIONS_MAX && !self.watched.contains_key(&id) && !self.silent.contains(&id) {
                // Nobody listens to what a killed run has left.
                let watched = self.runs.watch(&id).ok();
                self.watched.extend(watched.map(|watched| (id, watched)));
            }
        }
    }

    /// Does what a key says.
    pub(super) fn act(&self, act: Act) {
        // The end of a run that does not listen any more is heard soon.
        let _ = match act {
            Act::Answer(id, question, answer) => self.watched.get(&id).map(|watched| watched.answer(question, answer)),
            Act::Grant(id, grant) => {
                let wish = Wish::Grant { grant, value: None, for_ms: None, itself: true };
                self.watched.get(&id).map(|watched| watched.wish(0, wish))
            }
        };
    }

    /// Where runs are found.
    pub(super) fn runs(&self) -> &Runs {
        &self.runs
    }

    /// Waits for news or keys; no longer than until it is time to look for new runs. False when whoever sits there is gone.
    pub(super) fn wait(&self, seat: Option<&mut Seat>) -> io::Result<bool> {
        self.runs.wait(self.watched.values(), seat)
    }
}

fn end(error: &io::Error) -> News {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            News::Silent("it does not talk to who is in a sandbox, or has too many watchers")
        }
        io::ErrorKind::InvalidData => News::Silent("it is a run of another version of pinfold"),
        _ => News::Ended,
    }
}
