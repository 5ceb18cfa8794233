//! Trees and layers made by hand, for tests.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{CWD, FileType, Mode, XattrFlags};

use crate::layers::Layers;
use crate::tree::Tree;

/// A file without a name.
pub(crate) fn unnamed() -> File {
    let place = Place::new();
    File::options().create_new(true).read(true).write(true).open(place.path("file")).unwrap()
}

/// A directory that is gone in the end: `real`, and layers `0` (the topmost), `1`, …
#[derive(Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("pinfold-stage-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let place = Self(std::env::temp_dir().join(name));
        for directory in ["real", "0", "1"] {
            std::fs::create_dir_all(place.path(directory)).unwrap();
        }
        place
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join(path)
    }

    /// A file with directories above it.
    pub(crate) fn file(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        self.parents(path);
        std::fs::write(self.path(path), content).unwrap();
        self
    }

    pub(crate) fn directory(&self, path: &str) -> &Self {
        std::fs::create_dir_all(self.path(path)).unwrap();
        self
    }

    /// A directory that hides those below.
    pub(crate) fn opaque(&self, path: &str) -> &Self {
        self.directory(path).attribute(path, "user.overlay.opaque", b"y")
    }

    pub(crate) fn link(&self, path: &str, target: &str) -> &Self {
        self.parents(path);
        std::os::unix::fs::symlink(target, self.path(path)).unwrap();
        self
    }

    /// A device 0/0 says "deleted". Anybody may make one, since Linux 5.8.
    pub(crate) fn whiteout(&self, path: &str) -> &Self {
        self.parents(path);
        rustix::fs::mknodat(CWD, self.path(path), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
        self
    }

    /// As the kernel copies a file from below.
    pub(crate) fn copied(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        self.file(path, content).attribute(path, "user.overlay.origin", b"")
    }

    pub(crate) fn attribute(&self, path: &str, name: &str, value: &[u8]) -> &Self {
        rustix::fs::setxattr(self.path(path), name, value, XattrFlags::empty()).unwrap();
        self
    }

    pub(crate) fn mode(&self, path: &str, mode: u32) -> &Self {
        std::fs::set_permissions(self.path(path), PermissionsExt::from_mode(mode)).unwrap();
        self
    }

    pub(crate) fn same_time(&self, path: &str, like: &str) -> &Self {
        let modified = std::fs::metadata(self.path(like)).unwrap().modified().unwrap();
        File::options().write(true).open(self.path(path)).unwrap().set_modified(modified).unwrap();
        self
    }

    /// Says that a file was changed long ago.
    pub(crate) fn old(&self, path: &str) -> &Self {
        File::options().write(true).open(self.path(path)).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        self
    }

    fn parents(&self, path: &str) {
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
    }

    pub(crate) fn layers(&self) -> Layers {
        let above = ["0", "1"].map(|layer| Arc::new(Tree::layer(&self.path(layer)).unwrap()));
        Layers::new(above.into(), Arc::new(Tree::open(&self.path("real")).unwrap()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
