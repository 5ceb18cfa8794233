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
