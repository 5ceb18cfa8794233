//! What is said of what was moved to quarantine.

use std::path::Path;

use pinfold_policy::{plain, shell_word};
use pinfold_run::Quarantined;

use crate::error::CliError;

/// Says what was moved to quarantine, why, and how to have it all the same.
pub(super) fn tell(quarantined: &[Quarantined], why: impl Fn(&Path) -> String) {
    for Quarantined { path, moved_to } in quarantined {
        let shown = plain(&path.to_string_lossy());
        let notice = match moved_to {
            Some(place) => {
                let place = place.to_string_lossy();
                CliError::notice(format!("quarantined: {shown} appeared and is now {}", plain(&place)))
                    .why(why(path))
                    .hint(format!("look at it; to have it all the same: {}", move_back(&place, path)))
            }
            None => CliError::notice(format!("warning: {shown} appeared and could not be moved away")).why(why(path)),
        };
        eprintln!("{notice}");
    }
}

/// The command that moves something back, but not over or into what is there by now.
fn move_back(from: &str, to: &Path) -> String {
    let words = [from, &to.to_string_lossy()].map(|path| plain(&shell_word(path)));
    format!("mv -nT {} {}", words[0], words[1])
}
