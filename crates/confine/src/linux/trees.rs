//! Parts of the host as detached mounts, ready to be attached inside.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pinfold_plan::{Mode, Mount, Plan};
use rustix::fs::{AtFlags, CWD, Mode as FileMode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};

use super::error::{ConfineError, Context};
use super::identity::IdMaps;
use super::sys::{self, MountAttributes};

pub(super) const READ_ONLY: u64 = libc::MOUNT_ATTR_RDONLY;
pub(super) const NO_SETUID: u64 = libc::MOUNT_ATTR_NOSUID;
pub(super) const NO_DEVICES: u64 = libc::MOUNT_ATTR_NODEV;

/// Where layers are attached: nothing that a shadow of root clones by its path lies there.
const LAYERS: &str = "/tmp";

/// The mark of an overlay that syncs nothing, from the inside to the outside, and how each is removed.
const UNSYNCED: [(&str, &str, AtFlags); 3] = [
    ("work/work/incompat/volatile", "dirty", AtFlags::empty()),
    ("work/work/incompat", "volatile", AtFlags::REMOVEDIR),
    ("work/work", "incompat", AtFlags::REMOVEDIR),
];

/// Views of the host that only the supervisor can make, because their ids are mapped: by their step of the plan. A
/// bind has one, an overlay has one of each layer.
#[derive(Debug, Default)]
pub(super) struct Trees(BTreeMap<usize, Vec<OwnedFd>>);

/// A tree of the supervisor's, or one made on the spot.
pub(super) enum Tree<'a> {
    Borrowed(BorrowedFd<'a>),
    Owned(OwnedFd),
}

impl AsFd for Tree<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Borrowed(fd) => *fd,
            Self::Owned(fd) => fd.as_fd(),
        }
    }
}

impl Trees {
    /// Detaches, in the supervisor, what the plan shows with mapped ids.
    pub(super) fn detach_mapped(plan: &Plan) -> Result<Self, ConfineError> {
        let mut maps = IdMaps::new(&plan.identity);
        let mut trees = BTreeMap::new();
        for (index, mount) in plan.mounts.iter().enumerate() {
            let Some(owner) = mount.owner() else { continue };
            make_directories(mount)?;
            let views = layers(mount).into_iter().map(|(path, attributes)| {
                let view = view(&path, attributes)?;
                map_ids(view.as_fd(), maps.get(owner)?).step_at("map the owner of", &path)?;
                Ok(view)
            });
            trees.insert(index, views.collect::<Result<_, ConfineError>>()?);
        }
        Ok(Self(trees))
    }

    /// The steps with the number of their views, and all views in that order.
    pub(super) fn into_parts(self) -> (Vec<(usize, usize)>, Vec<OwnedFd>) {
        let steps = self.0.iter().map(|(step, views)| (*step, views.len())).collect();
        (steps, self.0.into_values().flatten().collect())
    }

    /// The reverse of [`Trees::into_parts`].
    pub(super) fn from_parts(steps: Vec<(usize, usize)>, views: impl IntoIterator<Item = OwnedFd>) -> io::Result<Self> {
        let mut views = views.into_iter();
        let trees =
            steps.into_iter().map(|(step, count)| (step, views.by_ref().take(count).collect::<Vec<_>>(), count));
        let whole = trees.map(|(step, views, count)| (views.len() == count).then_some((step, views)));
        whole.collect::<Option<_>>().map(Self).ok_or_else(|| Errno::BADF.into())
    }

    /// Attaches, inside, the layers of overlays: an overlay takes no layers from elsewhere. They go with the old root.
    pub(super) fn attach_layers(&self) -> Result<(), ConfineError> {
        let layers = self.0.values().filter(|views| views.len() > 1).flatten();
        layers.into_iter().try_for_each(|layer| {
            attach(layer.as_fd(), CWD, Path::new(LAYERS)).step_at("attach a layer at", Path::new(LAYERS))
        })
    }

