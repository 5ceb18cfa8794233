//! What layers and the real tree below them show together, by the kernel's rules
//! (`Documentation/filesystems/overlayfs.rst`), without a mount.
//!
//! Layers are written by overlays with `userxattr`, `redirect_dir=off`, `metacopy=off` and `index=off`. What was seen of them
//! with Linux 6.18, as an ordinary user and as root in a user namespace:
//!
//! - Whoever is not privileged on the machine itself gets an empty `user.overlay.origin`. It says that a file or directory was
//!   copied up, not from where, and a rename takes it along. A file made anew has none, nor has a new directory.
//! - A file that has several names gets none when it is copied up. Inside it is then a file of its own, and whether it was
//!   changed or made anew cannot be told.
//! - A new directory where nothing lies below is not opaque.
//! - Whoever sets `user.overlay.x` inside gets `user.overlay.overlay.x` in the layer, and no device 0/0 can be made inside.

mod directory;
mod entry;
mod stack;
mod walk;

pub(crate) use entry::Entry;
pub use entry::LeftOut;
pub use stack::{Layers, Seen};
pub use walk::Exceeded;
pub(crate) use walk::walk;
