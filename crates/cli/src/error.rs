//! What a user reads when it goes wrong: what, why, which rule, what next.

use std::fmt;

use pinfold_policy::{Verdict, plain};

/// Exit status when the sandbox failed and the command never ran.
pub(crate) const NOT_STARTED: u8 = 125;

/// An error, or something else worth saying, in four lines, of which all but the first may be missing.
#[derive(Debug, Default)]
pub(crate) struct CliError {
    /// Goes before what there is to say.
    label: &'static str,
    what: String,
    why: Vec<String>,
    rule: Option<String>,
    hints: Vec<String>,
}

impl CliError {
    /// An error; `what` goes on after "error: ".
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { label: "error", what: what.into(), ..Self::default() }
    }

    /// What is no error of pinfold's: the command has run.
    pub(crate) fn notice(what: impl Into<String>) -> Self {
        Self { label: "pinfold", ..Self::new(what) }
    }

    /// The same with what a verdict says.
    #[must_use]
    pub(crate) fn verdict(mut self, verdict: Verdict) -> Self {
        self.why.push(verdict.why);
        self.rule = verdict.rule.map(|rule| rule.to_string());
        self.hints.extend(verdict.hint);
        self
    }

    /// An error with the causes behind it.
    pub(crate) fn from_error(error: &dyn std::error::Error) -> Self {
        let mut built = Self::new(error.to_string());
        let mut shown = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !shown.contains(&text) {
                built = built.why(&text);
                shown = text;
            }
            cause = error.source();
        }
        built
    }

    /// What and why, without what a person could do about it.
    #[cfg_attr(windows, expect(dead_code, reason = "only what is done with stages is recorded with why it failed"))]
    pub(crate) fn in_a_line(&self) -> String {
        std::iter::once(&self.what).chain(&self.why).map(String::as_str).collect::<Vec<_>>().join(": ")
    }

    /// Why it is so.
    #[must_use]
    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// The rule that decided.
    #[must_use]
    pub(crate) fn rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// What to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

#[cfg(target_os = "linux")]
impl CliError {
    /// The same as something that can be told elsewhere.
    pub(crate) fn into_refusal(self) -> pinfold_run::control::Refusal {
        let Self { what, why, rule, hints, .. } = self;
        pinfold_run::control::Refusal { what, why, rule, hints }
    }
}

/// An error and the causes behind it, as one clause.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let texts = std::iter::once(error.to_string()).chain(causes.map(ToString::to_string));
    let mut texts: Vec<String> = texts.collect();
    // Some errors already say what their cause says.
    texts.dedup();
    texts.join(": ")
}

/// Without what deceives a terminal, whoever has put it into a name: line by line, as some texts have several.
fn lines(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

impl fmt::Display for CliError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.label, lines(&self.what))?;
        for why in &self.why {
            write!(formatter, "\n  why: {}", lines(why))?;
        }
        if let Some(rule) = &self.rule {
            write!(formatter, "\n rule: {}", lines(rule))?;
        }
        for hint in &self.hints {
            write!(formatter, "\n hint: {}", lines(hint))?;
        }
        Ok(())
    }
}
