//! What both sides of a self-test have in common.

use std::io;
use std::path::{Path, PathBuf};

use pinfold_plan::{Promise, Refusal};
use pinfold_policy::Policy;

use super::{Caller, Side};
use crate::args::DoctorArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::layers;
use crate::platform::Plan;

/// A place for both sides, with the policy and plan of the confined one.
pub(crate) struct Setting {
    pub(crate) root: PathBuf,
    pub(crate) caller: Caller,
    pub(crate) policy: Policy,
    pub(crate) plan: Plan,
    pub(crate) best_effort: bool,
    /// There is no sandbox on either side.
    pub(crate) unconfined: bool,
}

impl Setting {
    /// Prepares both sides in a place of the test's own.
    pub(crate) fn make(args: &DoctorArgs, context: &Context, root: &Path) -> Result<Self, CliError> {
        let workspace = root.join(Side::Inside.name()).join("workspace");
        let caller = Caller::new(root, workspace.clone(), &args.policy, context)?;
        // The table says more where there are secrets to hide.
        std::fs::write(workspace.join(".env"), "").map_err(unprepared)?;
        let there = Context::new(Some(&workspace))?;
        let policy = layers::in_force(&there, &args.policy)?.policy;
        let plan = caller.plan()?;
        let best_effort = Refusal::of(&plan.assurance).is_some();
        Ok(Self { root: root.to_owned(), caller, policy, plan, best_effort, unconfined: args.unconfined })
    }

    /// Whether the table has this promise.
    pub(crate) fn promises(&self, promise: Promise) -> bool {
        self.plan.assurance.iter().any(|assurance| assurance.promise == promise)
    }
}

/// What is told when something that a test needs cannot be made.
pub(crate) fn unprepared(error: io::Error) -> CliError {
    CliError::new("the test cannot be prepared").why(error.to_string())
}
