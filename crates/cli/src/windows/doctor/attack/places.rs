//! Places of the user and of the machine, by the variables that name them.

use std::path::PathBuf;

/// The directory that a blank of the catalogue stands for, where it exists.
pub(super) fn place(blank: &str) -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let below = |name: &str, path: &str| variable(name).map(|directory| directory.join(path));
    let place = match blank {
        "home" => variable("USERPROFILE"),
        "roaming" => variable("APPDATA"),
        "local-low" => below("USERPROFILE", r"AppData\LocalLow"),
        "startup" => below("APPDATA", r"Microsoft\Windows\Start Menu\Programs\Startup"),
        "profile" => ["WindowsPowerShell", "PowerShell"]
            .iter()
            .filter_map(|shell| below("USERPROFILE", &format!(r"Documents\{shell}")))
            .find(|directory| directory.is_dir()),
        "public" => variable("PUBLIC"),
        "program-data" => variable("ProgramData"),
        "temp" => Some(std::env::temp_dir()),
        "windows" => variable("SystemRoot"),
        "drive" => std::env::var("SystemDrive").ok().map(|drive| PathBuf::from(drive + r"\")),
        _ => None,
    };
    place.filter(|place| place.is_dir())
}

/// Every directory that something is planted in.
pub(super) fn all() -> impl Iterator<Item = PathBuf> {
    let blanks =
        ["home", "roaming", "local-low", "startup", "profile", "public", "program-data", "temp", "windows", "drive"];
    let temporary = place("windows").map(|windows| windows.join("Temp"));
    blanks.into_iter().filter_map(place).chain(temporary)
}
