//! Which crates are for which other platform.

/// Compile for Windows; their tests run under Wine.
pub(crate) const ON_WINDOWS: [&str; 5] =
    ["pinfold-acl", "pinfold-policy", "pinfold-plan", "pinfold-mask", "pinfold-survey"];
/// Compile for macOS.
pub(crate) const ON_APPLE: [&str; 5] =
    ["pinfold-acl", "pinfold-policy", "pinfold-plan", "pinfold-mask", "pinfold-survey"];

/// Crates as cargo is asked for them.
pub(crate) fn packages(crates: &[&str]) -> String {
    crates.iter().map(|name| format!(" --package {name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workflows_test_the_same_crates() {
        let workflows = crate::shell::root().join(".github/workflows");
        for (file, crates) in [("windows.yml", &ON_WINDOWS[..]), ("macos.yml", &ON_APPLE)] {
            let text = std::fs::read_to_string(workflows.join(file)).expect("the workflow");
            let named: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("--package ")).collect();
            assert_eq!(named, crates, "{file}");
        }
    }
}
