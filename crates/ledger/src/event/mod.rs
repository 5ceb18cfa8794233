//! What can happen in a session. Each kind is typed once, here, and rendered by others.
//!
//! In JSON an event is an object whose `kind` tells which one it is; what is not known is left out. Nothing here may
//! hold the value of a secret: what is appended has been masked. Numbers of processes are those outside of the sandbox.

mod parts;
mod stage;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use parts::{Change, ConnectionEnd, Process, Promise, SecretUse, Severity, Subject, User, Verdict, Way, endpoint};
pub use stage::{Act, Listed, Stage, Staged};

use crate::Text;

/// Something that happened in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    /// The session began. The first event of each.
    Start(Box<Start>),
    /// A program was executed, or was to be.
    Exec {
        /// The process.
        pid: u32,
        /// Its parent.
        parent: u32,
        /// The arguments, the program's name among them.
        argv: Vec<Text>,
        /// Are some of them missing, because they were too many, too long or could not be read?
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        argv_cut: bool,
        /// The working directory.
        cwd: Text,
        /// The file that was executed.
        executable: Text,
        /// The file's SHA-256 in hexadecimal, where it could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
        /// The error number of execve(2), when it was refused or failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<i32>,
    },
    /// A name was asked for.
    Lookup {
        /// The name as asked.
        name: String,
        /// The type of the question, such as `A` or `TXT`.
        r#type: String,
        /// Was it answered, and why.
        verdict: Verdict,
    },
    /// A connection was opened or refused.
    Connect {
        /// Its number in this session.
        connection: u64,
        /// The host, as the program named it.
        host: String,
        /// The port.
        port: u16,
        /// The address that was dialled; not known of what was refused or goes through a proxy upstream.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<IpAddr>,
        /// How it came to the gate.
        way: Way,
        /// Whose it is, as far as that could be found out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<Process>,
        /// Are its requests looked at?
        inspected: bool,
        /// May it, and why.
        verdict: Verdict,
    },
    /// A request was made on a connection that is inspected.
    Request {
        /// The connection's number.
        connection: u64,
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The method.
        method: String,
        /// The path, without the query.
        path: String,
        /// Was it let through, and why.
        verdict: Verdict,
    },
    /// A connection that was open is closed; or, when nothing was told before, its host could not be reached.
    Close {
        /// The connection's number.
        connection: u64,
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// How it came.
        way: Way,
        /// Bytes sent to the host, encryption included.
        bytes_out: u64,
        /// Bytes received from it.
        bytes_in: u64,
        /// How long it was open, in milliseconds.
        ms: u64,
        /// How it ended.
        end: ConnectionEnd,
    },
    /// A secret was used or misused. Its value is never told.
    Secret {
        /// The secret's name in the policy.
        name: String,
        /// The host that got it, was to get it, or sent it back.
        host: String,
        /// The connection's number.
        connection: u64,
        /// What happened.
        what: SecretUse,
    },
    /// A budget was crossed, and its connections frozen.
    Budget {
        /// The budget's name.
        name: String,
        /// Its size in bytes.
        limit: u64,
        /// The connection that crossed it.
        connection: u64,
        /// That connection's host.
        host: String,
    },
    /// Something that is not the network's was refused.
    Refused {
        /// What was refused.
        what: Subject,
        /// Its path or name.
        name: Text,
        /// What was to be done with it, such as `write` or `connect`.
        operation: String,
        /// The rule that decided, with its place: `files.write[3], ~/x/policy.toml:12`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
        /// Why, as a clause.
        why: String,
    },
    /// The user allowed something that the policy did not, or said no to it.
    Grant {
        /// What, such as `connect a.example:443`.
        what: String,
        /// Was it allowed?
        allow: bool,
        /// Who decided: a user's name.
        by: String,
        /// How: `once`, `session`, `always`, with where it was asked.
        how: String,
    },
    /// The user trusts the content of a project's policy.
    Trust {
        /// The file.
        path: Text,
        /// SHA-256 of the content, in hexadecimal.
        sha256: String,
        /// Who decided: a user's name.
        by: String,
        /// How, such as `pinfold trust`.
        how: String,
    },
    /// Something that would have been executed outside was moved away.
    Quarantined {
        /// Where it appeared.
        path: Text,
        /// Where it is now.
        moved_to: Text,
    },
    /// A file of the workspace changed.
    Change {
        /// The path.
        path: Text,
        /// How.
        what: Change,
        /// The earlier path of what was renamed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Text>,
        /// The size in bytes, if it still exists.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        /// SHA-256 of the content in hexadecimal, where it was taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
    },
    /// A file was written that something outside the sandbox would execute later.
    Trap {
        /// The file.
        path: Text,
        /// The line, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u64>,
        /// The rule that found it.
        rule: String,
        /// How bad it is.
        severity: Severity,
        /// When it would run, as a clause: `at the next commit`.
        when: String,
        /// What it says there, masked and cut.
        text: Text,
    },
    /// Something is done with a stage.
    Stage(Box<Stage>),
    /// Something to know about the record itself, such as why there are no events of some kind.
    Note {
        /// The sentence.
        text: String,
    },
    /// The session ended. The last event of each that was not broken off.
    End(End),
}

