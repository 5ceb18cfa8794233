//! Names, connections, requests and the secrets in them.

use serde_json::{Value, json};

use super::super::classes::{Activity, DNS, HIGH, HTTP, Mapped, NETWORK};
use super::super::merge;
use super::super::objects::{self, REGULAR, connection, endpoint};
use super::{blocked, findings, judged, plain};
use crate::event::{ConnectionEnd, Process, SecretUse, Verdict, Way};

/// The methods that the class has numbers for, from 1.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH"];

pub(super) fn looked_up<'a>(name: &str, r#type: &str, verdict: &Verdict) -> Mapped<'a> {
    let own = json!({
        "query": { "hostname": name, "type": r#type },
        "dst_endpoint": { "svc_name": "pinfold gate" },
    });
    judged(DNS, Activity::Known(1), verdict, own)
}

pub(super) fn connected<'a>(
    number: u64,
    to: Value,
    way: Way,
    process: Option<&Process>,
    inspected: bool,
    verdict: &Verdict,
) -> Mapped<'a> {
    let process = process
        .map(|Process { pid, exe }| json!({ "pid": pid, "file": exe.as_ref().map(|exe| objects::file(exe, REGULAR)) }));
    let own = json!({
        "actor": { "process": process },
        "connection_info": connection(number, Some(way)),
        "dst_endpoint": to,
        "unmapped": { "way": way, "inspected": inspected },
    });
    judged(NETWORK, Activity::Known(if verdict.allow { 1 } else { 5 }), verdict, own)
}

pub(super) fn requested<'a>(
    number: u64,
    host: &str,
    port: u16,
    method: &'a str,
    path: &str,
    verdict: &Verdict,
) -> Mapped<'a> {
    let known = METHODS.iter().zip(1..).find(|(name, _)| **name == method);
    let own = json!({
        "connection_info": connection(number, None),
        "dst_endpoint": endpoint(host, Some(port), None),
        "http_request": {
            "http_method": known.map(|_| method),
            "url": { "hostname": host, "port": port, "path": path },
        },
    });
    let activity = known.map_or(Activity::Other(method), |(_, id)| Activity::Known(id));
    judged(HTTP, activity, verdict, own)
}

pub(super) fn closed<'a>(
    number: u64,
    to: Value,
    way: Way,
    bytes_out: u64,
    bytes_in: u64,
    ms: u64,
    end: &ConnectionEnd,
) -> Mapped<'a> {
    let mut own = json!({
        "connection_info": connection(number, Some(way)),
        "dst_endpoint": to,
        "traffic": { "bytes_in": bytes_in, "bytes_out": bytes_out, "bytes": bytes_in.saturating_add(bytes_out) },
        "duration": ms,
        "unmapped": { "way": way },
    });
    match end {
        ConnectionEnd::Done => {
            own["status_id"] = json!(1);
            plain(NETWORK, Activity::Known(2), own)
        }
        ConnectionEnd::Failed { what } => {
            own["status_id"] = json!(2);
            own["status_detail"] = json!(what);
            plain(NETWORK, Activity::Known(4), own)
        }
        ConnectionEnd::Stopped { what } => blocked(NETWORK, Activity::Known(3), None, what, own),
    }
}

pub(super) fn secret<'a>(name: &str, host: &str, number: u64, what: &SecretUse) -> Mapped<'a> {
    let to = endpoint(host, None, None);
    let mut own = json!({ "unmapped": { "secret": name, "use": what } });
    if *what != SecretUse::Used {
        return findings::stopped(
            HIGH,
            json!({ "connection_info": connection(number, None), "dst_endpoint": to }),
            own,
        );
    }
    merge(&mut own, json!({ "connection_info": connection(number, None), "dst_endpoint": to }));
    merge(&mut own, objects::allowed());
    plain(NETWORK, Activity::Known(6), own)
}
