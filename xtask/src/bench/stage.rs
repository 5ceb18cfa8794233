//! What a stage costs: starts, builds in it, and what is done with it afterwards.

use std::path::Path;

use super::hyperfine::{Timing, time};
use super::measures::{Bench, ratio, shell_words, words};
use super::scene;
use crate::shell::{Result, command, read, which};

/// How many files one stage changes.
const CHANGED: usize = 1000;

impl Bench {
    /// A stage beside a direct run, and beside the bare command.
    pub(super) fn stage(&self) -> Result<String> {
        Ok(self.starts()? + &self.builds()? + &self.kept()? + &self.afterwards()?)
    }

    /// Starts in a small and in a large tree, directly and in a stage that is there already.
    fn starts(&self) -> Result<String> {
        let mut table = String::from(
            "\n### Start with a stage\n\n| start-up in | direct ms | staged ms | staged / direct |\n| --- | --- | --- | --- |\n",
        );
        let scenes = [("a small repository".to_owned(), scene::small(&self.scenes)?, 40)];
        let many = (format!("{} files", scene::MANY_FILES), scene::many(&self.scenes)?, 5);
        for (name, scene, runs) in scenes.into_iter().chain([many]) {
            let direct = self.pinfold(&["--", "/bin/true"]);
            let staged = self.pinfold(&["--session", "start", "--", "/bin/true"]);
            let timing = Timing { rounds: self.rounds, runs, warmup: 2 };
            let times = time(&self.hyperfine, &scene, &timing, &[direct, staged])?;
            let (lowest, highest) = times.ratio_range(1, 0);
            let ratio = ratio(times.ratio(1, 0), lowest, highest);
            table += &format!("| {name} | {:.1} | {:.1} | {ratio} |\n", times.milliseconds(0), times.milliseconds(1));
            self.discard(&scene, "start")?;
        }
        Ok(table)
    }

    /// Builds from nothing, whose output is written to the stage. The bare ones are in a copy of the scene: nobody else builds
    /// in the workspace of a stage meanwhile.
    fn builds(&self) -> Result<String> {
        let mut table = String::from(
            "\n### Work in a stage\n\n| | bare ms | staged ms | staged / bare |\n| --- | --- | --- | --- |\n",
        );
        let kinds = [
            ("`make` of 60 files of C", "make", "make -s clean && make -s -j2", scene::c_project(&self.scenes)?),
            (
                "`cargo build` of a small crate",
                "cargo",
                "rm -rf target && cargo build -q",
                scene::rust_crate(&self.scenes)?,
            ),
            (
                "`cargo build` of 25 crates",
                "cargo",
                "rm -rf target && cargo build -q",
                scene::rust_workspace(&self.scenes)?,
            ),
        ];
        for (name, needed, work, scene) in kinds {
            if which(needed).is_none() {
                table += &format!("| {name} | {needed} is missing | | |\n");
                continue;
            }
            let copy = scene.with_extension("copy");
            read(command("sh", ["-c", "rm -rf \"$1\" && cp -a \"$0\" \"$1\""]).arg(&scene).arg(&copy))?;
            let bare = ["sh".into(), "-c".into(), format!("cd {} && {work}", copy.display())].to_vec();
            let staged = self.pinfold(&["--session", "work", "--", "sh", "-c", work]);
            let timing = Timing { rounds: self.rounds, runs: 1, warmup: 1 };
            let times = time(&self.hyperfine, &scene, &timing, &[bare, staged])?;
            let (lowest, highest) = times.ratio_range(1, 0);
            let ratio = ratio(times.ratio(1, 0), lowest, highest);
            table += &format!("| {name} | {:.0} | {:.0} | {ratio} |\n", times.milliseconds(0), times.milliseconds(1));
            self.discard(&scene, "work")?;
        }
        Ok(table)
    }