/// What a session began with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Start {
    /// The session.
    pub session: String,
    /// The agent whose command it is, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Who called.
    pub user: User,
    /// The machine's name.
    pub host: String,
    /// The version of pinfold.
    pub version: String,
    /// The workspace.
    pub workspace: Text,
    /// The command with its arguments.
    pub command: Vec<Text>,
    /// The profile of the policy.
    pub profile: String,
    /// SHA-256 of the policy, in hexadecimal.
    pub policy: String,
    /// SHA-256 of the plan, in hexadecimal.
    pub plan: String,
    /// Each promise of the plan, and what keeps it.
    pub assurance: Vec<Promise>,
    /// Did the user say `--best-effort`: may promises be without a keeper?
    pub best_effort: bool,
    /// The stage that it writes to, if what it writes waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Staged>,
}

/// How a session ended. One of `code`, `signal` and `limit` is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct End {
    /// The command's exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The limit that ended it, as the policy names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Wall-clock time from start to end, in milliseconds.
    pub duration_ms: u64,
    /// The most memory held at once, in bytes, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// Time on processors in milliseconds, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// How many events are not in the record: the writer adds those that it had no room for.
    #[serde(default)]
    pub dropped: u64,
}

impl Event {
    /// The names of all kinds, as in `kind`.
    pub const KINDS: [&str; 17] = [
        "start",
        "exec",
        "lookup",
        "connect",
        "request",
        "close",
        "secret",
        "budget",
        "refused",
        "grant",
        "trust",
        "quarantined",
        "change",
        "trap",
        "stage",
        "note",
        "end",
    ];

