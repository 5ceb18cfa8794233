//! Where the policy lets a command in on this machine, and what is different in each of these places.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use pinfold_acl::Sid;
use pinfold_policy::{AreaKind, Policy};

use super::build::network;
use super::entries::{below, directories_to};
use super::{Identity, Machine, Network, Reach, Root, native};
use crate::protect::{Hold, Protection, protect};
use crate::sites::{Outside, Site, sites};
use crate::{Host, Mode, PlanError, Watch};

/// The set of what everybody on the machine may read anyway.
const SYSTEM: &str = "@system";

/// Everything that is known of the places.
pub(super) struct Grounds<'a> {
    policy: &'a Policy,
    host: &'a Host,
    machine: &'a Machine,
    sites: Vec<Site>,
    outside: Outside<'a>,
    watch: Vec<Watch>,
    /// What must keep its place.
    pinned: Vec<String>,
    /// What must stay as it is: what is sealed, and places that are less open.
    sealed: Vec<String>,
    /// What must not be seen.
    unseen: Vec<String>,
    /// The caller reads what the caller reads, but an account has to be let in.
    leave_to_look: bool,
    /// Where the certificates are that programs trust when TLS is opened.
    trust: Option<&'a Path>,
}

impl<'a> Grounds<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        host: &'a Host,
        machine: &'a Machine,
        identity: Identity,
    ) -> Result<Self, PlanError> {
        let sites = sites(policy, host)?;
        let outside = Outside::new(policy, host, &sites);
        let Protection { held, watch } = protect(policy, host, &sites, &outside);
        let held = |wanted| held.iter().filter(move |(_, hold)| *hold == wanted).map(|(path, _)| native(path));
        // Of several at one path the last counts.
        let kinds: HashMap<&Path, AreaKind> = sites.iter().map(|site| (&*site.area.path, site.area.kind)).collect();
        let narrower = kinds.iter().filter(|(_, kind)| **kind != AreaKind::Write).map(|(path, _)| native(path));
        let (pinned, sealed) = (held(Hold::Pin).collect(), held(Hold::Seal).chain(narrower).collect());
        let unseen = host.denied.iter().map(|(path, _)| path).chain(host.masked.keys());
        let unseen = unseen.map(|path| native(path)).collect();
        let opens_tls = matches!(network(policy, machine, identity), Network::Gate { inspects: true, .. });
        Ok(Self {
            policy,
            host,
            machine,
            sites,
            outside,
            watch,
            pinned,
            sealed,
            unseen,
            leave_to_look: identity != Identity::Caller,
            trust: host.own_trust.parent().filter(|_| opens_tls),
        })
    }

    /// Names that must not appear.
    pub(super) fn watch(self) -> Vec<Watch> {
        self.watch
    }

    /// The places, in the order of the map.
    pub(super) fn places(&self) -> impl Iterator<Item = (String, Reach)> {
        let granted = self.sites.iter().filter_map(|site| Some((&*site.area.path, self.wanted(site)?)));
        let outside = self.outside.directories.iter().map(|path| match self.outside.mode {
            Mode::Writable => (*path, Reach::Work),
            Mode::ReadOnly => (*path, Reach::Look),
        });
        let own = [&*self.host.private_home, &*self.host.private_temp].map(|path| (path, Reach::Work));
        let trust = self.trust.map(|path| (path, Reach::Look));
        let places = granted
            .chain(outside)
            .chain(own)
            .chain(trust)
            .filter_map(|(path, wanted)| self.left_of(wanted, native(path)));
        places.chain(self.program())
    }

    /// What the policy wants of a place.
    fn wanted(&self, site: &Site) -> Option<Reach> {
        match site.area.kind {
            AreaKind::Private => None,
            AreaKind::Write if self.policy.protects(&site.area) => Some(Reach::Look),
            AreaKind::Write => Some(Reach::Work),
            // What is copied on write elsewhere is read here.
            AreaKind::Read | AreaKind::CopyOnWrite => (site.area.set.as_deref() != Some(SYSTEM)).then_some(Reach::Look),
        }
    }

    /// The program itself, where an account has to start it.
    fn program(&self) -> Option<(String, Reach)> {
        let program = self.machine.program.clone().filter(|_| self.leave_to_look)?;
        let at = |site: &&Site| is_in(&program, &native(&site.area.path));
        let shown = self.sites.iter().rfind(at).is_some_and(|site| site.area.kind != AreaKind::Private);
        // What everybody may start, or is let in already, needs no entry.
        (!shown).then_some((program, Reach::Look))
    }

    /// What is left of a place that lies in something hidden, or may be looked at anyway.
    fn left_of(&self, wanted: Reach, path: String) -> Option<(String, Reach)> {
        if self.unseen.iter().any(|unseen| is_in(&path, unseen)) {
            return None;
        }
        (wanted == Reach::Work || self.leave_to_look).then_some((path, wanted))
    }

    pub(super) fn roots(&self) -> Result<Vec<Root>, PlanError> {
        let root = |(path, reach): (String, Reach)| {
            if self.machine.without_lists.contains(&path) {
                return Err(PlanError::WithoutLists { path });
            }
            match self.machine.identifiers.get(&path) {
                Some(sid) => Ok(self.root(path, sid.clone(), reach)),
                None => Err(PlanError::WithoutIdentifier { path }),
            }
        };
        self.places().map(root).collect()
    }

    fn root(&self, path: String, sid: Sid, reach: Reach) -> Root {
        let mut hidden = self.with_linked(all_below(&path, &self.unseen), &path);
        let (mut kept, mut protected) = (Vec::new(), Vec::new());
        if reach == Reach::Work {
            kept = all_below(&path, &self.pinned);
            protected = self.with_linked(all_below(&path, &self.sealed), &path);
            if !self.leave_to_look {
                // From its own user nothing can be hidden, but nobody need write it.
                protected.append(&mut hidden);
            }
        }
        Root { path, sid, reach, kept, protected: unique(protected), hidden: unique(hidden) }
    }

    /// Some paths of a root, and the files below them that have another name as well.
    fn with_linked(&self, mut paths: Vec<String>, root: &str) -> Vec<String> {
        let mut linked = all_below(root, &self.machine.linked);
        if !linked.is_empty() {
            let known: HashSet<&str> = paths.iter().map(String::as_str).collect();
            linked.retain(|file| known.contains(&**file) || directories_to(file).any(|above| known.contains(above)));
        }
        paths.append(&mut linked);
        paths
    }
}

fn is_in(path: &str, directory: &str) -> bool {
    path == directory || below(directory, path).is_some()
}

/// Those of some paths that are below a directory, written from there.
fn all_below(directory: &str, paths: &[String]) -> Vec<String> {
    paths.iter().filter_map(|path| below(directory, path)).map(str::to_owned).collect()
}

fn unique(mut paths: Vec<String>) -> Vec<String> {
    paths.sort();
    paths.dedup();
    paths
}
