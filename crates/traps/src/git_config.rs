//! Whether a git configuration holds only what `git init`, `git clone` and ordinary work write: nothing that names a
//! program. An allow list, because git learns new ways to run programs (git-config(1)).

/// A text that is never plain.
pub const NOT_PLAIN: &str = "[not plain]";

/// Variables by section; `*` after a section stands for its subsections.
const PLAIN: [(&str, &[&str]); 8] = [
    (
        "core",
        &[
            "repositoryformatversion",
            "filemode",
            "bare",
            "logallrefupdates",
            "ignorecase",
            "precomposeunicode",
            "symlinks",
            "autocrlf",
            "eol",
            "safecrlf",
        ],
    ),
    ("remote", &["url", "fetch", "pushurl", "push", "mirror", "tagopt"]),
    ("branch", &["remote", "merge", "rebase", "description", "vscode-merge-base"]),
    ("user", &["name", "email"]),
    ("extensions", &["objectformat", "refstorage", "partialclone"]),
    ("submodule", &["url", "active"]),
    ("init", &["defaultbranch"]),
    ("pull", &["rebase", "ff"]),
];

/// Whether every line says something harmless. A submodule's settings name its work tree, which is judged by
/// `leads_back`.
pub fn is_plain(text: &str, leads_back: impl Fn(&str) -> bool) -> bool {
    let mut section = String::new();
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])).all(|line| {
        if let Some(header) = line.strip_prefix('[') {
            let Some((name, rest)) = header.split_once(']') else { return false };
            section = name.split([' ', '\t', '.']).next().unwrap_or_default().to_ascii_lowercase();
            return rest.trim().is_empty() && PLAIN.iter().any(|(known, _)| *known == section);
        }
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if (section.as_str(), name.as_str()) == ("core", "worktree") {
            return leads_back(value);
        }
        let known = PLAIN.iter().find(|(known, _)| *known == section);
        known.is_some_and(|(_, names)| names.contains(&name.as_str())) && is_plain_value(value)
    })
}

/// No continuation, and no address that runs a program (`ext::`, `-oProxyCommand`).
fn is_plain_value(value: &str) -> bool {
    let address = value.trim_matches('"');
    !value.ends_with('\\') && !address.contains("::") && !address.starts_with('-')
}

#[cfg(test)]
mod tests {
    fn is_plain(text: &str) -> bool {
        super::is_plain(text, |work_tree| work_tree == "../../../sub")
    }

    #[test]
    fn what_git_writes_by_itself_is_plain() {
        assert!(is_plain("[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"));
        assert!(is_plain(
            "[remote \"origin\"]\n\turl = https://host/x.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n"
        ));
        assert!(is_plain("[branch \"main\"]\n\tremote = origin\n\tmerge = refs/heads/main\n# a remark\n"));
        assert!(is_plain(""));
        assert!(is_plain("[core]\n\tworktree = ../../../sub\n"));
    }

    #[test]
    fn what_runs_a_program_is_not() {
        for text in [
            "[core]\n\tfsmonitor = ./x",
            "[core]\n\tworktree = ../../../../..",
            "[core]\n\tsshCommand = x",
            "[core]\n\thooksPath = /tmp",
            "[filter \"x\"]\n\tclean = x",
            "[include]\n\tpath = ../x",
            "[core]\n\tbare = false \\\n\tfsmonitor = x",
            "[remote \"origin\"]\n\turl = ext::sh -c x",
            "[remote \"origin\"]\n\turl = -oProxyCommand=x",
            "[alias]\n\tst = !x",
            "[core] fsmonitor = x",
            "fsmonitor = x",
            super::NOT_PLAIN,
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
