//! From chosen changes to steps.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

use super::conflict::{Conflict, Why};
use super::three_way::{Take, Theirs, three_way};
use crate::attributes::attributes_at;
use crate::base::{Bases, Was, digest_of};
use crate::changes::{Change, Changes, What};
use crate::layers::Layers;
use crate::node::{Kind, Node};
use crate::step::{Content, Meta, Step, Wanted};

/// Set-user-id and set-group-id.
const SET_ID: u32 = 0o6000;

/// What of a change is chosen.
#[derive(Debug, Clone)]
pub enum Pick {
    /// Nothing.
    Not,
    /// All of it.
    Whole,
    /// All of it, as a file of its own, though the run gave it several names.
    Apart,
    /// All of it, as a file of its own, whatever anybody has made of the path since.
    Theirs,
    /// A file with this content instead: for some of its hunks.
    Content(Arc<[u8]>),
}

/// The steps that make chosen changes, sorted by path: directories before what is in them, also where both are removed.
///
/// A file with other names in the real tree becomes a file of its own, as it was inside.
///
/// New directories above what is chosen are made. A file that a person has changed since the run is merged, if it is text and
/// what it was is known. What cannot be taken over at all is left out in silence: the list of changes says so.
///
/// # Errors
/// All that cannot be made, and why. Then nothing should be.
pub fn plan_apply(
    layers: &Layers,
    changes: &Changes,
    bases: &Bases,
    pick: impl Fn(&Change) -> Pick,
) -> Result<Vec<Step>, Vec<Conflict>> {
    if let Some(exceeded) = changes.exceeded() {
        return Err(vec![Conflict { path: PathBuf::new(), why: exceeded.into() }]);
    }
    let plan = Plan { layers, bases, chosen: chosen(changes, pick) };
    let (mut steps, mut conflicts) = (Vec::new(), Vec::new());
    for (path, (change, pick)) in &plan.chosen {
        match plan.step(change, pick) {
            Ok(step) => steps.extend(step),
            Err(why) => conflicts.push(Conflict { path: path.to_path_buf(), why }),
        }
    }
    if conflicts.is_empty() { Ok(steps) } else { Err(conflicts) }
}

type Chosen<'a> = BTreeMap<&'a Path, (&'a Change, Pick)>;

/// The chosen changes, with new directories above them.
fn chosen(changes: &Changes, pick: impl Fn(&Change) -> Pick) -> Chosen<'_> {
    let mut chosen = Chosen::new();
    for change in changes.all() {
        let pick = pick(change);
        if matches!(pick, Pick::Not) || matches!(change.what, What::LeftOut(_)) {
            continue;
        }
        if change.after.is_some() {
            let above = change.path.ancestors().skip(1).filter_map(|path| changes.get(path));
            for above in above.filter(|above| above.makes_directory()) {
                chosen.entry(&above.path).or_insert((above, Pick::Whole));
            }
        }
        chosen.insert(&change.path, (change, pick));
    }
    chosen
}

struct Plan<'a> {
    layers: &'a Layers,
    bases: &'a Bases,
    chosen: Chosen<'a>,
}

