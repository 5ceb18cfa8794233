//! Paths as text: how they are written in a policy, and how they compare. Purely lexical, with
//! `/` between components on every platform.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::bounds::TEXT_BYTES_MAX;
use crate::platform::{Places, Platform};
use crate::text::{Complaint, quoted};

/// A path as a policy file writes it, checked but not yet resolved.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathText {
    /// A named set, with its `@`.
    Set(String),
    /// An absolute path.
    Absolute(String),
    /// A path below the user's home.
    Home(String),
    /// A path below the workspace.
    Workspace(String),
}

impl PathText {
    /// Reads a path that is no pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, Complaint> {
        check_text(text)?;
        if text.starts_with('@') {
            return Ok(Self::Set(text.to_owned()));
        }
        if text.contains('\\') && !has_drive(text) {
            return Err(Complaint::new(
                format!("{} contains a backslash", quoted(text)),
                "write `/` between the parts of a path, on every system",
            ));
        }
        if let Some(glob) = text.chars().find(|c| "*?[{".contains(*c)) {
            return Err(Complaint::new(
                format!("{} is a pattern (`{glob}`), and only `files.deny` takes patterns", quoted(text)),
                "name the directory; what is below it is included",
            ));
        }
        Self::anchored(text)
    }

    /// Splits the anchor (`/`, `~/`, a drive, or the workspace) from the rest.
    pub(crate) fn anchored(text: &str) -> Result<Self, Complaint> {
        refuse_variables(text)?;
        if has_drive(text) {
            let text = text.replace('\\', "/");
            return Ok(Self::Absolute(format!("{}{}", text[..2].to_ascii_uppercase(), absolute(&text[2..])?)));
        }
        if text.starts_with('/') {
            return Ok(Self::Absolute(absolute(text)?));
        }
        if text == "~" {
            return Ok(Self::Home(String::new()));
        }
        if let Some(rest) = text.strip_prefix("~/") {
            return Ok(Self::Home(joined(rest)?));
        }
        if text.starts_with('~') {
            return Err(Complaint::new(
                format!("{} names another user's home", quoted(text)),
                "write the absolute path, or `~/…` for your own home",
            ));
        }
        Ok(Self::Workspace(joined(text)?))
    }

    /// The absolute path for these places; nothing for a set, or when the path is one of another platform.
    pub(crate) fn resolve(&self, places: &Places) -> Option<String> {
        match self {
            Self::Set(_) => None,
            Self::Absolute(path) => is_absolute(path, places.platform).then(|| path.clone()),
            Self::Home(rest) => Some(join(&places.home_text(), rest)),
            Self::Workspace(rest) => Some(join(&places.workspace_text(), rest)),
        }
    }
}

/// The absolute path of an entry of a named set, which is written in its normal form: `~/…`, or from the root.
pub(crate) fn resolve_listed(entry: &str, places: &Places) -> Option<String> {
    match entry.strip_prefix("~/") {
        Some(rest) => Some(join(&places.home_text(), rest)),
        None => is_absolute(entry, places.platform).then(|| entry.to_owned()),
    }
}

/// Checks what every string must satisfy.
pub(crate) fn check_text(text: &str) -> Result<(), Complaint> {
    if text.is_empty() {
        return Err(Complaint::new("empty text", "write a value, or leave the entry out"));
    }
    check_size(text)
}

/// Checks the length and that no NUL hides in the text.
pub(crate) fn check_size(text: &str) -> Result<(), Complaint> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Complaint::new(
            format!("text of {} bytes", text.len()),
            format!("at most {TEXT_BYTES_MAX} bytes are accepted"),
        ));
    }
    if text.contains('\0') {
        return Err(Complaint::new("text with a NUL character", "no system accepts it in a name"));
    }
    Ok(())
}

fn refuse_variables(text: &str) -> Result<(), Complaint> {
    let names_variable = text.contains("${") || text.split('/').any(|part| part.starts_with('$'));
    if !names_variable {
        return Ok(());
    }
    Err(Complaint::new(
        format!("{} names a variable, and variables are not expanded", quoted(text)),
        "write the path itself, or `~/…` for your home",
    ))
}

/// `C:/` or `C:\` at the start.
pub(crate) fn has_drive(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'/' | b'\\')
}

fn absolute(text: &str) -> Result<String, Complaint> {
    Ok(format!("/{}", joined(text)?))
}

