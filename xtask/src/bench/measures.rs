//! What is measured.

use std::path::{Path, PathBuf};

use super::hyperfine::{Timing, time};
use super::{memory, neighbours, scene};
use crate::shell::{Result, command, read, step, which};

/// The measures that can be asked for.
pub(super) const NAMES: [&str; 8] = ["start-up", "deny", "work", "record", "memory", "stage", "grant", "sessions"];

/// What is measured with.
pub(super) struct Bench {
    pub(super) program: PathBuf,
    pub(super) rounds: usize,
    pub(super) scenes: PathBuf,
    pub(super) hyperfine: PathBuf,
}

impl Bench {
    pub(super) fn run(&self, wanted: &dyn Fn(&str) -> bool) -> Result<()> {
        std::fs::create_dir_all(&self.scenes)?;
        let mut report = self.about()?;
        type Measure = fn(&Bench) -> Result<String>;
        let measures: [Measure; 8] = [
            Self::start_up,
            Self::deny,
            Self::work,
            Self::record,
            Self::memory,
            Self::stage,
            Self::grant,
            Self::sessions,
        ];
        for (name, measure) in NAMES.iter().zip(measures).filter(|(name, _)| wanted(name)) {
            report += &step(name, || measure(self))?;
        }
        println!("{report}");
        Ok(())
    }

    fn about(&self) -> Result<String> {
        let version = read(&mut command(&self.program.to_string_lossy(), ["--version"]))?;
        let kernel = read(&mut command("uname", ["-sr"]))?;
        let cores = std::thread::available_parallelism()?;
        let rounds = self.rounds;
        Ok(format!(
            "{} on {}, {cores} cores, as an ordinary user; ratios are medians of {rounds} rounds (lowest–highest).\n",
            version.trim(),
            kernel.trim()
        ))
    }

    pub(super) fn pinfold(&self, words: &[&str]) -> Vec<String> {
        let program = self.program.to_string_lossy().into_owned();
        [program, "run".into()].into_iter().chain(words.iter().map(|word| (*word).to_owned())).collect()
    }

