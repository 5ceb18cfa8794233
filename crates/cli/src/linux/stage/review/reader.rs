//! Reads diffs beside the page, so that no file is too large for it to go on.

use std::collections::BTreeSet;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use pinfold_stage::{Change, Stages, StoreError};

use super::entry::{Entry, Standing};
use super::found::{Found, Mark};
use super::view::{Kind, View};
use crate::linux::stage::opened::Place;

/// Reads diffs until it is dropped.
pub(super) struct Reader {
    wanted: Arc<Wanted>,
    read: Receiver<(usize, View)>,
    /// Can be read from when something was read.
    bell: PipeReader,
    /// Held while the stage is.
    busy: Arc<Mutex<()>>,
}

/// What is wanted.
#[derive(Default)]
struct Wanted {
    list: Mutex<List>,
    changed: Condvar,
}

#[derive(Default)]
struct List {
    /// The most urgent first.
    entries: Vec<usize>,
    /// Those that are read or were, and nobody has taken yet.
    under_way: BTreeSet<usize>,
    /// Nobody listens any more.
    is_over: bool,
}

/// What is read from. The stage is held only while it is read.
struct Source {
    stages: Stages,
    name: String,
    mark: Mark,
    /// A run goes on in it, so that it cannot be held.
    in_use: bool,
    places: Arc<Vec<Place>>,
    entries: Vec<Entry>,
    busy: Arc<Mutex<()>>,
}

impl Reader {
    /// Begins to read what is wanted of a stage.
    pub(super) fn new(found: &Found) -> io::Result<Self> {
        let busy = Arc::new(Mutex::new(()));
        let source = Source {
            stages: found.stages.clone(),
            name: found.name.clone(),
            mark: found.mark(),
            in_use: found.is_in_use(),
            places: Arc::clone(&found.places),
            entries: found.entries.clone(),
            busy: Arc::clone(&busy),
        };
        let wanted = Arc::new(Wanted::default());
        let (bell, ring) = io::pipe()?;
        let (send, read) = channel();
        let asked = Arc::clone(&wanted);
        std::thread::Builder::new().name("diffs".to_owned()).spawn(move || source.read(&asked, &send, ring))?;
        Ok(Self { wanted, read, bell, busy })
    }

    /// What can be polled for news.
    pub(super) fn bell(&self) -> &PipeReader {
        &self.bell
    }

    /// As long as this is locked, the stage is not held by this.
    pub(super) fn busy(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.busy)
    }

    /// Wants these from now on.
    pub(super) fn want(&self, mut entries: Vec<usize>) {
        let mut list = self.wanted.list();
        entries.retain(|entry| !list.under_way.contains(entry));
        list.entries = entries;
        self.wanted.changed.notify_one();
    }

    /// What was read since.
    pub(super) fn news(&mut self) -> io::Result<Vec<(usize, View)>> {
        let news: Vec<_> = self.read.try_iter().collect();
        // It rings once for each.
        self.bell.read_exact(&mut vec![0; news.len()])?;
        let mut list = self.wanted.list();
        for (entry, _) in &news {
            list.under_way.remove(entry);
        }
        drop(list);
        Ok(news)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.wanted.list().is_over = true;
        self.wanted.changed.notify_one();
    }
}

impl Wanted {
    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next one; nothing when nobody listens any more.
    fn next(&self) -> Option<usize> {
        let is_idle = |list: &mut List| list.entries.is_empty() && !list.is_over;
        let mut list = self.changed.wait_while(self.list(), is_idle).unwrap_or_else(PoisonError::into_inner);
        if list.is_over {
            return None;
        }
        let entry = list.entries.remove(0);
        list.under_way.insert(entry);
        Some(entry)
    }
}

impl Source {
    fn read(&self, wanted: &Wanted, to: &Sender<(usize, View)>, mut ring: PipeWriter) {
        while let Some(entry) = wanted.next() {
            let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            if wanted.list().is_over {
                return;
            }
            let view = self.view(&self.entries[entry]);
            drop(busy);
            if to.send((entry, view)).is_err() || ring.write_all(&[0]).is_err() {
                return;
            }
        }
    }

    fn view(&self, entry: &Entry) -> View {
        let mut view = View::default();
        about(entry, &mut view);
        let held = match self.stages.open(&self.name) {
            Ok(stage) if Mark::of(&stage) == self.mark && !self.in_use => Some(stage),
            Err(StoreError::InUse { .. }) if self.in_use => None,
            Ok(_) | Err(StoreError::Unknown { .. }) => {
                view.say(Kind::Warning, "the stage is not what it was: r looks again");
                return view;
            }
            Err(error) => {
                view.say(Kind::Warning, format!("it cannot be shown now: {error}; r looks again"));
                return view;
            }
        };
        if let Err(error) = self.add_diff(entry, &mut view) {
            view.say(Kind::Warning, format!("it cannot be read: {error}"));
        }
        drop(held);
        view
    }

    fn add_diff(&self, entry: &Entry, view: &mut View) -> io::Result<()> {
        let Some(place) = self.places.get(entry.place) else { return Ok(()) };
        if let [path] = entry.members.as_slice() {
            let inside = path.strip_prefix(&place.root).unwrap_or(path);
            let Some(change) = place.changes.get(inside) else { return Ok(()) };
            let diffs = place.diffs(change)?;
            if diffs.is_empty() {
                view.say(Kind::About, plainly(change));
            }
            view.add(diffs);
            return Ok(());
        }
        view.say(Kind::About, "with it:");
        for path in &entry.members {
            let inside = path.strip_prefix(&place.root).unwrap_or(path);
            view.say(Kind::Context, format!("  {}", inside.to_string_lossy()));
        }
        Ok(())
    }
}

/// What there is to say before any diff.
fn about(entry: &Entry, view: &mut View) {
    let what = match entry.letter {
        'A' => "new",
        'M' => "changed",
        'D' => "removed",
        'R' => "renamed",
        'm' => "other permissions or attributes",
        'T' => "another kind of file",
        _ => "left out",
    };
    let from = entry.from.as_ref().map_or_else(String::new, |from| format!(", was {from}"));
    view.say(Kind::About, format!("{what}{from}"));
    if let Some(why) = &entry.trap {
        view.say(Kind::Warning, format!("! would execute outside: {why}"));
    }
    match &entry.standing {
        Standing::Merges(how) => view.say(Kind::Warning, format!("~ {how}")),
        Standing::Conflicts { .. } | Standing::Stays(_) => {
            view.say(Kind::Warning, format!("x {}", entry.refusal().unwrap_or_default()));
        }
        Standing::Free => {}
    }
}

/// What has no diff.
fn plainly(change: &Change) -> &'static str {
    use pinfold_stage::Kind as Node;
    match change.after.as_ref().or(change.before.as_ref()).map(|node| &node.kind) {
        Some(Node::Directory) => "a directory",
        Some(Node::Pipe) => "a named pipe",
        _ => "nothing to show",
    }
}
