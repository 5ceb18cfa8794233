//! Access lists and labels as they were kept, beside those that were planned.

use pinfold_plan::windows::Edit;

use super::{Breach, Mechanism};
use crate::windows::journal::Lists;

/// Where they differ.
pub fn differences(planned: &[Edit], lists: &impl Lists) -> Vec<Breach> {
    planned.iter().flat_map(|edit| of(edit, planned, lists)).collect()
}

fn of(edit: &Edit, planned: &[Edit], lists: &impl Lists) -> Vec<Breach> {
    let list = match lists.read(&edit.path) {
        Err(error) => {
            return vec![Breach::new(Mechanism::AccessList, format!("{} cannot be read back: {error}", edit.path))];
        }
        Ok(list) => list,
    };
    let mut breaches = Vec::new();
    if let Some(missing) = edit.entries.iter().find(|ace| !list.dacl.0.contains(ace)) {
        breaches.push(Breach::new(Mechanism::AccessList, format!("{} lacks {missing:?}", edit.path)));
    }
    // Of two labels for one path the higher one is kept.
    let labels = planned.iter().filter(|other| other.path == edit.path).filter_map(|other| other.label);
    let label = labels.max_by_key(|label| label.level);
    if edit.label.is_some() && list.label != label {
        breaches.push(Breach::new(Mechanism::Label, format!("{} has {:?}", edit.path, list.label)));
    }
    breaches
}
