//! The same done inside a real overlay, by another process in a user namespace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::mount::MountFlags;
use serde::{Deserialize, Serialize};

use crate::operations::{self, Operation};
use crate::tree::Place;

/// Where the other process finds what to do.
pub(crate) const PLAN: &str = "PINFOLD_OVERLAY_PLAN";

/// What it is to do.
#[derive(Serialize, Deserialize)]
struct Plan {
    below: String,
    upper: PathBuf,
    work: PathBuf,
    mount: PathBuf,
    operations: Vec<Operation>,
    first: i64,
}

/// Does them in an overlay over `real` and the layers there are, of which the topmost comes first.
pub(crate) fn carry_out(place: &Place, layers: &[PathBuf], number: usize, operations: &[Operation], first: i64) {
    let below = layers
        .iter()
        .map(PathBuf::as_path)
        .chain([place.path("real").as_path()])
        .map(|path| path.to_str().unwrap())
        .collect::<Vec<_>>()
        .join(":");
    let directory = |name: &str| {
        let path = place.path(format!("{name}{number}"));
        fs::create_dir(&path).unwrap();
        path
    };
    let (upper, work, mount) = (directory("upper"), directory("work"), directory("mount"));
    let plan = Plan { below, upper, work, mount, operations: operations.to_vec(), first };
    let path = place.path("plan");
    fs::write(&path, serde_json::to_vec(&plan).unwrap()).unwrap();
    let output =
        unshare().arg(std::env::current_exe().unwrap()).args(["--exact", "inside"]).env(PLAN, path).output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn unshare() -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "--"]);
    unshare
}

/// Some machines have no user namespaces, and some file systems take no overlay.
pub(crate) fn is_possible() -> bool {
    static POSSIBLE: OnceLock<bool> = OnceLock::new();
    *POSSIBLE.get_or_init(|| {
        let is_possible = unshare().arg("true").output().is_ok_and(|output| output.status.success());
        if !is_possible {
            eprintln!("skipped: there are no user namespaces here");
        }
        is_possible
    })
}

/// The other process.
pub(crate) fn inside(plan: &Path) {
    let plan: Plan = serde_json::from_slice(&fs::read(plan).unwrap()).unwrap();
    let options = format!(
        "lowerdir={},upperdir={},workdir={},userxattr,index=off",
        plan.below,
        plan.upper.display(),
        plan.work.display()
    );
    let options = std::ffi::CString::new(options).unwrap();
    rustix::mount::mount("overlay", &plan.mount, "overlay", MountFlags::empty(), options.as_c_str()).unwrap();
    operations::carry_out(&plan.mount, &plan.operations, plan.first);
}
