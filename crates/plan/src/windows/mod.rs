//! What is planned on Windows, as far as it is yet: the entries in access lists that let a restricted token write where the
//! policy allows it. No backend carries it out.

mod entries;

pub use entries::{Edit, WritableRoot, edits};
