//! `pinfold doctor --attack`: every promise put to the test, on this machine and under the policy in force.
//!
//! Each attack of the [`catalogue`] is tried twice by the same program: bare, where it must succeed (or it proves nothing),
//! and in the sandbox, where it must not. Whether it succeeded is seen from outside, by what became of the things it was after.

mod caller;
pub(super) mod catalogue;
mod company;
mod excess;
mod judge;
mod likeness;
mod orphan;
mod places;
mod round;
mod scene;
mod scratch;
mod services;
mod trial;

use std::process::ExitCode;
use std::time::Instant;

use pinfold_plan::Refusal;

use self::caller::Caller;
use self::scene::{Scene, Setting, Side};
use self::scratch::Scratch;
use crate::args::DoctorArgs;
use crate::attack::Report;
use crate::context::Context;
use crate::error::CliError;
use crate::{layers, output};

/// What nobody sees from outside.
const TOLD_OF: &str = "privileges, owners and hosts far away";

pub(super) fn attack(args: &DoctorArgs) -> Result<ExitCode, CliError> {
    let begin = Instant::now();
    let context = Context::new(None)?;
    let scratch = Scratch::new(context.state())?;
    let setting = setting(args, &context, &scratch)?;
    let bare = Scene::make(&setting, Side::Bare)?;
    let inside = Scene::make(&setting, Side::Inside)?;
    let mut tried = round::fight(&setting, &bare, &inside)?;
    tried.extend(excess::fight(&setting, &bare, &inside)?);
    tried.extend(orphan::fight(&setting, &bare, &inside)?);
    let plan = &setting.plan;
    let report = Report::new(&plan.profile, &plan.assurance, &tried, begin.elapsed(), TOLD_OF);
    if args.json {
        output::json(&report)?;
    } else {
        print!("{}", report.describe(&caller::policies(&context)));
    }
    Ok(ExitCode::from(u8::from(!report.all_kept())))
}

/// What both scenes have in common.
fn setting(args: &DoctorArgs, context: &Context, scratch: &Scratch) -> Result<Setting, CliError> {
    let workspace = scratch.path().join(r"inside\workspace");
    let caller = Caller::new(scratch.path(), workspace.clone(), &args.policy, context)?;
    // The table says more where there are secrets to hide.
    std::fs::write(workspace.join(".env"), "")
        .map_err(|error| CliError::new("the test cannot be prepared").why(error.to_string()))?;
    let there = Context::new(Some(&workspace))?;
    let policy = layers::in_force(&there, &args.policy)?.policy;
    let plan = caller.plan()?;
    let best_effort = Refusal::of(&plan.assurance).is_some();
    if !args.unconfined {
        caller.try_to_start(best_effort)?;
    }
    Ok(Setting { root: scratch.path().to_owned(), caller, policy, plan, best_effort, unconfined: args.unconfined })
}
