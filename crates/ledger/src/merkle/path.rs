//! Inclusion: that a leaf is in a tree, shown with a few hashes (RFC 9162, sections 2.1.3.1 and 2.1.3.2).

use super::{Frontier, Hash, node};

/// The hashes that lead from leaf `index` to the root of a tree of these leaves, the lowest first.
pub(crate) fn path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    let (mut leaves, mut index, mut path) = (leaves, index, Vec::new());
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        if index < left.len() {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            index -= left.len();
            leaves = right;
        }
    }
    path.reverse();
    path
}

fn root(leaves: &[Hash]) -> Hash {
    let mut tree = Frontier::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

/// The root of a tree of `size` leaves in which the path leads from leaf `index`; nothing if no such path can be.
pub(crate) fn root_by_path(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    let (mut at, mut last) = (index, size.checked_sub(1)?);
    if index > last {
        return None;
    }
    let mut hash = leaf;
    for other in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(other, &hash);
            // Levels on which the last node has no neighbour are skipped.
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, other);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::super::leaf;
    use super::*;

    /// The tree as the standard defines it, by recursion.
    fn defined(lines: &[&[u8]]) -> Hash {
        match lines {
            [] => Sha256::digest([]).into(),
            [line] => leaf(line),
            lines => {
                let (left, right) = lines.split_at(lines.len().next_power_of_two() / 2);
                node(&defined(left), &defined(right))
            }
        }
    }

    #[test]
    fn roots_and_paths_are_those_of_the_standard() {
        let lines: Vec<Vec<u8>> = (0..40_u8).map(|number| vec![number; usize::from(number)]).collect();
        for size in 0..lines.len() {
            let lines: Vec<&[u8]> = lines[..size].iter().map(Vec::as_slice).collect();
            let leaves: Vec<Hash> = lines.iter().map(|line| leaf(line)).collect();
            let defined = defined(&lines);
            assert_eq!(root(&leaves), defined);
            for index in 0..size {
                let path = path(&leaves, index);
                let found = root_by_path(leaves[index], index as u64, size as u64, &path);
                assert_eq!(found, Some(defined), "{index} of {size}");
                // Of another place, or with another path, it is no proof.
                for other in [index + 1, index ^ 1, size].into_iter().filter(|other| *other != index) {
                    let found = root_by_path(leaves[index], other as u64, size as u64, &path);
                    assert_ne!(found, Some(defined), "{index} as {other} of {size}");
                }
                let longer = [path.as_slice(), &[leaves[0]]].concat();
                assert_eq!(root_by_path(leaves[index], index as u64, size as u64, &longer), None);
            }
        }
    }

    #[test]
    fn the_tree_of_a_known_log_has_its_known_root() {
        // The leaves and the root of the examples that Certificate Transparency's implementations share.
        let lines: [&[u8]; 3] = [b"", &[0], &[0x10]];
        let leaves: Vec<Hash> = lines.iter().map(|line| leaf(line)).collect();
        let hex: String = root(&leaves).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    }
}
