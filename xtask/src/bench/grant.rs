//! How soon a run that goes on has what it was granted.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::measures::Bench;
use super::scene;
use crate::shell::{Result, command, read};

/// How often something is granted in one run.
const GRANTS: usize = 20;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Inside: looks for what is granted as fast as it can, and says so; then waits until it is gone again.
const LOOK: &str = "touch ready; while :; do
    until test -e \"$0/granted\"; do test -e over && exit; done; echo > seen
    while test -e \"$0/granted\"; do :; done; echo > gone; done";

impl Bench {
    /// From the call of `pinfold grant` until a program inside has seen the place, and the same for `pinfold revoke`.
    pub(super) fn grant(&self) -> Result<String> {
        let mut table = String::from(
            "\n### Live grants\n\n| a directory, while a run goes on in | granted ms | taken back ms | `--version` ms |\n| --- | --- | --- | --- |\n",
        );
        let scenes = [
            ("a small repository".to_owned(), scene::small(&self.scenes)?),
            (format!("{} files", scene::MANY_FILES), scene::many(&self.scenes)?),
        ];
        for (name, scene) in scenes {
            let [granted, revoked, nothing] = self.granted_in(&scene)?.map(median);
            table += &format!("| {name} | {granted:.1} | {revoked:.1} | {nothing:.1} |\n");
        }
        Ok(table)
    }

    fn granted_in(&self, scene: &Path) -> Result<[Vec<f64>; 3]> {
        let place = self.scenes.join("granted");
        std::fs::create_dir_all(&place)?;
        std::fs::write(place.join("granted"), "")?;
        let marks = ["ready", "over", "seen", "gone"].map(|name| scene.join(name));
        let clean = || marks.iter().for_each(|mark| drop(std::fs::remove_file(mark)));
        clean();
        let mut running = self.start(scene, &place)?;
        let times = self.times(scene, &place);
        std::fs::write(scene.join("over"), "")?;
        running.wait()?;
        clean();
        times
    }

    fn start(&self, scene: &Path, place: &Path) -> Result<Child> {
        let mut run = Command::new(&self.program);
        run.args(["run", "--", "sh", "-c", LOOK]).arg(place).current_dir(scene);
        Ok(run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    fn times(&self, scene: &Path, place: &Path) -> Result<[Vec<f64>; 3]> {
        until(&scene.join("ready"), Instant::now())?;
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..GRANTS {
            for (index, (verb, mark)) in [("grant", "seen"), ("revoke", "gone")].into_iter().enumerate() {
                let begun = Instant::now();
                let mut call = Command::new(&self.program);
                call.args([verb, "last", "read"]).arg(place).current_dir(scene).stderr(Stdio::null());
                let mut call = call.spawn()?;
                times[index].push(until(&scene.join(mark), begun)?);
                call.wait()?;
            }
            let begun = Instant::now();
            read(&mut command(&self.program.to_string_lossy(), ["--version"]))?;
            times[2].push(milliseconds(begun));
        }
        Ok(times)
    }
}

/// Waits for a mark and takes it away; gives the milliseconds since then.
fn until(mark: &Path, begun: Instant) -> Result<f64> {
    while !mark.exists() {
        if begun.elapsed() > PATIENCE {
            return Err(format!("{} does not appear", mark.display()).into());
        }
        std::thread::sleep(Duration::from_micros(100));
    }
    let time = milliseconds(begun);
    std::fs::remove_file(mark)?;
    Ok(time)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
