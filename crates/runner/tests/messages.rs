//! Every message survives the journey, wherever it is cut; nothing that comes instead is more than refused.
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

use pinfold_runner::{
    Chunk, Decoder, FromRunner, FromSupervisor, Hello, MESSAGE_BYTES_MAX, Nonce, NotStarted, Order, Ready, Report,
    START_BYTES_MAX, Start, Stdio, Stream, TerminalSize, Usage, encode,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn stream() -> impl Strategy<Value = Stream> {
    prop_oneof![Just(Stream::Stdout), Just(Stream::Stderr)]
}

fn chunk() -> impl Strategy<Value = Chunk> {
    prop::collection::vec(any::<u8>(), 0..300).prop_map(Chunk)
}

fn nonce() -> impl Strategy<Value = Nonce> {
    any::<[u8; 16]>().prop_map(Nonce)
}

fn size() -> impl Strategy<Value = TerminalSize> {
    (any::<u16>(), any::<u16>()).prop_map(|(rows, columns)| TerminalSize { rows, columns })
}

fn stdio() -> impl Strategy<Value = Stdio> {
    prop_oneof![Just(Stdio::Pipes), size().prop_map(Stdio::Terminal)]
}

fn start() -> impl Strategy<Value = Start<Value>> {
    let texts = || prop::collection::vec(".{0,20}", 0..5);
    (texts(), prop::collection::vec((".{0,9}", ".{0,9}"), 0..5), ".{0,20}", any::<i32>(), stdio()).prop_map(
        |(command, environment, directory, plan, stdio)| Start {
            command,
            environment,
            directory,
            plan: json!({ "roots": [plan] }),
            stdio,
        },
    )
}

fn order() -> impl Strategy<Value = Order<Value>> {
    prop_oneof![
        (any::<u32>(), nonce()).prop_map(|(version, nonce)| Order::Hello(Hello { version, nonce })),
        (nonce(), start()).prop_map(|(echo, start)| Order::Start { echo, start: Box::new(start) }),
        chunk().prop_map(|bytes| Order::Stdin { bytes }),
        Just(Order::CloseStdin),
        (stream(), any::<u32>()).prop_map(|(stream, bytes)| Order::Taken { stream, bytes }),
        stream().prop_map(|stream| Order::CloseOutput { stream }),
        size().prop_map(Order::Resize),
        Just(Order::Terminate),
        Just(Order::Measure),
    ]
}

fn not_started() -> impl Strategy<Value = NotStarted> {
    prop_oneof![
        (".{0,50}", any::<u32>(), ".{0,50}").prop_map(|(step, code, message)| NotStarted::Refused {
            step,
            code,
            message
        }),
        (any::<u32>(), ".{0,50}").prop_map(|(code, message)| NotStarted::NotExecuted { code, message }),
    ]
}

fn report() -> impl Strategy<Value = Report> {
    prop_oneof![
        (any::<u32>(), any::<u32>(), ".{0,50}", nonce(), nonce())
            .prop_map(|(version, pid, user, echo, nonce)| { Report::Ready(Ready { version, pid, user, echo, nonce }) }),
        not_started().prop_map(Report::NotStarted),
        any::<u32>().prop_map(|pid| Report::Started { pid }),
        (stream(), chunk()).prop_map(|(stream, bytes)| Report::Output { stream, bytes }),
        any::<u32>().prop_map(|bytes| Report::Taken { bytes }),
        Just(Report::StdinClosed),
        (any::<u32>(), any::<u64>(), any::<u64>()).prop_map(|(processes, memory_bytes, cpu_ms)| Report::Usage(Usage {
            processes,
            memory_bytes,
            cpu_ms
        })),
        any::<u32>().prop_map(|code| Report::Exited { code }),
    ]
}

/// Passes messages in pieces of these sizes.
fn journey<M: Serialize + DeserializeOwned>(messages: &[M], cuts: &[usize]) -> Vec<M> {
    let bytes: Vec<u8> = messages.iter().flat_map(|message| encode(message, START_BYTES_MAX).unwrap()).collect();
    let (mut decoder, mut heard, mut rest) = (Decoder::new(), Vec::new(), bytes.as_slice());
    for cut in cuts.iter().cycle() {
        let (now, later) = rest.split_at((*cut).min(rest.len()));
        decoder.feed(now);
        while let Some(message) = decoder.next(START_BYTES_MAX).unwrap() {
            heard.push(serde_json::from_slice(message).unwrap());
        }
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    assert!(!decoder.is_within());
    heard
}

proptest! {
    #[test]
    fn every_order_survives_the_journey(
        orders in prop::collection::vec(order(), 0..8),
        cuts in prop::collection::vec(1..400_usize, 1..30),
    ) {
        prop_assert_eq!(journey(&orders, &cuts), orders);
    }

    #[test]
    fn every_report_survives_the_journey(
        reports in prop::collection::vec(report(), 0..8),
        cuts in prop::collection::vec(1..400_usize, 1..30),
    ) {
        prop_assert_eq!(journey(&reports, &cuts), reports);
    }

    #[test]
    fn any_messages_in_any_order_are_heard_or_refused(
        reports in prop::collection::vec(report(), 0..30),
        orders in prop::collection::vec(order(), 0..30),
        stdio in stdio(),
    ) {
        let mut runner = FromRunner::new(stdio);
        for report in &reports {
            let over = runner.is_over();
            let heard = runner.hear(report);
            prop_assert!(heard.is_err() || !over, "something was heard after the end");
            runner.start_sent();
        }
        let mut supervisor = FromSupervisor::default();
        for order in &orders {
            let _ = supervisor.hear(order);
            supervisor.started_sent();
        }
    }

    #[test]
    fn a_flipped_bit_never_panics(
        report in report(),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let mut bytes = encode(&report, MESSAGE_BYTES_MAX).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let mut decoder = Decoder::new();
        decoder.feed(&bytes);
        if let Ok(Some(message)) = decoder.next(MESSAGE_BYTES_MAX) {
            let _ = serde_json::from_slice::<Report>(message);
        }
    }
}

#[test]
fn a_deep_plan_is_refused_and_not_followed_down() {
    let text = format!("{{\"start\":{{\"plan\":{}", "[".repeat(1 << 20));
    assert!(serde_json::from_str::<Order<Value>>(&text).is_err());
    assert!(serde_json::from_str::<Report>(&"[".repeat(90 << 10)).is_err());
}

#[test]
fn no_value_of_a_variable_stands_in_a_debug_text() {
    let start = Start {
        command: vec!["a".into()],
        environment: vec![("TOKEN".into(), "s3cret".into())],
        directory: String::new(),
        plan: Value::from("p"),
        stdio: Stdio::Pipes,
    };
    let text = format!("{:?}", Order::Start { echo: Nonce([1; 16]), start: Box::new(start) });
    assert!(text.contains("TOKEN") && !text.contains("s3cret"), "{text}");
}
