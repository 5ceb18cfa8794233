//! What is denied or masked: rules for what exists, and for names that may appear.
//!
//! What exists is listed by path, as the survey has found it. For what appears later the patterns themselves are rules: a
//! run cannot make such a file, and sees none that somebody else makes. Nothing can be laid over a file here, so a masked
//! one is hidden.
//!
//! One corner is left open: in a *directory* with a denied name that somebody outside makes while the run lives, a name
//! that is an exception from the same denial is visible.

use std::path::{Path, PathBuf};

use pinfold_policy::{Deny, Policy};

use super::areas::{Show, Site};
use super::host::Host;
use super::pattern::{AND_BELOW, Pattern, Purpose, glob};
use super::profile::{Filter, Operation, Profile};

/// Denials with the same exceptions.
struct Group {
    any: Vec<Pattern>,
    except: Vec<Pattern>,
}

/// What a policy denies, as patterns.
pub(super) struct Hidden {
    /// Counting in every directory of the user's trees.
    floating: Vec<Group>,
    /// From the root.
    anchored: Vec<Group>,
}

impl Hidden {
    pub(super) fn new(policy: &Policy, sites: &[Site]) -> Self {
        let lists = [(&policy.deny, AND_BELOW), (&policy.mask, "")];
        let groups = |floating| {
            let of_list = |(list, below): &(&Vec<Deny>, &'static str)| {
                let in_sight = |deny: &Deny| floating || concerns(deny, sites);
                groups(list, below, |deny| deny.is_floating() == floating && in_sight(deny))
            };
            lists.iter().flat_map(of_list).collect()
        };
        Self { floating: groups(true), anchored: groups(false) }
    }

    /// Rules for the user's trees; the machine's own are left alone.
    pub(super) fn floating_rules(&self, profile: &mut Profile, site: &Site) {
        if site.show != Show::Nothing && !site.machine {
            let filters = self.floating.iter().map(|group| group.filter(Some(&site.path)));
            profile.deny_each(Operation::READ_AND_WRITE, filters.collect(), "names that are denied");
        }
    }

    /// Rules that count wherever they lead.
    pub(super) fn anchored_rules(&self, profile: &mut Profile) {
        let filters = self.anchored.iter().map(|group| group.filter(None));
        profile.deny_each(Operation::READ_AND_WRITE, filters.collect(), "paths that are denied");
    }
}

impl Group {
    fn filter(&self, within: Option<&PathBuf>) -> Filter {
        match (within, &*self.any, &*self.except) {
            (None, [pattern], []) => Filter::Regex(pattern.clone()),
            _ => Filter::Named { within: within.cloned(), any: self.any.clone(), except: self.except.clone() },
        }
    }
}

/// The rules for what is there when the run starts. A path may be a file or become a directory, so both are named.
pub(super) fn existing(profile: &mut Profile, host: &Host) {
    let denied = host.denied.iter().map(|(path, _)| path).chain(&host.masked);
    let filters = denied.flat_map(|path| [Filter::Literal(path.clone()), Filter::Subpath(path.clone())]);
    profile.deny_each(Operation::READ_AND_WRITE, filters.collect(), "what is denied and exists");
}

/// The denials of a list that are wanted, by what is excepted from them.
fn groups(list: &[Deny], below: &str, wanted: impl Fn(&Deny) -> bool) -> Vec<Group> {
    let (exceptions, denials): (Vec<&Deny>, Vec<&Deny>) = list.iter().partition(|deny| deny.exception);
    let mut groups: Vec<Group> = Vec::new();
    for denial in denials.into_iter().filter(|deny| wanted(deny)) {
        let lifting = exceptions.iter().filter(|exception| lifts(exception, denial));
        let mut except: Vec<Pattern> =
            lifting.map(|exception| pattern(exception, AND_BELOW, Purpose::Exception)).collect();
        except.dedup();
        let any = pattern(denial, below, Purpose::Denial);
        match groups.iter_mut().find(|group| group.except == except) {
            Some(group) if group.any.contains(&any) => {}
            Some(group) => group.any.push(any),
            None => groups.push(Group { any: vec![any], except }),
        }
    }
    groups
}

/// As the policy has it: the exceptions of a named set belong to that set alone.
fn lifts(exception: &Deny, denial: &Deny) -> bool {
    let same_set = exception.set == denial.set && exception.origin.layer == denial.origin.layer;
    exception.origin.layer.may_lift(denial.origin.layer) && (exception.set.is_none() || same_set)
}

fn pattern(deny: &Deny, below: &str, purpose: Purpose) -> Pattern {
    Pattern(format!("^/{}{below}$", glob(&deny.glob, purpose)))
}

/// Can an anchored denial name anything in a place that is visible?
fn concerns(deny: &Deny, sites: &[Site]) -> bool {
    let fixed = match &deny.literal {
        Some(path) => path.clone(),
        None => {
            deny.glob.split('/').take_while(|part| !part.contains(['*', '?', '[', '{', '\\'])).fold("/".into(), join)
        }
    };
    let fixed = folded(&fixed);
    let visible = sites.iter().filter(|site| site.show != Show::Nothing).map(|site| folded(&site.path));
    visible.into_iter().any(|site| site.starts_with(&fixed) || fixed.starts_with(site))
}

fn join(path: PathBuf, part: &str) -> PathBuf {
    path.join(part)
}

fn folded(path: &Path) -> PathBuf {
    path.to_string_lossy().to_lowercase().into()
}
