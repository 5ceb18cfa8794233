//! Attributes, by the names of OpenTelemetry's semantic conventions where there is one, else below `pinfold.`.

use serde_json::{Map, Value, json};

use crate::Record;
use crate::export::sessions::Facts;

/// The methods that the conventions know.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// All that a record tells: whose it is, then every field of the event.
pub(super) fn of(session: &str, facts: &Facts, record: &Record) -> Result<Map<String, Value>, serde_json::Error> {
    let mut attributes = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            attributes.insert(name.to_owned(), value);
        }
    };
    put("session.id", json!(session));
    put("gen_ai.agent.name", json!(facts.agent));
    put("user.name", json!(facts.user.as_ref().map(|user| &user.name)));
    put("user.id", json!(facts.user.as_ref().map(|user| user.uid.to_string())));
    put("pinfold.seq", json!(record.seq));
    put("pinfold.cut", json!(record.cut.then_some(true)));
    put("pinfold.allowed", json!(record.event.allowed()));
    let event = serde_json::to_value(&record.event)?;
    let kind = record.event.kind();
    each_field("", &event, &mut |path, value| match (kind, path) {
        ("request", "method") if !METHODS.iter().any(|known| value == known) => {
            put("http.request.method", json!("_OTHER"));
            put("http.request.method_original", value.clone());
        }
        ("refused", "name") if event["what"] == "file" => put("file.path", value.clone()),
        _ if is_told(kind, path) => {}
        _ => put(&name(kind, path), value.clone()),
    });
    Ok(attributes)
}

/// Every field that is no object, by its path.
fn each_field(path: &str, value: &Value, then: &mut impl FnMut(&str, &Value)) {
    let Some(fields) = value.as_object() else { return then(path, value) };
    for (name, value) in fields {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        each_field(&path, value, then);
    }
}

/// Is it told otherwise: by the event's name, the resource, or as every record tells it?
fn is_told(kind: &str, path: &str) -> bool {
    matches!(
        (kind, path),
        (_, "kind")
            | ("lookup" | "connect" | "request", "verdict.allow")
            | ("grant", "allow")
            | ("start", "session" | "agent" | "user.name" | "user.uid" | "host" | "version")
    )
}

fn name(kind: &str, path: &str) -> String {
    let known = match (kind, path) {
        ("exec", "pid") | ("connect", "process.pid") => "process.pid",
        ("exec", "parent") => "process.parent_pid",
        ("exec", "argv") | ("start", "command") => "process.command_args",
        ("exec", "cwd") => "process.working_directory",
        ("exec", "executable") | ("connect", "process.exe") => "process.executable.path",
        ("end", "code") => "process.exit.code",
        ("lookup", "name") => "dns.question.name",
        ("connect" | "request" | "close" | "secret" | "budget", "host") => "server.address",
        ("connect" | "request" | "close", "port") => "server.port",
        ("connect", "address") => "network.peer.address",
        ("request", "method") => "http.request.method",
        ("request", "path") => "url.path",
        ("trust" | "quarantined" | "change" | "trap", "path") => "file.path",
        ("change", "size") => "file.size",
        ("lookup" | "connect" | "request", "verdict.rule") | ("refused" | "trap", "rule") => "security_rule.name",
        _ => return format!("pinfold.{}", path.replace('-', "_")),
    };
    known.to_owned()
}
