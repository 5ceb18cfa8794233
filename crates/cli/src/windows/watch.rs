//! What is looked at regularly while a command runs: limits that its job does not keep, and names that must not appear.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use pinfold_confine::windows::{Confined, free_bytes};
use pinfold_plan::windows::{Plan, native};
use pinfold_plan::{Limits, Watch};
use pinfold_policy::LimitName;

use super::relay::Relay;

/// How often.
pub(super) const INTERVAL: Duration = Duration::from_millis(100);

/// A limit that was passed.
#[derive(Debug, Clone)]
pub(super) struct Passed {
    pub(super) name: LimitName,
    /// In words.
    pub(super) text: String,
}

/// What there was before the command.
pub(super) struct Watcher {
    limits: Limits,
    begin: Instant,
    workspace: String,
    free_before: Option<u64>,
    passed: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Watcher {
    pub(super) fn new(plan: &Plan, relay: &Relay) -> Self {
        Self {
            limits: plan.limits,
            begin: Instant::now(),
            workspace: plan.workspace.clone(),
            free_before: free_bytes(&plan.workspace).ok(),
            passed: relay.passed.clone(),
        }
    }

    /// The first limit that is passed, if one is.
    pub(super) fn look(&self, confined: &Confined) -> Option<Passed> {
        let over = |name: LimitName, used: Option<u64>, limit: Option<u64>, unit: &str| {
            let (used, limit) = (used?, limit?);
            let text = || {
                format!(
                    "{} reached {used} {unit}, {} allows {limit}",
                    name.key(),
                    format_args!("limits.{}", name.key())
                )
            };
            (used > limit).then(|| Passed { name, text: text() })
        };
        let elapsed = u64::try_from(self.begin.elapsed().as_millis()).ok();
        let grown = || self.free_before?.checked_sub(free_bytes(&self.workspace).ok()?);
        let cpu = || confined.used().ok().map(|used| used.cpu_time_ms);
        let handles = || confined.most_handles().ok().map(u64::from);
        over(LimitName::WallTime, elapsed, self.limits.wall_time_ms, "ms")
            .or_else(|| over(LimitName::Output, Some(self.passed.load(Relaxed)), self.limits.output_bytes, "bytes"))
            .or_else(|| {
                over(LimitName::CpuTime, self.limits.cpu_time_ms.and_then(|_| cpu()), self.limits.cpu_time_ms, "ms")
            })
            .or_else(|| {
                over(LimitName::Disk, self.limits.disk_bytes.and_then(|_| grown()), self.limits.disk_bytes, "bytes")
            })
            .or_else(|| {
                over(
                    LimitName::OpenFiles,
                    self.limits.open_files.and_then(|_| handles()),
                    self.limits.open_files,
                    "handles",
                )
            })
    }
}

/// Those of the watched names that are there now, and what else was found, each once.
pub(super) fn appeared(watched: &[Watch], found: Vec<PathBuf>) -> Vec<PathBuf> {
    let there = |watch: &Watch| {
        let path = watch.directory.join(&watch.name);
        let found = path.symlink_metadata().ok()?;
        (!watch.files_only || !found.is_dir()).then_some(path)
    };
    let all = watched.iter().filter_map(there).chain(found).map(|path| native(&path));
    let once: BTreeMap<String, String> = all.map(|path| (path.to_lowercase(), path)).collect();
    once.into_values().map(PathBuf::from).collect()
}

/// Something that was moved away, or could not be.
#[derive(Debug, Clone)]
pub(super) struct Quarantined {
    pub(super) path: PathBuf,
    pub(super) moved_to: Option<PathBuf>,
}

/// Moves paths into a directory that nothing inside can reach. The last process of the run has ended, so nobody exchanges
/// anything. What lies on another volume stays where it is, under a name that nobody obeys.
pub(super) fn quarantine(paths: Vec<PathBuf>, directory: &Path) -> Vec<Quarantined> {
    let moved = |(number, path): (usize, PathBuf)| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let aside = path.with_file_name(format!("quarantined-{}-{number}", std::process::id()));
        let places = [directory.join(format!("{number}-{name}")), aside];
        let made = std::fs::create_dir_all(directory).is_ok();
        let moved_to = places.into_iter().find(|place| made && std::fs::rename(&path, place).is_ok());
        Quarantined { path, moved_to }
    };
    paths.into_iter().enumerate().map(moved).collect()
}
