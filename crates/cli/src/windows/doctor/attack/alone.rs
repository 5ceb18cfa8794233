//! Directories outside that one mechanism alone keeps, each with the same files.

use std::io;
use std::path::Path;

use pinfold_acl::Level;
use pinfold_confine::windows::attack;

use super::catalogue::Attack;
use super::round::text;

/// Of low integrity, so that only the restricting identifiers are in the way.
const LOW: &str = "low-place";
/// Open to everybody, so that only integrity is.
const OPEN: &str = "open-place";

/// Makes those that an attack is after.
pub(super) fn furnish(attack: &Attack, outside: &Path) -> io::Result<()> {
    if attack.asks_for(LOW) {
        dress(&outside.join(LOW), &attack::label_low)?;
    }
    if attack.asks_for(OPEN) {
        dress(&outside.join(OPEN), &attack::open_to_everybody)?;
    }
    Ok(())
}

/// The files before their directory, which would be in the way otherwise.
fn dress(directory: &Path, how: &dyn Fn(&str) -> io::Result<()>) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let (file, guarded) = (directory.join("file"), directory.join("guarded"));
    for file in [&file, &guarded] {
        std::fs::write(file, "as it was")?;
        how(&text(file))?;
    }
    // Where there are no access lists, the attack is one like any other.
    let _ = attack::guard(&text(&guarded));
    how(&text(directory))
}

/// The first one, where the system has kept its label and that of what is in it: else something else keeps it.
pub(super) fn low(outside: &Path) -> Option<String> {
    let is_low = |path: &str| {
        let label = attack::descriptor(path).ok().and_then(|found| found.label);
        label.is_some_and(|label| label.level == Level::LOW)
    };
    every(&outside.join(LOW), &is_low)
}

/// The second one, where the same holds for its lists.
pub(super) fn open(outside: &Path) -> Option<String> {
    every(&outside.join(OPEN), &attack::is_open_to_everybody)
}

fn every(directory: &Path, holds: &dyn Fn(&str) -> bool) -> Option<String> {
    let [at, file] = [directory, &directory.join("file")].map(text);
    (holds(&at) && holds(&file)).then_some(at)
}
