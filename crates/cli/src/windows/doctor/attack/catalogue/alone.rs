//! Changes to files outside that one mechanism alone keeps: what is of low integrity and the user's, and what is open to
//! everybody and of the integrity of everything. Ordinary files outside are kept by both.

use pinfold_plan::Promise::WritesConfined;

use super::Sign::Outside;
use super::Verb::{self, *};
use super::{Attack, attack};

/// On something of low integrity, which only the restricting identifiers keep.
const fn low(name: &'static str, harm: &'static str, verb: Verb, words: &'static [&'static str]) -> Attack {
    attack(WritesConfined, name, harm, verb, words, Outside)
}

/// On something that everybody may do everything with, which only integrity keeps.
const fn open(name: &'static str, harm: &'static str, verb: Verb, words: &'static [&'static str]) -> Attack {
    attack(WritesConfined, name, harm, verb, words, Outside)
}

pub(super) const ATTACKS: &[Attack] = &[
    low("low-overwrite", "a file outside of low integrity was overwritten", Overwrite, &[r"{low-place}\file"]),
    low("low-append", "a file outside of low integrity was added to", Append, &[r"{low-place}\file"]),
    low("low-attributes", "a file outside of low integrity was made read-only", Attributes, &[r"{low-place}\file"]),
    low("low-create", "a file was made in a directory outside of low integrity", Plant, &[r"{low-place}\new"]),
    low(
        "low-make-directory",
        "a directory was made in one outside of low integrity",
        MakeDirectory,
        &[r"{low-place}\new"],
    ),
    low(
        "low-rename",
        "a file outside of low integrity was renamed",
        Rename,
        &[r"{low-place}\file", r"{low-place}\other"],
    ),
    low(
        "low-move-in",
        "a file outside of low integrity was moved into the workspace",
        Rename,
        &[r"{low-place}\file", r"{own}\taken"],
    ),
    low("low-list", "the access list of a file of low integrity outside was changed", List, &[r"{low-place}\file"]),
    low("low-remove", "a file outside of low integrity was removed", Remove, &[r"{low-place}\file"]),
    low(
        "low-remove-by-parent",
        "a file of low integrity was removed by what its directory outside grants",
        Remove,
        &[r"{low-place}\guarded"],
    ),
    open(
        "open-overwrite",
        "a file outside that is open to everybody was overwritten",
        Overwrite,
        &[r"{open-place}\file"],
    ),
    open("open-append", "a file outside that is open to everybody was added to", Append, &[r"{open-place}\file"]),
    open(
        "open-create",
        "a file was made in a directory outside that is open to everybody",
        Plant,
        &[r"{open-place}\new"],
    ),
    open(
        "open-rename",
        "a file outside that is open to everybody was renamed",
        Rename,
        &[r"{open-place}\file", r"{open-place}\other"],
    ),
    open("open-label", "a file outside that is open to everybody was labelled", Label, &[r"{open-place}\file"]),
    open("open-list", "the access list of a file that is open to everybody was changed", List, &[r"{open-place}\file"]),
    open("open-remove", "a file outside that is open to everybody was removed", Remove, &[r"{open-place}\file"]),
];