impl Plan<'_> {
    fn step(&self, change: &Change, pick: &Pick) -> Result<Option<Step>, Why> {
        let now = self.now(&change.path)?;
        if !is_same(now.as_ref(), change.before.as_ref()) {
            return Err(Why::Stale);
        }
        if change.after.is_some() {
            self.check_directory(&change.path)?;
        }
        if change.removes_directory() {
            self.check_empty(&change.path)?;
        }
        let wanted = match self.bases.get(&change.path).unwrap_or(&Was::Unknown) {
            _ if matches!(pick, Pick::Theirs) => match &change.after {
                Some(after) => Some(self.theirs(change, after, pick)?),
                None => now.as_ref().map(|_| Wanted::Nothing),
            },
            was if self.is_as_it_was(&change.path, was, now.as_ref())? => match (&change.after, was) {
                (Some(after), Was::Directory { .. }) if after.is_directory() => self.directory(change, after, was)?,
                (Some(after), _) => Some(self.theirs(change, after, pick)?),
                (None, _) => Some(Wanted::Nothing),
            },
            was => self.both(change, now.as_ref(), was, pick)?,
        };
        Ok(wanted.map(|wanted| Step { path: change.path.clone(), expected: now, wanted }))
    }

    /// Whether nobody has changed a path, or it was made again what it was, such as by `git switch` there and back.
    fn is_as_it_was(&self, path: &Path, was: &Was, now: Option<&Node>) -> Result<bool, Why> {
        Ok(was.is(now) || now.map_or(Ok(false), |now| was.is_again(self.layers.real(), path, now))?)
    }

    fn now(&self, path: &Path) -> Result<Option<Node>, Why> {
        match self.layers.real().node(path) {
            // What is in the way is to become a directory, in which there is nothing.
            Err(error) if is_in_the_way(&error) && self.is_made_above(path) => Ok(None),
            // A link or a mount has come into the way.
            Err(error) if is_in_the_way(&error) => Err(Why::NoDirectory),
            other => Ok(other?),
        }
    }

    fn is_made_above(&self, path: &Path) -> bool {
        let made = |above: &Path| self.chosen.get(above).is_some_and(|(change, _)| change.makes_directory());
        path.ancestors().skip(1).any(made)
    }

    /// That the directory is there, or will be.
    fn check_directory(&self, path: &Path) -> Result<(), Why> {
        let above = path.parent().unwrap_or(Path::new(""));
        let is_made = self.chosen.get(above).is_some_and(|(change, _)| change.makes_directory());
        let is_there = || Ok::<_, Why>(self.now(above)?.is_some_and(|node| node.is_directory()));
        if is_made || is_there()? { Ok(()) } else { Err(Why::NoDirectory) }
    }

    /// That nothing in a directory stays.
    fn check_empty(&self, path: &Path) -> Result<(), Why> {
        for name in self.layers.real().names(path)? {
            let below = path.join(&name);
            if !self.chosen.contains_key(below.as_path()) {
                return Err(Why::NotEmpty(name.into()));
            }
        }
        Ok(())
    }

    /// What the run has left, as it is.
    fn theirs(&self, change: &Change, after: &Node, pick: &Pick) -> Result<Wanted, Why> {
        Ok(match &after.kind {
            Kind::Link { target } => Wanted::Link { target: target.clone(), modified: after.modified },
            Kind::Directory => Wanted::Directory(self.meta(change, after)?),
            Kind::Pipe => Wanted::Pipe(self.meta(change, after)?),
            _ => match self.first_name(change, pick) {
                Some(path) => Wanted::Same(path),
                None => Wanted::File(self.content(change, pick)?, self.meta(change, after)?),
            },
        })
    }

    fn meta(&self, change: &Change, after: &Node) -> io::Result<Meta> {
        let attributes = attributes_at(self.layers.layer(change.layer), &change.path, after)?;
        // No file that was written inside gives whoever executes it the rights of its owner.
        let mode = if after.is_directory() { after.mode } else { after.mode & !SET_ID };
        Ok(Meta { mode, modified: after.modified, attributes })
    }

    fn content(&self, change: &Change, pick: &Pick) -> Result<Content, Why> {
        let has_other_names = change.before.as_ref().is_some_and(has_other_names);
        let (layer, path) = (Arc::clone(self.layers.layer(change.layer)), change.path.clone());
        match pick {
            Pick::Content(_) if has_other_names => Err(Why::OtherNames),
            Pick::Content(bytes) => Ok(Content::Bytes(Arc::clone(bytes))),
            // What is said about a file is said under all its names, of which others may lie outside.
            _ if matches!(change.what, What::Mode | What::Touched) && !has_other_names => Ok(Content::Kept),
            _ => Ok(Content::Of(layer, path)),
        }
    }

    /// The name that a file follows, if that is taken over as well. Through another name of a file that was there, the next run
    /// could write what it may not.
    fn first_name(&self, change: &Change, pick: &Pick) -> Option<PathBuf> {
        let first = change.same.as_ref().filter(|_| matches!(pick, Pick::Whole))?;
        matches!(self.chosen.get(first.as_path()), Some((_, Pick::Whole))).then(|| first.clone())
    }

    /// A directory that is still one: only what is said about it can have changed on both sides.
    fn directory(&self, change: &Change, after: &Node, was: &Was) -> Result<Option<Wanted>, Why> {
        let Was::Directory { mode, attributes } = was else { return Err(Why::Both) };
        let mine = self.now(&change.path)?.ok_or(Why::Removed)?;
        let mine_attributes = attributes_at(self.layers.real(), &change.path, &mine)?;
        let mut meta = self.meta(change, after)?;
        if meta.mode == *mode {
            meta.mode = mine.mode;
        } else if mine.mode != *mode && mine.mode != meta.mode {
            return Err(Why::Both);
        }
        if digest_of(&meta.attributes) == *attributes {
            meta.attributes = mine_attributes.clone();
        } else if digest_of(&mine_attributes) != *attributes && mine_attributes != meta.attributes {
            return Err(Why::Both);
        }
        let differs = meta.mode != mine.mode || meta.attributes != mine_attributes;
        Ok(differs.then_some(Wanted::Directory(meta)))
    }

    /// What becomes of a path that is not what it was.
    fn both(&self, change: &Change, now: Option<&Node>, was: &Was, pick: &Pick) -> Result<Option<Wanted>, Why> {
        let unknown = |why| if *was == Was::Unknown { Why::Unknown } else { why };
        match (&change.after, now) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(unknown(Why::Changed)),
            (Some(_), None) => Err(unknown(Why::Removed)),
            (Some(after), Some(now)) => match (&after.kind, &now.kind) {
                // Two that were made, or were made other things: they are one, as they lie there.
                (Kind::Directory, Kind::Directory) => Ok(None),
                (Kind::Link { target }, Kind::Link { target: mine }) if target == mine => Ok(None),
                (Kind::Link { target }, Kind::Link { .. }) if is_where_it_led(was, target) => Ok(None),
                (Kind::File { .. }, Kind::File { .. }) => self.both_files(change, (after, now), was, pick),
                _ if *was == Was::Nothing => Err(Why::Made),
                _ => Err(unknown(Why::Both)),
            },
        }
    }

    fn both_files(
        &self,
        change: &Change,
        (after, now): (&Node, &Node),
        was: &Was,
        pick: &Pick,
    ) -> Result<Option<Wanted>, Why> {
        let layer = self.layers.layer(change.layer);
        let meta = self.meta(change, after)?;
        let chosen = match pick {
            Pick::Content(bytes) => Some(Arc::clone(bytes)),
            _ => None,
        };
        let theirs = Theirs { chosen, mode: meta.mode, attributes: meta.attributes };
        let mine = (&**self.layers.real(), change.path.as_path(), now);
        let taken = three_way(self.bases, was, &mut layer.file(&change.path)?, theirs, mine)?;
        if !taken.differs {
            return Ok(None);
        }
        let (content, modified) = match taken.content {
            Take::Mine if has_other_names(now) => return Err(Why::OtherNames),
            Take::Mine => (Content::Kept, now.modified),
            Take::Theirs => (self.content(change, pick)?, meta.modified),
            Take::Merged(_) if has_other_names(now) => return Err(Why::OtherNames),
            Take::Merged(bytes) => (Content::Bytes(bytes), now.modified.max(meta.modified)),
        };
        Ok(Some(Wanted::File(content, Meta { mode: taken.mode, modified, attributes: taken.attributes })))
    }
}

fn has_other_names(node: &Node) -> bool {
    node.links > 1 && !node.is_directory()
}

fn is_where_it_led(was: &Was, target: &Path) -> bool {
    let digest = crate::content::Digest::of(target.as_os_str().as_encoded_bytes());
    matches!(was, Was::Link { target, .. } if *target == digest)
}

/// Whether what lies there is what was listed: of directories, that it is one.
fn is_same(now: Option<&Node>, before: Option<&Node>) -> bool {
    match (now, before) {
        (None, None) => true,
        (Some(now), Some(before)) => {
            (now.is_directory() && before.is_directory())
                || (now.identity == before.identity && now.kind == before.kind)
        }
        _ => false,
    }
}

fn is_in_the_way(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::LOOP | Errno::XDEV | Errno::NOTDIR))
}
