//! The processes of a run, seen from outside through `/proc` (proc(5)).

use std::fmt::Display;
use std::os::unix::fs::MetadataExt;

use rustix::process::{Pid, Signal, WaitOptions};

/// Most processes looked at in one go.
const MAX_PROCESSES: usize = 100_000;

/// Processes and threads below and with `root`.
pub(crate) fn count(root: Pid) -> u64 {
    sum(root, |pid| Some(std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.count() as u64))
}

/// Memory that the processes below `root` hold, in bytes, files of the disk not counted: an upper bound, because what
/// they share counts for each, but quick to read.
pub(crate) fn resident_bytes(root: Pid) -> u64 {
    let lines = ["RssAnon:", "RssShmem:"];
    sum(root, |pid| Some(kib_lines(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?, &lines)))
}

/// The same, with shared pages divided among those who share them.
pub(crate) fn proportional_bytes(root: Pid) -> u64 {
    let lines = ["Pss_Anon:", "Pss_Shmem:"];
    sum(root, |pid| Some(kib_lines(&std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?, &lines)))
}

/// Adds up the lines of a file in `/proc` that begin so, in bytes.
fn kib_lines(text: &str, names: &[&str]) -> u64 {
    let value = |line: &str| {
        let rest = names.iter().find_map(|name| line.strip_prefix(name))?;
        rest.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    text.lines().filter_map(value).sum::<u64>() * 1024
}

/// Memory in files without a name (`memfd_create(2)`) that processes below `root` hold open, in bytes.
pub(crate) fn memory_file_bytes(root: Pid) -> u64 {
    let mut seen = std::collections::BTreeSet::new();
    sum(root, |pid| {
        let held = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten().filter_map(|entry| {
            let link = std::fs::read_link(entry.path()).ok()?;
            let nameless = link.as_os_str().as_encoded_bytes().starts_with(b"/memfd:");
            let metadata = nameless.then(|| entry.path().metadata().ok()).flatten()?;
            seen.insert((metadata.dev(), metadata.ino())).then(|| metadata.blocks() * 512)
        });
        Some(held.sum())
    })
}

/// CPU time that the processes below `root` and all that they have reaped have used, in milliseconds.
pub(crate) fn cpu_ms(root: Pid) -> u64 {
    // utime, stime, cutime and cstime.
    ms(sum(root, |pid| ticks(pid, 11, 4)))
}

/// CPU time of the children that this process has waited for, and of all that they have reaped, in milliseconds.
pub(crate) fn reaped_cpu_ms() -> Option<u64> {
    // cutime and cstime.
    ticks("self", 13, 2).map(ms)
}

/// Adds up so many times of a process, counted behind its name, which may hold anything (proc_pid_stat(5)).
fn ticks(process: impl Display, first: usize, many: usize) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().skip(first).take(many).filter_map(|field| field.parse::<u64>().ok()).sum())
}

fn ms(ticks: u64) -> u64 {
    ticks * 1000 / rustix::param::clock_ticks_per_second()
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
        if matches!(rustix::process::wait(WaitOptions::empty()), Err(rustix::io::Errno::CHILD)) {
            return;
        }
    }
}

/// Adds a figure up over the tree.
fn sum(root: Pid, mut figure: impl FnMut(i32) -> Option<u64>) -> u64 {
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
