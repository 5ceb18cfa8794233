//! What the files of a ledger need from the system beyond reading and writing: privacy, locks, and a way to the disk.
//!
//! **Private** are files on Unix by their mode. On Windows a directory below the user's profile has an access list that
//! lets in the user, administrators and the system only, and hands it down; a ledger elsewhere is as private as the
//! directory that it was made in.
//!
//! **Durable** is a file once it was synced. That it *is there* after a power cut takes a sync of its directory on Unix;
//! Windows has no such thing, and NTFS keeps the order of names in a journal of its own, which goes to the disk with the
//! next file that is flushed.
//!
//! **Locks** belong to an open file on both. On Unix they only speak to whoever asks; on Windows nobody reads a locked
//! file either, so that another file beside is locked in place of one that others read, or of a directory.

#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

pub(crate) use system::{
    Guard, append, can_name, end_of, is_its_name, is_private, lock_directory, make_directory, private, sync_directory,
    sync_others,
};
