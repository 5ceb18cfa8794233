//! What a user reads when it goes wrong: what, why, which rule, what next.

use std::fmt;

/// Exit status when the sandbox failed and the command never ran.
pub(crate) const NOT_STARTED: u8 = 125;

/// An error in four lines, of which all but the first may be missing.
#[derive(Debug, Default)]
pub(crate) struct CliError {
    what: String,
    why: Vec<String>,
    rule: Option<String>,
    hints: Vec<String>,
}

impl CliError {
    /// An error; `what` goes on after "error: ".
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::default() }
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

impl fmt::Display for CliError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.what)?;
        for why in &self.why {
            write!(formatter, "\n  why: {why}")?;
        }
        if let Some(rule) = &self.rule {
            write!(formatter, "\n rule: {rule}")?;
        }
        for hint in &self.hints {
            write!(formatter, "\n hint: {hint}")?;
        }
        Ok(())
    }
}
