//! What the columns of `events` hold.

use pinfold_ledger::Event;
use pinfold_ledger::event::{ConnectionEnd, Process};
use rusqlite::types::Value;

use crate::scan::Row;

/// A column: its name, and its value in a row.
type Column = (&'static str, fn(&Row) -> Value);

/// The columns, in their order.
#[rustfmt::skip]
const ALL: [Column; 17] = [
    ("session", |row| row.session.id.clone().into()),
    ("seq", |row| number(row.record.seq)),
    ("time", |row| row.record.time.to_string().into()),
    ("kind", |row| row.record.event.kind().to_owned().into()),
    ("verdict", |row| text(row.record.event.allowed().map(|allowed| if allowed { "allowed" } else { "refused" }))),
    ("host", |row| text(row.record.event.host())),
    ("port", |row| port(&row.record.event).map_or(Value::Null, |port| Value::Integer(port.into()))),
    ("path", |row| text(path(&row.record.event))),
    ("pid", |row| pid(&row.record.event).map_or(Value::Null, |pid| Value::Integer(pid.into()))),
    ("program", |row| text(program(&row.record.event))),
    ("rule", |row| text(row.record.event.rule())),
    ("reason", |row| text(reason(&row.record.event))),
    ("agent", |row| text(row.session.agent.as_deref())),
    ("workspace", |row| text(row.session.workspace.as_deref())),
    ("bytes_out", |row| bytes(&row.record.event).map_or(Value::Null, |(out, _)| number(out))),
    ("bytes_in", |row| bytes(&row.record.event).map_or(Value::Null, |(_, into)| number(into))),
    ("json", |row| text(serde_json::to_string(&row.record).ok().as_deref())),
];

/// The names of the columns of `events`, in their order.
pub const COLUMNS: [&str; ALL.len()] = {
    let mut names = [""; ALL.len()];
    let mut place = 0;
    while place < ALL.len() {
        names[place] = ALL[place].0;
        place += 1;
    }
    names
};

/// Where `session` stands.
pub(crate) const SESSION: i32 = 0;
/// Where `time` stands.
pub(crate) const TIME: i32 = 2;

/// The value of a column of a row.
pub(crate) fn value(row: &Row, column: i32) -> Value {
    let column = usize::try_from(column).ok().and_then(|column| ALL.get(column));
    column.map_or(Value::Null, |(_, value)| value(row))
}

fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}

fn number(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn port(event: &Event) -> Option<u16> {
    match event {
        Event::Connect { port, .. } | Event::Request { port, .. } | Event::Close { port, .. } => Some(*port),
        _ => None,
    }
}

fn path(event: &Event) -> Option<&str> {
    match event {
        Event::Request { path, .. } => Some(path),
        _ => event.paths().next().map(|path| path.as_str()),
    }
}

fn process(event: &Event) -> Option<&Process> {
    match event {
        Event::Connect { process, .. } => process.as_ref(),
        _ => None,
    }
}

fn pid(event: &Event) -> Option<u32> {
    match event {
        Event::Exec { pid, .. } => Some(*pid),
        _ => process(event).map(|process| process.pid),
    }
}

fn program(event: &Event) -> Option<&str> {
    match event {
        Event::Exec { executable, .. } => Some(executable.as_str()),
        _ => process(event)?.exe.as_ref().map(|exe| exe.as_str()),
    }
}

fn reason(event: &Event) -> Option<&str> {
    match event {
        Event::Refused { why, .. } => Some(why),
        Event::Trap { when, .. } => Some(when),
        Event::Stage(stage) => Some(stage.act.as_str()),
        Event::Note { text } => Some(text),
        Event::Close { end: ConnectionEnd::Failed { what } | ConnectionEnd::Stopped { what }, .. } => Some(what),
        _ => event.verdict().map(|verdict| &*verdict.reason),
    }
}

fn bytes(event: &Event) -> Option<(u64, u64)> {
    match event {
        Event::Close { bytes_out, bytes_in, .. } => Some((*bytes_out, *bytes_in)),
        _ => None,
    }
}
