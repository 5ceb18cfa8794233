//! The gate as a process: what it holds, and what becomes of a run without it.

use std::fs::read_link;
use std::path::PathBuf;

use pinfold_tests::{eventually, is_alive, marked, stat_field, status_field};
use rustix::process::{Pid, Signal, kill_process};

use crate::desk::{Desk, cannot_prepare_hosts};
use crate::traveller::Traveller;

/// The gate of the run that has these words in its command, beside its supervisor.
fn gate_of(mark: &str) -> (u32, u32) {
    let supervisors = marked(mark);
    let is_gate =
        |pid: &u32| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.ends_with(b"__gate\0"));
    let gates = marked("__gate").into_iter().filter(is_gate);
    let with_parent = gates.filter_map(|pid| Some((pid, stat_field(pid, 4)?.parse().ok()?)));
    let own: Vec<_> = with_parent.filter(|(_, parent)| supervisors.contains(parent)).collect();
    assert_eq!(own.len(), 1, "{own:?}");
    own[0]
}

/// What a process holds beside its standard descriptors, as the kernel shows it.
fn held(pid: u32) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("the descriptors of a process").flatten();
    let others =
        entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| !["0", "1", "2"].contains(&name)));
    others.filter_map(|entry| read_link(entry.path()).ok()).collect()
}

#[test]
fn what_the_caller_left_open_is_not_open_in_the_gate() {
    // Of a process that cannot be dumped only root sees the descriptors.
    if cannot_prepare_hosts() {
        return;
    }
    let desk = Desk::new();
    let mark = format!("mark-{}-held", std::process::id());
    let inside = format!(": {mark}; touch begun; while test ! -e over; do sleep 0.05; done");
    let script = format!("exec 7< README; exec pinfold run --network rules -- bash -c '{inside}'");
    let running = desk.call("/bin/bash").arguments(["-c", &script]).start();
    assert!(eventually(|| desk.workspace().join("begun").exists()), "the run begins");
    let left_open = desk.workspace().join("README");
    let (gate, supervisor) = gate_of(&mark);
    assert!(held(supervisor).contains(&left_open), "the caller left it open: {:?}", held(supervisor));
    let files: Vec<PathBuf> = held(gate).into_iter().filter(|path| path.is_absolute()).collect();
    assert_eq!(files, Vec::<PathBuf>::new(), "the gate holds nothing but sockets and what it waits with");
    desk.write("home/project/over", "");
    running.wait().ok();
}

#[test]
fn the_gate_is_confined_itself() {
    let desk = Desk::new();
    let mark = format!("mark-{}-confined", std::process::id());
    let script = format!(": {mark}; touch begun; while test ! -e over; do sleep 0.05; done");
    let running = desk.pinfold(["run", "--network", "rules", "--", "bash", "-c", &script]).start();
    assert!(eventually(|| desk.workspace().join("begun").exists()), "the run begins");
    let (gate, supervisor) = gate_of(&mark);
    let number = |pid: u32, field: &str| status_field(pid, field).and_then(|value| value.parse::<u32>().ok());
    let filters = |pid: u32| number(pid, "Seccomp_filters").expect("a number of filters");
    assert!(eventually(|| filters(gate) == filters(supervisor) + 1), "a filter more than the supervisor");
    assert_eq!((number(gate, "Seccomp"), number(gate, "NoNewPrivs")), (Some(2), Some(1)));
    let limits = std::fs::read_to_string(format!("/proc/{gate}/limits")).expect("the limits of a process");
    let limit =
        |name: &str| limits.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    assert!(limit("Max data size").starts_with("2147483648 "), "{limits}");
    assert!(limit("Max core file size").starts_with("0 "), "{limits}");
    desk.write("home/project/over", "");
    running.wait().ok();
}

#[test]
fn without_its_gate_a_run_reaches_nobody_and_says_so() {
    let Some(traveller) = Traveller::new() else { return };
    let mark = format!("mark-{}-alone", std::process::id());
    let script = format!(
        ": {mark}; curl -sS http://api.example.com/; touch begun; while test ! -e killed; do sleep 0.05; done; curl -sS -m 5 http://api.example.com/; true"
    );
    let running = traveller.inside(&["--allow-host", "api.example.com"], &script).start();
    assert!(eventually(|| traveller.0.workspace().join("begun").exists()), "the run begins");
    let (gate, _) = gate_of(&mark);
    let process = Pid::from_raw(i32::try_from(gate).expect("a number")).expect("a process");
    kill_process(process, Signal::KILL).expect("a signal");
    assert!(eventually(|| !is_alive(gate)), "the gate ends");
    traveller.0.write("home/project/killed", "");
    assert_eq!(running.wait().says("the gate ended before the run").ok(), "api says hello");
}
