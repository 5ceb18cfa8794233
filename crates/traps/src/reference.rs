//! The page that lists the rules, generated from them.

use std::fmt::Write;

use crate::owned::Owned;
use crate::rules::{Rule, STANDARD};

const INTRODUCTION: &str = "\
<!-- Generated from crates/traps/rules.toml; edit there. -->
# Traps

Files that something outside the sandbox executes later. After a run, the files that it has changed are judged by these
rules. *High* is hardly ever part of ordinary work and runs without being asked for; *medium* seldom is, or runs behind
something that looks harmless; *low* is ordinary work and runs on a word of the developer's, so that it is only counted.

A file name without a slash counts in every directory, one with a slash from every directory on, and one that begins with
a slash at the workspace only; `@git/` is every git directory, also of submodules, worktrees and bare repositories. Upper
and lower case are the same. *Content* says that more than the name is looked at.

";

const OWNED: &str = "
## Directories of tools

What lies in these is judged only by the rules marked *everywhere*: nobody works there, and what tools put there holds
many files that would be traps in a project.

| directory | if there is | whose |
| --- | --- | --- |
";

/// The page in Markdown.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("| rule | severity | files | content | runs |\n| --- | --- | --- | --- | --- |\n");
    STANDARD.rules.iter().for_each(|rule| put_rule(&mut page, rule));
    page.push_str(OWNED);
    STANDARD.owned.iter().for_each(|owned| put_owned(&mut page, owned));
    page
}

fn put_rule(page: &mut String, rule: &Rule) {
    let Rule { id, severity, when, what, files, owned, look, test, .. } = rule;
    let mut marks = Vec::new();
    if *owned {
        marks.push("everywhere");
    }
    if look.is_some() || test.is_some() {
        marks.push("content");
    }
    put(
        page,
        format_args!("| `{id}`: {what} | {} | {} | {} | {when} |", severity.as_str(), code(files), marks.join(", ")),
    );
}

fn put_owned(page: &mut String, owned: &Owned) {
    let signs = [("beside it", &owned.beside), ("in it", &owned.inside)];
    let signs = signs.iter().filter(|(_, names)| !names.is_empty());
    let mut signs: Vec<String> = signs.map(|(place, names)| format!("{} {place}", code(names))).collect();
    if owned.unchanged {
        signs.push("from before the run".to_owned());
    }
    put(page, format_args!("| {} | {} | {} |", code(&owned.names), signs.join(", "), owned.whose));
}

fn code(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
}

fn put(page: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{line}");
}
