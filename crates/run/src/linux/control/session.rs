//! The session's end of the control socket.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use pinfold_gate::link::{Answer, Report};
use pinfold_policy::Decision;
use rustix::event::PollFlags;
use rustix::net::{SocketFlags, accept_with};

use super::here::Here;
use super::peer::is_outside;
use super::questions::Questions;
use super::watcher::Watcher;
use super::{EVENTS_KEPT, Place, QUESTIONS_MAX, Question, TEXT_MAX, Told, VERSION, WATCHERS_MAX, WORDS_MAX};
use crate::linux::watch::Quarantined;

/// What a watcher hears of a run first.
#[derive(Debug)]
pub struct Introduction {
    /// Its workspace.
    pub workspace: String,
    /// The profile of its policy.
    pub profile: String,
    /// What it runs.
    pub command: Vec<String>,
}

/// Writes down that a host may always be reached, or says why that cannot be.
pub type Remember = Box<dyn FnMut(&Question) -> Result<(), String>>;

/// The control socket of a run. Dropping it takes it away.
pub struct Control {
    place: Place,
    listener: OwnedFd,
    introduction: Told,
    begun: Instant,
    recent: VecDeque<Told>,
    watchers: Vec<Watcher>,
    questions: Questions,
    /// Answers that have not been looked at.
    said: Vec<(u64, Answer)>,
    /// The caller's terminal, once there was a question, and if it can be asked there.
    here: Option<Here>,
    remember: Remember,
}

impl Control {
    pub(crate) fn open(
        place: Place,
        id: &str,
        introduction: Introduction,
        remember: Remember,
    ) -> std::io::Result<Self> {
        let listener = place.listen()?;
        let short = |text: String| text.chars().take(TEXT_MAX).collect();
        let introduction = Told::Session {
            version: VERSION,
            id: id.to_owned(),
            workspace: introduction.workspace,
            profile: introduction.profile,
            command: introduction.command.into_iter().take(WORDS_MAX).map(short).collect(),
        };
        Ok(Self {
            place,
            listener,
            introduction,
            begun: Instant::now(),
            recent: VecDeque::new(),
            watchers: Vec::new(),
            questions: Questions::default(),
            said: Vec::new(),
            here: None,
            remember,
        })
    }

    /// What to wait for, and what it has to be ready for.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        let flags =
            |watcher: &Watcher| if watcher.is_behind() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let watchers = self.watchers.iter().map(move |watcher| (watcher.connection(), flags(watcher)));
        let others = [Some(self.listener.as_fd()), self.here.as_ref().and_then(Here::input)];
        others.into_iter().flatten().map(|source| (source, PollFlags::IN)).chain(watchers)
    }

    /// How long until a question is over.
    pub(crate) fn next_look(&self) -> Option<Duration> {
        self.questions.next_late()
    }

    /// Takes note of what the gate has seen.
    pub(crate) fn seen(&mut self, report: &Report) {
        let ms = self.ms();
        match report {
            Report::Ready { .. } => {}
            // Names that may be looked up are as many as connections, and say less.
            Report::Looked { verdict, .. } if verdict.decision == Decision::Allow => {}
            Report::Question { id, to, process } => {
                self.here = self.here.take().or_else(Here::of_caller);
                if let Some(question) = self.questions.open(ms, *id, to.clone(), process.clone()) {
                    let told = Told::Question(question.clone());
                    self.watchers.iter_mut().for_each(|watcher| watcher.tell(&told));
                }
            }
            report => self.tell(Told::Network { ms, report: report.clone() }),
        }
    }

    /// Takes note of what was moved away.
    pub(crate) fn quarantined(&mut self, taken: &[Quarantined]) {
        for Quarantined { path, moved_to } in taken {
            let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
            let (path, moved_to) = (text(path), moved_to.as_deref().map(text));
            self.tell(Told::Quarantined { ms: self.ms(), path, moved_to });
        }
    }

    /// Takes in who comes and what is said.
    pub(crate) fn listen(&mut self) {
        while let Ok(connection) = accept_with(&self.listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            if self.watchers.len() < WATCHERS_MAX && is_outside(connection.as_fd()) {
                self.watchers.push(self.welcome(Watcher::new(connection)));
            }
        }
        for watcher in &mut self.watchers {
            watcher.go_on();
            let heard = std::iter::from_fn(|| watcher.hear()).take(QUESTIONS_MAX);
            self.said.extend(heard.map(|said| (said.question, said.answer)));
        }
        self.watchers.retain(|watcher| !watcher.is_gone());
        if let Some(here) = self.here.as_mut().filter(|here| here.input().is_some()) {
            self.said.extend(here.hear());
        }
    }

    /// Closes the questions that were answered, which it gives, and those that were open for too long. `waits`:
    /// there is still a gate that waits for them.
    pub(crate) fn answers(&mut self, waits: bool) -> Vec<(Question, Answer)> {
        let mut answers = Vec::new();
        for (id, answer) in std::mem::take(&mut self.said) {
            // The first answer counts.
            let Some(question) = self.questions.close(id) else { continue };
            let problem = (answer == Answer::Always).then(|| (self.remember)(&question).err()).flatten();
            self.close(&question, Some(answer), problem);
            answers.push((question, answer));
        }
        for question in self.questions.close_late(!waits) {
            self.close(&question, None, None);
        }
        if let (Some(here), Some(question)) = (&mut self.here, self.questions.iter().next()) {
            here.ask(&question);
        }
        answers
    }

    fn close(&mut self, question: &Question, answer: Option<Answer>, problem: Option<String>) {
        if let Some(here) = &mut self.here {
            here.is_over(question.id);
        }
        self.tell(Told::Answered { ms: self.ms(), id: question.id, to: question.to.clone(), answer, problem });
    }

    fn welcome(&self, mut watcher: Watcher) -> Watcher {
        let questions: Vec<Told> = self.questions.iter().map(Told::Question).collect();
        let told = std::iter::once(&self.introduction).chain(&self.recent).chain(&questions);
        told.for_each(|told| watcher.tell(told));
        watcher
    }

    fn tell(&mut self, told: Told) {
        self.watchers.iter_mut().for_each(|watcher| watcher.tell(&told));
        if self.recent.len() >= EVENTS_KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(told);
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.place.remove();
    }
}
