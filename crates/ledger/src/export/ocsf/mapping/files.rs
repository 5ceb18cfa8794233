//! Files that changed, and files and sockets that were refused.

use serde_json::json;

use super::super::classes::{Activity, FILE, Mapped};
use super::super::objects::{REGULAR, SOCKET, UNKNOWN, file, hashes};
use super::{blocked, plain};
use crate::Text;
use crate::event::{Change, Subject};

/// What is done with files, by the class's numbers.
const OPERATIONS: [(&str, u32); 6] =
    [("create", 1), ("read", 2), ("write", 3), ("delete", 4), ("rename", 5), ("open", 14)];

pub(super) fn changed<'a>(
    path: &Text,
    what: Change,
    from: Option<&Text>,
    size: Option<u64>,
    sha256: Option<&String>,
) -> Mapped<'a> {
    let mut now = file(path, REGULAR);
    now["size"] = json!(size);
    now["hashes"] = json!(hashes(sha256));
    let own = match from {
        Some(from) => json!({ "file": file(from, REGULAR), "file_result": now, "status_id": 1 }),
        None => json!({ "file": now, "status_id": 1 }),
    };
    let activity = match what {
        Change::Created => 1,
        Change::Modified => 3,
        Change::Deleted => 4,
        Change::Renamed => 5,
    };
    plain(FILE, Activity::Known(activity), own)
}

pub(super) fn refused<'a>(what: Subject, name: &Text, operation: &'a str, rule: Option<&str>, why: &str) -> Mapped<'a> {
    let type_id = if what == Subject::Socket { SOCKET } else { UNKNOWN };
    let known = OPERATIONS.iter().find(|(name, _)| *name == operation);
    let activity = known.map_or(Activity::Other(operation), |(_, id)| Activity::Known(*id));
    let own = json!({ "file": file(name, type_id), "unmapped": { "what": what, "operation": operation } });
    blocked(FILE, activity, rule, why, own)
}
