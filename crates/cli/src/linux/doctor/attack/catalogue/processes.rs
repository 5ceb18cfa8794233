//! Processes outside, and processes that stay.

use std::rc::Rc;

use pinfold_plan::Promise::{NothingSurvives, ProcessesOutside};
use rustix::process::{Pid, getpriority_process};

use super::super::scene::VARIABLE;
use super::super::trial::{attackers, end};
use super::{Listed, attempt, steals};
use crate::linux::doctor::host::setting_in;

pub(super) const ATTACKS: &[Listed] = &[
    (ProcessesOutside, "arguments-of", "the arguments of a process outside were read", |_, company, _| {
        let file = format!("/proc/{}/cmdline", company.victim.pid);
        Ok(steals("read", [file], company.victim.mark()))
    }),
    (ProcessesOutside, "environment-of", "the environment of a process outside was read", |scene, company, _| {
        let file = format!("/proc/{}/environ", company.victim.pid);
        Ok(steals("environment-of", [VARIABLE, &file], scene.token("victim")))
    }),
    (ProcessesOutside, "memory-of", "the memory of a process outside was read", |scene, company, _| {
        // Its own secret would not do: the environment holds it too. The other process has one of its own.
        Ok(steals("memory-of", [&company.sacrifice.pid.to_string(), VARIABLE], scene.token("sacrifice")))
    }),
    (ProcessesOutside, "slow-down", "the priority of a process outside was changed", |_, company, _| {
        let victim = Rc::clone(&company.victim);
        let priority = |pid: i32| Pid::from_raw(pid).and_then(|pid| getpriority_process(Some(pid)).ok());
        let before = priority(victim.pid);
        Ok(attempt("slow-down", [victim.pid.to_string()], move |_| priority(victim.pid) != before))
    }),
    (ProcessesOutside, "restrict", "the limits of a process outside were changed", |_, company, _| {
        let victim = Rc::clone(&company.victim);
        let limit = |pid: i32| setting_in(&format!("/proc/{pid}/limits"), "Max open files");
        let before = limit(victim.pid);
        Ok(attempt("restrict", [victim.pid.to_string()], move |_| limit(victim.pid) != before))
    }),
    (ProcessesOutside, "kill", "a process outside was killed", |_, company, _| {
        let sacrifice = Rc::clone(&company.sacrifice);
        Ok(attempt("kill", [sacrifice.pid.to_string()], move |_| !sacrifice.is_alive()))
    }),
    (NothingSurvives, "leave-behind", "a process in a session of its own outlived the run", |scene, _, name| {
        let mark = scene.token(name);
        Ok(attempt("leave-behind", [mark.clone()], move |_| {
            let survivors = attackers("linger", &mark);
            end(&survivors);
            !survivors.is_empty()
        }))
    }),
];
