//! What it costs to know the changes of a run: at the start next to the walk without, at the end next to `git status`
//! and `find -cnewer` over the same tree in the same run.
//!
//! ```text
//! cargo bench -p pinfold-survey --bench changes                      # 300,000 files in 15,000 directories
//! cargo bench -p pinfold-survey --bench changes -- 300000 30000 21   # files, directories, rounds
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

use pinfold_survey::{
    Survey,
    changes::{Changes, Options, Snapshot},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A tree that is taken down again.
struct Tree {
    root: PathBuf,
    directories: Vec<PathBuf>,
}

impl Drop for Tree {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.root) {
            eprintln!("left behind: {}: {error}", self.root.display());
        }
    }
}

impl Tree {
    fn make(name: &str, files: usize, directories: usize) -> Outcome<Self> {
        let above = std::env::var_os("SURVEY_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let root = above.join(format!("pinfold-changes-{}-{name}", std::process::id()));
        fs::create_dir_all(&root)?;
        let mut tree = Self { directories: vec![root.clone()], root };
        for number in 1..directories {
            // Six directories in each, breadth first: some 5 to 6 levels.
            let path = tree.directories[(number - 1) / 6].join(format!("component_{number}"));
            fs::create_dir(&path)?;
            tree.directories.push(path);
        }
        for number in 0..files {
            // Few contents, as git would need one more file for each.
            fs::write(tree.file(number), format!("fn digit() -> usize {{ {} }}\n", number % 10))?;
        }
        Ok(tree)
    }

    fn file(&self, number: usize) -> PathBuf {
        let (directory, place) = (number % self.directories.len(), number / self.directories.len());
        self.directories[directory].join(format!("source_file_{place}.rs"))
    }

    fn git(&self, arguments: &[&str]) -> Outcome<()> {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.root).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
        finish(git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1"))
    }
}

fn finish(command: &mut Command) -> Outcome<()> {
    let status = command.stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}

/// The medians of several things, each done once in every round, so that all see the same machine.
fn medians<const N: usize>(rounds: usize, mut work: [&mut dyn FnMut() -> Outcome<()>; N]) -> Outcome<[Duration; N]> {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for (work, times) in work.iter_mut().zip(&mut times) {
            let start = Instant::now();
            work()?;
            // The first round only warms up.
            if round > 0 {
                times.push(start.elapsed());
            }
        }
    }
    Ok(times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    }))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn tell(name: &str, time: Duration, ratio_of: &str, other: Duration) {
    let ratio = time.as_secs_f64() / other.as_secs_f64();
    println!("  {name:<34}{:>10.3} ms   {ratio:>6.2} x {ratio_of}", milliseconds(time));
}

fn start(survey: &Survey<'_>, rounds: usize) -> Outcome<()> {
    let mut walk = || {
        black_box(survey.walk()?);
        Ok(())
    };
    let mut remembering = || {
        black_box(survey.walk_and_remember()?);
        Ok(())
    };
    let [walk, remembering] = medians(rounds, [&mut walk, &mut remembering])?;
    tell("start: walk", walk, "walk", walk);
    tell("start: walk that remembers", remembering, "walk", walk);
    Ok(())
}

fn expect(changes: &Changes, entries: usize) -> Outcome<()> {
    match changes.entries.len() == entries && changes.unseen.is_empty() {
        true => Ok(()),
        false => Err(format!("{} changes instead of {entries}", changes.entries.len()).into()),
    }
}

fn end(tree: &Tree, snapshot: &Snapshot, marker: &Path, changed: usize, rounds: usize) -> Outcome<()> {
    let undigested = Options { digest_bytes: 0, ..Options::default() };
    let alone = Options { threads: Some(1), ..undigested.clone() };
    let mut scan = || expect(&snapshot.changes(&Options::default()), changed);
    let mut scan_only = || expect(&snapshot.changes(&undigested), changed);
    let mut scan_alone = || expect(&snapshot.changes(&alone), changed);
    let mut git = || tree.git(&["status", "--porcelain"]);
    let mut find = || finish(Command::new("find").arg(&tree.root).arg("-cnewer").arg(marker));
    let works: [&mut dyn FnMut() -> Outcome<()>; 5] = [&mut scan, &mut scan_only, &mut scan_alone, &mut git, &mut find];
    let [scan, scan_only, scan_alone, git, find] = medians(rounds, works)?;
    tell("end: changes", scan, "changes", scan);
    tell("end: changes, no digests", scan_only, "changes", scan);
    tell("end: changes, no digests, 1 thread", scan_alone, "changes", scan);
    tell("git status", git, "changes", scan);
    tell("find -cnewer", find, "changes", scan);
    println!("  {}", snapshot.changes(&Options::default()).summary());
    Ok(())
}

fn measure(name: &str, files: usize, directories: usize, rounds: usize) -> Outcome<()> {
    let tree = Tree::make(name, files, directories)?;
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-qm", "first"], &["repack", "-adq"]] {
        tree.git(arguments)?;
    }
    // git tells what is as young as its index by reading it.
    std::thread::sleep(Duration::from_millis(1100));
    tree.git(&["status"])?;
    let survey = Survey::new([&tree.root]);
    let marker = tree.root.with_extension("marker");
    File::create(&marker)?;
    std::thread::sleep(Duration::from_millis(50));
    let (found, snapshot) = survey.walk_and_remember()?;
    println!("{files} files in {} directories, median of {rounds}", found.stamps.directories());
    println!("  snapshot {} KiB, stamps {} KiB", snapshot.bytes() / 1024, found.stamps.bytes() / 1024);
    start(&survey, rounds)?;

    let (modified, deleted, new) = (files / 300, files / 3000, files / 30);
    println!("nothing has changed");
    end(&tree, &survey.walk_and_remember()?.1, &marker, 0, rounds)?;
    println!("{modified} modified, {deleted} deleted, {new} new in a directory of build output");
    std::thread::sleep(Duration::from_millis(50));
    let snapshot = survey.walk_and_remember()?.1;
    (0..modified).try_for_each(|number| fs::write(tree.file(number), format!("fn changed_{number}() {{}}\n")))?;
    (modified..modified + deleted).try_for_each(|number| fs::remove_file(tree.file(number)))?;
    let output = tree.root.join("target");
    fs::create_dir(&output)?;
    fs::write(output.join("CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55")?;
    for number in 0..new {
        let directory = output.join(format!("unit_{}", number / 100));
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(format!("{number}.o")), [0; 2000])?;
    }
    fs::write(tree.root.join(".git/info/exclude"), "target/")?;
    tree.git(&["status"])?;
    let changed = snapshot.changes(&Options::default()).entries.len();
    end(&tree, &snapshot, &marker, changed, rounds)?;
    fs::remove_file(marker)?;
    Ok(())
}

pub(crate) fn run() -> Outcome<()> {
    let numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let numbers: Vec<usize> = numbers.collect();
    let number = |index: usize, otherwise| numbers.get(index).copied().unwrap_or(otherwise);
    let rounds = number(2, 11);
    measure("small", 60, 6, rounds * 20)?;
    measure("large", number(0, 300_000), number(1, 15_000), rounds)
}
