//! How long a walk and a rescan of a large tree take, next to `find` and `rg` over the same tree in the same run.
//!
//! ```text
//! cargo bench -p pinfold-survey                      # 300,000 files in 15,000 directories
//! cargo bench -p pinfold-survey -- 300000 30000 21   # files, directories, rounds
//! ```
//!
//! `SURVEY_BENCH_DIR` names the directory to make the tree in (otherwise the usual one for temporary files).

use std::{
    error::Error,
    fs::{self, File},
    hint::black_box,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use pinfold_survey::{Matcher, Survey, Trail};

type Outcome<T> = Result<T, Box<dyn Error>>;

const NAMES: [&str; 8] = [".envrc", ".vscode", ".idea", ".mcp.json", ".claude", ".codex", ".gemini", ".cursor"];

/// `.env`, `.env.*` and key files, as a deny rule would have them.
struct Secrets;

impl Matcher for Secrets {
    fn may_match(&self, _trail: Trail, basename: &[u8]) -> bool {
        basename.starts_with(b".env") || basename.ends_with(b".pem") || basename.ends_with(b".key")
    }

    fn matches(&self, relative: &Path, _is_dir: bool) -> bool {
        relative.file_name().is_some_and(|name| name != ".envrc")
    }
}

/// A tree that is taken down again.
struct Tree(PathBuf);

impl Drop for Tree {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("left behind: {}: {error}", self.0.display());
        }
    }
}

impl Tree {
    fn make(name: &str, files: usize, directories: usize) -> Outcome<Self> {
        let above = std::env::var_os("SURVEY_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let tree = Self(above.join(format!("pinfold-survey-{}-{name}", std::process::id())));
        fs::create_dir_all(&tree.0)?;
        let mut paths = vec![tree.0.clone()];
        for number in 1..directories {
            // Six directories in each, breadth first: some 5 to 6 levels.
            let path = paths[(number - 1) / 6].join(format!("component_{number}"));
            fs::create_dir(&path)?;
            paths.push(path);
        }
        for number in 0..files {
            let path = &paths[number % directories];
            File::create(path.join(format!("source_file_{}.rs", number / directories)))?;
        }
        for path in paths.iter().step_by(500) {
            File::create(path.join(".env"))?;
        }
        Ok(tree)
    }
}

fn median(rounds: usize, mut work: impl FnMut() -> Outcome<()>) -> Outcome<Duration> {
    work()?;
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn command(program: &str, arguments: &[&str], tree: &Path, last: &[&str]) -> Outcome<()> {
    let status = Command::new(program).args(arguments).arg(tree).args(last).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("{program}: {status}").into()) }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn large(files: usize, directories: usize, rounds: usize) -> Outcome<()> {
    let tree = Tree::make("large", files, directories)?;
    // Directories that changed only now would be read again by a rescan, whatever their stamps.
    std::thread::sleep(Duration::from_millis(100));
    let survey = Survey::new([&tree.0]).denied(&Secrets).names(NAMES);
    let mut found = survey.walk()?;
    println!("{files} files in {} directories, median of {rounds}", found.stamps.directories());
    println!("  denied {}, stamps {} KiB", found.denied.len(), found.stamps.bytes() / 1024);

    let walk = median(rounds, || {
        black_box(survey.walk()?);
        Ok(())
    })?;
    let single = survey.clone().threads(1);
    let alone = median(rounds, || {
        black_box(single.walk()?);
        Ok(())
    })?;
    let rescan = median(rounds, || {
        let appeared = found.stamps.rescan(&survey)?;
        if appeared.changed == 0 { Ok(()) } else { Err("the tree changed by itself".into()) }
    })?;
    let rescan_alone = median(rounds, || {
        black_box(found.stamps.rescan(&single)?);
        Ok(())
    })?;
    let mut round = 0;
    let planted = median(rounds, || {
        round += 1;
        fs::create_dir_all(tree.0.join(format!("component_1/planted_{round}/.git/hooks")))?;
        let appeared = found.stamps.rescan(&survey)?;
        if appeared.repositories.len() == 1 { Ok(()) } else { Err("the planted repository was missed".into()) }
    })?;
    let against = |name: &str, time: Duration| {
        let ratio = time.as_secs_f64() / walk.as_secs_f64();
        println!("  {name:<28}{:>9.2} ms   {ratio:>6.2} x walk", milliseconds(time));
    };
    against("walk", walk);
    against("walk, one thread", alone);
    against("rescan, nothing changed", rescan);
    against("rescan, one thread", rescan_alone);
    against("rescan, planted .git/hooks", planted);
    against("find TREE -name .env", median(rounds, || command("find", &[], &tree.0, &["-name", ".env"]))?);
    match median(rounds, || command("rg", &["--files", "--hidden", "--no-ignore"], &tree.0, &[])) {
        Ok(time) => against("rg --files", time),
        Err(error) => println!("  rg --files: skipped, because {error}"),
    }
    Ok(())
}

fn small(rounds: usize) -> Outcome<()> {
    let tree = Tree::make("small", 20, 3)?;
    let git = |arguments: &[&str]| Command::new("git").arg("-C").arg(&tree.0).args(arguments).output();
    git(&["init", "-q"])?;
    git(&["add", "."])?;
    git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"])?;
    let survey = Survey::new([&tree.0]).denied(&Secrets).names(NAMES);
    let mut found = survey.walk()?;
    println!("20 files in a git repository, {} directories", found.stamps.directories());
    let walk = median(rounds, || {
        black_box(survey.walk()?);
        Ok(())
    })?;
    std::thread::sleep(Duration::from_millis(100));
    found.stamps.rescan(&survey)?;
    let rescan = median(rounds, || {
        black_box(found.stamps.rescan(&survey)?);
        Ok(())
    })?;
    println!("  walk   {:>8.1} µs", milliseconds(walk) * 1e3);
    println!("  rescan {:>8.1} µs", milliseconds(rescan) * 1e3);
    Ok(())
}

fn main() -> Outcome<()> {
    let numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let numbers: Vec<usize> = numbers.collect();
    let number = |index: usize, otherwise| numbers.get(index).copied().unwrap_or(otherwise);
    let rounds = number(2, 15);
    small(rounds * 100)?;
    large(number(0, 300_000), number(1, 15_000), rounds)
}
