//! Whatever is done to a tree, the scan tells the same as two copies of it that are compared name by name.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, FileTimes, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};

use pinfold_survey::{
    Kind, Survey,
    changes::{Options, What},
};
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, XattrFlags};
use sha2::{Digest, Sha256};
use support::Tree;

/// Something that a program does to one or two names.
#[derive(Debug, Clone)]
enum Act {
    Write(Name),
    Append(Name),
    Truncate(Name),
    Chmod(Name, u32),
    /// Sets the time of the last write into the past.
    Backdate(Name),
    /// Writes as many other bytes and sets all times back to what they were.
    Forge(Name),
    Rename(Name, Name),
    Exchange(Name, Name),
    Link(Name, Name),
    Symlink(Name),
    Pipe(Name),
    Directory(Name),
    Delete(Name),
    /// Deletes it and makes a file of the same name, which often gets the same inode.
    Recreate(Name),
}

/// A path of one to three names: few enough that most acts meet something.
type Name = Vec<u8>;

fn name() -> impl Strategy<Value = Name> {
    prop::collection::vec(prop::sample::select(vec![b'a', b'b', b'c', 0xff]), 1..=3)
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => name().prop_map(Act::Write),
        2 => name().prop_map(Act::Append),
        1 => name().prop_map(Act::Truncate),
        1 => (name(), prop::sample::select(vec![0o600, 0o644, 0o755, 0o400])).prop_map(|(name, mode)| Act::Chmod(name, mode)),
        1 => name().prop_map(Act::Backdate),
        2 => name().prop_map(Act::Forge),
        4 => (name(), name()).prop_map(|(from, to)| Act::Rename(from, to)),
        1 => (name(), name()).prop_map(|(one, other)| Act::Exchange(one, other)),
        2 => (name(), name()).prop_map(|(from, to)| Act::Link(from, to)),
        2 => name().prop_map(Act::Symlink),
        1 => name().prop_map(Act::Pipe),
        4 => name().prop_map(Act::Directory),
        2 => name().prop_map(Act::Delete),
        2 => name().prop_map(Act::Recreate),
    ]
}

/// Does it, if it can be done.
fn perform(root: &Path, act: &Act) -> std::io::Result<()> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let at = |name: &Name| {
        let parts = name.iter().map(|byte| std::os::unix::ffi::OsStrExt::from_bytes(std::slice::from_ref(byte)));
        parts.fold(root.to_owned(), |path, part: &std::ffi::OsStr| path.join(part))
    };
    // Never through a symlink: those lead nowhere. Nor into a pipe.
    let plain = |path: &Path| match fs::symlink_metadata(path) {
        Ok(known) if known.is_file() => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(std::io::Error::other("no file")),
    };
    let delete = |path: &Path| match fs::symlink_metadata(path)?.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    match act {
        Act::Write(name) => plain(&at(name)).and_then(|()| fs::write(at(name), format!("written {number}"))),
        Act::Append(name) => {
            plain(&at(name))?;
            OpenOptions::new().append(true).open(at(name))?.write_all(b"more")
        }
        Act::Truncate(name) => {
            plain(&at(name)).and_then(|()| OpenOptions::new().write(true).open(at(name))?.set_len(1))
        }
        Act::Chmod(name, mode) => {
            plain(&at(name))?;
            fs::set_permissions(at(name), Permissions::from_mode(*mode))
        }
        Act::Backdate(name) => {
            plain(&at(name))?;
            let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
            File::open(at(name))?.set_times(FileTimes::new().set_modified(long_ago).set_accessed(long_ago))
        }
        Act::Forge(name) => {
            plain(&at(name))?;
            let mut file = OpenOptions::new().write(true).open(at(name))?;
            let known = file.metadata()?;
            file.write_all(&vec![b'!'; usize::try_from(known.len()).unwrap()])?;
            file.set_times(FileTimes::new().set_modified(known.modified()?).set_accessed(known.accessed()?))
        }
        Act::Rename(from, to) => fs::rename(at(from), at(to)),
        Act::Exchange(one, other) => {
            Ok(rustix::fs::renameat_with(CWD, at(one), CWD, at(other), RenameFlags::EXCHANGE)?)
        }
        Act::Link(from, to) => fs::hard_link(at(from), at(to)),
        Act::Symlink(name) => symlink(format!("nowhere {number}"), at(name)),
        Act::Pipe(name) => Ok(rustix::fs::mknodat(CWD, at(name), FileType::Fifo, Mode::RUSR, 0)?),
        Act::Directory(name) => fs::create_dir_all(at(name)),
        Act::Delete(name) => delete(&at(name)),
        Act::Recreate(name) => delete(&at(name)).and_then(|()| fs::write(at(name), format!("recreated {number}"))),
    }
}

/// All that can be known of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Whole {
    kind: Kind,
    inode: u64,
    mode: u32,
    links: u64,
    ctime: (i64, i64),
    mtime: (i64, i64),
    content: Vec<u8>,
    /// What was written on it before the run; it stays with the file whatever it is called.
    label: Option<Vec<u8>>,
}

const LABEL: &str = "user.pinfold-test";

