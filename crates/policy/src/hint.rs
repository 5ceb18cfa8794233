//! The smallest change that would allow something: a flag for once, a line of TOML for good.

use crate::ceiling::List;
use crate::paths::{PathText, below, tilde};
use crate::platform::Places;
use crate::text::plain;

/// Grants a path.
pub(crate) fn grant(list: List, path: &str, places: &Places) -> Option<String> {
    let path = tilde(path, places);
    PathText::parse(&path).ok()?;
    let (flag, key) = match list {
        List::Read => ("--read", "files.read"),
        List::Write => ("--write", "files.write"),
        List::CopyOnWrite => ("--copy-on-write", "files.copy-on-write"),
    };
    change(flag, key, &path, places)
}

/// Makes an exception for a hidden path.
pub(crate) fn except(key: &str, path: &str, places: &Places) -> Option<String> {
    exception(key, &entry(path, places)?, places)
}

/// What masks a hidden file, where an exception for it would make it visible as it is.
pub fn mask_instead(path: &str, places: &Places) -> Option<String> {
    change("--mask", "files.mask", &entry(path, places)?, places)
}

/// A path as it is best written: below the workspace or the home.
fn entry(path: &str, places: &Places) -> Option<String> {
    let text = match below(path, &places.workspace_text()) {
        Some(rest) if !rest.is_empty() => format!("./{rest}"),
        _ => tilde(path, places),
    };
    // A name with special characters would need escapes; better no hint than a wrong one.
    PathText::parse(&text).ok().map(|_| text)
}

/// Makes an exception for a rule as it is written.
pub(crate) fn exception(key: &str, text: &str, places: &Places) -> Option<String> {
    change(&format!("--{key}"), &format!("files.{key}"), &format!("!{text}"), places)
}

/// With a flag once, with an entry of a list for good.
pub(crate) fn change(flag: &str, key: &str, text: &str, places: &Places) -> Option<String> {
    // What cannot be printed as it is cannot be copied either.
    if plain(text) != text {
        return None;
    }
    let toml = toml::Value::from(text);
    Some(format!("run with {flag} {}, or add {toml} to {key} in {}", shell_word(text), places.platform.user_policy()))
}

/// The text as one word of a shell.
pub fn shell_word(text: &str) -> String {
    let tame = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:=~".contains(c);
    match text.chars().all(tame) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
