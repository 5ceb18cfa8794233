//! `pinfold plan`: what would be enforced here, and by what.

use std::process::ExitCode;

use pinfold_plan::windows::{Plan, Reach};

use super::prepare::prepare;
use crate::args::PlanArgs;
use crate::error::CliError;
use crate::output;

pub(super) fn plan(args: &PlanArgs) -> Result<ExitCode, CliError> {
    let plan = prepare(&args.policy)?.plan;
    if args.json {
        return output::json(&plan);
    }
    print!("{}", describe(&plan));
    Ok(ExitCode::SUCCESS)
}

/// The plan in words, one screen.
fn describe(plan: &Plan) -> String {
    let mut text = format!(
        "workspace  {}\nprofile    {}\nidentity   {:?}\n\nfiles\n",
        plan.workspace, plan.profile, plan.identity
    );
    for root in &plan.roots {
        let word = match root.reach {
            Reach::Look => "read-only",
            Reach::Work => "writable",
        };
        text.push_str(&format!("  {word:<14} {}\n", root.path));
        for (word, paths) in [("protected", &root.protected), ("hidden", &root.hidden)] {
            paths.iter().for_each(|path| text.push_str(&format!("  {word:<14} {}\\{path}\n", root.path)));
        }
    }
    text.push_str(&format!(
        "  {} paths cannot be renamed or removed; {} access lists are changed; {} missing names are watched\n",
        plan.pins.len(),
        plan.edits.len(),
        plan.watch.len()
    ));
    text.push_str("\npromises\n");
    text.push_str(&output::assurance(&plan.assurance));
    text
}
