//! What a collector's answer means.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::limits::MESSAGE_LETTERS_MAX;

/// What a collector answered to a request.
#[derive(Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// `Retry-After` as it stands there.
    pub retry_after: Option<String>,
    /// The body; of no more than a limited size.
    pub body: Vec<u8>,
}

/// What that means for the records of the request. What the collector said is one line without control characters.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning {
    /// They were taken.
    Taken {
        /// But for so many.
        rejected: u64,
        /// What it had to say.
        message: String,
    },
    /// They would be taken later.
    Later {
        /// Why not now, as a clause.
        why: String,
        /// After how long, if it said so.
        pause: Option<Duration>,
    },
    /// They will never be taken.
    Never {
        /// What it had to say.
        message: String,
    },
}

impl Answer {
    /// By the rules of OTLP over HTTP: four failures are worth another try, and no other is.
    pub fn meaning(&self) -> Meaning {
        let message = message(&self.body);
        match self.status {
            200..=299 => Meaning::Taken { rejected: rejected(&self.body), message },
            429 | 502 | 503 | 504 => {
                let why = format!("{}{}{message}", self.status, if message.is_empty() { "" } else { ", " });
                Meaning::Later { why, pause: self.retry_after.as_deref().and_then(pause) }
            }
            _ => Meaning::Never { message },
        }
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn pause(text: &str) -> Option<Duration> {
    match text.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).unwrap_or_default()),
    }
}

/// Records that were not taken though the request was: a number of 64 bits, which is a text in the JSON of OTLP.
fn rejected(body: &[u8]) -> u64 {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let rejected = &body["partialSuccess"]["rejectedLogRecords"];
    rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or_default()
}

/// What it said, for people: one line without control characters.
fn message(body: &[u8]) -> String {
    let said = match serde_json::from_slice::<Value>(body) {
        Ok(json) => {
            let texts = [&json["partialSuccess"]["errorMessage"], &json["message"]];
            texts.iter().find_map(|text| text.as_str()).unwrap_or_default().to_owned()
        }
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let words = said.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    line.chars().take(MESSAGE_LETTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, retry_after: None, body: body.into() }
    }

    #[test]
    fn a_collector_may_take_some_only() {
        let body = r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}"#;
        assert_eq!(answer(200, body).meaning(), Meaning::Taken { rejected: 3, message: "too old".into() });
        assert_eq!(answer(200, &body.replace("\"3\"", "3")).meaning(), answer(200, body).meaning());
        let whole = Meaning::Taken { rejected: 0, message: String::new() };
        assert_eq!(answer(200, "{}").meaning(), whole);
        assert_eq!(answer(202, "").meaning(), whole);
    }

    #[test]
    fn four_failures_are_worth_another_try() {
        for status in 300..600 {
            let later = matches!(answer(status, "").meaning(), Meaning::Later { pause: None, .. });
            assert_eq!(later, [429, 502, 503, 504].contains(&status), "{status}");
        }
    }

    #[test]
    fn how_long_to_wait_is_said_in_seconds_or_as_a_date() {
        assert_eq!(pause("7"), Some(Duration::from_secs(7)));
        assert_eq!(pause("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let later = SystemTime::now() + Duration::from_secs(100);
        let asked = pause(&httpdate::fmt_http_date(later)).expect("a date");
        assert!(asked > Duration::ZERO && asked <= Duration::from_secs(100), "{asked:?}");
        assert_eq!(pause("soon"), None);
        assert_eq!(pause("-1"), None);
    }

    proptest! {
        #[test]
        fn any_answer_can_be_read(status: u16, body: Vec<u8>, text in r#"[{}\[\]":,a-z0-9]{0,40}"#, retry in ".{0,20}") {
            for body in [body, text.into_bytes()] {
                let answer = Answer { status, retry_after: Some(retry.clone()), body };
                let shown = format!("{:?}", answer.meaning());
                prop_assert!(!shown.contains(char::is_control), "{shown}");
            }
        }
    }
}
