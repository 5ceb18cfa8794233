//! Which crates are for which other platform.

/// Compile for Windows and for macOS.
const ON_BOTH: [&str; 14] = [
    "pinfold-acl",
    "pinfold-policy",
    "pinfold-plan",
    "pinfold-mask",
    "pinfold-survey",
    "pinfold-traps",
    "pinfold-ledger",
    "pinfold-query",
    "pinfold-report",
    "pinfold-gate",
    "pinfold-setup",
    "pinfold-runner",
    "pinfold-run",
    "pinfold-confine",
];
/// Compile for Windows alone.
const ON_WINDOWS_ALONE: [&str; 1] = ["pinfold-cli"];

/// Tests that are left out under Wine, by parts of their names: they take longer there than everything else together, and
/// run on this system anyway. On a real Windows nothing is left out.
pub(crate) const SLOW_UNDER_WINE: [&str; 2] = [
    // Of `pinfold-plan`, and pure: each plan is judged by the model of access lists.
    "properties::",
    // Of `pinfold-survey`: the same large tree several times over, where each call for a file goes through the server of Wine.
    "any_number_of_threads",
];

/// The crates that compile for Windows, as cargo is asked for them; their tests run under Wine.
pub(crate) fn on_windows() -> String {
    on_apple() + &packages(&ON_WINDOWS_ALONE)
}

/// The crates that compile for macOS, as cargo is asked for them.
pub(crate) fn on_apple() -> String {
    packages(&ON_BOTH)
}

fn packages(crates: &[&str]) -> String {
    crates.iter().map(|name| format!(" --package {name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workflows_test_the_same_crates() {
        let workflows = crate::shell::root().join(".github/workflows");
        for (file, crates) in [("windows.yml", on_windows()), ("macos.yml", on_apple())] {
            let text = std::fs::read_to_string(workflows.join(file)).expect("the workflow");
            let named: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("--package ")).collect();
            assert_eq!(packages(&named), crates, "{file}");
        }
    }
}
