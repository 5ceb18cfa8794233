//! The texts of an event. Every field is named, so that no new one can be forgotten.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StringDeserializer};

use crate::Text;
use crate::event::{
    ConnectionEnd, End, Event, Listed, Process, Promise, SecretUse, Stage, Staged, Start, User, Verdict,
};

/// A text of an event.
pub(super) struct Slot<'a> {
    place: Place<'a>,
    /// Is it the argument of a command, with others before and after it?
    pub(super) argument: bool,
}

enum Place<'a> {
    Words(&'a mut String),
    Bytes(&'a mut Text),
}

impl Slot<'_> {
    pub(super) fn as_str(&self) -> &str {
        match &self.place {
            Place::Words(text) => text,
            Place::Bytes(text) => text.as_str(),
        }
    }

    /// Another text in its place, with the escapes of [`Text`] where it is one.
    pub(super) fn set(&mut self, text: String) {
        match &mut self.place {
            Place::Words(place) => **place = text,
            Place::Bytes(place) => {
                let read: StringDeserializer<Error> = text.into_deserializer();
                // As it is read from a log. There is no text that it could not be.
                **place = Text::deserialize(read).unwrap_or_default();
            }
        }
    }
}

/// All texts of an event.
pub(super) fn slots(event: &mut Event) -> Vec<Slot<'_>> {
    let mut slots = Slots(Vec::with_capacity(16));
    slots.of(event);
    slots.0
}

struct Slots<'a>(Vec<Slot<'a>>);

impl<'a> Slots<'a> {
    fn words(&mut self, texts: impl IntoIterator<Item = &'a mut String>) {
        self.0.extend(texts.into_iter().map(|text| Slot { place: Place::Words(text), argument: false }));
    }

    fn bytes(&mut self, texts: impl IntoIterator<Item = &'a mut Text>) {
        self.0.extend(texts.into_iter().map(|text| Slot { place: Place::Bytes(text), argument: false }));
    }

    fn arguments(&mut self, texts: &'a mut [Text]) {
        self.0.extend(texts.iter_mut().map(|text| Slot { place: Place::Bytes(text), argument: true }));
    }

    fn verdict(&mut self, Verdict { allow: _, reason, rule }: &'a mut Verdict) {
        self.words([reason].into_iter().chain(rule));
    }

    fn of(&mut self, event: &'a mut Event) {
        match event {
            Event::Start(start) => self.start(start),
            Event::Exec { pid: _, parent: _, argv, argv_cut: _, cwd, executable, sha256, errno: _ } => {
                self.arguments(argv);
                self.bytes([cwd, executable]);
                self.words(sha256);
            }
            Event::Lookup { name, r#type, verdict } => {
                self.words([name, r#type]);
                self.verdict(verdict);
            }
            Event::Connect { connection: _, host, port: _, address: _, way: _, process, inspected: _, verdict } => {
                self.words([host]);
                self.bytes(process.iter_mut().filter_map(|Process { pid: _, exe }| exe.as_mut()));
                self.verdict(verdict);
            }
            Event::Request { connection: _, host, port: _, method, path, verdict } => {
                self.words([host, method, path]);
                self.verdict(verdict);
            }
            Event::Close { connection: _, host, port: _, way: _, bytes_out: _, bytes_in: _, ms: _, end } => {
                self.words([host]);
                match end {
                    ConnectionEnd::Done => {}
                    ConnectionEnd::Failed { what } | ConnectionEnd::Stopped { what } => self.words([what]),
                }
            }
            Event::Secret { name, host, connection: _, what } => {
                self.words([name, host]);
                match what {
                    SecretUse::Used => {}
                    SecretUse::Misplaced { place } | SecretUse::Returned { place } => self.words([place]),
                }
            }
            Event::Budget { name, limit: _, connection: _, host } => self.words([name, host]),
            Event::Refused { what: _, name, operation, rule, why } => {
                self.bytes([name]);
                self.words([operation, why].into_iter().chain(rule));
            }
            Event::Grant { what, allow: _, by, how } => self.words([what, by, how]),
            Event::Trust { path, sha256, by, how } => {
                self.bytes([path]);
                self.words([sha256, by, how]);
            }
            Event::Quarantined { path, moved_to } => self.bytes([path, moved_to]),
            Event::Change { path, what: _, from, size: _, sha256 } => {
                self.bytes([path].into_iter().chain(from));
                self.words(sha256);
            }
            Event::Trap { path, line: _, rule, severity: _, when, text } => {
                self.bytes([path, text]);
                self.words([rule, when]);
            }
            Event::Stage(stage) => self.stage(stage),
            Event::Note { text } => self.words([text]),
            Event::End(End {
                code: _,
                signal: _,
                limit,
                duration_ms: _,
                peak_memory_bytes: _,
                cpu_ms: _,
                dropped: _,
            }) => {
                self.words(limit);
            }
        }
    }

    fn start(&mut self, start: &'a mut Start) {
        let Start {
            session,
            agent,
            user: User { name, uid: _ },
            host,
            version,
            workspace,
            command,
            profile,
            policy,
            plan,
            assurance,
            best_effort: _,
            stage,
        } = start;
        self.words([session, name, host, version, profile, policy, plan].into_iter().chain(agent));
        self.bytes([workspace]);
        self.arguments(command);
        self.words(assurance.iter_mut().flat_map(|Promise { promise, kept_by }| [promise, kept_by]));
        if let Some(Staged { name, layer, forked_from }) = stage {
            self.words([name, layer].into_iter().chain(forked_from));
        }
    }

    fn stage(&mut self, stage: &'a mut Stage) {
        let Stage { act: _, stage, run, other, paths, traps, conflicts, reviewed, why } = stage;
        self.words([stage].into_iter().chain(run).chain(reviewed).chain(why));
        self.bytes(other);
        for Listed { first, count: _, sha256 } in [paths, traps, conflicts] {
            self.bytes(first);
            self.words([sha256]);
        }
    }
}
