//! OTLP, sent to a collector over real connections.

use std::error::Error as _;

use pinfold_ledger::export::otlp::{Endpoint, Error, Sender, Summary, send, trace_id};
use pinfold_ledger::{Event, Record};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::collector::{Answer, Collector, Got, TAKEN, certificate_file};
use crate::events::{SESSION, one_of_each, records, refused_connection};
use crate::wire::{LogRecord, Request};

fn endpoint(collector: &Collector) -> Endpoint {
    Endpoint::new(&format!("http://{}", collector.address)).expect("an endpoint")
}

fn read(got: &Got) -> Request {
    serde_json::from_str(&got.body).expect("a request as the protocol has it")
}

fn log_records(got: &[Got]) -> Vec<LogRecord> {
    let all = got.iter().flat_map(|got| read(got).resource_logs).flat_map(|logs| logs.scope_logs);
    all.flat_map(|logs| logs.log_records).collect()
}

/// As many records as asked for.
fn many(count: usize) -> Vec<(String, Record)> {
    one_of_each().into_iter().cycle().take(count).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn records_arrive_as_log_records(records in records()) {
        let collector = Collector::start(vec![TAKEN]);
        let summary = send(endpoint(&collector), records.clone()).expect("sent");
        prop_assert_eq!(summary.taken, records.len() as u64);
        let got = collector.requests();
        let arrived = log_records(&got);
        prop_assert_eq!(arrived.len(), records.len());
        for (log, (session, record)) in arrived.iter().zip(&records) {
            prop_assert_eq!(log.time_unix_nano, record.time.nanoseconds());
            prop_assert_eq!(log.observed_time_unix_nano, record.time.nanoseconds());
            prop_assert_eq!(&log.event_name, &format!("pinfold.{}", record.event.kind()));
            prop_assert_eq!(&log.trace_id, &trace_id(session));
            prop_assert_eq!(&log.attributes["session.id"], &json!(session));
            let allowed = log.attributes.get("pinfold.allowed").and_then(Value::as_bool);
            prop_assert_eq!(allowed, record.event.allowed());
            let expected = match log.severity_number { 9 => "INFO", 13 => "WARN", 17 => "ERROR", _ => "" };
            prop_assert_eq!(&log.severity_text, expected);
        }
    }
}

#[test]
fn a_refused_connection_says_who_what_and_why() {
    let (start, record) = refused_connection();
    let collector = Collector::start(vec![TAKEN]);
    let endpoint = endpoint(&collector).header("Authorization", "Bearer hunter2").expect("a header");
    let mut sender = Sender::new(endpoint).expect("begun");
    sender.learn("s", &start);
    sender.push("s", &record).expect("gathered");
    sender.flush().expect("sent");
    let got = collector.requests().remove(0);
    assert!(got.head.starts_with("POST /v1/logs HTTP/1.1\r\n"), "{}", got.head);
    for line in ["content-type: application/json\r\n", "authorization: Bearer hunter2\r\n", "host: 127.0.0.1:"] {
        assert!(got.head.contains(line), "{}", got.head);
    }
    let logs = read(&got).resource_logs.remove(0);
    let resource = json!({ "service.name": "pinfold", "service.version": "1.2.3", "host.name": "desk" });
    assert_eq!(json!(logs.resource.attributes), resource);
    assert_eq!(logs.scope_logs[0].scope.name, "pinfold.ledger");
    let log = log_records(&[got]).remove(0);
    assert_eq!((log.severity_number, log.event_name.as_str()), (13, "pinfold.connect"));
    assert_eq!(log.body.plain(), "connect evil.example:443 refused: no rule names this host");
    let attributes = json!({
        "session.id": "s",
        "user.name": "ann",
        "user.id": "1000",
        "gen_ai.agent.name": "claude-code",
        "server.address": "evil.example",
        "server.port": 443,
        "network.peer.address": "192.0.2.1",
        "process.pid": 42,
        "process.executable.path": "/usr/bin/node",
        "security_rule.name": "network.allow",
        "pinfold.seq": 7,
        "pinfold.connection": 3,
        "pinfold.way": "transparent",
        "pinfold.inspected": false,
        "pinfold.allowed": false,
        "pinfold.verdict.reason": "no rule names this host",
    });
    assert_eq!(json!(log.attributes), attributes);
}

