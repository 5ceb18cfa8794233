//! Why a command did not start.

use serde::{Deserialize, Serialize};

use crate::limits::TEXT_BYTES_MAX;

/// Why a command did not start. From a runner, texts are cut to [`TEXT_BYTES_MAX`], not cleaned: whoever shows them
/// makes them plain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum NotStarted {
    /// Confinement failed; the command never ran.
    Refused {
        /// What was being done, fit for "failed to …".
        step: String,
        /// The system's number for the error.
        code: u32,
        /// What it says about it.
        message: String,
    },
    /// Everything is in force, but the command could not be executed.
    NotExecuted {
        /// The system's number for the error.
        code: u32,
        /// What it says about it.
        message: String,
    },
}

impl NotStarted {
    /// The same with texts of a size that is allowed.
    pub(crate) fn cut(self) -> Self {
        match self {
            Self::Refused { step, code, message } => Self::Refused { step: cut(&step), code, message: cut(&message) },
            Self::NotExecuted { code, message } => Self::NotExecuted { code, message: cut(&message) },
        }
    }
}

/// As many whole characters as may be.
fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let not = NotStarted::Refused { step: "a".into(), code: 5, message: "ü".repeat(2000) };
        let NotStarted::Refused { step, message, .. } = not.cut() else { panic!() };
        assert_eq!((step.as_str(), message.len()), ("a", TEXT_BYTES_MAX));
        assert_eq!(cut(&"日".repeat(1000)).len(), TEXT_BYTES_MAX / 3 * 3);
    }
}
