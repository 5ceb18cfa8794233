//! Protected names that do not exist yet: noticed when they appear, moved to quarantine, reported.
//!
//! Everything goes by descriptors opened before the command started or resolved without following a link, because the
//! command may exchange directories for links at any moment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pinfold_plan::{Plan, Watch};
use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};
use rustix::fs::{AtFlags, CWD, FileType, RenameFlags};
use rustix::io::Errno;

use crate::linux::open;
use crate::linux::settings::{self, Settings};

/// A protected name that appeared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it appeared.
    pub path: PathBuf,
    /// Where it is now; `None` when it could not be moved.
    pub moved_to: Option<PathBuf>,
}

/// How long a run lives before its directories are watched. Most commands are over by then, and to let go of an
/// inotify instance takes the kernel longer than to run them (15 ms measured).
const PATIENCE: Duration = Duration::from_millis(50);

/// Looks out for names while a run lives.
#[derive(Debug)]
pub(crate) struct Lookout {
    /// Opened before the command started, so that they are what the plan meant.
    directories: Vec<Directory>,
    watching: Watching,
    quarantine: Quarantine,
}

/// Whether the kernel tells of new names already.
#[derive(Debug)]
enum Watching {
    /// From this moment on it shall.
    From(Instant),
    /// By these events.
    Events(OwnedFd, Numbers),
}

/// The watched directories by the numbers that the kernel gives them: one that is watched twice has one number.
type Numbers = BTreeMap<i32, Vec<usize>>;

/// A watched directory and the names that must not appear in it.
#[derive(Debug)]
struct Directory {
    fd: OwnedFd,
    path: PathBuf,
    names: Vec<Name>,
    settings: Vec<Settings>,
}

impl Directory {
    /// Lets the kernel tell of new names in it; gives the number by which it does.
    fn watch(&self, events: BorrowedFd<'_>) -> io::Result<i32> {
        // By descriptor: the path may lead elsewhere by now.
        let path = format!("/proc/self/fd/{}", self.fd.as_raw_fd());
        let mut flags = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR | WatchFlags::MASK_ADD;
        if !self.settings.is_empty() {
            flags |= WatchFlags::DELETE;
        }
        Ok(add_watch(events, path, flags)?)
    }
}

/// A name that must not appear.
#[derive(Debug)]
struct Name {
    name: PathBuf,
    files_only: bool,
}

impl Lookout {
    /// Remembers what to watch for `command`. Directories that do not exist are skipped: their parents are watched too.
    pub(crate) fn new(plan: &Plan, command: &[OsString], quarantine: Quarantine) -> Self {
        let sealed = settings::sealed(plan);
        let patience = if settings::may_change(command) && !sealed.is_empty() { Duration::ZERO } else { PATIENCE };
        let mut directories = by_directory(&plan.watch);
        for directory in sealed.iter().filter_map(|settings| settings.parent()) {
            directories.entry(directory.to_owned()).or_default();
        }
        let open = |(path, names): (PathBuf, Vec<Name>)| {
            let fd = open::directory(CWD, &path).ok()?;
            let settings = Settings::in_directory(fd.as_fd(), &path, &sealed);
            Some(Directory { fd, path, names, settings })
        };
        let directories = directories.into_iter().filter_map(open).collect();
        Self { directories, watching: Watching::From(Instant::now() + patience), quarantine }
    }

    /// Watches these names as well.
    pub(crate) fn add(&mut self, watches: &[Watch]) -> io::Result<()> {
        for (path, names) in by_directory(watches) {
            let Ok(fd) = open::directory(CWD, &path) else { continue };
            let directory = Directory { fd, path, names, settings: Vec::new() };
            if let Watching::Events(events, numbers) = &mut self.watching {
                numbers.entry(directory.watch(events.as_fd())?).or_default().push(self.directories.len());
            }
            self.directories.push(directory);
        }
        Ok(())
    }