#[test]
fn each_session_is_a_trace_and_a_resource() {
    let mut records = many(4);
    for (session, _) in records.iter_mut().skip(2) {
        *session = "another".to_owned();
    }
    let collector = Collector::start(vec![TAKEN]);
    send(endpoint(&collector), records).expect("sent");
    let got = collector.requests();
    assert_eq!(read(&got[0]).resource_logs.len(), 2);
    let traces: Vec<String> = log_records(&got).into_iter().map(|log| log.trace_id).collect();
    assert_eq!(traces, [trace_id(SESSION), trace_id(SESSION), trace_id("another"), trace_id("another")]);
    assert!(traces[0].len() == 32 && traces[0] != traces[2], "{traces:?}");
}

#[test]
fn many_records_go_in_batches_on_one_connection() {
    let collector = Collector::start(vec![TAKEN; 3]);
    let summary = send(endpoint(&collector), many(2500)).expect("sent");
    assert_eq!(summary, Summary { taken: 2500, requests: 3, ..Summary::default() });
    let sizes: Vec<usize> =
        collector.requests().iter().map(|got| log_records(std::slice::from_ref(got)).len()).collect();
    assert_eq!(sizes, [1000, 1000, 500]);
}

#[test]
fn large_records_make_small_batches() {
    let note = Record { event: Event::Note { text: "x".repeat(60 << 10) }, ..one_of_each().remove(0).1 };
    let collector = Collector::start(vec![TAKEN; 2]);
    send(endpoint(&collector), vec![(SESSION.to_owned(), note); 16]).expect("sent");
    let got = collector.requests();
    assert!(got.iter().all(|got| got.body.len() < 5 << 20), "limits of collectors are larger");
    assert_eq!(log_records(&got).len(), 16);
}

#[test]
fn a_busy_collector_is_asked_again_when_it_says() {
    let busy = |status| Answer::Says(status, "retry-after: 0\r\n", "");
    let collector = Collector::start(vec![busy(429), busy(502), busy(503), busy(504), TAKEN]);
    let summary = send(endpoint(&collector), many(3)).expect("sent");
    assert_eq!(summary, Summary { taken: 3, requests: 1, retries: 4, ..Summary::default() });
    let got = collector.requests();
    assert!(got.iter().all(|other| other.body == got[0].body), "the same each time");
}

#[test]
fn a_collector_that_is_always_busy_is_given_up() {
    let collector = Collector::start(vec![Answer::Says(503, "retry-after: 0\r\n", "full"); 6]);
    let unfinished = send(endpoint(&collector), many(3)).expect_err("not sent");
    assert_eq!((unfinished.summary.taken, unfinished.summary.retries), (0, 5));
    let Error::GaveUp { attempts: 6, why, .. } = unfinished.cause else { panic!("{:?}", unfinished.cause) };
    assert_eq!(why, "503, full");
    assert_eq!(collector.requests().len(), 6);

    let collector = Collector::start(vec![Answer::Says(429, "retry-after: 86400\r\n", "")]);
    let unfinished = send(endpoint(&collector), many(3)).expect_err("not sent");
    assert!(matches!(unfinished.cause, Error::Busy { .. }), "{:?}", unfinished.cause);
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let collector = Collector::start(vec![TAKEN, Answer::HangsUp, TAKEN]);
    let summary = send(endpoint(&collector), many(1500)).expect("sent");
    assert_eq!(summary, Summary { taken: 1500, requests: 2, retries: 1, ..Summary::default() });
    let got = collector.requests();
    assert!(got[1].body == got[2].body);
}