    /// Starting the smallest command.
    fn start_up(&self) -> Result<String> {
        let small = scene::small(&self.scenes)?;
        let mut names = vec!["`pinfold run`", "nothing: `/bin/true`"];
        let mut commands = vec![self.pinfold(&["--", "/bin/true"]), words("/bin/true")];
        let mut missing = String::new();
        // Makes the private home, so that there is something for the others to mount.
        read(command(&self.program.to_string_lossy(), ["run", "--", "/bin/true"]).current_dir(&small))?;
        let mut neighbour = |name: &'static str, program: &str, command: Vec<String>| match which(program) {
            Some(_) => {
                names.push(name);
                commands.push(command);
            }
            None => missing += &format!("| {name} | missing | |\n"),
        };
        let bwrap = [neighbours::bwrap(&self.program, &small)?, words("/bin/true")].concat();
        neighbour("`bwrap`, same mounts", "bwrap", bwrap);
        neighbour("`unshare -Urmpinfu --mount-proc`", "unshare", words("unshare -Urmpinfu --mount-proc /bin/true"));
        let timing = Timing { rounds: self.rounds, runs: 40, warmup: 5 };
        let times = time(&self.hyperfine, &small, &timing, &commands)?;
        let mut table = String::from("\n### Start-up\n\n| | ms | `pinfold run` takes |\n| --- | --- | --- |\n");
        for (index, name) in names.iter().enumerate() {
            let (lowest, highest) = times.ratio_range(0, index);
            let ratio = if index == 0 { String::new() } else { ratio(times.ratio(0, index), lowest, highest) };
            table += &format!("| {name} | {:.2} | {ratio} |\n", times.milliseconds(index));
        }
        Ok(table + &missing)
    }

    /// What hiding files costs where there are many.
    fn deny(&self) -> Result<String> {
        let (small, many) = (scene::small(&self.scenes)?, scene::many(&self.scenes)?);
        let run = |scene: &Path, more: &[&str]| {
            let place = words(&format!("env --chdir={}", scene.display()));
            [place, self.pinfold(&[more, &["--", "/bin/true"]].concat())].concat()
        };
        let globs = ["--deny", "*.secret", "--deny", "**/private/**/*.txt"];
        let find = words(&format!("find {} -name .env", many.display()));
        let commands = [run(&small, &[]), run(&many, &[]), run(&many, &globs), find];
        let timing = Timing { rounds: self.rounds, runs: 3, warmup: 1 };
        let times = time(&self.hyperfine, &self.scenes, &timing, &commands)?;
        let names = [
            "small repository".to_owned(),
            format!("{} files, default denials", scene::MANY_FILES),
            format!("{} files, two more globs", scene::MANY_FILES),
            format!("`find -name .env` over {} files, outside", scene::MANY_FILES),
        ];
        let mut table =
            String::from("\n### Hidden files\n\n| start-up in | ms | more than small |\n| --- | --- | --- |\n");
        for (index, name) in names.iter().enumerate() {
            table += &format!("| {name} | {:.1} | {:.1} ms |\n", times.milliseconds(index), times.difference(index, 0));
        }
        Ok(table)
    }

    /// Real work, inside and outside in turn. What is short is done ten times in one run: the start has its own table.
    fn work(&self) -> Result<String> {
        let mut table =
            String::from("\n### Work\n\n| | outside ms | inside ms | inside / outside |\n| --- | --- | --- | --- |\n");
        let ten_times = |work: &str| format!("sh -c 'for i in 0 1 2 3 4 5 6 7 8 9; do {work}; done'");
        let repository = scene::repository(&self.scenes)?;
        let kinds: [(String, &str, String, PathBuf, usize); 5] = [
            (
                format!("`git status`, {} files, ten times", scene::REPOSITORY_FILES),
                "git",
                ten_times("git status --porcelain"),
                repository.clone(),
                1,
            ),
            (
                format!("`rg`, {} files, ten times", scene::REPOSITORY_FILES),
                "rg",
                ten_times("rg --count sleeps"),
                repository.clone(),
                1,
            ),
            (
                format!("`grep -r`, {} files, ten times", scene::REPOSITORY_FILES),
                "grep",
                ten_times("grep -rc sleeps ."),
                repository,
                1,
            ),
            (
                "`make` of 60 files of C".into(),
                "make",
                "sh -c 'make -s clean && make -s -j2'".into(),
                scene::c_project(&self.scenes)?,
                1,
            ),
            (
                "`cargo build` of a small crate".into(),
                "cargo",
                "sh -c 'rm -rf target && cargo build -q'".into(),
                scene::rust_crate(&self.scenes)?,
                1,
            ),
        ];
        for (name, needed, work, scene, runs) in kinds {
            if which(needed).is_none() {
                table += &format!("| {name} | {needed} is missing | | |\n");
                continue;
            }
            let outside = shell_words(&work);
            let parts: Vec<&str> = std::iter::once("--").chain(outside.iter().map(String::as_str)).collect();
            let inside = self.pinfold(&parts);
            let timing = Timing { rounds: self.rounds, runs, warmup: 1 };
            let times = time(&self.hyperfine, &scene, &timing, &[outside, inside])?;
            let (lowest, highest) = times.ratio_range(1, 0);
            let (ratio, outside, inside) =
                (ratio(times.ratio(1, 0), lowest, highest), times.milliseconds(0), times.milliseconds(1));
            table += &format!("| {name} | {outside:.0} | {inside:.0} | {ratio} |\n");
        }
        Ok(table)
    }

    /// What it costs to record every program, in runs with and without in turn.
    fn record(&self) -> Result<String> {
        let mut table = String::from(
            "\n### Record of programs\n\n| | without ms | with ms | with / without |\n| --- | --- | --- | --- |\n",
        );
        let (small, c_project) = (scene::small(&self.scenes)?, scene::c_project(&self.scenes)?);
        let policy = self.scenes.join("unrecorded.toml");
        std::fs::write(&policy, "[ledger]\nprograms = false\n")?;
        let policy = policy.to_string_lossy();
        let pipelines = "i=0; while [ $i -lt 100 ]; do echo x | sed s/x/y/ | grep -q y; i=$(expr $i + 1); done";
        let starts = "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done";
        for (name, script, scene, runs) in [
            ("nothing but a start", "exit", &small, 40),
            ("`make` of 60 files of C", "make -s clean && make -s -j2", &c_project, 1),
            ("100 pipelines of a shell", pipelines, &small, 1),
            ("500 times `/bin/true`", starts, &small, 1),
        ] {
            let without = self.pinfold(&["--policy", &policy, "--", "sh", "-c", script]);
            let with = self.pinfold(&["--", "sh", "-c", script]);
            let timing = Timing { rounds: self.rounds, runs, warmup: 1 };
            let times = time(&self.hyperfine, scene, &timing, &[without, with])?;
            let (lowest, highest) = times.ratio_range(1, 0);
            let ratio = ratio(times.ratio(1, 0), lowest, highest);
            table += &format!("| {name} | {:.1} | {:.1} | {ratio} |\n", times.milliseconds(0), times.milliseconds(1));
        }
        Ok(table)
    }

    /// What a waiting run holds.
    fn memory(&self) -> Result<String> {
        let small = scene::small(&self.scenes)?;
        let program = self.program.to_string_lossy();
        let found = memory::resident(&[&program, "run", "--", "sleep", "60"], &small)?;
        let mut table = String::from("\n### Memory\n\n| process | own KiB | of files KiB |\n| --- | --- | --- |\n");
        for process in &found {
            table += &format!("| {} | {} | {} |\n", process.name, process.own_kib, process.file_kib);
        }
        // The supervisor and the first process are one program: its pages are there once.
        let ours: Vec<_> = found.iter().filter(|process| process.name != "sleep").collect();
        let own: u64 = ours.iter().map(|process| process.own_kib).sum();
        let file = ours.iter().map(|process| process.file_kib).max().unwrap_or_default();
        table += &format!("| Pinfold, together, its program counted once | {own} | {file} |\n");
        Ok(table)
    }
}

pub(super) fn ratio(median: f64, lowest: f64, highest: f64) -> String {
    format!("{median:.2} × ({lowest:.2}–{highest:.2})")
}

pub(super) fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Words, of which the last may be quoted.
pub(super) fn shell_words(text: &str) -> Vec<String> {
    match text.split_once('\'') {
        Some((plain, quoted)) => [words(plain.trim()), vec![quoted.trim_end_matches('\'').to_owned()]].concat(),
        None => words(text),
    }
}
