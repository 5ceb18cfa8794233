//! Processes that stay when the run is over.

use pinfold_plan::Promise::NothingSurvives;

use super::Sign::{Survived, Task};
use super::Verb::{BreakAway, ByManagement, ByShell, LeaveBehind, PlanTask};
use super::{Attack, Verb, attack};

const fn stays(name: &'static str, harm: &'static str, verb: Verb) -> Attack {
    attack(NothingSurvives, name, harm, verb, &["{alive}", "{end}"], Survived)
}

pub(super) const ATTACKS: &[Attack] = &[
    stays("leave-behind", "a process without a console outlived the run", LeaveBehind),
    stays("break-away", "a process left the job and outlived the run", BreakAway),
    stays("by-management", "a process that the management service started outlived the run", ByManagement),
    stays("by-shell", "a process that your shell started outlived the run", ByShell),
    attack(NothingSurvives, "task", "a task is planned for later", PlanTask, &["{unique}"], Task),
];