#[test]
fn a_collector_that_closes_after_each_answer_is_connected_to_again() {
    let closing = Answer::Says(200, "connection: close\r\n", "{}");
    let collector = Collector::start(vec![closing.clone(), closing]);
    let summary = send(endpoint(&collector), many(1500)).expect("sent");
    assert_eq!((summary.taken, summary.requests), (1500, 2));
}

#[test]
fn an_answer_that_is_too_long_counts_by_its_status() {
    let long: &str = Box::leak("x".repeat(1 << 20).into_boxed_str());
    let collector = Collector::start(vec![Answer::Says(200, "", long), TAKEN]);
    let summary = send(endpoint(&collector), many(1500)).expect("sent");
    assert_eq!(summary, Summary { taken: 1500, requests: 2, ..Summary::default() });
}

#[test]
fn what_is_refused_is_not_sent_again_and_what_went_before_is_told() {
    let refusal = Answer::Says(400, "", r#"{"code":3,"message":"no \u001b[31mgood"}"#);
    let collector = Collector::start(vec![TAKEN, refusal]);
    let unfinished = send(endpoint(&collector), many(1500)).expect_err("not sent");
    assert_eq!(unfinished.to_string(), "failed to send all records; the collector took 1000 before");
    let cause = unfinished.source().expect("a cause").to_string();
    let address = collector.address;
    assert_eq!(cause, format!("the collector at {address} refuses the records: 400, no [31mgood"));
    assert_eq!(collector.requests().len(), 2);
}

#[test]
fn what_a_collector_does_not_take_of_a_request_is_told() {
    let partly = Answer::Says(200, "", r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}"#);
    let collector = Collector::start(vec![partly.clone(), partly]);
    let summary = send(endpoint(&collector), many(1010)).expect("sent");
    let expected =
        Summary { taken: 1006, rejected: 4, requests: 2, warnings: vec!["too old".to_owned()], ..Summary::default() };
    assert_eq!(summary, expected);
}

#[test]
fn nothing_is_sent_where_nothing_is() {
    let endpoint = Endpoint::new("http://127.0.0.1:1").expect("an endpoint");
    assert_eq!(send(endpoint, []).expect("nothing to do"), Summary::default());
}

#[test]
fn a_collector_that_is_not_there_is_told_of_at_once() {
    let endpoint = Endpoint::new("http://127.0.0.1:1").expect("an endpoint");
    let cause = send(endpoint, many(1)).expect_err("not sent").cause;
    assert!(cause.to_string().starts_with("failed to reach the collector at 127.0.0.1:1: "), "{cause}");
}

#[test]
fn over_tls_only_a_trusted_collector_gets_anything() {
    let (own, foreign) = (certificate_file("own"), certificate_file("foreign"));
    drop(Collector::start_tls(Vec::new(), &foreign));
    let collector = Collector::start_tls(vec![TAKEN], &own);
    let url = format!("https://localhost:{}", collector.address.port());
    let endpoint = || Endpoint::new(&url).expect("an endpoint");

    let cause = send(endpoint(), many(1)).expect_err("not sent").cause;
    assert!(matches!(cause, Error::NoRoots), "{cause}");
    let summary = send(endpoint().trusting([own.clone()]), many(1)).expect("sent");
    assert_eq!(summary.taken, 1);
    assert_eq!(collector.requests().len(), 1);

    let collector = Collector::start_tls(vec![Answer::HangsUp], &own);
    let url = format!("https://localhost:{}", collector.address.port());
    let endpoint = Endpoint::new(&url).expect("an endpoint").trusting([foreign.clone()]);
    let cause = send(endpoint, many(1)).expect_err("not sent").cause;
    assert!(cause.to_string().contains("certificate"), "{cause}");
    for file in [own, foreign] {
        std::fs::remove_file(file).expect("removed");
    }
}
