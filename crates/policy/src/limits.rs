//! The `[limits]` section: memory, processes, time, disk and the rest, each with a unit.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::amount::{Amount, Unit};
use crate::origin::{Entry, Origin};

/// How much the run may use. Sizes are bytes or text such as `"8GiB"`; times are text such as `"10m"`; `"none"` is no
/// limit.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Limits")]
pub(crate) struct LimitsSection {
    /// Resident memory of the whole run.
    #[schemars(with = "Option<Amount>")]
    pub(crate) memory: Option<Spanned<Amount>>,
    /// Processes and threads at one time.
    #[schemars(with = "Option<Amount>")]
    pub(crate) processes: Option<Spanned<Amount>>,
    /// Open files of each process.
    #[schemars(with = "Option<Amount>")]
    pub(crate) open_files: Option<Spanned<Amount>>,
    /// Processor time of the whole run.
    #[schemars(with = "Option<Amount>")]
    pub(crate) cpu_time: Option<Spanned<Amount>>,
    /// Time on the clock from start to end.
    #[schemars(with = "Option<Amount>")]
    pub(crate) wall_time: Option<Spanned<Amount>>,
    /// Growth of the file systems that the run writes to.
    #[schemars(with = "Option<Amount>")]
    pub(crate) disk: Option<Spanned<Amount>>,
    /// Largest single file that may be written.
    #[schemars(with = "Option<Amount>")]
    pub(crate) file_size: Option<Spanned<Amount>>,
    /// The private `/tmp`, `/run` and `/dev/shm` together.
    #[schemars(with = "Option<Amount>")]
    pub(crate) temp: Option<Spanned<Amount>>,
    /// Bytes on standard output and standard error together.
    #[schemars(with = "Option<Amount>")]
    pub(crate) output: Option<Spanned<Amount>>,
}

impl LimitsSection {
    pub(crate) fn take(&mut self, name: LimitName) -> Option<Spanned<Amount>> {
        match name {
            LimitName::Memory => self.memory.take(),
            LimitName::Processes => self.processes.take(),
            LimitName::OpenFiles => self.open_files.take(),
            LimitName::CpuTime => self.cpu_time.take(),
            LimitName::WallTime => self.wall_time.take(),
            LimitName::Disk => self.disk.take(),
            LimitName::FileSize => self.file_size.take(),
            LimitName::Temp => self.temp.take(),
            LimitName::Output => self.output.take(),
        }
    }
}

/// The name of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitName {
    /// Resident memory of the whole run.
    Memory,
    /// Processes and threads at one time.
    Processes,
    /// Open files of each process.
    OpenFiles,
    /// Processor time of the whole run.
    CpuTime,
    /// Time on the clock from start to end.
    WallTime,
    /// Growth of the file systems that the run writes to.
    Disk,
    /// Largest single file.
    FileSize,
    /// The private temporary directories together.
    Temp,
    /// Bytes on standard output and standard error together.
    Output,
}

impl LimitName {
    /// Every limit, in the order of the policy file.
    pub const ALL: [Self; 9] = [
        Self::Memory,
        Self::Processes,
        Self::OpenFiles,
        Self::CpuTime,
        Self::WallTime,
        Self::Disk,
        Self::FileSize,
        Self::Temp,
        Self::Output,
    ];

    /// The key in the policy file.
    pub fn key(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Processes => "processes",
            Self::OpenFiles => "open-files",
            Self::CpuTime => "cpu-time",
            Self::WallTime => "wall-time",
            Self::Disk => "disk",
            Self::FileSize => "file-size",
            Self::Temp => "temp",
            Self::Output => "output",
        }
    }

    /// What the number counts.
    pub fn unit(self) -> Unit {
        match self {
            Self::Processes | Self::OpenFiles => Unit::Count,
            Self::CpuTime | Self::WallTime => Unit::Milliseconds,
            Self::Memory | Self::Disk | Self::FileSize | Self::Temp | Self::Output => Unit::Bytes,
        }
    }
}

/// The limits that one policy file sets; `None` inside an entry is an explicit `"none"`.
pub type LimitRules = std::collections::BTreeMap<LimitName, Entry<Option<u64>>>;

/// A limit of the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limit<T> {
    /// The most that may be used; nothing if there is no limit.
    pub value: Option<T>,
    /// Who says so.
    pub origin: Arc<Origin>,
}

/// The limits of the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// Resident memory of the whole run, in bytes.
    pub memory: Limit<u64>,
    /// Processes and threads at one time.
    pub processes: Limit<u64>,
    /// Open files of each process.
    pub open_files: Limit<u64>,
    /// Processor time of the whole run.
    pub cpu_time_ms: Limit<u64>,
    /// Time on the clock from start to end.
    pub wall_time_ms: Limit<u64>,
    /// Growth of the file systems written to, in bytes.
    pub disk: Limit<u64>,
    /// Largest single file, in bytes.
    pub file_size: Limit<u64>,
    /// The private temporary directories together, in bytes.
    pub temp: Limit<u64>,
    /// Standard output and standard error together, in bytes.
    pub output: Limit<u64>,
}

impl Limits {
    /// All limits without a value.
    pub(crate) fn none(origin: &Arc<Origin>) -> Self {
        let none = || Limit { value: None, origin: origin.clone() };
        Self {
            memory: none(),
            processes: none(),
            open_files: none(),
            cpu_time_ms: none(),
            wall_time_ms: none(),
            disk: none(),
            file_size: none(),
            temp: none(),
            output: none(),
        }
    }

    /// The limit of that name.
    pub fn get(&self, name: LimitName) -> &Limit<u64> {
        match name {
            LimitName::Memory => &self.memory,
            LimitName::Processes => &self.processes,
            LimitName::OpenFiles => &self.open_files,
            LimitName::CpuTime => &self.cpu_time_ms,
            LimitName::WallTime => &self.wall_time_ms,
            LimitName::Disk => &self.disk,
            LimitName::FileSize => &self.file_size,
            LimitName::Temp => &self.temp,
            LimitName::Output => &self.output,
        }
    }

    pub(crate) fn get_mut(&mut self, name: LimitName) -> &mut Limit<u64> {
        match name {
            LimitName::Memory => &mut self.memory,
            LimitName::Processes => &mut self.processes,
            LimitName::OpenFiles => &mut self.open_files,
            LimitName::CpuTime => &mut self.cpu_time_ms,
            LimitName::WallTime => &mut self.wall_time_ms,
            LimitName::Disk => &mut self.disk,
            LimitName::FileSize => &mut self.file_size,
            LimitName::Temp => &mut self.temp,
            LimitName::Output => &mut self.output,
        }
    }
}

/// Is `wanted` wider than `bound`, where nothing means no limit?
pub(crate) fn wider(wanted: Option<u64>, bound: Option<u64>) -> bool {
    match (wanted, bound) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(wanted), Some(bound)) => wanted > bound,
    }
}
