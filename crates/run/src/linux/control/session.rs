//! The session's end of the control socket.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use pinfold_gate::link::{Answer, Report};
use rustix::event::PollFlags;
use rustix::net::{SocketFlags, accept_with};

use super::Place;
use super::here::Here;
use super::peer::is_outside;
use super::watcher::Watcher;
use crate::control::{
    Grant, Introduction, Outcome, QUESTIONS_MAX, Question, Remember, Story, Told, WATCHERS_MAX, Wish, Word,
};
use crate::linux::refused::Refused;
use crate::linux::watch::Quarantined;

/// Wishes that wait.
const WISHES_MAX: usize = 64;

/// A wish, and whose it is.
#[derive(Debug)]
pub(crate) struct Asked {
    watcher: u64,
    id: u64,
    pub(crate) wish: Wish,
}

/// The control socket of a run. Dropping it takes it away.
pub struct Control {
    place: Place,
    listener: OwnedFd,
    story: Story,
    watchers: Vec<Watcher>,
    /// How many have come.
    came: u64,
    /// Answers that have not been looked at.
    said: Vec<(u64, Answer)>,
    /// Wishes that have not been looked at.
    wishes: VecDeque<Asked>,
    /// The caller's terminal, once there was a question, and if it can be asked there.
    here: Option<Here>,
}

impl Control {
    pub(crate) fn open(
        place: Place,
        id: &str,
        introduction: Introduction,
        remember: Remember,
    ) -> std::io::Result<Self> {
        let listener = place.listen()?;
        let story = Story::new(id, introduction, remember);
        Ok(Self {
            place,
            listener,
            story,
            watchers: Vec::new(),
            came: 0,
            said: Vec::new(),
            wishes: VecDeque::new(),
            here: None,
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
        self.story.next_late()
    }

    /// Takes note of what the gate has seen.
    pub(crate) fn seen(&mut self, report: &Report) {
        if matches!(report, Report::Question { .. }) {
            self.here = self.here.take().or_else(Here::of_caller);
        }
        let told = self.story.seen(report);
        told.iter().for_each(|told| self.tell(told));
    }

    /// Takes note of what was moved away.
    pub(crate) fn quarantined(&mut self, taken: &[Quarantined]) {
        for Quarantined { path, moved_to } in taken {
            let told = self.story.quarantined(path, moved_to.as_deref());
            self.tell(&told);
        }
    }

    /// Takes in who comes and what is said.
    pub(crate) fn listen(&mut self) {
        while let Ok(connection) = accept_with(&self.listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            if self.watchers.len() < WATCHERS_MAX && is_outside(connection.as_fd()) {
                self.came += 1;
                self.watchers.push(self.welcome(Watcher::new(connection, self.came)));
            }
        }
        for watcher in &mut self.watchers {
            watcher.go_on();
            let number = watcher.number();
            let heard = std::iter::from_fn(|| watcher.hear()).take(QUESTIONS_MAX);
            for said in heard {
                match said.word {
                    Word::Answer { question, answer } => self.said.push((question, answer)),
                    Word::Wish { id, wish } if self.wishes.len() < WISHES_MAX => {
                        self.wishes.push_back(Asked { watcher: number, id, wish })
                    }
                    // Whoever has so many at once is told nothing, and sees that.
                    Word::Wish { .. } => {}
                }
            }
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
            let Some((question, told)) = self.story.answered(id, answer) else { continue };
            self.close(&question, &told);
            answers.push((question, answer));
        }
        for (question, told) in self.story.late(!waits) {
            self.close(&question, &told);
        }
        if let (Some(here), Some(question)) = (&mut self.here, self.story.questions().next()) {
            here.ask(&question);
        }
        answers
    }

    /// Whether somebody waits for a wish to be carried out.
    pub(crate) fn is_asked(&self) -> bool {
        !self.wishes.is_empty()
    }

    /// The next wish.
    pub(crate) fn next_wish(&mut self) -> Option<Asked> {
        self.wishes.pop_front()
    }

    /// Says what has come of a wish.
    pub(crate) fn reply(&mut self, asked: &Asked, outcome: Outcome) {
        let told = Told::Outcome { id: asked.id, outcome };
        let whose = self.watchers.iter_mut().find(|watcher| watcher.number() == asked.watcher);
        whose.into_iter().for_each(|watcher| watcher.tell(&told));
    }

    /// Takes note of a path that was refused; `grant` would let it through.
    pub(crate) fn refused(&mut self, refused: &Refused, grant: Option<Grant>) {
        let told = self.story.refused(refused, grant);
        self.tell(&told);
    }

    /// Takes note of what the run was given.
    pub(crate) fn granted(&mut self, grant: &Grant, for_ms: Option<u64>) {
        let told = self.story.granted(grant, for_ms);
        self.tell(&told);
    }

    /// Takes note of what was taken back.
    pub(crate) fn revoked(&mut self, grant: &Grant, over: bool) {
        let told = self.story.revoked(grant, over);
        self.tell(&told);
    }

    fn close(&mut self, question: &Question, told: &Told) {
        if let Some(here) = &mut self.here {
            here.is_over(question.id);
        }
        self.tell(told);
    }

    fn welcome(&self, mut watcher: Watcher) -> Watcher {
        self.story.so_far().iter().for_each(|told| watcher.tell(told));
        watcher
    }

    fn tell(&mut self, told: &Told) {
        self.watchers.iter_mut().for_each(|watcher| watcher.tell(told));
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.place.remove();
    }
}
