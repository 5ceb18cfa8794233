//! `pinfold review`: a page on the terminal that shows what a stage would change, and takes over what is chosen on it.
//!
//! What is shown and what keys do (`page`, `tree`, `view`) knows no terminal and no disk; `draw` puts it on one, `found` and
//! `reader` look at the stage, and `command` goes from key to key.

mod choose;
mod command;
mod diffs;
mod draw;
mod draw_diff;
mod draw_tree;
mod entry;
mod found;
mod help;
mod layout;
mod listed;
mod moves;
mod page;
mod question;
mod reader;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod view;

pub(crate) use command::review;
