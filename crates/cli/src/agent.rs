//! Which agent a run is for: what the user says, else what agents say of themselves, else what is run. It names the run
//! in the ledger and decides nothing.

use std::ffi::OsString;
use std::path::Path;

use crate::context::Context;

/// Variables whose value is a name (agents.md, proposal 136).
const NAMING: [&str; 3] = ["PINFOLD_AGENT", "AGENT", "AI_AGENT"];

/// Variables that agents set for the commands they run, as their documentation says.
const MARKS: [(&str, &str); 7] = [
    ("CLAUDECODE", "claude"),
    ("CODEX_SANDBOX", "codex"),
    ("GEMINI_CLI", "gemini"),
    ("CURSOR_AGENT", "cursor"),
    ("AUGMENT_AGENT", "augment"),
    ("CLINE_ACTIVE", "cline"),
    ("OPENCODE_CLIENT", "opencode"),
];

/// Programs that are agents.
const PROGRAMS: [&str; 9] = ["aider", "amp", "claude", "codex", "cursor-agent", "gemini", "goose", "opencode", "qwen"];

/// Longest name.
const NAME_CHARS: usize = 64;

/// The agent of a call, if any can be told.
pub(crate) fn of(context: &Context, said: Option<&str>, command: &[OsString]) -> Option<String> {
    let named = NAMING.iter().filter_map(|name| context.text(name)).find(|value| is_name(value));
    let marked = || MARKS.iter().find(|(mark, _)| context.has_variable(mark)).map(|(_, agent)| *agent);
    let run = || {
        let program = program(command)?;
        PROGRAMS.into_iter().find(|agent| *agent == program)
    };
    said.or(named).or_else(run).or_else(marked).map(str::to_owned)
}

/// The name of a command's program.
pub(crate) fn program(command: &[OsString]) -> Option<&str> {
    Path::new(command.first()?).file_name()?.to_str()
}

/// Some set such a variable to a mere yes.
fn is_name(value: &str) -> bool {
    let of_a_name = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    !["1", "true", "yes"].contains(&value) && (1..=NAME_CHARS).contains(&value.len()) && value.chars().all(of_a_name)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_yes_or_a_path_is_no_name() {
        assert!(is_name("goose") && is_name("claude-code_2.1_agent"));
        assert!(["1", "true", "", "/tmp/agent.sock", "a b"].iter().all(|value| !is_name(value)));
    }
}
