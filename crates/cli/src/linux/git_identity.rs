//! Who commits: the harmless part of the caller's git configuration, copied into the private home.
//!
//! The real file stays outside: it may hold tokens in addresses and headers.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::paths::replace;

/// Settings that say who somebody is and how he likes things, and that run nothing and unlock nothing.
const HARMLESS: [&str; 11] = [
    "user.name",
    "user.email",
    "init.defaultbranch",
    "core.autocrlf",
    "core.eol",
    "color.ui",
    "pull.rebase",
    "push.default",
    "merge.conflictstyle",
    "diff.algorithm",
    "rerere.enabled",
];

/// Where a git of the system's is.
const PROGRAMS: [&str; 4] =
    ["/usr/bin/git", "/usr/local/bin/git", "/run/current-system/sw/bin/git", "/opt/homebrew/bin/git"];

/// Brings the private home's `.gitconfig` up to date. Costs nothing but three looks when it is.
pub(crate) fn carry_over(home: &Path, private_home: &Path) {
    let copy = private_home.join(".gitconfig");
    let changed = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let originals = [home.join(".gitconfig"), home.join(".config/git/config")];
    let Some(newest) = originals.iter().filter_map(|path| changed(path)).max() else { return };
    if changed(&copy).is_some_and(|copied| copied >= newest) {
        return;
    }
    // Without git, or with a broken configuration, there is nobody to commit as; git itself will say so.
    let Some(listed) = list(home) else { return };
    // The names in the private home are those of an earlier run: a link among them may lead anywhere.
    let _ = replace(&copy, render(&listed).as_bytes());
}

/// What the caller's own git says. Not the first `git` on the PATH, which may be one of the workspace's, and not in the
/// workspace, whose configuration is nobody's word.
fn list(home: &Path) -> Option<String> {
    let program = PROGRAMS.iter().find(|program| Path::new(program).exists())?;
    let listed = Command::new(program)
        .args(["config", "--global", "--list", "--null"])
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    listed.status.success().then(|| String::from_utf8_lossy(&listed.stdout).into_owned())
}

/// The harmless settings of `git config --list --null` as a configuration file.
fn render(listed: &str) -> String {
    let mut text = String::from("# copied by pinfold: name, address and taste; the rest stays outside\n");
    // `git gc` would write to .git/info, which is sealed, for a kind of server that nobody runs from a workspace.
    text.push_str("[repack]\n\tupdateServerInfo = false\n");
    for entry in listed.split('\0') {
        let Some((name, value)) = entry.split_once('\n') else { continue };
        let Some((section, key)) = name.split_once('.').filter(|_| HARMLESS.contains(&name)) else { continue };
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = writeln!(text, "[{section}]\n\t{key} = \"{escaped}\"");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn a_token_stays_outside_and_a_name_comes_in() {
        let text =
            render("user.name\nA \"B\"\0http.https://x.extraheader\nAuthorization: t0k\0credential.helper\nstore\0");
        assert!(text.contains("name = \"A \\\"B\\\"\""));
        assert!(!text.contains("t0k") && !text.contains("store"));
    }
}