fn whole(path: &Path) -> Whole {
    let known = fs::symlink_metadata(path).unwrap();
    let (kind, content, label) = match known.file_type() {
        kind if kind.is_symlink() => {
            let target = fs::read_link(path).unwrap().into_os_string().into_encoded_bytes();
            // No two are the same.
            (Kind::Symlink, target.clone(), Some(target))
        }
        kind if kind.is_dir() => (Kind::Directory, Vec::new(), None),
        kind if kind.is_fifo() => (Kind::Other, Vec::new(), None),
        _ => {
            let mut label = vec![0; 64];
            let length = rustix::fs::lgetxattr(path, LABEL, &mut label).ok();
            (Kind::File, fs::read(path).unwrap(), length.map(|length| label[..length].to_vec()))
        }
    };
    Whole {
        kind,
        inode: known.ino(),
        mode: known.mode(),
        links: known.nlink(),
        ctime: (known.ctime(), known.ctime_nsec()),
        mtime: (known.mtime(), known.mtime_nsec()),
        content,
        label,
    }
}

/// A copy of everything there is.
fn copy(root: &Path) -> BTreeMap<PathBuf, Whole> {
    let mut all = BTreeMap::new();
    let mut todo = vec![root.to_owned()];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let whole = whole(&path);
            if whole.kind == Kind::Directory {
                todo.push(path.clone());
            }
            all.insert(path.strip_prefix(root).unwrap().to_owned(), whole);
        }
    }
    all
}

fn check(before: &[Act], during: &[Act], threads: usize) {
    let tree = Tree::new();
    for act in before {
        let _ = perform(tree.root(), act);
    }
    for (number, (path, whole)) in copy(tree.root()).iter().enumerate() {
        if whole.kind == Kind::File && whole.label.is_none() {
            fs::set_permissions(tree.at(path), Permissions::from_mode(0o644)).unwrap();
            let label = number.to_string();
            rustix::fs::lsetxattr(tree.at(path), LABEL, label.as_bytes(), XattrFlags::empty()).unwrap();
        }
    }
    // What happens in the same tick of the clock counts as changed.
    std::thread::sleep(Duration::from_millis(25));
    let old = copy(tree.root());
    let (_, snapshot) = Survey::new([tree.root()]).threads(threads).alone(1).walk_and_remember().unwrap();
    for act in during {
        let _ = perform(tree.root(), act);
    }
    let changes = snapshot.changes(&Options { threads: Some(threads), ..Options::default() });
    let new = copy(tree.root());
    assert_eq!((&*changes.unseen, changes.omitted), (&[][..], 0));

    // Every name that is not as it was is told once, and no other.
    let differs = |path: &&PathBuf| match (old.get(*path), new.get(*path)) {
        (Some(old), Some(new)) => old != new && (old.kind, new.kind) != (Kind::Directory, Kind::Directory),
        _ => true,
    };
    let expected: BTreeSet<_> = old.keys().chain(new.keys()).filter(differs).cloned().collect();
    let mut told = BTreeSet::new();
    let mut renamed: BTreeMap<Option<&[u8]>, usize> = BTreeMap::new();
    for change in &changes.entries {
        let (was, is) = (old.get(&change.path), new.get(&change.path));
        assert!(told.insert(change.path.clone()), "{} is told twice", change.path.display());
        match &change.what {
            What::Created => assert!(was.is_none() && is.is_some(), "{change:?}"),
            What::Deleted => assert!(was.is_some() && is.is_none(), "{change:?}"),
            What::Modified => {
                let other = was.unwrap().kind;
                assert_eq!(change.was, (other != change.kind).then_some(other), "{change:?}");
            }
            What::Renamed { from } => {
                assert!(told.insert(from.clone()), "{} is told twice", from.display());
                assert!(was.is_none() && !new.contains_key(from), "{change:?}");
                let (from, is) = (&old[from], is.unwrap());
                assert_eq!((&from.label, from.kind, from.inode), (&is.label, is.kind, is.inode), "{change:?}");
                *renamed.entry(from.label.as_deref()).or_default() += 1;
            }
        }
        if let Some(is) = is {
            let file = is.kind == Kind::File;
            assert_eq!(change.kind, is.kind, "{change:?}");
            assert_eq!(change.size, file.then_some(is.content.len() as u64), "{change:?}");
            assert_eq!(change.sha256, file.then(|| Sha256::digest(&is.content).into()), "{change:?}");
            let target = change.target.as_deref().map(|target| target.as_os_str().as_encoded_bytes());
            assert_eq!(target, (is.kind == Kind::Symlink).then_some(&*is.content), "{change:?}");
        }
    }
    assert_eq!(told, expected);

    // A file of before with a name less and a name more has been renamed.
    let labels: BTreeSet<_> = old.values().filter_map(|whole| whole.label.as_deref()).collect();
    for label in labels {
        let only = |these: &BTreeMap<PathBuf, Whole>, others: &BTreeMap<PathBuf, Whole>| {
            let labelled = these.iter().filter(|(_, whole)| whole.label.as_deref() == Some(label));
            labelled.filter(|(path, _)| !others.contains_key(*path)).count()
        };
        let pairs = only(&old, &new).min(only(&new, &old));
        assert_eq!(renamed.get(&Some(label)).copied().unwrap_or_default(), pairs);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scan_tells_what_two_copies_tell(
        before in prop::collection::vec(act(), 0..40),
        during in prop::collection::vec(act(), 0..25),
        threads in 1..4_usize,
    ) {
        check(&before, &during, threads);
    }
}
