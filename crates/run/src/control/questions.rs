//! Questions that wait for an answer.

use std::time::{Duration, Instant};

use pinfold_gate::link::{Endpoint, Process};

use super::{QUESTION_TIME, QUESTIONS_MAX, Question};

/// The open questions of a run, in the order in which they were asked.
#[derive(Debug, Default)]
pub(super) struct Questions(Vec<Open>);

#[derive(Debug)]
struct Open {
    question: Question,
    asked: Instant,
}

impl Questions {
    /// Opens one. Too many mean no, as silence does.
    pub(super) fn open(&mut self, ms: u64, id: u64, to: Endpoint, process: Option<Process>) -> Option<&Question> {
        if self.0.len() >= QUESTIONS_MAX {
            return None;
        }
        let question = Question { ms, left_ms: millis(QUESTION_TIME), id, to, process };
        self.0.push(Open { question, asked: Instant::now() });
        self.0.last().map(|open| &open.question)
    }

    /// Takes one off the list.
    pub(super) fn close(&mut self, id: u64) -> Option<Question> {
        let index = self.0.iter().position(|open| open.question.id == id)?;
        Some(self.0.remove(index).question)
    }

    /// Takes those off the list that were open for long enough; all of them when nobody waits for an answer any more.
    pub(super) fn close_late(&mut self, all: bool) -> Vec<Question> {
        let late = self.0.extract_if(.., |open| all || open.left().is_zero());
        late.map(|open| open.question).collect()
    }

    /// All, with the time that is left.
    pub(super) fn iter(&self) -> impl Iterator<Item = Question> + '_ {
        self.0.iter().map(|open| Question { left_ms: millis(open.left()), ..open.question.clone() })
    }

    /// How long until the next one is late.
    pub(super) fn next_late(&self) -> Option<Duration> {
        self.0.iter().map(Open::left).min()
    }
}

impl Open {
    fn left(&self) -> Duration {
        QUESTION_TIME.saturating_sub(self.asked.elapsed())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
