//! Memory of a waiting run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::shell::{Result, command};

/// What a process holds (proc_pid_status(5)).
pub(super) struct Held {
    pub(super) name: String,
    /// Pages of its own, in KiB.
    pub(super) own_kib: u64,
    /// Pages of files, such as the program itself, which others with the same file share, in KiB.
    pub(super) file_kib: u64,
}

/// What each process below and including a started command holds.
pub(super) fn resident(words: &[&str], directory: &Path) -> Result<Vec<Held>> {
    let mut started = command(words[0], &words[1..]);
    let mut child = started.current_dir(directory).stdout(Stdio::null()).spawn()?;
    std::thread::sleep(Duration::from_millis(700));
    let processes = processes()?;
    let mut family = vec![child.id()];
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        family.extend(processes.iter().filter(|(_, process)| process.parent == parent).map(|(id, _)| *id));
        at += 1;
    }
    let found = family.iter().filter_map(|id| held(*id, &processes.get(id)?.name)).collect();
    child.kill()?;
    child.wait()?;
    Ok(found)
}

struct Process {
    name: String,
    parent: u32,
}

fn processes() -> Result<BTreeMap<u32, Process>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((before, after)) = stat.rsplit_once(')') else { continue };
        let name = before.split_once('(').map(|(_, name)| name.to_owned()).unwrap_or_default();
        let Some(parent) = after.split_whitespace().nth(1).and_then(|parent| parent.parse().ok()) else { continue };
        found.insert(id, Process { name, parent });
    }
    Ok(found)
}

fn held(id: u32, name: &str) -> Option<Held> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let kib = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
    };
    Some(Held { name: name.to_owned(), own_kib: kib("RssAnon:")?, file_kib: kib("RssFile:")? })
}
