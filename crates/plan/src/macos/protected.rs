//! Protected names of writable places, as patterns: what exists with such a name is not changed, and none is made.
//!
//! They are judged by names, as the policy does it: the inside of a git directory begins after `.git` or `x.git`, and
//! after `modules/…` and `worktrees/…` in one. In the workspace that counts for repositories that were there when the run
//! began, every one of which is known: in them nothing of it can be made either. `git init` and `git clone` make new ones,
//! whose settings count for nobody outside who has not gone there. In other places not all are known, so none can be made.
//!
//! A name that is meant as a file is free for a directory: `.git` is one, where it leads git nowhere else.
//!
//! Whoever ends the run has to look through what has appeared, as on Linux, and not for new repositories alone: a rename is
//! judged by its two paths, so a directory can be moved in with whatever is in it.

use std::path::Path;

use pinfold_policy::{Policy, Protect, Scope};

use super::areas::{Show, Site};
use super::host::Host;
use super::pattern::{AND_BELOW, Pattern, Purpose, exactly, none_of, spelled};
use super::profile::{Filter, Operation, Profile};
use crate::protect::scoped;

/// Names that only the inside of a git directory has, where the name of a submodule has ended.
const INSIDE: [&str; 5] = ["objects", "refs", "logs", "lfs", "rr-cache"];

/// The rules for one writable place; for deeper ones they are given anew.
pub(super) fn rules(profile: &mut Profile, policy: &Policy, host: &Host, site: &Site) {
    if site.show != Show::Write {
        return;
    }
    let workspace = inside(&policy.places.workspace);
    let in_workspace = scoped(policy, Scope::Workspace).map(|protect| named(&workspace, protect));
    let everywhere = format!("{}(.*/)?", inside(&site.path));
    let anywhere = scoped(policy, Scope::Anywhere).map(|protect| named(&everywhere, protect));
    let filters = repositories(policy, host, site).into_iter().chain(in_workspace).chain(anywhere);
    profile.deny_each(Operation::WRITE, filters.collect(), "protected names");
}

/// The insides of git directories: of those that are known and, in a place where that may not be all, of every one by its
/// name.
fn repositories(policy: &Policy, host: &Host, site: &Site) -> Vec<Filter> {
    let names: Vec<String> = scoped(policy, Scope::Repository).map(name).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let names = format!("({})", names.join("|"));
    let [git, worktrees, modules] = [".git", "worktrees", "modules"].map(|name| spelled(name, Purpose::Denial));
    let nested = format!("({worktrees}/[^/]+/|{modules}/[^/]+/(({})/)*)?", none_of(&INSIDE));
    let by_name = format!("(.*/)?[^/]*{git}/");
    let known =
        host.git.iter().map(|git| whole(format!("{}({by_name})?{nested}{names}", inside_repository(&git.path))));
    let known = known.map(Filter::Regex);
    if site.path.starts_with(&policy.places.workspace) {
        return known.collect();
    }
    let any = vec![whole(format!("/{by_name}{nested}{names}"))];
    known.chain([Filter::Named { within: Some(site.path.clone()), any, except: Vec::new() }]).collect()
}

/// A protected name in what a pattern says.
fn named(place: &str, protect: &Protect) -> Filter {
    let pattern = whole(format!("{place}{}", name(protect)));
    if protect.directory { Filter::Regex(pattern) } else { Filter::NoDirectory(pattern) }
}

fn whole(pattern: String) -> Pattern {
    Pattern(format!("^{pattern}$"))
}

/// A git directory that exists with a slash behind it. Its own name counts in every case, so that nothing depends on which
/// the kernel tells.
fn inside_repository(git: &Path) -> String {
    match (git.parent(), git.file_name()) {
        (Some(above), Some(name)) => format!("{}{}/", inside(above), spelled(&name.to_string_lossy(), Purpose::Denial)),
        _ => inside(git),
    }
}

/// The path of an existing directory with a slash behind it.
fn inside(place: &Path) -> String {
    format!("{}/", exactly(place.to_string_lossy().trim_end_matches('/')))
}

fn name(protect: &Protect) -> String {
    let name = spelled(&protect.name.to_string_lossy(), Purpose::Denial);
    if protect.directory { format!("{name}{AND_BELOW}") } else { name }
}
