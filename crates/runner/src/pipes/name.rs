//! Names of the pipes.

use std::fmt;
use std::str::FromStr;

/// What both pipes of a session have in their names: 128 random bits, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipeName(String);

/// Why a text is no such name. It is not repeated: who starts a runner without one knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of the pipes is not 32 hexadecimal digits")]
pub struct PipeNameError;

const DIGITS: usize = 32;

impl PipeName {
    /// From bits of a generator for cryptography: whoever guesses them could be there first.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The pipe to the runner.
    pub fn to_runner(&self) -> String {
        format!(r"\\.\pipe\pinfold-{}-in", self.0)
    }

    /// The pipe from the runner.
    pub fn from_runner(&self) -> String {
        format!(r"\\.\pipe\pinfold-{}-out", self.0)
    }
}

/// As the runner gets it for an argument.
impl fmt::Display for PipeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PipeName {
    type Err = PipeNameError;

    fn from_str(text: &str) -> Result<Self, PipeNameError> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == DIGITS && text.bytes().all(digit) { Ok(Self(text.to_owned())) } else { Err(PipeNameError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_leads_to_no_other_pipe() {
        let name = PipeName::new([0x0f; 16]);
        assert_eq!(name.to_runner(), format!(r"\\.\pipe\pinfold-{}-in", "0f".repeat(16)));
        assert_eq!(name.from_runner(), format!(r"\\.\pipe\pinfold-{}-out", "0f".repeat(16)));
        assert_eq!(name.to_string().parse(), Ok(name));
        let long = "0".repeat(33);
        for text in
            ["", "0f", &long, &"F".repeat(32), r"..\..\..\..\..\..\..\..\..\..\..\", "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0/"]
        {
            assert!(text.parse::<PipeName>().is_err(), "{text}");
        }
    }
}
