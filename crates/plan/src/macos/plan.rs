//! Policy and host to a plan for macOS: everything the backend will do, as data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pinfold_policy::Policy;
use serde::{Deserialize, Serialize};

use super::areas::{Show, Site, covering, sites};
use super::host::Host;
use super::network::{self, Network};
use super::profile::Profile;
use super::{files, kept, machine};
use crate::protect::watched;
use crate::sites::{refuse_stage, refuse_wide_workspace};
use crate::{Assurance, Limits, PlanError, Refusal, Watch};

/// A link in the private home, by which programs find what is visible of the real one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HomeLink {
    /// Where it lies, below the private home.
    pub at: PathBuf,
    /// The path on the host that it names.
    pub target: PathBuf,
}

/// Everything the backend will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// Format of this data, [`Plan::FORMAT`].
    pub format: u32,
    /// The profile of the policy that it started from.
    pub profile: String,
    /// The workspace, without symbolic links.
    pub workspace: PathBuf,
    /// The private home, which variables name.
    pub private_home: PathBuf,
    /// The private temporary directory, which variables name.
    pub private_temp: PathBuf,
    /// Links to make in the private home; what lies there under the same name is left alone.
    pub home_links: Vec<HomeLink>,
    /// Variables that programs find their places by.
    pub environment: BTreeMap<String, PathBuf>,
    /// What the network is.
    pub network: Network,
    /// Ports of the host that the run may listen on.
    pub publish: Vec<u16>,
    /// What the kernel lets happen.
    pub seatbelt: Profile,
    /// What the run may use.
    pub limits: Limits,
    /// Names that must not appear.
    pub watch: Vec<Watch>,
    /// For each promise, by what it is kept.
    pub assurance: Vec<Assurance>,
}

impl Plan {
    /// The format that this code writes and reads.
    pub const FORMAT: u32 = 1;
}

/// Resolves a policy for a Mac.
pub fn build(policy: &Policy, host: &Host) -> Result<Plan, PlanError> {
    refuse_wide_workspace(policy)?;
    refuse_stage(policy)?;
    let sites = sites(policy, host)?;
    let network = Network::new(policy, host);
    let publish = network::published(policy, network);
    let own_places = [host.private_home.clone(), host.private_temp.clone()];
    let mut seatbelt = Profile::default();
    machine::base(&mut seatbelt, host);
    network::rules(&mut seatbelt, network, &publish, &own_places);
    files::rules(&mut seatbelt, policy, host, &sites, network);
    // Whoever carries the plan out writes it down again, and shall not fail then.
    seatbelt.text()?;
    let writable = covering(&sites, &policy.places.workspace).is_some_and(|site| site.show == Show::Write);
    let mut plan = Plan {
        format: Plan::FORMAT,
        profile: policy.profile.clone(),
        workspace: policy.places.workspace.clone(),
        private_home: host.private_home.clone(),
        private_temp: host.private_temp.clone(),
        home_links: home_links(policy, host, &sites),
        environment: environment(host),
        network,
        publish,
        seatbelt,
        limits: Limits::of(policy),
        // The kernel refuses to make them; who looks as well finds what is moved there with a directory around it, and what
        // a spelling beyond ASCII lets through.
        watch: watched(policy, &host.git, &host.present, writable),
        assurance: Vec::new(),
    };
    plan.assurance = kept::assurance(&plan, policy, host);
    Ok(plan)
}

/// The promises of a plan that nothing keeps, if any.
pub fn refusal(plan: &Plan) -> Option<Refusal> {
    Refusal::of(&plan.assurance)
}

/// `CFFIXED_USER_HOME` is what CoreFoundation asks for before it asks the user database.
fn environment(host: &Host) -> BTreeMap<String, PathBuf> {
    let (home, temp) = (&host.private_home, &host.private_temp);
    let variables = [("HOME", home), ("CFFIXED_USER_HOME", home), ("TMPDIR", temp)];
    variables.into_iter().map(|(name, path)| (name.to_owned(), path.clone())).collect()
}

/// One for each visible place below the real home that no other one leads to already.
fn home_links(policy: &Policy, host: &Host, sites: &[Site]) -> Vec<HomeLink> {
    let mut links: Vec<HomeLink> = Vec::new();
    for site in sites.iter().filter(|site| site.show != Show::Nothing) {
        let Ok(below) = site.path.strip_prefix(&policy.places.home) else { continue };
        let reached = links.iter().any(|link| site.path.starts_with(&link.target));
        if !reached && below.components().next().is_some() {
            links.push(HomeLink { at: host.private_home.join(below), target: site.path.clone() });
        }
    }
    links
}
