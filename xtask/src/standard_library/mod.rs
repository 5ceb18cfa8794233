//! The standard library of Rust for platforms that rustup cannot give: built from Debian's `rust-src` of exactly this
//! compiler, once, beside the toolchain and not in it.

mod build;
mod debian;
mod libraries;

pub(crate) use libraries::{APPLE, Libraries, WINDOWS, WINDOWS_MSVC, installed};
