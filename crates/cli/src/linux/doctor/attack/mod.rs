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

use rustix::process::Signal;

use self::trial::Patience;
use super::attempt::attempt;
use super::scratch::Scratch;
use crate::args::DoctorArgs;
use crate::attack::{Report, Scene, Setting, Side, policies};
use crate::context::Context;
use crate::error::CliError;
use crate::output;

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
        print!("{}", report.describe(&policies(&context)));
    }
    Ok(ExitCode::from(u8::from(!report.all_kept())))
}

/// Prepares both sides, and sees that the sandbox starts.
fn setting(args: &DoctorArgs, context: &Context, scratch: &Scratch) -> Result<Setting, CliError> {
    let setting = Setting::make(args, context, scratch.path())?;
    let start = attempt(&setting.caller, setting.best_effort)?;
    if !start.started {
        let error = CliError::new("the sandbox does not start, so nothing can be tested");
        let error = start.said.into_iter().fold(error, |error, said| error.why(said));
        return Err(error.hint("`pinfold doctor` says what this host lacks"));
    }
    Ok(setting)
}
