//! Limits that the kernel keeps for each process or for the user namespace.

use pinfold_plan::{Limits, Plan};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::error::{ConfineError, Context};
use super::identity::write_once;

/// How much sooner than others the command is killed when the host runs out of memory (`proc_pid_oom_score_adj(5)`).
const OUT_OF_MEMORY_SCORE: &str = "500";

/// How much longer the kernel lets one process run than the supervisor the whole run, in seconds.
const CPU_GRACE_S: u64 = 2;

/// Sets the resource limits of this process and all that it will start.
pub(super) fn apply(plan: &Plan) -> Result<(), ConfineError> {
    let Limits { processes, open_files, file_size_bytes, cpu_time_ms, .. } = plan.limits;
    lower(Resource::Nproc, processes).step("limit the number of processes")?;
    lower(Resource::Nofile, open_files).step("limit the number of open files")?;
    lower(Resource::Fsize, file_size_bytes).step("limit the size of files")?;
    // The supervisor counts the whole run; this bounds one process should the supervisor be late.
    lower(Resource::Cpu, cpu_time_ms.map(|ms| ms.div_ceil(1000) + CPU_GRACE_S)).step("limit the CPU time")?;
    // 1 rather than 0: a core_pattern that pipes to a program on the host ignores 0, but gives up at 1 (core(5)).
    lower(Resource::Core, Some(1)).step("forbid core dumps")?;
    // Raising one's own score needs no privilege; where the file cannot be written the order of killing is the host's.
    let _ = write_once("/proc/self/oom_score_adj", OUT_OF_MEMORY_SCORE);
    Ok(())
}

/// Lowers a limit; one that is lower already stays.
fn lower(resource: Resource, limit: Option<u64>) -> rustix::io::Result<()> {
    let Some(limit) = limit else { return Ok(()) };
    let now = getrlimit(resource);
    let least = |current: Option<u64>| Some(current.map_or(limit, |current| current.min(limit)));
    setrlimit(resource, Rlimit { current: least(now.current), maximum: least(now.maximum) })
}
