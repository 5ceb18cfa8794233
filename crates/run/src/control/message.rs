//! What a session and its watchers say to each other.

use std::path::Path;

use pinfold_gate::link::{Answer, Endpoint, Process, Report};
use pinfold_policy::plain;
use serde::{Deserialize, Serialize};

use super::{Grant, Outcome, Wish};

/// From a session to whoever watches it. Times are milliseconds since its start. Texts come from inside and are not
/// cleaned: whoever shows them makes them plain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Told {
    /// The first message.
    Session {
        /// [`VERSION`](super::VERSION).
        version: u32,
        /// Its name.
        id: String,
        /// Its workspace.
        workspace: String,
        /// The profile of its policy.
        profile: String,
        /// The stage that it writes to.
        stage: Option<String>,
        /// What it runs, as far as that fits.
        command: Vec<String>,
    },
    /// The gate has seen something.
    Network {
        /// When.
        ms: u64,
        /// What.
        report: Report,
    },
    /// A protected name appeared.
    Quarantined {
        /// When.
        ms: u64,
        /// Where.
        path: String,
        /// Where it is now; nothing when it could not be moved.
        moved_to: Option<String>,
    },
    /// A path was refused. Only runs that are traced are told of paths, and each of them once in a while.
    Refused {
        /// When.
        ms: u64,
        /// The name of the program that wanted it.
        program: String,
        /// What it wanted, as a verb.
        wanted: String,
        /// Of which path.
        path: String,
        /// Why not.
        why: String,
        /// By which rule.
        rule: Option<String>,
        /// What would let it through.
        grant: Option<Grant>,
    },
    /// Something inside wants to reach a host that no rule names, and waits.
    Question(Question),
    /// A question is over.
    Answered {
        /// When.
        ms: u64,
        /// The question's number.
        id: u64,
        /// Where to.
        to: Endpoint,
        /// The answer; nothing when nobody gave one in time, which means no.
        answer: Option<Answer>,
        /// Why an answer that was to last was not written down.
        problem: Option<String>,
    },
    /// The run was given something.
    Granted {
        /// When.
        ms: u64,
        /// What.
        grant: Grant,
        /// For how long, in milliseconds; nothing for the rest of the run.
        for_ms: Option<u64>,
    },
    /// Something was taken back.
    Revoked {
        /// When.
        ms: u64,
        /// What.
        grant: Grant,
        /// Because its time was over.
        over: bool,
    },
    /// What has come of a wish; told only to whoever has it.
    Outcome {
        /// His number of it.
        id: u64,
        /// What.
        outcome: Outcome,
    },
}

/// An open question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Question {
    /// When it was asked.
    pub ms: u64,
    /// How long it will still be open, in milliseconds.
    pub left_ms: u64,
    /// Its number.
    pub id: u64,
    /// Where to.
    pub to: Endpoint,
    /// Who wants to.
    pub process: Option<Process>,
}

/// From a watcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Said {
    /// [`VERSION`](super::VERSION).
    pub version: u32,
    /// What he says.
    pub word: Word,
}

/// What a watcher says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Word {
    /// The answer to a question.
    Answer {
        /// The question's number.
        question: u64,
        /// The answer.
        answer: Answer,
    },
    /// A wish, of which [`Told::Outcome`] says what has come of it.
    Wish {
        /// A number of the watcher's.
        id: u64,
        /// What he wishes.
        wish: Wish,
    },
}

impl Question {
    /// The question as a person reads it.
    pub fn sentence(&self) -> String {
        format!("{} wants to connect to {}", program(self.process.as_ref()), host(&self.to))
    }
}

/// A program as a person reads it.
pub fn program(process: Option<&Process>) -> String {
    let name = process.and_then(|process| process.exe.as_deref()).and_then(Path::file_name);
    match (name, process) {
        (Some(name), Some(process)) => format!("`{}` ({})", plain(&name.to_string_lossy()), process.pid),
        (None, Some(process)) => format!("process {}", process.pid),
        (_, None) => "a program".to_owned(),
    }
}

/// A host as a person reads it.
pub fn host(to: &Endpoint) -> String {
    plain(&to.to_string())
}

/// The answer that a key stands for.
pub fn answer(key: char) -> Option<Answer> {
    match key {
        'o' => Some(Answer::Once),
        's' => Some(Answer::Session),
        'a' => Some(Answer::Always),
        'd' => Some(Answer::Deny),
        _ => None,
    }
}