/// The components joined by single slashes, without `.`, refusing `..`.
fn joined(text: &str) -> Result<String, Complaint> {
    if text.split('/').any(|part| part == "..") {
        return Err(Complaint::new(
            format!("{} contains `..`", quoted(text)),
            "write the path without going up; where `..` leads depends on symbolic links",
        ));
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Ok(parts.join("/"))
}

/// Is this text an absolute path on that platform?
pub(crate) fn is_absolute(text: &str, platform: Platform) -> bool {
    match platform {
        Platform::Windows => has_drive(text),
        Platform::Linux | Platform::Macos => text.starts_with('/'),
    }
}

/// The normalised text of an absolute path; nothing if it is relative, goes up, or is not Unicode.
pub(crate) fn normal(path: &Path, platform: Platform) -> Option<String> {
    normal_text(path.to_str()?, platform)
}

/// As [`normal`], for text.
pub(crate) fn normal_text(text: &str, platform: Platform) -> Option<String> {
    let text = match platform {
        Platform::Windows => {
            let slashed = text.replace('\\', "/");
            slashed.strip_prefix("//?/").map_or(slashed.clone(), str::to_owned)
        }
        Platform::Linux | Platform::Macos => text.to_owned(),
    };
    if !is_absolute(&text, platform) {
        return None;
    }
    let drive = if platform == Platform::Windows { 2 } else { 0 };
    let rest = absolute(&text[drive..]).ok()?;
    Some(format!("{}{rest}", text[..drive].to_ascii_uppercase()))
}

/// `base` with `rest` below it; `rest` may be empty.
pub(crate) fn join(base: &str, rest: &str) -> String {
    match (rest.is_empty(), base.ends_with('/')) {
        (true, _) => base.to_owned(),
        (false, true) => [base, rest].concat(),
        (false, false) => [base, "/", rest].concat(),
    }
}

/// What remains of `path` below `base`: empty if they are equal, nothing if it is not inside.
pub(crate) fn below<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(base)?;
    match (rest.is_empty(), base.ends_with('/')) {
        (true, _) | (false, true) => Some(rest),
        (false, false) => rest.strip_prefix('/'),
    }
}

/// Is `path` equal to `base` or below it?
pub(crate) fn is_inside(path: &str, base: &str) -> bool {
    below(path, base).is_some()
}

/// The path and everything above it, from the deepest to the root.
pub(crate) fn upwards(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        let slash = path.trim_end_matches('/').rfind('/')?;
        let parent = &path[..slash];
        let at_root = parent.is_empty() || parent.ends_with(':');
        Some(if at_root { &path[..=slash] } else { parent })
    })
}

/// The path as text. As `to_string_lossy`, but quicker for what is Unicode.
pub(crate) fn lossy(path: &Path) -> Cow<'_, str> {
    path.to_str().map_or_else(|| path.to_string_lossy(), Cow::Borrowed)
}

/// The name that file systems of the platform compare by.
pub(crate) fn folded(text: &str, fold: bool) -> Cow<'_, str> {
    if fold { text.to_lowercase().into() } else { text.into() }
}

/// The path as a person would write it: `~/…` below the home.
pub(crate) fn tilde(path: &str, places: &Places) -> String {
    match below(path, &places.home_text()) {
        Some("") => "~".to_owned(),
        Some(rest) => format!("~/{rest}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(platform: Platform) -> Places {
        let (workspace, home) = match platform {
            Platform::Windows => ("C:/Users/ada/work", "C:/Users/ada"),
            _ => ("/home/ada/work", "/home/ada"),
        };
        Places { platform, workspace: workspace.into(), home: home.into() }
    }

    fn resolved(text: &str, platform: Platform) -> Option<String> {
        PathText::parse(text).expect(text).resolve(&places(platform))
    }

    #[test]
    fn paths_resolve_by_their_anchor() {
        let linux = |text| resolved(text, Platform::Linux).expect(text);
        assert_eq!(linux("/usr//lib/./x/"), "/usr/lib/x");
        assert_eq!(linux("/"), "/");
        assert_eq!(linux("~/data/"), "/home/ada/data");
        assert_eq!(linux("~"), "/home/ada");
        assert_eq!(linux("./x"), "/home/ada/work/x");
        assert_eq!(linux("."), "/home/ada/work");
        assert_eq!(linux("a b"), "/home/ada/work/a b");
    }

    #[test]
    fn paths_of_another_platform_resolve_to_nothing() {
        assert_eq!(resolved("C:\\Tools", Platform::Linux), None);
        assert_eq!(resolved("/usr", Platform::Windows), None);
        assert_eq!(resolved("C:\\Tools\\x", Platform::Windows).as_deref(), Some("C:/Tools/x"));
    }

    #[test]
    fn variables_other_homes_and_parents_are_refused() {
        for text in ["$HOME/x", "${HOME}", "a/$B", "~bob/x", "../x", "/a/../b", "~/..", "a\0b", "", "*.rs"] {
            assert!(PathText::parse(text).is_err(), "{text}");
        }
        assert!(PathText::parse("target/Foo$Bar.class").is_ok());
    }

    #[test]
    fn a_prefix_of_a_name_is_not_inside() {
        assert!(is_inside("/a/b", "/a"));
        assert!(is_inside("/a", "/a"));
        assert!(is_inside("/a", "/"));
        assert!(!is_inside("/ab", "/a"));
        assert!(!is_inside("/a", "/a/b"));
    }

    #[test]
    fn going_upwards_ends_at_the_root() {
        assert_eq!(upwards("/a/b").collect::<Vec<_>>(), ["/a/b", "/a", "/"]);
        assert_eq!(upwards("/").collect::<Vec<_>>(), ["/"]);
        assert_eq!(upwards("C:/a").collect::<Vec<_>>(), ["C:/a", "C:/"]);
    }

    #[test]
    fn windows_paths_become_slashed_and_lose_the_verbatim_prefix() {
        let normal = |text| normal_text(text, Platform::Windows);
        assert_eq!(normal(r"\\?\c:\Users\ada\").as_deref(), Some("C:/Users/ada"));
        assert_eq!(normal(r"\\server\share"), None);
        assert_eq!(normal("relative"), None);
    }
}
