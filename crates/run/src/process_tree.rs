//! The processes of a run, seen from outside through `/proc` (proc(5)).

use rustix::process::{Pid, Signal, WaitOptions};

/// Most processes looked at in one go.
const MAX_PROCESSES: usize = 100_000;

/// Processes and threads below and with `root`.
pub(crate) fn count(root: Pid) -> u64 {
    sum(root, |pid| Some(std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.count() as u64))
}

/// Memory of every process below `root` that no other process shares, in bytes; an upper bound that is quick to read.
pub(crate) fn private_bytes(root: Pid) -> u64 {
    let page = rustix::param::page_size() as u64;
    sum(root, |pid| {
        let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
        let mut pages = statm.split(' ').skip(1).map_while(|field| field.parse::<u64>().ok());
        Some((pages.next()?).saturating_sub(pages.next()?) * page)
    })
}

/// Memory of every process below `root`, with shared pages divided among those who share them, in bytes.
pub(crate) fn proportional_bytes(root: Pid) -> u64 {
    sum(root, |pid| {
        let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib * 1024)
    })
}

/// Kills every process below this one until there is none. The caller must be their reaper
/// (`PR_SET_CHILD_SUBREAPER`), so that none gets away by losing its parent.
pub(crate) fn kill_descendants() {
    let own = rustix::process::getpid();
    loop {
        let kill = |pid: i32| {
            let pid = Pid::from_raw(pid).filter(|pid| *pid != own)?;
            rustix::process::kill_process(pid, Signal::KILL).ok()?;
            Some(1)
        };
        sum(own, kill);
        match rustix::process::wait(WaitOptions::empty()) {
            Err(rustix::io::Errno::CHILD) => return,
            _ => {}
        }
    }
}

/// Adds a figure up over the tree.
fn sum(root: Pid, figure: impl Fn(i32) -> Option<u64>) -> u64 {
    let mut pids = vec![root.as_raw_nonzero().get()];
    let mut next = 0;
    let mut total = 0_u64;
    while let Some(&pid) = pids.get(next) {
        next += 1;
        total = total.saturating_add(figure(pid).unwrap_or(0));
        if pids.len() < MAX_PROCESSES {
            pids.extend(children(pid));
        }
    }
    total
}

/// Children of all threads of a process. Orphans of the run are children of its first process.
fn children(pid: i32) -> Vec<i32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>())
        .collect()
}