    /// The name of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Exec { .. } => "exec",
            Self::Lookup { .. } => "lookup",
            Self::Connect { .. } => "connect",
            Self::Request { .. } => "request",
            Self::Close { .. } => "close",
            Self::Secret { .. } => "secret",
            Self::Budget { .. } => "budget",
            Self::Refused { .. } => "refused",
            Self::Grant { .. } => "grant",
            Self::Trust { .. } => "trust",
            Self::Quarantined { .. } => "quarantined",
            Self::Change { .. } => "change",
            Self::Trap { .. } => "trap",
            Self::Stage(_) => "stage",
            Self::Note { .. } => "note",
            Self::End(_) => "end",
        }
    }

    /// Was something allowed (`true`) or refused (`false`); nothing for events that decide nothing.
    pub fn allowed(&self) -> Option<bool> {
        match self {
            Self::Grant { allow, .. } => Some(*allow),
            Self::Secret { what, .. } => Some(*what == SecretUse::Used),
            Self::Exec { errno, .. } => Some(errno.is_none()),
            Self::Refused { .. } | Self::Budget { .. } | Self::Quarantined { .. } => Some(false),
            _ => self.verdict().map(|verdict| verdict.allow),
        }
    }

    /// What the gate decided.
    pub fn verdict(&self) -> Option<&Verdict> {
        match self {
            Self::Lookup { verdict, .. } | Self::Connect { verdict, .. } | Self::Request { verdict, .. } => {
                Some(verdict)
            }
            _ => None,
        }
    }

    /// The rule that decided.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Refused { rule, .. } => rule.as_deref(),
            Self::Trap { rule, .. } => Some(rule),
            _ => self.verdict()?.rule.as_deref(),
        }
    }

    /// The host that it is about.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Connect { host, .. }
            | Self::Request { host, .. }
            | Self::Close { host, .. }
            | Self::Secret { host, .. }
            | Self::Budget { host, .. } => Some(host),
            Self::Lookup { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The paths that it is about.
    pub fn paths(&self) -> impl Iterator<Item = &Text> {
        let (one, other) = match self {
            Self::Exec { executable, cwd, .. } => (Some(executable), Some(cwd)),
            Self::Refused { what: Subject::File | Subject::Socket, name, .. } => (Some(name), None),
            Self::Trust { path, .. } | Self::Trap { path, .. } => (Some(path), None),
            Self::Quarantined { path, moved_to } => (Some(path), Some(moved_to)),
            Self::Change { path, from, .. } => (Some(path), from.as_ref()),
            _ => (None, None),
        };
        let listed = match self {
            Self::Stage(stage) => [&stage.paths.first, &stage.conflicts.first].map(Vec::as_slice),
            _ => [&[], &[]] as [&[Text]; 2],
        };
        one.into_iter().chain(other).chain(listed.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict() -> Verdict {
        Verdict { allow: false, reason: "no rule names it".into(), rule: None }
    }

    /// One event of each kind.
    fn all() -> [Event; 17] {
        let text = || Text::from_bytes(b"/x/\xff");
        [
            Event::Start(Box::default()),
            Event::Exec {
                pid: 2,
                parent: 1,
                argv: vec![text()],
                argv_cut: false,
                cwd: text(),
                executable: text(),
                sha256: None,
                errno: Some(13),
            },
            Event::Lookup { name: "a.example".into(), r#type: "A".into(), verdict: verdict() },
            Event::Connect {
                connection: 1,
                host: "a.example".into(),
                port: 443,
                address: Some([192, 0, 2, 1].into()),
                way: Way::Transparent,
                process: Some(Process { pid: 2, exe: None }),
                inspected: true,
                verdict: verdict(),
            },
            Event::Request {
                connection: 1,
                host: "a.example".into(),
                port: 443,
                method: "GET".into(),
                path: "/".into(),
                verdict: verdict(),
            },
            Event::Close {
                connection: 1,
                host: "a.example".into(),
                port: 443,
                way: Way::Published,
                bytes_out: u64::MAX,
                bytes_in: 0,
                ms: 7,
                end: ConnectionEnd::Failed { what: "reset".into() },
            },
            Event::Secret {
                name: "TOKEN".into(),
                host: "a.example".into(),
                connection: 1,
                what: SecretUse::Misplaced { place: "body".into() },
            },
            Event::Budget { name: "upload".into(), limit: 5, connection: 1, host: "a.example".into() },
            Event::Refused {
                what: Subject::SystemCall,
                name: "ptrace".into(),
                operation: "call".into(),
                rule: None,
                why: "it reads other processes".into(),
            },
            Event::Grant { what: "connect".into(), allow: true, by: "ann".into(), how: "once".into() },
            Event::Trust { path: text(), sha256: "00".into(), by: "ann".into(), how: "pinfold trust".into() },
            Event::Quarantined { path: text(), moved_to: text() },
            Event::Change { path: text(), what: Change::Renamed, from: Some(text()), size: Some(1), sha256: None },
            Event::Trap {
                path: text(),
                line: Some(3),
                rule: "git-hook".into(),
                severity: Severity::High,
                when: "at the next commit".into(),
                text: text(),
            },
            Event::Stage(Box::new(Stage {
                run: Some("one".into()),
                other: Some(text()),
                paths: Listed::of([&b"/x/\xff"[..]]),
                reviewed: Some("00".into()),
                why: Some("so".into()),
                ..Stage::new(Act::Apply, "topic")
            })),
            Event::Note { text: "there is more".into() },
            Event::End(End { code: Some(0), ..End::default() }),
        ]
    }

    #[test]
    fn every_kind_is_written_by_its_name_and_read_again() {
        for (event, kind) in all().into_iter().zip(Event::KINDS) {
            let json = serde_json::to_string(&event).expect("written");
            assert!(json.starts_with(&format!("{{\"kind\":\"{kind}\"")), "{json}");
            assert!(!json.contains('_'), "names of fields are kebab-case: {json}");
            assert_eq!(event.kind(), kind);
            assert_eq!(serde_json::from_str::<Event>(&json).expect("read"), event);
        }
    }
}
