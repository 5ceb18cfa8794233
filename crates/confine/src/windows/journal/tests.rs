//! Whatever happens between two steps, cleaning up leaves the lists as they were.

mod beginning;
mod machine;
mod steps;
mod trees;
