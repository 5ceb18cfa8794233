//! Which file a name means: some systems take several for the same one.
//!
//! Windows does not tell upper from lower case, drops dots and spaces at the end of a name (unless a path begins with
//! `\\?\`), takes what follows a colon for a stream of the file (MS-FSCC 2.1.5; `hooks::$INDEX_ALLOCATION` is the
//! directory `hooks`), and gives long names a short one beside (`GIT~1`, MS-FSCC 2.1.5.2.1). On macOS, git does not see
//! some characters that HFS+ does not see either (git's `core.protectHFS`).

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::{Component, Path};

use pinfold_policy::Platform;

/// The form of a path in which patterns are compared, with `/` between names. Case counts nowhere: it is better to judge
/// one file too many.
pub(crate) fn meant(path: &Path, platform: Platform) -> String {
    // What is not Unicode is replaced, and no pattern names it.
    let text = path.to_string_lossy().to_ascii_lowercase();
    match platform {
        Platform::Linux => text,
        Platform::Macos => text.chars().filter(|letter| !unseen(*letter)).collect(),
        Platform::Windows => text.split(['/', '\\']).map(stripped).collect::<Vec<_>>().join("/"),
    }
}

/// Whether a name may be that of a git directory.
pub(crate) fn is_dot_git(name: &OsStr, platform: Platform) -> bool {
    let is_git = |name: &str| name == ".git" || platform == Platform::Windows && is_short_for(name, ".git");
    match platform {
        Platform::Linux => name.eq_ignore_ascii_case(".git"),
        Platform::Macos | Platform::Windows => is_git(&meant(Path::new(name), platform)),
    }
}

/// Whether a path is the `.git` of the root itself.
pub(crate) fn is_root_git(path: &Path, platform: Platform) -> bool {
    let mut parts = path.components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(name)), None) if is_dot_git(name, platform))
}

/// The folded path with the names in the place of short ones, where a pattern has names that these may stand for.
pub(crate) fn lengthened<'a>(path: &'a str, pattern: &str) -> Cow<'a, str> {
    if !path.contains('~') {
        return Cow::Borrowed(path);
    }
    let long = |name: &'a str| pattern.split('/').find(|long| is_short_for(name, long)).map(str::to_owned);
    let names = path.split('/').map(|name| long(name).map_or(Cow::Borrowed(name), Cow::Owned));
    Cow::Owned(names.collect::<Vec<_>>().join("/"))
}

/// What is left of a name on Windows. Of one that is nothing but dots and spaces nothing would be.
fn stripped(name: &str) -> &str {
    let before = name.split(':').next().unwrap_or(name);
    let kept = before.trim_end_matches(['.', ' ']);
    if kept.is_empty() { name } else { kept }
}

/// Whether `short`, in lower case, has the form of the short name that Windows would make for `long`: at most six
/// characters of it, `~`, a number, and at most three of its ending.
fn is_short_for(short: &str, long: &str) -> bool {
    let (stem, end) = short.split_once('.').unwrap_or((short, ""));
    let Some((stem, number)) = stem.rsplit_once('~') else { return false };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) || stem.is_empty() {
        return false;
    }
    let fits = |letters: usize, part: &str, of: &str| {
        let mut whole = of.chars().filter(|letter| !matches!(letter, ' ' | '.')).map(replaced);
        part.chars().all(|letter| whole.next() == Some(letter)) && (part.len() == letters || whole.next().is_none())
    };
    let named = long.trim_start_matches('.');
    let (long_stem, long_end) = named.rsplit_once('.').unwrap_or((named, ""));
    // A larger number leaves less room for the name.
    let room = 7 - number.len().min(6);
    fits(room.min(6), stem, long_stem) && fits(3, end, long_end)
}

/// The characters that a short name cannot have.
fn replaced(letter: char) -> char {
    if "+,;=[]".contains(letter) { '_' } else { letter.to_ascii_lowercase() }
}

/// The characters that HFS+ ignores in a name.
fn unseen(letter: char) -> bool {
    matches!(letter, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_windows_many_names_mean_a_git_directory() {
        for name in [".GIT", ".git.", ".git . ", ".Git::$INDEX_ALLOCATION", ".git:x", "GIT~1", "git~12", "git~1 "] {
            assert!(is_dot_git(OsStr::new(name), Platform::Windows), "{name}");
        }
        for name in ["git", ".gitx", "git~", "git~x", "gi~1", "~1", "git1", "git~1.x", "gitx~1", ".github", "..."] {
            assert!(!is_dot_git(OsStr::new(name), Platform::Windows), "{name}");
        }
        assert!(!is_dot_git(OsStr::new("GIT~1"), Platform::Linux) && !is_dot_git(OsStr::new(".git."), Platform::Linux));
        assert!(is_dot_git(OsStr::new(".g\u{200c}it"), Platform::Macos));
        assert!(!is_dot_git(OsStr::new(".g\u{200c}it"), Platform::Linux));
    }

    #[test]
    fn paths_of_windows_are_compared_as_windows_takes_them() {
        let meant = |path: &str| meant(Path::new(path), Platform::Windows);
        assert_eq!(meant(r".GIT\HOOKS\pre-commit"), ".git/hooks/pre-commit");
        assert_eq!(meant(r"a\.Git \hooks::$INDEX_ALLOCATION\x. :s"), "a/.git/hooks/x");
        assert_eq!(meant(r"a\...\ \b"), "a/.../ /b");
        assert_eq!(super::meant(Path::new(r"A\b."), Platform::Linux), r"a\b.");
    }

    #[test]
    fn short_names_stand_for_what_they_are_made_of() {
        for (short, long) in [
            ("tasks~1.jso", "tasks.json"),
            ("vscode~1", ".vscode"),
            ("packag~2.jso", "package.json"),
            ("packa~10.jso", "package.json"),
            ("envrc~1", ".envrc"),
            ("a_b~1", "a+b"),
            ("gitmod~1", ".gitmodules"),
        ] {
            assert!(is_short_for(short, long), "{short} {long}");
        }
        for (short, long) in [
            ("task~1.jso", "tasks.json"),
            ("tasks~1", "tasks.json"),
            ("tasks.jso", "tasks.json"),
            ("vscod~1", ".vscode"),
        ] {
            assert!(!is_short_for(short, long), "{short} {long}");
        }
        assert_eq!(lengthened("a/vscode~1/tasks~1.jso", ".vscode/tasks.json"), "a/.vscode/tasks.json");
        assert_eq!(lengthened("a/other~1/x", ".vscode/tasks.json"), "a/other~1/x");
    }

    #[test]
    fn the_git_of_the_root_is_at_the_root() {
        assert!(is_root_git(Path::new(".GIT"), Platform::Linux) && is_root_git(Path::new("git~1"), Platform::Windows));
        assert!(!is_root_git(Path::new("a/.git"), Platform::Windows) && !is_root_git(Path::new(""), Platform::Linux));
    }
}
