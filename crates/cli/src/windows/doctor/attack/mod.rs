//! `pinfold doctor --attack`: every promise put to the test, on this machine and under the policy in force.
//!
//! Each attack of the [`catalogue`] is tried twice by the same program: bare, where it must succeed (or it proves nothing),
//! and in the sandbox, where it must not. Whether it succeeded is seen from outside, by what became of the things it was after.

mod alone;
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

use std::process::{ExitCode, Stdio};
use std::time::Instant;

use self::catalogue::Verb;
use self::scratch::{Scratch, random};
use super::attacker;
use crate::args::DoctorArgs;
use crate::attack::{Report, Scene, Setting, Side, policies};
use crate::context::Context;
use crate::error::CliError;
use crate::output;

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
        print!("{}", report.describe(&policies(&context)));
    }
    Ok(ExitCode::from(u8::from(!report.all_kept())))
}

/// Prepares both sides, and sees that the sandbox starts.
fn setting(args: &DoctorArgs, context: &Context, scratch: &Scratch) -> Result<Setting, CliError> {
    let setting = Setting::make(args, context, scratch.path())?;
    if !args.unconfined {
        try_to_start(&setting)?;
    }
    Ok(setting)
}

/// Starts the smallest confined command, with what the policy asks for or as much of it as this machine can keep.
fn try_to_start(setting: &Setting) -> Result<(), CliError> {
    let failed = |error: std::io::Error| CliError::new("no run can be tried").why(error.to_string());
    let word = random().map_err(failed)?;
    let mut command = setting.caller.run(setting.best_effort, &["--quiet"]);
    command.args([attacker::ARGUMENT, "-", Verb::Say.word(), &word]).stdin(Stdio::null());
    let output = command.output().map_err(failed)?;
    if output.status.success() && String::from_utf8_lossy(&output.stdout).contains(&word) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let error = CliError::new("the sandbox does not start, so nothing can be tested");
    let error = error.why(format!("it ended with {}", output.status));
    let error = said.lines().fold(error, |error, line| error.why(line.trim()));
    Err(error.hint("`pinfold doctor` says what this machine lacks"))
}
