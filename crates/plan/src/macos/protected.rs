//! Protected names of writable places, as patterns: what exists with such a name is not changed, and none is made.
//!
//! They are judged by names, as the policy does it: the inside of a git directory begins after `.git` or `x.git`, and
//! after `modules/…` and `worktrees/…` in one. Where nobody knew of the repository when the run began, its settings can
//! therefore not be made either: `git init` and `git clone` need a place of the run's own.
//!
//! From there a directory can be moved in with whatever is in it, since a rename is judged by its two paths alone. Whoever
//! ends the run has to look through what has appeared, as on Linux.

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
    if site.show == Show::Write {
        let names = |scope: Scope| scoped(policy, scope).map(name);
        let workspace = inside(&policy.places.workspace);
        let in_workspace = names(Scope::Workspace).map(|name| format!("{workspace}{name}"));
        let anywhere = names(Scope::Anywhere).map(|name| format!("{}(.*/)?{name}", inside(&site.path)));
        let repositories = repositories(policy, host);
        let patterns = repositories.into_iter().chain(in_workspace).chain(anywhere);
        let filters = patterns.map(|pattern| Filter::Regex(Pattern(format!("^{pattern}$"))));
        profile.deny_each(Operation::WRITE, filters.collect(), "protected names");
    }
}

/// The insides of git directories: of all that have the name of one, and of those that are known though they have not.
fn repositories(policy: &Policy, host: &Host) -> Vec<String> {
    let names: Vec<String> = scoped(policy, Scope::Repository).map(name).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let names = format!("({})", names.join("|"));
    let [git, worktrees, modules] = [".git", "worktrees", "modules"].map(|name| spelled(name, Purpose::Denial));
    let nested = format!("{worktrees}/[^/]+/|{modules}/[^/]+/(({})/)*", none_of(&INSIDE));
    let by_name = format!("/(.*/)?[^/]*{git}/({nested})?{names}");
    let tells = |part: &std::ffi::OsStr| part.to_string_lossy().to_lowercase().ends_with(".git");
    let known = host.git.iter().filter(|git| !git.path.iter().any(tells));
    std::iter::once(by_name).chain(known.map(|git| format!("{}{names}", inside(&git.path)))).collect()
}

/// The path of an existing directory with a slash behind it.
fn inside(place: &Path) -> String {
    format!("{}/", exactly(place.to_string_lossy().trim_end_matches('/')))
}

fn name(protect: &Protect) -> String {
    let name = spelled(&protect.name.to_string_lossy(), Purpose::Denial);
    if protect.directory { format!("{name}{AND_BELOW}") } else { name }
}
