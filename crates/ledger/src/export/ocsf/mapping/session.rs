//! Sessions, their processes, and what users decide in them.

use serde_json::{Value, json};

use super::super::classes::{Activity, ENTITY, EVENT_LOG, KERNEL, LIFECYCLE, LOW, Mapped, PROCESS, USER_ACCESS};
use super::super::merge;
use super::super::objects::{self, REGULAR, file, hashes, user};
use super::{blocked, plain};
use crate::Text;
use crate::event::{Act, End, Stage, Start, Subject};
use crate::export::glance::words;
use crate::export::sessions::{Facts, base_name};

pub(super) fn started<'a>(session: &str, facts: &Facts, start: &Start) -> Mapped<'a> {
    let own = json!({
        "app": app(session, facts),
        "status_id": 1,
        "policy": { "name": start.profile, "uid": start.policy, "is_applied": true },
        "unmapped": {
            "command": start.command,
            "workspace": start.workspace,
            "plan": start.plan,
            "assurance": start.assurance,
            "best-effort": start.best_effort,
            "stage": start.stage,
        },
    });
    plain(LIFECYCLE, Activity::Known(3), own)
}

pub(super) fn ended<'a>(session: &str, facts: &Facts, end: &End) -> Mapped<'a> {
    let succeeded = end.code == Some(0);
    let own = json!({
        "app": app(session, facts),
        "duration": end.duration_ms,
        "status_id": if succeeded { 1 } else { 2 },
        "status_code": end.code.map(|code| code.to_string()),
        "unmapped": {
            "signal": end.signal,
            "limit": end.limit,
            "peak-memory-bytes": end.peak_memory_bytes,
            "cpu-ms": end.cpu_ms,
            "dropped": end.dropped,
        },
    });
    let mapped = plain(LIFECYCLE, Activity::Known(4), own);
    // A command may well say no; that a limit ended it is to be looked at.
    if end.limit.is_some() { Mapped { severity: LOW, ..mapped } } else { mapped }
}

/// The application of a session: the agent, or the program that was called.
fn app(session: &str, facts: &Facts) -> Value {
    json!({ "name": facts.agent.as_ref().or(facts.program.as_ref()), "uid": session })
}

pub(super) fn executed<'a>(
    pid: u32,
    parent: u32,
    argv: &[Text],
    cwd: &Text,
    executable: &Text,
    sha256: Option<&String>,
    errno: Option<i32>,
) -> Mapped<'a> {
    let mut program = file(executable, REGULAR);
    program["hashes"] = json!(hashes(sha256));
    let own = json!({
        "process": {
            "pid": pid,
            "name": base_name(executable.as_str()),
            "file": program,
            "cmd_line": words(argv),
            "working_directory": cwd,
            "parent_process": { "pid": parent },
        },
        "actor": { "process": { "pid": parent } },
        "status_id": if errno.is_none() { 1 } else { 2 },
        "status_code": errno.map(|errno| errno.to_string()),
        "unmapped": { "argv": argv },
    });
    plain(PROCESS, Activity::Known(1), own)
}

pub(super) fn system_call<'a>(name: &Text, operation: &str, rule: Option<&str>, why: &str) -> Mapped<'a> {
    let kernel = json!({ "name": name, "type_id": 2, "system_call": name });
    let own = json!({ "kernel": kernel, "unmapped": { "what": Subject::SystemCall, "operation": operation } });
    blocked(KERNEL, Activity::Known(4), rule, why, own)
}

pub(super) fn granted<'a>(facts: &Facts, what: &str, allow: bool, by: &str, how: &str) -> Mapped<'a> {
    let who = decider(facts, by);
    let mut own = json!({
        "user": facts.user.as_ref().map_or_else(|| who.clone(), user),
        "actor": { "user": who },
        "privileges": [what],
        "unmapped": { "how": how },
    });
    match allow {
        true => {
            merge(&mut own, objects::allowed());
            plain(USER_ACCESS, Activity::Known(1), own)
        }
        false => blocked(USER_ACCESS, Activity::Other("Refuse"), None, "the user said no", own),
    }
}

/// Who decided: the session's user, or somebody of whom only the name is known.
fn decider(facts: &Facts, by: &str) -> Value {
    match &facts.user {
        Some(own) if own.name == by => user(own),
        _ => json!({ "name": by, "uid": null }),
    }
}

pub(super) fn trusted<'a>(facts: &Facts, path: &Text, sha256: &str, by: &str, how: &str) -> Mapped<'a> {
    let own = json!({
        "entity": { "name": path, "uid": sha256, "type": "Policy", "type_id": 5 },
        "actor": { "user": decider(facts, by) },
        "status_id": 1,
        "unmapped": { "how": how },
    });
    plain(ENTITY, Activity::Known(10), own)
}

/// Whatever is not told of a stage otherwise stands in `unmapped`.
pub(super) fn staged<'a>(facts: &Facts, stage: &'a Stage) -> Mapped<'a> {
    let own = json!({
        "entity": { "name": stage.stage, "type": "Stage", "type_id": 99 },
        "actor": { "user": facts.user.as_ref().map(user) },
        "unmapped": stage,
    });
    let activity = match stage.act {
        Act::Fork | Act::Snapshot => Activity::Known(1),
        Act::Discard | Act::Prune => Activity::Known(4),
        Act::Move => Activity::Known(5),
        other => Activity::Other(other.as_str()),
    };
    plain(ENTITY, activity, own)
}

/// The text of a note is the event's message, and here again whole.
pub(super) fn noted<'a>(text: &str) -> Mapped<'a> {
    plain(EVENT_LOG, Activity::Other("Note"), json!({ "log_name": "ledger", "status_detail": text }))
}
