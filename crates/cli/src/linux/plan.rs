//! `pinfold plan`: what would be enforced here, and by what.

use std::process::ExitCode;

use pinfold_plan::{Mode, Mount, Plan};

use super::prepare::prepare;
use crate::args::PlanArgs;
use crate::error::CliError;
use crate::output;

pub(crate) fn plan(args: PlanArgs) -> Result<ExitCode, CliError> {
    let plan = prepare(&args.policy)?.plan;
    if args.json {
        // JSON is text, which a path need not be.
        return output::json(&plan.with_paths(|path| path.to_string_lossy().into_owned().into()));
    }
    print!("{}", describe(&plan));
    Ok(ExitCode::SUCCESS)
}

/// The plan in words, one screen.
fn describe(plan: &Plan) -> String {
    let mut text = format!("workspace  {}\nprofile    {}\n\nfiles\n", plan.workspace.display(), plan.profile);
    for mount in &plan.mounts {
        if let Some(word) = word(mount) {
            text.push_str(&format!("  {word:<14} {}\n", mount.at().display()));
        }
    }
    let pins = plan.mounts.iter().filter(|mount| matches!(mount, Mount::Pin { .. })).count();
    text.push_str(&format!(
        "  {pins} directories cannot be renamed or removed; {} missing names are watched\n",
        plan.watch.len()
    ));
    text.push_str("\npromises\n");
    text.push_str(&output::assurance(&plan.assurance));
    text
}

fn word(mount: &Mount) -> Option<&'static str> {
    match mount {
        Mount::Bind { create: true, .. } => Some("private home"),
        Mount::Bind { mode: Mode::ReadOnly, .. } => Some("read-only"),
        Mount::Bind { mode: Mode::Writable, .. } => Some("writable"),
        Mount::CopyOnWrite { .. } => Some("copy-on-write"),
        Mount::Private { .. } | Mount::Proc | Mount::Devices => Some("private"),
        Mount::Text { .. } => Some("made"),
        Mount::Seal { .. } => Some("protected"),
        Mount::Hide { .. } => Some("hidden"),
        Mount::Mask { .. } => Some("masked"),
        Mount::Link { .. } | Mount::Place { .. } | Mount::Pin { .. } => None,
    }
}