    /// The tree of a step, from the supervisor's views or from the host.
    pub(super) fn get(&self, index: usize, mount: &Mount) -> Result<Tree<'_>, ConfineError> {
        match (mount, self.0.get(&index).map(Vec::as_slice)) {
            (Mount::CopyOnWrite { source, .. }, Some([store, lower @ ..])) => {
                let lower: Vec<_> = lower.iter().map(AsFd::as_fd).collect();
                overlay(source, &lower, store.as_fd()).map(Tree::Owned)
            }
            (_, Some([tree])) => Ok(Tree::Borrowed(tree.as_fd())),
            (Mount::CopyOnWrite { source, store, frozen, .. }, _) => {
                make_directories(mount)?;
                let open = |layer: &PathBuf| open_layer(CWD, layer).step_at("open the layer", layer);
                let lower = frozen.iter().chain([source]).map(open).collect::<Result<Vec<_>, _>>()?;
                let lower: Vec<_> = lower.iter().map(AsFd::as_fd).collect();
                overlay(source, &lower, open(store)?.as_fd()).map(Tree::Owned)
            }
            _ => {
                make_directories(mount)?;
                let layers = layers(mount);
                let (path, attributes) = layers.first().ok_or(Errno::INVAL).step_at("show", mount.at())?;
                view(path, *attributes).map(Tree::Owned)
            }
        }
    }
}

/// The parts of the host that a step shows, with their restrictions.
fn layers(mount: &Mount) -> Vec<(PathBuf, u64)> {
    match mount {
        Mount::Bind { source, mode, .. } => {
            let read_only = if *mode == Mode::ReadOnly { READ_ONLY } else { 0 };
            vec![(source.clone(), NO_SETUID | NO_DEVICES | read_only)]
        }
        Mount::CopyOnWrite { source, store, frozen, .. } => {
            let lower = frozen.iter().chain([source]).cloned();
            let lower = lower.map(|layer| (layer, READ_ONLY | NO_SETUID | NO_DEVICES));
            [(store.clone(), NO_SETUID | NO_DEVICES)].into_iter().chain(lower).collect()
        }
        _ => Vec::new(),
    }
}

/// Makes the directories that are pinfold's own.
fn make_directories(mount: &Mount) -> Result<(), ConfineError> {
    let own = match mount {
        Mount::Bind { source, create: true, .. } => vec![source.clone()],
        // A layer that nothing was written to has not been made yet.
        Mount::CopyOnWrite { store, frozen, .. } => {
            [store.join("upper"), store.join("work")].into_iter().chain(frozen.iter().cloned()).collect()
        }
        _ => Vec::new(),
    };
    own.iter().try_for_each(|directory| {
        std::fs::create_dir_all(directory).step_at("make the directory", directory)?;
        keep_usable(directory).step_at("open up the directory", directory)
    })
}

/// Gives a directory of pinfold's back to its owner, should an earlier run have closed it.
fn keep_usable(directory: &Path) -> io::Result<()> {
    let mode = std::fs::symlink_metadata(directory)?.permissions().mode();
    if mode & 0o700 == 0o700 {
        Ok(())
    } else {
        std::fs::set_permissions(directory, Permissions::from_mode(mode | 0o700))
    }
}

/// A clone of what is at `source`, to which no link leads: where a run may write, it could put one there meanwhile.
fn view(source: &Path, attributes: u64) -> Result<OwnedFd, ConfineError> {
    let step = "take a view of";
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let opened = rustix::fs::openat2(CWD, source, flags, FileMode::empty(), resolve).step_at(step, source)?;
    let tree = clone_tree(opened.as_fd(), Path::new("")).step_at(step, source)?;
    restrict(tree.as_fd(), attributes).step_at("restrict the view of", source)?;
    Ok(tree)
}

/// An overlay over `lower`, the uppermost first, with what was written before in `store`.
fn overlay(source: &Path, lower: &[BorrowedFd<'_>], store: BorrowedFd<'_>) -> Result<OwnedFd, ConfineError> {
    let step = "lay a private layer over";
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).step_at(step, source)?;
    lower_layers(context.as_fd(), lower).step_at(step, source)?;
    for (key, name) in [("upperdir", "upper"), ("workdir", "work")] {
        let layer = open_layer(store, Path::new(name)).step_at(step, source)?;
        fsconfig_set_string(context.as_fd(), key, by_descriptor(layer.as_fd())).step_at(step, source)?;
    }
    unsynced(context.as_fd(), store).step_at(step, source)?;
    // Attributes of the overlay go to `user.overlay.*`, the only ones that need no privilege on the host.
    fsconfig_set_flag(context.as_fd(), "userxattr").step_at(step, source)?;
    fsconfig_create(context.as_fd()).step_at(step, source)?;
    let flags = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, flags).step_at(step, source)
}