    /// What becomes readable when a name appears.
    pub(crate) fn events(&self) -> Option<BorrowedFd<'_>> {
        match &self.watching {
            Watching::From(_) => None,
            Watching::Events(events, _) => Some(events.as_fd()),
        }
    }

    /// How long until [`Self::act`] must be called without an event.
    pub(crate) fn next_look(&self) -> Option<Duration> {
        match &self.watching {
            Watching::From(moment) if !self.directories.is_empty() => {
                Some(moment.saturating_duration_since(Instant::now()))
            }
            _ => None,
        }
    }

    /// Moves away what has appeared since the last call.
    pub(crate) fn act(&mut self) -> io::Result<()> {
        match &self.watching {
            Watching::From(moment) if *moment > Instant::now() || self.directories.is_empty() => Ok(()),
            Watching::From(_) => {
                self.begin()?;
                self.look_everywhere();
                Ok(())
            }
            Watching::Events(..) => {
                self.read_events();
                Ok(())
            }
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        let events = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let mut numbers = Numbers::new();
        for (index, directory) in self.directories.iter().enumerate() {
            numbers.entry(directory.watch(events.as_fd())?).or_default().push(index);
        }
        self.watching = Watching::Events(events, numbers);
        Ok(())
    }

    fn read_events(&mut self) {
        let Watching::Events(events, numbers) = &self.watching else { return };
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(events.as_fd(), &mut buffer);
        while let Ok(event) = reader.next() {
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                return self.look_everywhere();
            }
            let Some(name) = event.file_name() else { continue };
            let is_it = |watched: &&Name| watched.name.as_os_str().as_bytes() == name.to_bytes();
            for index in numbers.get(&event.wd()).into_iter().flatten() {
                let Some(directory) = self.directories.get_mut(*index) else { continue };
                if event.events().contains(ReadFlags::DELETE) {
                    directory.settings.iter_mut().for_each(|settings| settings.gone(name.to_bytes()));
                }
                if let Some(watched) = directory.names.iter().find(is_it) {
                    self.quarantine.take(directory.fd.as_fd(), &directory.path, watched);
                }
            }
        }
    }

    fn look_everywhere(&mut self) {
        for directory in &self.directories {
            for name in &directory.names {
                self.quarantine.take(directory.fd.as_fd(), &directory.path, name);
            }
        }
    }

    /// What has been moved away so far.
    pub(crate) fn taken(&self) -> &[Quarantined] {
        self.quarantine.taken()
    }

    /// Looks at every name once more, whatever the events said. Gives also the settings that were not to be changed
    /// and that something tried to change.
    pub(crate) fn finish(mut self) -> (Quarantine, Vec<PathBuf>) {
        self.read_events();
        self.look_everywhere();
        let tried = |directory: &Directory| {
            let tried = directory.settings.iter().filter(|settings| settings.were_tried(directory.fd.as_fd()));
            tried.map(|settings| directory.path.join(&settings.name)).collect::<Vec<_>>()
        };
        let refused = self.directories.iter().flat_map(tried).collect();
        (self.quarantine, refused)
    }
}

/// Where quarantined things go, and what has gone there.
#[derive(Debug)]
pub struct Quarantine {
    directory: PathBuf,
    taken: Vec<Quarantined>,
}

impl Quarantine {
    /// A quarantine in `directory`, which is made when the first thing comes.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, taken: Vec::new() }
    }

    /// What was moved away so far.
    pub fn taken(&self) -> &[Quarantined] {
        &self.taken
    }

    /// What has been quarantined.
    pub fn into_taken(self) -> Vec<Quarantined> {
        self.taken
    }

    /// Moves a watched name out of a directory if it exists.
    fn take(&mut self, directory: BorrowedFd<'_>, path: &Path, watched: &Name) {
        let Ok(stat) = rustix::fs::statat(directory, &watched.name, AtFlags::SYMLINK_NOFOLLOW) else { return };
        if watched.files_only && FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            return;
        }
        self.take_name(directory, path, watched.name.as_os_str());
    }

    /// Moves a name out of a directory if it exists.
    pub(crate) fn take_name(&mut self, directory: BorrowedFd<'_>, path: &Path, name: &OsStr) {
        if rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).is_err() {
            return;
        }
        let moved_to = self.move_here(directory, name).or_else(|| {
            // Without write permission nothing moves out of a directory, and no directory moves elsewhere.
            open::up(directory);
            open::up_below(directory, name);
            self.move_here(directory, name)
        });
        self.taken.push(Quarantined { path: path.join(name), moved_to: moved_to.map(|place| path.join(place)) });
    }

    fn move_here(&self, directory: BorrowedFd<'_>, name: &OsStr) -> Option<PathBuf> {
        std::fs::create_dir_all(&self.directory).ok()?;
        let mut destination_name = std::ffi::OsString::from(format!("{:03}-", self.taken.len()));
        destination_name.push(name);
        let destination = self.directory.join(destination_name);
        match rustix::fs::renameat(directory, name, CWD, &destination) {
            Ok(()) => Some(destination),
            // Another file system: at least it no longer has the name that makes it run.
            Err(Errno::XDEV) => rename_aside(directory, name),
            Err(_) => None,
        }
    }
}

/// Renames in place to a name that nothing executes.
fn rename_aside(directory: BorrowedFd<'_>, name: &OsStr) -> Option<PathBuf> {
    (0..1000).find_map(|number| {
        let mut aside = name.to_owned();
        aside.push(format!(".quarantined-{number}"));
        rustix::fs::renameat_with(directory, name, directory, &aside, RenameFlags::NOREPLACE)
            .is_ok()
            .then(|| PathBuf::from(aside))
    })
}

/// Moves away every watched name that exists.
pub(crate) fn sweep(watches: &[Watch], quarantine: &mut Quarantine) {
    for (path, names) in by_directory(watches) {
        let Ok(directory) = open::directory(CWD, &path) else { continue };
        for name in names {
            quarantine.take(directory.as_fd(), &path, &name);
        }
    }
}

fn by_directory(watches: &[Watch]) -> BTreeMap<PathBuf, Vec<Name>> {
    let mut directories = BTreeMap::<PathBuf, Vec<Name>>::new();
    for Watch { directory, name, files_only } in watches {
        let name = Name { name: name.clone(), files_only: *files_only };
        directories.entry(directory.clone()).or_default().push(name);
    }
    directories
}
