//! Whatever happens between two steps, cleaning up leaves the lists as they were.

mod machine;
mod steps;
mod trees;
