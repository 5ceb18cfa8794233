//! A profile in Seatbelt's language, which is a Scheme: strings between quotes, with backslashes before what is special.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::profile::{Action, Filter, Profile, Rule};

/// Why a profile cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    /// The language has no bytes that are not text.
    #[error("{} is not Unicode, so that no Seatbelt profile can name it", path.display())]
    NotUnicode {
        /// The path.
        path: PathBuf,
    },
    /// How the language would read it is not known.
    #[error("{text:?} contains a control character, so that no Seatbelt profile can name it")]
    Control {
        /// The path or pattern.
        text: String,
    },
}

impl Profile {
    /// The profile as `sandbox_init` and `sandbox-exec` read it.
    pub fn text(&self) -> Result<String, TextError> {
        let mut text = "(version 1)\n(deny default)\n".to_owned();
        let mut why = "";
        for rule in &self.rules {
            if rule.why != why {
                why = &rule.why;
                let _ = writeln!(text, "\n; {why}");
            }
            text.push_str(&rule.text()?);
        }
        Ok(text)
    }
}

impl Rule {
    fn text(&self) -> Result<String, TextError> {
        let action = match self.action {
            Action::Allow => "allow",
            Action::Deny => "deny",
        };
        let operations: Vec<&str> = self.operations.iter().map(|operation| operation.name()).collect();
        let mut text = format!("({action} {}", operations.join(" "));
        for filter in &self.filters {
            let _ = write!(text, "\n  {}", filter.text()?);
        }
        text.push_str(")\n");
        Ok(text)
    }
}

impl Filter {
    fn text(&self) -> Result<String, TextError> {
        Ok(match self {
            Self::Literal(path) => format!("(literal {})", path_quoted(path)?),
            Self::Subpath(path) => subpath(path)?,
            Self::Regex(pattern) => regex(&pattern.0)?,
            Self::NoDirectory(pattern) => {
                format!("(require-all (require-not {}) {})", Self::Directory.text()?, regex(&pattern.0)?)
            }
            Self::Named { within, any, except } => {
                let each = |patterns: &[super::pattern::Pattern]| -> Result<String, TextError> {
                    let texts: Vec<String> =
                        patterns.iter().map(|pattern| regex(&pattern.0)).collect::<Result<_, _>>()?;
                    Ok(format!("(require-any\n      {})", texts.join("\n      ")))
                };
                let mut all: Vec<String> = within.iter().map(|path| subpath(path)).collect::<Result<_, _>>()?;
                all.push(each(any)?);
                if !except.is_empty() {
                    all.push(format!("(require-not {})", each(except)?));
                }
                format!("(require-all\n    {})", all.join("\n    "))
            }
            Self::Directory => "(vnode-type DIRECTORY)".to_owned(),
            Self::OwnTerminal => {
                format!("(require-all {} (extension \"com.apple.sandbox.pty\"))", regex("^/dev/ttys[0-9]+$")?)
            }
            Self::Service(name) => format!("(global-name {})", quoted(name)?),
            Self::Sysctl(name) => format!("(sysctl-name {})", quoted(name)?),
            Self::SysctlPrefix(name) => format!("(sysctl-name-prefix {})", quoted(name)?),
            Self::Semaphore(pattern) => format!("(ipc-posix-name-regex {})", quoted(&pattern.0)?),
            Self::SameSandbox => "(target same-sandbox)".to_owned(),
            Self::RemoteLoopback(port) => format!("(remote ip \"localhost:{port}\")"),
            Self::LocalLoopback(port) => format!("(local ip \"localhost:{port}\")"),
        })
    }
}

fn subpath(path: &Path) -> Result<String, TextError> {
    Ok(format!("(subpath {})", path_quoted(path)?))
}

fn regex(text: &str) -> Result<String, TextError> {
    Ok(format!("(regex {})", quoted(text)?))
}

fn path_quoted(path: &Path) -> Result<String, TextError> {
    let text = path.to_str().ok_or_else(|| TextError::NotUnicode { path: path.to_owned() })?;
    quoted(text)
}

/// The text between quotes. Line breaks and tabs have names, as in every Scheme; other control characters are refused.
fn quoted(text: &str) -> Result<String, TextError> {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if letter.is_control() => return Err(TextError::Control { text: text.to_owned() }),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    Ok(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::macos::Operation;

    fn text(filter: Filter) -> Result<String, TextError> {
        let mut profile = Profile::default();
        profile.allow(&[Operation::FileReadData], vec![filter], "why");
        profile.text()
    }

    #[test]
    fn what_would_end_a_string_is_quoted() {
        let path = "/a \"b\\c\n\t(allow default)";
        let expected = "(literal \"/a \\\"b\\\\c\\n\\t(allow default)\")";
        assert!(text(Filter::Literal(path.into())).expect("a text").contains(expected));
    }

    #[test]
    fn control_characters_are_refused() {
        for path in ["/a\0b", "/a\u{1b}b", "/a\u{7f}", "/a\u{85}"] {
            assert!(matches!(text(Filter::Subpath(path.into())), Err(TextError::Control { .. })), "{path:?}");
        }
    }

    #[test]
    fn a_rule_for_nothing_does_not_become_one_for_everything() {
        let mut profile = Profile::default();
        profile.deny_each(Operation::READ, Vec::new(), "why");
        assert_eq!(profile, Profile::default());
    }
}
