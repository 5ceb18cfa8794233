//! Policy and host to a plan for macOS: everything the backend will do, as data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_policy::{Grant, Policy};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::areas::{Show, Site, covering, sites};
use super::host::Host;
use super::network::{self, Network};
use super::profile::Profile;
use super::text::TextError;
use super::{files, kept, machine, protected};
use crate::{Assurance, Limits, Refusal, Watch};

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// A path that a person named does not exist.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
        /// Who named it.
        grant: Grant,
    },
    /// The workspace would open up the whole home directory.
    #[error("the workspace {} contains your home directory", workspace.display())]
    WorkspaceTooWide {
        /// The workspace.
        workspace: PathBuf,
    },
    /// The workspace would open up what is the system's.
    #[error("the workspace {} is a system directory", workspace.display())]
    WorkspaceIsSystem {
        /// The workspace.
        workspace: PathBuf,
    },
    /// A link leads to where the managed policy does not let anyone.
    #[error("{} leads to {}, which the managed policy does not allow", link.display(), target.display())]
    LinkBeyondCeiling {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A path cannot be written in a profile.
    #[error(transparent)]
    Text(#[from] TextError),
}

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
        limits: limits(policy),
        watch: protected::watched(policy, host, writable),
        assurance: Vec::new(),
    };
    plan.assurance = kept::assurance(&plan, policy, host);
    Ok(plan)
}

/// The promises of a plan that nothing keeps, if any.
pub fn refusal(plan: &Plan) -> Option<Refusal> {
    let missing: Vec<_> = plan.assurance.iter().filter(|assurance| !assurance.is_kept()).cloned().collect();
    (!missing.is_empty()).then_some(Refusal { missing })
}

/// A workspace that contains the home or is the system's would make every other rule worthless.
fn refuse_wide_workspace(policy: &Policy) -> Result<(), PlanError> {
    const SYSTEM: [&str; 20] = [
        "/",
        "/Applications",
        "/Library",
        "/System",
        "/System/Volumes",
        "/System/Volumes/Data",
        "/Users",
        "/Volumes",
        "/bin",
        "/cores",
        "/dev",
        "/etc",
        "/opt",
        "/private",
        "/private/etc",
        "/private/tmp",
        "/private/var",
        "/sbin",
        "/usr",
        "/var",
    ];
    let workspace = policy.places.workspace.clone();
    let folded = |path: &Path| PathBuf::from(path.to_string_lossy().to_lowercase());
    if folded(&policy.places.home).starts_with(folded(&workspace)) {
        return Err(PlanError::WorkspaceTooWide { workspace });
    }
    if SYSTEM.iter().any(|system| folded(&workspace) == folded(Path::new(system))) {
        return Err(PlanError::WorkspaceIsSystem { workspace });
    }
    Ok(())
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

fn limits(policy: &Policy) -> Limits {
    let limits = &policy.limits;
    Limits {
        memory_bytes: limits.memory.value,
        processes: limits.processes.value,
        open_files: limits.open_files.value,
        cpu_time_ms: limits.cpu_time_ms.value,
        wall_time_ms: limits.wall_time_ms.value,
        disk_bytes: limits.disk.value,
        file_size_bytes: limits.file_size.value,
        temp_bytes: limits.temp.value,
        output_bytes: limits.output.value,
    }
}
