//! One line of a log: `{"seq":7,"time":"…","kind":"…",…,"sum":"…"}`.
//!
//! Every line begins with its place and its moment and ends with its sum, so that these are found without reading JSON.

use std::io::Write;

use crate::key::{SUM_DIGITS, Sums};
use crate::timestamp::LETTERS;

const SEQ: &[u8] = b"{\"seq\":";
const TIME: &[u8] = b",\"time\":\"";
const SUM: &[u8] = b",\"sum\":\"";
const END: &[u8] = b"\"}";

/// The parts of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Its place.
    pub(crate) seq: u64,
    /// Its moment as text.
    pub(crate) time: &'a [u8],
    /// From `"kind"` on, without the sum.
    pub(crate) body: &'a [u8],
}

impl<'a> Line<'a> {
    /// Takes a line, without its newline, apart.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let rest = line.strip_prefix(SEQ)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at_checked(digits)?;
        if digits.is_empty() || digits.len() > 1 && digits.first() == Some(&b'0') {
            return None;
        }
        let number = |sum: u64, digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
        let seq = digits.iter().try_fold(0, number)?;
        let (time, rest) = rest.strip_prefix(TIME)?.split_at_checked(LETTERS)?;
        let (body, sum) = split_sum(rest.strip_prefix(b"\",")?)?;
        let digits = sum.strip_prefix(SUM)?.strip_suffix(END)?;
        let lower = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        digits.iter().all(lower).then_some(Self { seq, time, body })
    }

    /// Is it a checkpoint of the log itself?
    pub(crate) fn is_checkpoint(&self) -> bool {
        self.body.starts_with(b"\"kind\":\"checkpoint\",")
    }

    /// Is it the event that ends a session?
    pub(crate) fn is_end(&self) -> bool {
        self.body.starts_with(b"\"kind\":\"end\",")
    }
}

/// Writes a line, without its newline. `body` is the members of the object behind the moment.
pub(crate) fn write(out: &mut Vec<u8>, sums: &Sums, seq: u64, time: &[u8], body: &[u8]) {
    let begin = out.len();
    out.extend_from_slice(SEQ);
    // Writing into memory does not fail.
    let _ = write!(out, "{seq}");
    for part in [TIME, time, b"\",", body] {
        out.extend_from_slice(part);
    }
    let sum = sums.sum(out.get(begin..).unwrap_or_default());
    for part in [SUM, &sum, END] {
        out.extend_from_slice(part);
    }
}

/// Is the line, without its newline, as the owner of the sums wrote it?
pub(crate) fn genuine(line: &[u8], sums: &Sums) -> bool {
    split_sum(line).is_some_and(|(body, end)| end == [SUM, &sums.sum(body), END].concat())
}

/// What the sum is of, and the end of the line that tells it.
fn split_sum(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = SUM.len() + SUM_DIGITS + END.len();
    line.split_at_checked(line.len().checked_sub(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_and_nothing_else_is_one() {
        let text =
            br#"{"seq":12,"time":"2026-03-01T12:00:00.000000000Z","kind":"end","code":0,"sum":"0123456789abcdef"}"#;
        let line = Line::parse(text).expect("a line");
        assert_eq!((line.seq, line.body), (12, &br#""kind":"end","code":0"#[..]));
        assert!(line.is_end() && !line.is_checkpoint());
        for cut in 0..text.len() {
            assert!(Line::parse(&text[..cut]).is_none());
        }
        let long = br#"{"seq":99999999999999999999,"time":"2026-03-01T12:00:00.000000000Z","kind":"#;
        assert!(Line::parse(long).is_none());
    }
}
