//! Events of all kinds with all sorts of texts in them.

use pinfold_ledger::event::{
    Act, Change, ConnectionEnd, End, Listed, Process, Promise, SecretUse, Severity, Stage, Staged, Start, Subject,
    User, Verdict, Way,
};
use pinfold_ledger::{Event, Record, Text, Timestamp};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use serde_json::json;

/// The session of all these records.
pub(crate) const SESSION: &str = "00c0ffee00c0ffee";

/// Records as they follow each other in a log, the start first.
pub(crate) fn records() -> impl Strategy<Value = Vec<(String, Record)>> {
    let events = (start(), prop::collection::vec(event(), 1..8));
    (events, any::<u64>(), any::<bool>()).prop_map(|((start, events), time, cut)| {
        let numbered = (0..).zip([start].into_iter().chain(events));
        let record = |(seq, event)| Record { seq, time: Timestamp::from_nanoseconds(time), cut, event };
        numbered.map(|numbered| (SESSION.to_owned(), record(numbered))).collect()
    })
}

/// One record of each kind, with plain values.
pub(crate) fn one_of_each() -> Vec<(String, Record)> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut sample = || event().new_tree(&mut runner).expect("an event").current();
    let mut found = std::collections::BTreeMap::new();
    while found.len() < Event::KINDS.len() {
        let event = sample();
        found.insert(event.kind(), event);
    }
    let ordered = Event::KINDS.into_iter().filter_map(|kind| found.remove(kind));
    let time = Timestamp::from_nanoseconds(1_772_366_400_123_456_789);
    (0..).zip(ordered).map(|(seq, event)| (SESSION.to_owned(), Record { seq, time, cut: false, event })).collect()
}

/// A connection that was refused in the session `s`, and that session's start.
pub(crate) fn refused_connection() -> (Start, Record) {
    let start = json!({
        "session": "s", "agent": "claude-code", "user": { "name": "ann", "uid": 1000 }, "host": "desk",
        "version": "1.2.3", "workspace": "/w", "command": ["npm", "test"], "profile": "strict", "policy": "p",
        "plan": "q", "assurance": [], "best-effort": false,
    });
    let record = json!({
        "seq": 7, "time": "2026-03-01T12:00:00.123456789Z", "kind": "connect", "connection": 3,
        "host": "evil.example", "port": 443, "address": "192.0.2.1", "way": "transparent",
        "process": { "pid": 42, "exe": "/usr/bin/node" }, "inspected": false,
        "verdict": { "allow": false, "reason": "no rule names this host", "rule": "network.allow" },
    });
    (serde_json::from_value(start).expect("a start"), serde_json::from_value(record).expect("a record"))
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![start(), of_processes(), of_the_network(), of_files(), of_users(), stage(), end()]
}

fn start() -> impl Strategy<Value = Event> {
    let who = (of(word()), word(), any::<u32>(), word(), word());
    let what = (text(), prop::collection::vec(text(), 1..4), word(), hash(), hash(), word(), staged());
    (who, what).prop_map(|((agent, name, uid, host, version), what)| {
        let (workspace, command, profile, policy, plan, kept_by, stage) = what;
        Event::Start(Box::new(Start {
            session: SESSION.to_owned(),
            agent,
            user: User { name, uid },
            host,
            version,
            workspace,
            command,
            profile,
            policy,
            plan,
            assurance: vec![Promise { promise: "no network".to_owned(), kept_by }],
            best_effort: stage.is_none(),
            stage,
        }))
    })
}

fn staged() -> impl Strategy<Value = Option<Staged>> {
    of((word(), hash(), of(word())).prop_map(|(name, layer, forked_from)| Staged { name, layer, forked_from }))
}

fn stage() -> impl Strategy<Value = Event> {
    let acts = [Act::Apply, Act::Undo, Act::Discard, Act::Prune, Act::Fork, Act::Snapshot, Act::Restore, Act::Move];
    let listed = || {
        let bytes = prop::collection::vec(prop::collection::vec(any::<u8>(), 1..8), 0..3);
        bytes.prop_map(|all| Listed::of(all.iter().map(Vec::as_slice)))
    };
    let names = (word(), of(word()), of(text()), of(hash()), of(word()));
    (select(acts.to_vec()), names, [listed(), listed(), listed()]).prop_map(|(act, names, lists)| {
        let ((stage, run, other, reviewed, why), [paths, traps, conflicts]) = (names, lists);
        Event::Stage(Box::new(Stage { act, stage, run, other, paths, traps, conflicts, reviewed, why }))
    })
}

fn end() -> impl Strategy<Value = Event> {
    let how = (of(any::<i32>()), of(1..64), of(word()));
    (how, number(), of(number()), of(number()), number()).prop_map(
        |((code, signal, limit), duration_ms, peak_memory_bytes, cpu_ms, dropped)| {
            Event::End(End { code, signal, limit, duration_ms, peak_memory_bytes, cpu_ms, dropped })
        },
    )
}

