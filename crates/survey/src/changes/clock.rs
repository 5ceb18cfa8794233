//! From which time of change on a file was changed during the run.

use crate::{
    limits::COARSE_TICK_NS,
    sys::{self, Device, Dir},
};

/// How far the clock of a server may be behind ours without that a change is missed, in nanoseconds.
pub const FOREIGN_LAG_NS: i64 = 5_000_000_000;

/// The finest that every file system but the coarsest can keep, in nanoseconds.
const GRAIN_NS: i64 = 1_000_000;

/// A moment of the clock from which the kernel takes the times of files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Nanoseconds since 1970, as of the last tick.
    now_ns: i64,
    /// How far this clock is ahead of the one that nobody can set.
    ahead_ns: i64,
}

impl Moment {
    pub(crate) fn now() -> Self {
        let clocks = sys::clocks();
        Self { now_ns: clocks.files_ns, ahead_ns: clocks.settable_ns.saturating_sub(clocks.steady_ns) }
    }

    /// From when on a time of change tells of a change after this moment, if it is `later` now.
    fn until(self, later: Self) -> i64 {
        let set_back = self.ahead_ns.saturating_sub(later.ahead_ns).max(0);
        let from = self.now_ns.saturating_sub(set_back);
        from - from.rem_euclid(GRAIN_NS)
    }
}

/// The first time of change that counts on one file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Since {
    ns: i64,
    /// Whether the times are given by another machine or program.
    pub(super) foreign: bool,
    /// The device that this was found out for.
    pub(super) device: Device,
}

impl Since {
    /// For the file system of `dir`, which is on `device`.
    pub(super) fn of(begin: Moment, end: Moment, dir: &Dir, device: Device) -> Self {
        let foreign = dir.has_foreign_clock();
        let lag = if foreign { FOREIGN_LAG_NS } else { 0 };
        Self { ns: begin.until(end).saturating_sub(lag), foreign, device }
    }

    /// Whether something with this time happened during the run.
    #[inline]
    pub(super) fn covers(self, time_ns: i64) -> bool {
        // Without a fraction: the file system may keep none.
        time_ns >= self.ns || (time_ns % 1_000_000_000 == 0 && time_ns >= self.ns.saturating_sub(COARSE_TICK_NS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn moment(now_ns: i64, ahead_ns: i64) -> Moment {
        Moment { now_ns, ahead_ns }
    }

    #[test]
    fn a_clock_that_was_set_back_moves_the_moment_back_and_one_that_was_set_forward_does_not() {
        let begin = moment(100 * SECOND + 1, 10 * SECOND);
        assert_eq!(begin.until(moment(101 * SECOND, 10 * SECOND)), 100 * SECOND);
        assert_eq!(begin.until(moment(41 * SECOND, -50 * SECOND)), 40 * SECOND);
        assert_eq!(begin.until(moment(201 * SECOND, 110 * SECOND)), 100 * SECOND);
    }

    #[test]
    fn whole_seconds_count_two_seconds_longer() {
        let since = Since { ns: 10 * SECOND + 5_000_000, foreign: false, device: 0 };
        assert!(since.covers(10 * SECOND + 5_000_000) && since.covers(10 * SECOND) && since.covers(8 * SECOND));
        assert!(!since.covers(10 * SECOND + 4_999_999) && !since.covers(8 * SECOND - 1) && !since.covers(7 * SECOND));
    }

    #[test]
    fn the_moment_is_never_later_than_what_the_kernel_gives_a_file_afterwards() {
        let path = std::env::temp_dir().join(format!("pinfold-survey-clock-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let dir = Dir::open_root(&path).unwrap();
        for _ in 0..2000 {
            let moment = Moment::now();
            std::fs::write(path.join("file"), "x").unwrap();
            let mut ctime = None;
            let dir = dir.open_far(b"").unwrap();
            dir.entries(&mut sys::Buffer::new(), |_, _, seen| {
                ctime = Some(dir.facts(b"file", seen, false).unwrap().ctime_ns);
            })
            .unwrap();
            assert!(ctime.unwrap() >= moment.until(Moment::now()), "{ctime:?} {moment:?}");
        }
        std::fs::remove_dir_all(path).unwrap();
    }
}
