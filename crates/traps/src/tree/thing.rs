//! What lies at a path, and where the words of a link lead.

use std::path::{Component, Path, PathBuf};

use super::Regular;
use crate::limits::FILE_BYTES_MAX;

/// What lies at a path.
pub(crate) enum Thing {
    File(Regular),
    /// A symbolic link, with its target as it is written.
    Link(PathBuf),
    Directory,
    /// A device, pipe or socket.
    Special,
    /// Nothing, any more.
    Gone,
    /// Something that cannot be reached, for rights or because a link lies on the way.
    Unreachable,
}

/// What a file holds.
pub(crate) enum Content {
    Bytes(Vec<u8>),
    TooLarge(u64),
    Unreadable,
}

impl Regular {
    /// The whole content, if it is not too large.
    pub(crate) fn content(&self) -> Content {
        if self.bytes > FILE_BYTES_MAX {
            return Content::TooLarge(self.bytes);
        }
        match self.head(FILE_BYTES_MAX + 1) {
            // It grows while it is read.
            Ok(bytes) if bytes.len() as u64 > FILE_BYTES_MAX => Content::TooLarge(bytes.len() as u64),
            Ok(bytes) => Content::Bytes(bytes),
            Err(_) => Content::Unreadable,
        }
    }
}

/// Where the words lead from the directory `base`, a path below the root.
pub(super) fn within(root: &Path, base: &Path, target: &Path) -> Option<PathBuf> {
    let joined = match target.strip_prefix(root) {
        Ok(below) => below.to_path_buf(),
        // On Windows, a path may have a root without a drive, and a drive without a root.
        Err(_) if target.has_root() || matches!(target.components().next(), Some(Component::Prefix(_))) => return None,
        Err(_) => base.join(target),
    };
    let mut path = PathBuf::new();
    for component in joined.components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if !path.pop() => return None,
            _ => {}
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_in_words_only() {
        let to = |base: &str, target: &str| within(Path::new("/w"), Path::new(base), Path::new(target));
        assert_eq!(to("a/b", "../c"), Some("a/c".into()));
        assert_eq!(to("a", "/w/./x/../y"), Some("y".into()));
        assert_eq!(to("a", "../../w/x"), None, "out and in again may be another place by then");
        assert_eq!(to("", "/wx"), None);
        assert_eq!(to("a", "/etc"), None);
    }
}
