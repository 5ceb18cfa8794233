//! What an entry of now means, next to what had its name before.

use std::sync::atomic::Ordering;

use super::{
    Change, What, Why,
    findings::Sighted,
    scan::{Before, Item, Worker},
};
use crate::{
    Kind,
    listing::Record,
    sys::{self, Dir, Facts, Seen},
};

/// Marks a directory whose content can be made again (<https://bford.info/cachedir/>).
pub(super) const CACHE_TAG: &[u8] = b"CACHEDIR.TAG";

/// What a listing says now.
pub(super) struct Entry<'e> {
    pub(super) dir: &'e Dir,
    pub(super) name: &'e [u8],
    pub(super) kind: Kind,
    pub(super) seen: Seen,
}

impl Worker<'_, '_> {
    /// Judges an entry by what had its name before.
    #[inline]
    pub(super) fn meet(&mut self, item: &Item, entry: &Entry<'_>) {
        let record = match item.before {
            Before::Listed(_) => self.past.meet(entry.name),
            Before::Unlisted | Before::Absent => None,
        };
        if entry.name == CACHE_TAG && record.is_some() {
            self.tag(item);
        }
        match record {
            Some(record) if record.kind == Kind::Directory && entry.kind == Kind::Directory => {
                self.descend_known(item, entry, record);
            }
            Some(record) => self.meet_known(item, entry, record),
            None => self.meet_unknown(item, entry),
        }
    }

    /// Judges an entry whose name was there.
    #[inline]
    fn meet_known(&mut self, item: &Item, entry: &Entry<'_>, record: Record<'_>) {
        let Some(facts) = self.facts(item, entry) else { return };
        let replaced = record.kind != facts.kind || record.inode != entry.seen.inode();
        if replaced || item.since.covers(facts.ctime_ns) {
            let sighted = self.sight(item, entry, facts, What::Modified);
            sighted.change.was = (record.kind != facts.kind).then_some(record.kind);
            sighted.denied = record.denied;
        }
        if facts.kind == Kind::Directory {
            self.descend(item, entry, Before::Absent);
        }
    }

    /// Judges an entry whose name was not there, or is not known to have been.
    fn meet_unknown(&mut self, item: &Item, entry: &Entry<'_>) {
        let Some(facts) = self.facts(item, entry) else { return };
        let changed = item.since.covers(facts.ctime_ns);
        let born = if facts.born_ns == 0 { changed } else { item.since.covers(facts.born_ns) };
        let new = born || self.knows_all(item);
        if new && self.scan.new.fetch_add(1, Ordering::Relaxed) >= self.scan.options.new_names {
            return self.omit(item, entry, facts);
        }
        if new || (changed && facts.kind != Kind::Directory) {
            self.sight(item, entry, facts, if new { What::Created } else { What::Modified });
        }
        if entry.name == CACHE_TAG && matches!(item.before, Before::Absent) {
            self.tag(item);
        }
        if facts.kind == Kind::Directory {
            self.descend(item, entry, if new { Before::Absent } else { Before::Unlisted });
        }
    }

    /// Counts a new name instead of telling it.
    fn omit(&mut self, item: &Item, entry: &Entry<'_>, facts: Facts) {
        self.findings.omitted += 1;
        if facts.kind == Kind::Directory {
            self.note_unseen_entry(item, entry, Why::TooMuch);
        }
    }

    fn tag(&mut self, item: &Item) {
        self.findings.tags.push((item.root, item.path.clone()));
    }

    /// Whether a name that is not known was not there.
    fn knows_all(&self, item: &Item) -> bool {
        match item.before {
            Before::Listed(index) => self.scan.snapshot.is_complete(index),
            Before::Unlisted => false,
            Before::Absent => true,
        }
    }

    fn descend_known(&mut self, item: &Item, entry: &Entry<'_>, record: Record<'_>) {
        let Before::Listed(above) = item.before else { return };
        match self.scan.known.get(&(above, entry.name)) {
            Some(&index) => self.descend(item, entry, Before::Listed(index)),
            None if record.denied => {}
            // The objects of a git directory.
            None => self.descend(item, entry, Before::Unlisted),
        }
    }

    fn descend(&mut self, item: &Item, entry: &Entry<'_>, before: Before) {
        let path = sys::join(&item.path, entry.name);
        self.todo.push(Item { path, depth: item.depth + 1, before, ..*item });
    }

    /// Looks at an entry; `None` if it is no more, or cannot be looked at.
    #[inline]
    fn facts(&mut self, item: &Item, entry: &Entry<'_>) -> Option<Facts> {
        match entry.dir.facts(entry.name, entry.seen, item.since.foreign) {
            Ok(facts) => Some(facts),
            Err(error) => {
                if !sys::vanished(&error) {
                    self.note_unseen_entry(item, entry, Why::Unreadable);
                }
                None
            }
        }
    }

    fn note_unseen_entry(&mut self, item: &Item, entry: &Entry<'_>, why: Why) {
        self.note_unseen(&Item { path: sys::join(&item.path, entry.name), ..*item }, why);
    }

    fn sight(&mut self, item: &Item, entry: &Entry<'_>, facts: Facts, what: What) -> &mut Sighted {
        let since = item.since;
        let change = Change {
            root: item.root,
            path: sys::path_buf(&sys::join(&item.path, entry.name)),
            what,
            kind: facts.kind,
            was: None,
            size: (facts.kind == Kind::File).then_some(facts.size),
            sha256: None,
            target: (facts.kind == Kind::Symlink).then(|| entry.dir.read_link(entry.name).ok()).flatten(),
            group: None,
        };
        self.findings.sighted.push_mut(Sighted {
            change,
            inode: entry.seen.inode(),
            device: since.device,
            facts: Some(facts),
            old: !since.covers(if facts.born_ns == 0 { facts.mtime_ns } else { facts.born_ns }),
            changed: since.covers(facts.ctime_ns),
            denied: false,
        })
    }
}
