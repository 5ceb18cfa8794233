//! How much of everything the page shows. What is beyond is counted.

/// Characters of one text.
pub(crate) const TEXT_CHARS_MAX: usize = 400;
/// Files in the tree of changes.
pub(crate) const CHANGES_MAX: usize = 3000;
/// Directories below each other in the tree of changes; what is deeper is one name.
pub(crate) const TREE_DEPTH_MAX: usize = 24;
/// Hosts with their ports.
pub(crate) const HOSTS_MAX: usize = 1000;
/// Different refusals.
pub(crate) const REFUSALS_MAX: usize = 500;
/// Traps, things in quarantine, decisions, notes, promises: of each so many.
pub(crate) const ITEMS_MAX: usize = 500;
/// Parts of the timeline.
pub(crate) const SLICES_MAX: usize = 32;
/// Ordinary events in each part.
pub(crate) const ORDINARY_MAX: usize = 60;
/// Events in each part that somebody should see.
pub(crate) const NOTABLE_MAX: usize = 100;