fn of_processes() -> impl Strategy<Value = Event> {
    let exec = (any::<[u32; 2]>(), prop::collection::vec(text(), 0..4), text(), text(), of(hash()), of(1..134));
    let refused = (
        select(vec![Subject::File, Subject::Socket, Subject::SystemCall, Subject::Limit]),
        text(),
        prop_oneof![select(vec!["read", "write", "connect", "call"]).prop_map(str::to_owned), word()],
        of(word()),
        word(),
    );
    prop_oneof![
        exec.prop_map(|([pid, parent], argv, cwd, executable, sha256, errno)| {
            Event::Exec { pid, parent, argv, argv_cut: false, cwd, executable, sha256, errno }
        }),
        refused.prop_map(|(what, name, operation, rule, why)| Event::Refused { what, name, operation, rule, why }),
    ]
}

fn of_the_network() -> impl Strategy<Value = Event> {
    let process = (any::<u32>(), of(text())).prop_map(|(pid, exe)| Process { pid, exe });
    let way = select(vec![Way::Transparent, Way::Connect, Way::Proxy, Way::Socks]);
    let end = prop_oneof![
        Just(ConnectionEnd::Done),
        word().prop_map(|what| ConnectionEnd::Failed { what }),
        word().prop_map(|what| ConnectionEnd::Stopped { what }),
    ];
    let secret = prop_oneof![
        Just(SecretUse::Used),
        word().prop_map(|place| SecretUse::Misplaced { place }),
        word().prop_map(|place| SecretUse::Returned { place }),
    ];
    let method = prop_oneof![select(vec!["GET", "POST", "PROPFIND"]).prop_map(str::to_owned), word()];
    let connection = || (number(), host(), any::<u16>());
    prop_oneof![
        (host(), word(), verdict()).prop_map(|(name, r#type, verdict)| Event::Lookup { name, r#type, verdict }),
        (connection(), of(any::<std::net::IpAddr>()), way.clone(), of(process), any::<bool>(), verdict()).prop_map(
            |((connection, host, port), address, way, process, inspected, verdict)| {
                Event::Connect { connection, host, port, address, way, process, inspected, verdict }
            }
        ),
        (connection(), method, word(), verdict()).prop_map(|((connection, host, port), method, path, verdict)| {
            Event::Request { connection, host, port, method, path, verdict }
        }),
        (connection(), way, number(), number(), number(), end).prop_map(
            |((connection, host, port), way, bytes_out, bytes_in, ms, end)| {
                Event::Close { connection, host, port, way, bytes_out, bytes_in, ms, end }
            }
        ),
        (word(), host(), number(), secret)
            .prop_map(|(name, host, connection, what)| { Event::Secret { name, host, connection, what } }),
        (word(), number(), number(), host())
            .prop_map(|(name, limit, connection, host)| { Event::Budget { name, limit, connection, host } }),
    ]
}

fn of_files() -> impl Strategy<Value = Event> {
    let change = select(vec![Change::Created, Change::Modified, Change::Deleted, Change::Renamed]);
    let severity = select(vec![Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical]);
    prop_oneof![
        (text(), text()).prop_map(|(path, moved_to)| Event::Quarantined { path, moved_to }),
        (text(), change, of(text()), of(number()), of(hash()))
            .prop_map(|(path, what, from, size, sha256)| { Event::Change { path, what, from, size, sha256 } }),
        (text(), of(number()), word(), severity, word(), text()).prop_map(
            |(path, line, rule, severity, when, text)| Event::Trap { path, line, rule, severity, when, text }
        ),
    ]
}

fn of_users() -> impl Strategy<Value = Event> {
    prop_oneof![
        (word(), any::<bool>(), word(), word()).prop_map(|(what, allow, by, how)| Event::Grant {
            what,
            allow,
            by,
            how
        }),
        (text(), hash(), word(), word()).prop_map(|(path, sha256, by, how)| Event::Trust { path, sha256, by, how }),
        word().prop_map(|text| Event::Note { text }),
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    (any::<bool>(), word(), of(word())).prop_map(|(allow, reason, rule)| Verdict { allow, reason, rule })
}

/// A text with all that a table and a spreadsheet stumble over.
fn word() -> impl Strategy<Value = String> {
    "[-=+@,;'\"\t\r\n \\\\a-c/é＝\u{1}]{1,8}"
}

fn text() -> impl Strategy<Value = Text> {
    let bytes = prop::collection::vec(any::<u8>(), 1..8).prop_map(|bytes| Text::from_bytes(&bytes));
    prop_oneof![bytes, word().prop_map(|word| Text::from(word.as_str()))]
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![Just("a.example".to_owned()), Just("2001:db8::1".to_owned()), word()]
}

fn hash() -> impl Strategy<Value = String> {
    "[0-9a-f]{64}"
}

/// So large that the sum of two is still a number of other systems, which have a sign.
fn number() -> impl Strategy<Value = u64> {
    0..=i64::MAX.unsigned_abs() / 2
}
