//! What a runner is to start.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A command and its plan. `Debug` shows no values of variables.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Start<P> {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// All variables that the command gets.
    pub environment: Vec<(String, String)>,
    /// Its current directory.
    pub directory: String,
    /// How it is confined.
    pub plan: P,
    /// What its standard input, output and error are.
    pub stdio: Stdio,
}

/// What a command's standard input, output and error are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stdio {
    /// A pipe each.
    Pipes,
    /// A terminal of its own.
    Terminal(TerminalSize),
}

/// Size of a terminal in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TerminalSize {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
}

impl<P> fmt::Debug for Start<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.environment.iter().map(|(name, _)| name).collect();
        f.debug_struct("Start")
            .field("command", &self.command)
            .field("variables", &names)
            .field("directory", &self.directory)
            .field("stdio", &self.stdio)
            .finish_non_exhaustive()
    }
}
