//! Areas as rules, in an order in which each rule takes back what it should of those before.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_policy::Policy;

use super::areas::{Show, Site, covering, outside};
use super::hidden::{self, Hidden};
use super::host::Host;
use super::network::Network;
use super::profile::{Filter, Operation, Profile};
use super::{held, machine, protected};

/// The rules for files. The last that fits decides, so:
///
/// 1. areas, each after those that contain it, and right after each what names in it are taken away;
/// 2. what is denied by its path, wherever that leads, and what is denied and exists;
/// 3. what is protected and exists, and what stays where it is;
/// 4. the directories on the way, of which no more is seen than that they are there;
/// 5. places of the run's own, in which nothing is denied.
pub(super) fn rules(profile: &mut Profile, policy: &Policy, host: &Host, sites: &[Site], network: Network) {
    let places: Vec<Site> = sites.iter().cloned().chain(outside(policy, host, sites)).collect();
    let hidden = Hidden::new(policy, &places);
    for site in &places {
        area(profile, site, sites);
        hidden.floating_rules(profile, site);
        protected::rules(profile, policy, host, site);
    }
    machine::volumes(profile, |path| covering(sites, path).is_some_and(|site| site.show != Show::Nothing));
    hidden.anchored_rules(profile);
    hidden::existing(profile, host);
    held::rules(profile, policy, host, &places);
    on_the_way(profile, host, &places);
    own_places(profile, host, network);
    let why = "a clone of a directory would take along what is denied in it";
    profile.deny(&[Operation::FileClone], vec![Filter::Directory], why);
}

fn area(profile: &mut Profile, site: &Site, sites: &[Site]) {
    let filter = || vec![Filter::Subpath(site.path.clone())];
    let above = site.path.parent().and_then(|parent| covering(sites, parent)).map_or(Show::Nothing, |above| above.show);
    match site.show {
        // Where nothing was shown before, nothing is to be taken back.
        Show::Nothing if above == Show::Nothing => {}
        Show::Nothing => profile.deny(Operation::READ_AND_WRITE, filter(), "not visible inside"),
        Show::Read => {
            profile.allow(Operation::READ, filter(), "visible, read-only");
            if above == Show::Write {
                profile.deny(Operation::WRITE, filter(), "read-only in what is writable");
            }
        }
        Show::Write => profile.allow(Operation::READ_AND_WRITE, filter(), "writable"),
    }
}

/// That a directory exists can be seen, but not what is in it. Without that no path could be resolved.
fn on_the_way(profile: &mut Profile, host: &Host, places: &[Site]) {
    let visible = places.iter().filter(|site| site.show != Show::Nothing).map(|site| &*site.path);
    let own = [&*host.private_home, &*host.private_temp];
    let above = visible.chain(own).flat_map(|path| path.ancestors().skip(1));
    let links = host.links.keys().flat_map(|link| link.ancestors());
    let devices = Path::new("/dev");
    let paths: BTreeSet<&Path> =
        above.chain(links).chain([devices]).filter(|path| !path.as_os_str().is_empty()).collect();
    let hidden = |path: &&Path| !host.denied.iter().any(|(denied, _)| path.starts_with(denied));
    let filters = paths.into_iter().filter(hidden).map(|path| Filter::Literal(path.to_owned())).collect();
    profile.allow(&[Operation::FileReadMetadata], filters, "directories and links on the way");
}

fn own_places(profile: &mut Profile, host: &Host, network: Network) {
    let why = "places of its own";
    let own: Vec<PathBuf> = vec![host.private_home.clone(), host.private_temp.clone()];
    profile.allow(Operation::READ_AND_WRITE, own.iter().cloned().map(Filter::Subpath).collect(), why);
    let roots = own.into_iter().map(Filter::Literal).collect();
    profile.deny(&[Operation::FileWriteUnlink], roots, "but they stay where they are");
    if let Network::Gate { inspects: true, .. } = network {
        let trust = [host.own_trust.clone(), host.own_trust.with_extension("jks")];
        let trust = trust.map(Filter::Literal).to_vec();
        profile.allow(Operation::READ, trust, "certificates of the gate");
    }
}
