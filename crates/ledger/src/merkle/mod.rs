//! The tree over the lines of a log: RFC 9162, section 2.1, with SHA-256.

mod frontier;
mod path;

use sha2::{Digest, Sha256};

pub(crate) use frontier::Frontier;
pub(crate) use path::{path, root_by_path};

/// A hash of the tree.
pub(crate) type Hash = [u8; 32];

/// The hash of a line, without its newline.
pub(crate) fn leaf(line: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(line).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}