/// Has the kernel write back what is written in its own time: else it would write back everything that waits for the disk of the
/// layer, whoever has written it, as soon as the overlay is taken down (`volatile` in overlayfs.rst of the kernel, since 5.10).
fn unsynced(context: BorrowedFd<'_>, store: BorrowedFd<'_>) -> rustix::io::Result<()> {
    match fsconfig_set_flag(context, "volatile") {
        Err(Errno::INVAL) => return Ok(()),
        set => set?,
    }
    // The last mount has left a mark there, and no other is made over it: layers of containers are made anew after a loss of
    // power. Here they are as good as files that nobody has flushed.
    for (directory, mark, flags) in UNSYNCED {
        let unmarked =
            open_layer(store, Path::new(directory)).and_then(|directory| rustix::fs::unlinkat(directory, mark, flags));
        match unmarked {
            Err(Errno::NOENT) => {}
            unmarked => unmarked?,
        }
    }
    Ok(())
}

/// One by one since Linux 6.5. Before, all in one text, of which the kernel takes 255 bytes: some twelve layers.
fn lower_layers(context: BorrowedFd<'_>, layers: &[BorrowedFd<'_>]) -> rustix::io::Result<()> {
    let one_by_one = |layer: &BorrowedFd<'_>| fsconfig_set_string(context, "lowerdir+", by_descriptor(*layer));
    match layers.iter().try_for_each(one_by_one) {
        Err(Errno::INVAL) => {
            let all: Vec<String> = layers.iter().map(|layer| by_descriptor(*layer)).collect();
            fsconfig_set_string(context, "lowerdir", all.join(":"))
        }
        done => done,
    }
}

/// The path of what is open: short, and without the characters that separate the options of overlays.
fn by_descriptor(of: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", of.as_raw_fd())
}

fn open_layer(directory: BorrowedFd<'_>, path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    rustix::fs::openat2(directory, path, flags, FileMode::empty(), resolve)
}

/// A detached clone of a mount with all that is mounted below it. An empty path means `directory` itself.
pub(super) fn clone_tree(directory: BorrowedFd<'_>, path: &Path) -> rustix::io::Result<OwnedFd> {
    open_tree(directory, path, CLONE | OpenTreeFlags::AT_RECURSIVE)
}

/// A detached clone of a mount without what is mounted below it.
pub(super) fn clone_one(mount: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    open_tree(mount, "", CLONE)
}

const CLONE: OpenTreeFlags = OpenTreeFlags::OPEN_TREE_CLONE
    .union(OpenTreeFlags::OPEN_TREE_CLOEXEC)
    .union(OpenTreeFlags::AT_SYMLINK_NOFOLLOW)
    .union(OpenTreeFlags::AT_EMPTY_PATH);

/// Sets attributes on a detached tree and cuts it off from mounts that appear on the host later.
pub(super) fn restrict(tree: BorrowedFd<'_>, attributes: u64) -> io::Result<()> {
    let private = MountAttributes { set: attributes, propagation: libc::MS_PRIVATE, ..Default::default() };
    sys::set_mount_attributes(tree, true, &private)
}

/// Sets attributes on a tree that is in use.
pub(super) fn restrict_all(tree: BorrowedFd<'_>, attributes: u64) -> io::Result<()> {
    sys::set_mount_attributes(tree, true, &MountAttributes { set: attributes, ..Default::default() })
}

/// Takes attributes from one mount.
pub(super) fn release_one(mount: BorrowedFd<'_>, attributes: u64) -> io::Result<()> {
    sys::set_mount_attributes(mount, false, &MountAttributes { clear: attributes, ..Default::default() })
}

/// Sets attributes on one mount.
pub(super) fn restrict_one(mount: BorrowedFd<'_>, attributes: u64) -> io::Result<()> {
    sys::set_mount_attributes(mount, false, &MountAttributes { set: attributes, ..Default::default() })
}

/// Attaches a detached mount. An empty path means `directory` itself.
pub(super) fn attach(tree: BorrowedFd<'_>, directory: BorrowedFd<'_>, path: &Path) -> rustix::io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(tree, "", directory, path, flags)
}

/// Shows the files of a tree as owned by whom the user namespace says.
fn map_ids(tree: BorrowedFd<'_>, user_namespace: BorrowedFd<'_>) -> io::Result<()> {
    let attributes = MountAttributes {
        set: libc::MOUNT_ATTR_IDMAP,
        user_namespace: user_namespace.as_raw_fd() as u64,
        ..Default::default()
    };
    sys::set_mount_attributes(tree, true, &attributes)
}