    /// The same builds in direct runs that can be undone, beside direct runs that cannot.
    fn kept(&self) -> Result<String> {
        let mut table = String::from(
            "\n### Work that can be undone\n\n| | direct ms | with `--undo` ms | with / without |\n| --- | --- | --- | --- |\n",
        );
        let edit = format!("sh -c 'find . -name \"file-*\" | head -n {CHANGED} | xargs sed -i 3s/fox/cat/'");
        let kinds = [
            ("`/bin/true`", "true", "/bin/true", scene::small(&self.scenes)?),
            (
                "`make` of 60 files of C",
                "make",
                "sh -c 'make -s clean && make -s -j2'",
                scene::c_project(&self.scenes)?,
            ),
            (
                "`cargo build` of a small crate",
                "cargo",
                "sh -c 'rm -rf target && cargo build -q'",
                scene::rust_crate(&self.scenes)?,
            ),
            ("`sed -i` in many files", "sed", &edit, scene::repository(&self.scenes)?),
        ];
        for (name, needed, work, scene) in kinds {
            if which(needed).is_none() {
                table += &format!("| {name} | {needed} is missing | | |\n");
                continue;
            }
            let work = shell_words(work);
            let run = |flags: &[&str]| {
                let parts = flags.iter().copied().chain(["--"]).chain(work.iter().map(String::as_str));
                self.pinfold(&parts.collect::<Vec<_>>())
            };
            let timing = Timing { rounds: self.rounds, runs: 1, warmup: 1 };
            let times = time(&self.hyperfine, &scene, &timing, &[run(&[]), run(&["--undo"])])?;
            let (lowest, highest) = times.ratio_range(1, 0);
            let ratio = ratio(times.ratio(1, 0), lowest, highest);
            table += &format!("| {name} | {:.0} | {:.0} | {ratio} |\n", times.milliseconds(0), times.milliseconds(1));
        }
        Ok(table)
    }

    /// Looking at a stage with many changes and making others of it, in whole calls of `pinfold`, beside the smallest call.
    fn afterwards(&self) -> Result<String> {
        let scene = scene::repository(&self.scenes)?;
        let edit = format!("find . -name 'file-*' | head -n {CHANGED} | xargs sed -i '3s/fox/cat/'");
        for words in [vec!["run", "--session", "many", "--", "sh", "-c", &edit], vec!["snapshot", "many", "edited"]] {
            read(command(&self.program.to_string_lossy(), words).current_dir(&scene))?;
        }
        let program = self.program.display();
        let commands = [
            words(&format!("{program} --version")),
            words(&format!("{program} diff many")),
            words(&format!("{program} changes many")),
            words(&format!("{program} restore many edited")),
            vec!["sh".into(), "-c".into(), format!("exec {program} fork many fork-$$")],
        ];
        let timing = Timing { rounds: self.rounds, runs: 10, warmup: 1 };
        let times = time(&self.hyperfine, &scene, &timing, &commands)?;
        let mut table = format!(
            "\n### A stage with {CHANGED} changed files\n\n| | ms | more than `--version` |\n| --- | --- | --- |\n"
        );
        for (index, name) in ["`--version`", "`diff`", "`changes`", "`restore`", "`fork`"].iter().enumerate() {
            table += &format!("| {name} | {:.1} | {:.1} ms |\n", times.milliseconds(index), times.difference(index, 0));
        }
        let listed = read(command(&self.program.to_string_lossy(), ["stages"]).current_dir(&scene))?;
        listed.lines().filter_map(|line| line.split(' ').next()).try_for_each(|name| self.discard(&scene, name))?;
        Ok(table)
    }

    fn discard(&self, scene: &Path, name: &str) -> Result<()> {
        // One that nothing was written to is gone already.
        read(
            command("sh", ["-c", "\"$0\" discard \"$1\" 2>/dev/null || true"])
                .arg(&self.program)
                .arg(name)
                .current_dir(scene),
        )
        .map(drop)
    }
}
