//! What a run tells whoever watches it, and what it asks them; not by which way they hear it.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use pinfold_gate::link::{Answer, Report};
use pinfold_policy::Decision;
#[cfg(target_os = "linux")]
use pinfold_policy::Verdict;

use super::questions::Questions;
use super::{EVENTS_KEPT, Question, TEXT_MAX, Told, VERSION, WORDS_MAX};
#[cfg(target_os = "linux")]
use super::{Grant, REFUSALS_KEPT};
#[cfg(target_os = "linux")]
use crate::linux::Refused;

/// What a watcher hears of a run first.
#[derive(Debug)]
pub struct Introduction {
    /// Its workspace.
    pub workspace: String,
    /// The profile of its policy.
    pub profile: String,
    /// The name of the stage that it writes to, if it does.
    pub stage: Option<String>,
    /// What it runs.
    pub command: Vec<String>,
}

/// Writes down that a host may always be reached, or says why that cannot be.
pub type Remember = Box<dyn FnMut(&Question) -> Result<(), String> + Send>;

/// What is to be told of a run, and its open questions.
pub(crate) struct Story {
    introduction: Told,
    begun: Instant,
    recent: VecDeque<Told>,
    questions: Questions,
    remember: Remember,
}

impl Story {
    /// That of a run which begins now.
    pub(crate) fn new(id: &str, introduction: Introduction, remember: Remember) -> Self {
        let short = |text: String| text.chars().take(TEXT_MAX).collect();
        let introduction = Told::Session {
            version: VERSION,
            id: id.to_owned(),
            workspace: introduction.workspace,
            profile: introduction.profile,
            stage: introduction.stage,
            command: introduction.command.into_iter().take(WORDS_MAX).map(short).collect(),
        };
        Self { introduction, begun: Instant::now(), recent: VecDeque::new(), questions: Questions::default(), remember }
    }

    /// What somebody is told who comes now.
    pub(crate) fn so_far(&self) -> Vec<Told> {
        let questions = self.questions().map(Told::Question);
        std::iter::once(&self.introduction).chain(&self.recent).cloned().chain(questions).collect()
    }

    /// The open questions, in the order in which they were asked.
    pub(crate) fn questions(&self) -> impl Iterator<Item = Question> + '_ {
        self.questions.iter()
    }

    /// How long until a question is over.
    pub(crate) fn next_late(&self) -> Option<Duration> {
        self.questions.next_late()
    }

    /// Takes note of what the gate has seen, and gives what is told of it.
    pub(crate) fn seen(&mut self, report: &Report) -> Option<Told> {
        let ms = self.ms();
        match report {
            Report::Ready { .. } | Report::Ruled => None,
            // Names that may be looked up are as many as connections, and say less.
            Report::Looked { verdict, .. } if verdict.decision == Decision::Allow => None,
            Report::Question { id, to, process } => {
                self.questions.open(ms, *id, to.clone(), process.clone()).cloned().map(Told::Question)
            }
            report => Some(self.happened(Told::Network { ms, report: report.clone() })),
        }
    }

    /// Takes note of what was moved away, and gives what is told of it.
    pub(crate) fn quarantined(&mut self, path: &Path, moved_to: Option<&Path>) -> Told {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let (path, moved_to) = (text(path), moved_to.map(text));
        self.happened(Told::Quarantined { ms: self.ms(), path, moved_to })
    }

    /// Takes note of a path that was refused, and gives what is told of it. `grant` would let it through.
    #[cfg(target_os = "linux")]
    pub(crate) fn refused(&mut self, refused: &Refused, grant: Option<Grant>) -> Told {
        let Refused { path, wanted, program, verdict: Verdict { why, rule, .. }, .. } = refused;
        // There can be many: for those who come later, other events are kept.
        let is_refused = |told: &Told| matches!(told, Told::Refused { .. });
        if self.recent.iter().filter(|told| is_refused(told)).count() >= REFUSALS_KEPT
            && let Some(oldest) = self.recent.iter().position(is_refused)
        {
            self.recent.remove(oldest);
        }
        self.happened(Told::Refused {
            ms: self.ms(),
            program: program.to_string_lossy().into_owned(),
            wanted: wanted.word().to_owned(),
            path: path.to_string_lossy().into_owned(),
            why: why.clone(),
            rule: rule.as_ref().map(ToString::to_string),
            grant,
        })
    }

    /// Takes note of what the run was given, and gives what is told of it.
    #[cfg(target_os = "linux")]
    pub(crate) fn granted(&mut self, grant: &Grant, for_ms: Option<u64>) -> Told {
        self.happened(Told::Granted { ms: self.ms(), grant: grant.clone(), for_ms })
    }

    /// Takes note of what was taken back, and gives what is told of it.
    #[cfg(target_os = "linux")]
    pub(crate) fn revoked(&mut self, grant: &Grant, over: bool) -> Told {
        self.happened(Told::Revoked { ms: self.ms(), grant: grant.clone(), over })
    }

    /// Closes a question that was answered, of which the first answer counts; gives it, and what is told of it.
    pub(crate) fn answered(&mut self, id: u64, answer: Answer) -> Option<(Question, Told)> {
        let question = self.questions.close(id)?;
        let problem = (answer == Answer::Always).then(|| (self.remember)(&question).err()).flatten();
        let told = self.closed(&question, Some(answer), problem);
        Some((question, told))
    }

    /// Closes questions that were open for too long, or all of them when nobody waits for an answer any more; gives them
    /// with what is told of them.
    pub(crate) fn late(&mut self, all: bool) -> Vec<(Question, Told)> {
        let late = self.questions.close_late(all);
        let over = |question: Question| {
            let told = self.closed(&question, None, None);
            (question, told)
        };
        late.into_iter().map(over).collect()
    }

    fn closed(&mut self, question: &Question, answer: Option<Answer>, problem: Option<String>) -> Told {
        self.happened(Told::Answered { ms: self.ms(), id: question.id, to: question.to.clone(), answer, problem })
    }

    /// Keeps it for those who come later.
    fn happened(&mut self, told: Told) -> Told {
        if self.recent.len() >= EVENTS_KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(told.clone());
        told
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
