//! `pinfold doctor`: what this machine can keep, and what is missing.

mod attack;
pub(super) mod attacker;

use std::collections::BTreeSet;
use std::process::ExitCode;

use pinfold_acl::Sid;
use pinfold_confine::windows::{clean, probe};
use pinfold_plan::Assurance;
use pinfold_setup::installed;
use pinfold_setup::windows::{ThisMachine, directory};
use serde::Serialize;

use super::prepare::prepare;
use super::store;
use crate::args::DoctorArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::output;

pub(super) fn doctor(args: &DoctorArgs) -> Result<ExitCode, CliError> {
    if args.attack {
        return attack::attack(args);
    }
    if args.clean {
        return clean_up();
    }
    let answer = Answer::of(args)?;
    match args.json {
        true => output::json(&answer)?,
        false => {
            print!("{}", answer.describe());
            ExitCode::SUCCESS
        }
    };
    let kept = answer.assurance.iter().all(Assurance::is_kept);
    Ok(ExitCode::from(u8::from(!kept)))
}

/// Takes out of all access lists what no run needs at present, even after a crash or by another version.
fn clean_up() -> Result<ExitCode, CliError> {
    let context = Context::new(None)?;
    let setup = directory().ok().and_then(|directory| installed(&ThisMachine, &directory).ok().flatten());
    let user = probe::look().map_err(|error| CliError::from_error(&error))?.user;
    let shared: Vec<Sid> = setup.map(|setup| setup.group.sid).into_iter().chain([user]).collect();
    let cleaned = clean(&store::backend(context.state()), &shared).map_err(|error| CliError::from_error(&error))?;
    println!("{} access lists are as they were", cleaned.undone);
    for left in &cleaned.left {
        println!("  left: {left} ({})", left.error);
    }
    Ok(ExitCode::from(u8::from(!cleaned.left.is_empty())))
}

/// What is told.
#[derive(Serialize)]
struct Answer {
    /// The build of Windows.
    build: u32,
    /// Whether pinfold was started with the rights of an administrator.
    elevated: bool,
    /// Whether it runs in a job itself.
    in_job: bool,
    /// Whether there are accounts for commands.
    set_up: bool,
    profile: String,
    assurance: Vec<Assurance>,
}

impl Answer {
    fn of(args: &DoctorArgs) -> Result<Self, CliError> {
        let machine = probe::look().map_err(|error| CliError::from_error(&error))?;
        let prepared = prepare(&args.policy)?;
        Ok(Self {
            build: machine.build,
            elevated: probe::is_elevated().map_err(|error| CliError::from_error(&error))?,
            in_job: machine.in_job,
            set_up: prepared.setup.is_some(),
            profile: prepared.plan.profile,
            assurance: prepared.plan.assurance,
        })
    }

    /// One screen.
    fn describe(&self) -> String {
        let yes = |is: bool| if is { "yes" } else { "no" };
        let mut text = format!("host\n  {:<17}Windows, build {}\n", "system", self.build);
        text.push_str(&format!("  {:<17}{}\n", "administrator", yes(self.elevated)));
        text.push_str(&format!("  {:<17}{}\n", "in a job", yes(self.in_job)));
        text.push_str(&format!("  {:<17}{}\n", "accounts", yes(self.set_up)));
        text.push_str(&format!("\npromises of profile `{}` here\n", self.profile));
        text.push_str(&output::assurance(&self.assurance));
        if self.assurance.iter().all(Assurance::is_kept) {
            return text + "\nevery promise is kept; pinfold doctor --attack puts them to the test\n";
        }
        text.push_str("\na run starts with --best-effort only; what would help:\n");
        let missing = self.assurance.iter().filter(|row| !row.is_kept());
        let remedies: BTreeSet<&str> = missing.filter_map(|row| row.remedy.as_deref()).collect();
        remedies.iter().for_each(|remedy| text.push_str(&format!("  {remedy}\n")));
        text
    }
}
