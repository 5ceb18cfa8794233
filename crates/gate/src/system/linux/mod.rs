//! A gate on Linux: sockets from another network namespace, and data that never enters this process.

mod dialler;
mod pipe;
mod process;
mod socket;
mod sockets;

pub(crate) use dialler::Dialler;
pub(crate) use pipe::Lent;
pub(crate) use process::{begin, keep_to_itself, raise_descriptors};
pub(crate) use socket::{break_off, end_writing, is_open, keep_alive, original_destination, waiting_bytes};

/// A socket that asks for others.
pub(crate) type DiallerSocket = std::os::fd::OwnedFd;
