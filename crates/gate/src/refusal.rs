//! A refusal in words and in data: what, why, which rule, what next.

use pinfold_policy::{Decision, Destination, Ruling};
use serde::Serialize;

use crate::link::{Endpoint, Verdict};

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) verdict: Verdict,
    /// The smallest change of the policy that would let it through.
    pub(crate) change: Option<String>,
}

/// The JSON that a refused request is answered with.
#[derive(Debug, Serialize)]
struct Body<'a> {
    error: &'a str,
    what: &'a str,
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl Refusal {
    /// The rules say no.
    pub(crate) fn by_rule(ruling: &Ruling, change: Option<String>) -> Self {
        Self { verdict: Verdict::from(ruling), change }
    }

    /// The gate itself says no, whatever the rules are.
    pub(crate) fn by_gate(reason: impl Into<String>) -> Self {
        Self { verdict: Verdict { decision: Decision::Deny, reason: reason.into(), rule: None }, change: None }
    }

    /// Two lines of words for each answer, then the same as JSON; ends with a line break.
    pub(crate) fn text(&self, what: &str) -> String {
        let rule = self.verdict.rule.as_ref().map(ToString::to_string);
        let why = &self.verdict.reason;
        let mut text = format!("pinfold: {what}\n  why: {why}\n");
        if let Some(rule) = &rule {
            text.push_str(&format!(" rule: {rule}\n"));
        }
        if let Some(hint) = &self.change {
            text.push_str(&format!(" hint: {hint}\n"));
        }
        let body = Body { error: "refused by pinfold", what, why, rule, hint: self.change.as_deref() };
        text.push_str(&serde_json::to_string(&body).unwrap_or_default());
        text.push('\n');
        text
    }
}

/// The endpoint of a destination.
pub(crate) fn endpoint(to: &Destination) -> Endpoint {
    let host = match (&to.name, to.address) {
        (Some(name), _) => name.to_string(),
        (None, Some(address)) => address.to_string(),
        (None, None) => String::new(),
    };
    Endpoint { host, port: to.port }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_it_in_words_and_in_json() {
        let refusal = Refusal { change: Some("run with --allow-host a.example".into()), ..Refusal::by_gate("no rule") };
        let text = refusal.text("a program inside may not connect to a.example:443");
        let (words, json) = text.trim_end().rsplit_once('\n').expect("two parts");
        assert!(words.contains("why: no rule") && words.contains("hint: run with --allow-host a.example"));
        let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
        assert_eq!((&json["why"], &json["hint"]), (&"no rule".into(), &"run with --allow-host a.example".into()));
    }
}
