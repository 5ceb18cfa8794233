//! What is derived from the code: the policy reference and schema, the rules about traps, man pages, completions.

use std::path::Path;

use clap_complete::Shell;

use crate::shell::{Result, root};

/// The derived files that are committed, with what they must contain.
fn committed() -> Result<[(&'static str, String); 3]> {
    let schema = serde_json::to_string_pretty(&pinfold_policy::schema())? + "\n";
    Ok([
        ("docs/policy.schema.json", schema),
        ("docs/policy.md", pinfold_policy::reference()),
        ("docs/traps.md", pinfold_traps::reference()),
    ])
}

/// Writes the committed files.
pub(crate) fn write() -> Result<()> {
    for (name, text) in committed()? {
        let file = root().join(name);
        std::fs::create_dir_all(file.parent().unwrap_or(&file))?;
        std::fs::write(file, text)?;
        println!("{name}");
    }
    Ok(())
}

/// Fails when a committed file says anything else than the code.
pub(crate) fn check() -> Result<()> {
    let mut stale = Vec::new();
    for (name, text) in committed()? {
        match std::fs::read_to_string(root().join(name)) {
            Ok(there) if there == text => {}
            Ok(there) => {
                let line = there.lines().zip(text.lines()).take_while(|(old, new)| old == new).count() + 1;
                stale.push(format!("{name}:{line}"));
            }
            Err(error) => stale.push(format!("{name} ({error})")),
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("not up to date: {}; run `cargo xtask generate`", stale.join(", ")).into())
}

/// Writes `man/` and `completions/` into a directory.
pub(crate) fn man_pages_and_completions(directory: &Path) -> Result<()> {
    let (man, completions) = (directory.join("man"), directory.join("completions"));
    std::fs::create_dir_all(&man)?;
    std::fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(pinfold_cli::command(), &man)?;
    for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut pinfold_cli::command(), "pinfold", &completions)?;
    }
    Ok(())
}
