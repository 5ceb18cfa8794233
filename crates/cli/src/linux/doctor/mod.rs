//! `pinfold doctor`: what this host can keep, what is missing, and how to get it; what is left of killed runs; and a
//! self-test that attacks a sandbox.

mod attack;
pub(crate) mod attacker;
mod attempt;
mod host;
pub(super) mod places;
mod remedy;
mod repair;
mod scratch;
mod stages;

use std::process::ExitCode;

use pinfold_plan::{Assurance, linux};
use serde::Serialize;

use self::attempt::{Attempt, attempt};
use self::host::Facts;
use self::remedy::Remedy;
pub(crate) use self::repair::repair;
use super::prepare::prepare;
use crate::args::DoctorArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::output;

/// Exit status when this host cannot keep the policy.
const NOT_KEPT: u8 = 1;

pub(crate) fn doctor(args: DoctorArgs) -> Result<ExitCode, CliError> {
    if args.clean {
        return repair::clean(args.json);
    }
    if args.attack {
        return attack::attack(&args);
    }
    let answer = Answer::find(&args)?;
    if args.json {
        output::json(&answer)?;
    } else {
        print!("{}", answer.describe());
    }
    Ok(if answer.kept { ExitCode::SUCCESS } else { ExitCode::from(NOT_KEPT) })
}

/// What doctor has to say.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Answer {
    host: Facts,
    /// What came of a run that was really tried.
    start: Attempt,
    profile: String,
    /// Why there is no plan for the current workspace: then the table is that of an empty one.
    no_plan: Option<String>,
    assurance: Vec<Assurance>,
    /// Whether a run starts and every promise is kept.
    kept: bool,
    remedies: Vec<Remedy>,
    /// Workspaces that do not exist any more though something is kept for them.
    vanished_workspaces: usize,
    /// What is to be told of stages.
    stages: Vec<String>,
}

impl Answer {
    fn find(args: &DoctorArgs) -> Result<Self, CliError> {
        let here = prepare(&args.policy).map(|prepared| prepared.plan);
        // Not the workspace of the flags: that one may be the very problem.
        let context = Context::new(None)?;
        let (_scratch, caller) = attempt::place(&context, &args.policy)?;
        let plan = caller.plan()?;
        let start = attempt(&caller, linux::refusal(&plan).is_some())?;
        let host = Facts::look(&plan);
        let remedies = remedy::remedies(&host, &start, &caller.own);
        let (plan, no_plan) = match here {
            Ok(plan) => (plan, None),
            Err(error) => (plan, Some(error.to_string())),
        };
        let places = places::places(context.state());
        Ok(Self {
            kept: start.started && no_plan.is_none() && linux::refusal(&plan).is_none(),
            vanished_workspaces: places.iter().filter(|place| place.has_vanished()).count(),
            stages: stages::told(&context, &places),
            profile: plan.profile,
            assurance: plan.assurance,
            host,
            start,
            no_plan,
            remedies,
        })
    }

    /// One screen.
    fn describe(&self) -> String {
        let mut text = format!("host\n{}", self.host.describe());
        text.push_str(&match &self.start {
            Attempt { started: true, duration_ms, .. } => {
                format!("  {:<17}tried: a confined command ran, in {duration_ms} ms\n", "start")
            }
            Attempt { said, .. } => format!("  {:<17}tried, and FAILED: {}\n", "start", said.join("; ")),
        });
        text.push_str(&format!("\npromises of profile `{}` here\n", self.profile));
        text.push_str(&output::assurance(&self.assurance));
        for remedy in &self.remedies {
            text.push_str(&remedy.describe());
        }
        text.push_str(&self.verdict());
        if self.vanished_workspaces > 0 {
            let (count, what) = (
                self.vanished_workspaces,
                if self.vanished_workspaces == 1 { "workspace that does" } else { "workspaces that do" },
            );
            text.push_str(&format!(
                "something is kept for {count} {what} not exist any more: pinfold doctor --clean\n"
            ));
        }
        self.stages.iter().for_each(|told| text.push_str(&format!("{told}\n")));
        text
    }

    fn verdict(&self) -> String {
        if let Some(error) = &self.no_plan {
            return format!("\nno run can start in this workspace\n{error}\n");
        }
        let missing = self.assurance.iter().filter(|assurance| !assurance.is_kept()).count();
        match (self.start.started, missing) {
            (true, 0) => "\nevery promise is kept; pinfold doctor --attack puts them to the test\n".into(),
            (false, 0) => "\nno run starts on this host as it is\n".into(),
            (true, missing) => format!(
                "\nthis host cannot keep {missing} of the policy's promises, so a run starts with --best-effort only\n"
            ),
            (false, _) => "\nno run starts on this host as it is, not even with --best-effort\n".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use pinfold_plan::{Keeper, Promise};

    use super::*;

    fn answer(start: Attempt, assurance: Vec<Assurance>) -> Answer {
        let host = Facts::default();
        Answer {
            kept: true,
            remedies: remedy::remedies(&host, &start, "/usr/bin/pinfold".as_ref()),
            vanished_workspaces: 1,
            stages: Vec::new(),
            profile: "workspace".into(),
            assurance,
            host,
            start,
            no_plan: None,
        }
    }

    #[test]
    fn a_host_that_keeps_everything_is_told_so_in_one_screen() {
        let start = Attempt { started: true, duration_ms: 9, said: Vec::new() };
        let text = answer(start, vec![Assurance::kept(Promise::NetworkOff, &[Keeper::Namespace])]).describe();
        assert!(text.contains("every promise is kept") && text.contains("ran, in 9 ms"), "{text}");
        assert!(text.lines().count() < 24 && text.lines().all(|line| line.chars().count() <= 120), "{text}");
        assert!(text.contains("1 workspace that does not exist"), "{text}");
    }

    #[test]
    fn a_run_that_fails_in_spite_of_all_settings_is_no_good_host() {
        let said = vec!["error: failed to make the namespaces: Operation not permitted".to_owned()];
        let text = answer(Attempt { started: false, duration_ms: 1, said }, Vec::new()).describe();
        assert!(text.contains("FAILED: error: failed to make the namespaces"), "{text}");
        assert!(text.contains("no run starts on this host") && !text.contains("every promise is kept"), "{text}");
    }
}
