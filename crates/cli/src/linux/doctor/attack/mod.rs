//! `pinfold doctor --attack`: every promise put to the test, on this host and under the policy in force.
//!
//! Each attack is tried twice by the same program: bare, where it must succeed (or it proves nothing), and in the
//! sandbox, where it must not. Whether it succeeded is seen from outside, by what became of the things it was after.

mod catalogue;
mod held;
mod likeness;
mod round;
mod scene;
mod trial;

use std::process::ExitCode;
use std::time::Instant;

use pinfold_plan::linux;
use rustix::process::Signal;

use self::scene::{Scene, Setting, Side};
use self::trial::Patience;
use super::attempt::{self, Caller, attempt};
use super::scratch::Scratch;
use crate::args::DoctorArgs;
use crate::attack::Report;
use crate::context::Context;
use crate::error::CliError;
use crate::{layers, output};

/// What nobody sees from outside.
const TOLD_OF: &str = "a new user namespace";

pub(super) fn attack(args: &DoctorArgs) -> Result<ExitCode, CliError> {
    let begin = Instant::now();
    // Before anything is made that an interruption would leave behind.
    let patience = Patience::new(&[Signal::INT, Signal::TERM, Signal::HUP])?;
    let context = Context::new(None)?;
    let scratch = Scratch::new(context.state())?;
    let setting = setting(args, &context, &scratch)?;
    let bare = Scene::make(&setting, Side::Bare)?;
    let inside = Scene::make(&setting, Side::Inside)?;
    let mut tried = round::fight(&setting, &bare, &inside, &patience)?;
    tried.extend(held::fight(&setting, &bare, &inside, &patience)?);
    let report = Report::new(&setting.plan.profile, &setting.plan.assurance, &tried, begin.elapsed(), TOLD_OF);
    if args.json {
        output::json(&report)?;
    } else {
        print!("{}", report.describe(&attempt::policies(&context)));
    }
    Ok(ExitCode::from(u8::from(!report.all_kept())))
}

/// What both scenes have in common.
fn setting(args: &DoctorArgs, context: &Context, scratch: &Scratch) -> Result<Setting, CliError> {
    let workspace = scratch.path().join("inside/workspace");
    let caller = Caller::new(scratch.path(), workspace.clone(), &args.policy, context)?;
    // The table says more where there are secrets to hide.
    std::fs::write(workspace.join(".env"), "")
        .map_err(|error| CliError::new("the test cannot be prepared").why(error.to_string()))?;
    let there = Context::new(Some(&workspace))?;
    let policy = layers::in_force(&there, &args.policy)?.policy;
    let plan = caller.plan()?;
    let best_effort = linux::refusal(&plan).is_some();
    let start = attempt(&caller, best_effort)?;
    if !start.started {
        let error = CliError::new("the sandbox does not start, so nothing can be tested");
        let error = start.said.into_iter().fold(error, |error, said| error.why(said));
        return Err(error.hint("`pinfold doctor` says what this host lacks"));
    }
    Ok(Setting { root: scratch.path().to_owned(), caller, policy, plan, best_effort, unconfined: args.unconfined })
}
