//! How long a transaction takes: a thousand small files made, replaced and undone, and one large file with holes.
//!
//! ```text
//! cargo bench -p pinfold-stage                # 1000 files, 5 rounds
//! cargo bench -p pinfold-stage -- 10000 3     # files, rounds
//! ```
//!
//! `STAGE_BENCH_DIR` names the directory to work in (otherwise the usual one for temporary files), `STAGE_BENCH_STATE` the
//! one for pinfold's own files, for instance on another file system.

use std::error::Error;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pinfold_stage::transaction::{Transaction, undo};
use pinfold_stage::{Attributes, Content, Meta, Step, Time, Tree, Wanted};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long the large file is, and how much of it is data.
const LARGE: u64 = 2 << 30;
const DATA: usize = 64 << 20;

/// A directory that is taken down again.
struct Scratch(PathBuf);

impl Scratch {
    fn make(variable: &str, name: &str) -> Outcome<Self> {
        let above = std::env::var_os(variable).map_or_else(std::env::temp_dir, PathBuf::from);
        let path = above.join(format!("pinfold-stage-{}-{name}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("left behind: {}: {error}", self.0.display());
        }
    }
}

fn meta() -> Meta {
    Meta { mode: 0o644, modified: Time { seconds: 1_700_000_000, nanoseconds: 0 }, attributes: Attributes::new() }
}

/// A step for each file; what is there is replaced.
fn steps(tree: &Tree, files: usize, text: &str) -> Outcome<Vec<Step>> {
    let directories = (0..files.div_ceil(20)).map(|number| PathBuf::from(format!("directory-{number}")));
    let mut steps = Vec::new();
    for path in directories {
        let expected = tree.node(&path)?;
        if expected.is_none() {
            steps.push(Step { path, expected, wanted: Wanted::Directory(Meta { mode: 0o755, ..meta() }) });
        }
    }
    for number in 0..files {
        let path = PathBuf::from(format!("directory-{}/file-{number}", number / 20));
        let bytes = format!("{text} {number}\n").repeat(100).into_bytes();
        let wanted = Wanted::File(Content::Bytes(bytes.into()), meta());
        steps.push(Step { expected: tree.node(&path)?, path, wanted });
    }
    Ok(steps)
}

/// How long preparing, committing and undoing take.
fn round(tree: &Tree, steps: &[Step], directory: &Path) -> Outcome<[Duration; 3]> {
    let start = Instant::now();
    let transaction = Transaction::prepare(tree, steps, directory)?;
    let prepared = start.elapsed();
    transaction.commit()?;
    let committed = start.elapsed();
    undo(directory)?;
    Ok([prepared, committed - prepared, start.elapsed() - committed])
}

fn report(what: &str, mut rounds: Vec<[Duration; 3]>) {
    rounds.sort_unstable_by_key(|round| round.iter().sum::<Duration>());
    let median = rounds[rounds.len() / 2].map(|time| time.as_secs_f64() * 1e3);
    let [prepared, committed, undone] = median;
    println!("  {what:<28} prepare {prepared:>8.1} ms   commit {committed:>8.1} ms   undo {undone:>8.1} ms");
}

fn large(tree: &Tree, state: &Path, rounds: usize) -> Outcome<()> {
    let layer = state.join("layer");
    fs::create_dir(&layer)?;
    let file = File::create(layer.join("large"))?;
    file.write_all_at(&vec![7; DATA], LARGE / 2)?;
    file.set_len(LARGE)?;
    let content = Content::Of(Arc::new(Tree::open(&layer)?), "large".into());
    let steps = [Step { path: "large".into(), expected: None, wanted: Wanted::File(content, meta()) }];
    let mut times = Vec::new();
    for number in 0..rounds {
        times.push(round(tree, &steps, &state.join(format!("large-{number}")))?);
    }
    report("2 GiB, of which 64 MiB data", times);
    Transaction::prepare(tree, &steps, &state.join("large"))?.commit()?;
    let kilobytes = fs::metadata(tree.path().join("large"))?.blocks() / 2;
    println!("  on the disk it takes {kilobytes} KiB");
    Ok(())
}

fn main() -> Outcome<()> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let (files, rounds) = (numbers.next().unwrap_or(1000), numbers.next().unwrap_or(5));
    let (tree, state) = (Scratch::make("STAGE_BENCH_DIR", "tree")?, Scratch::make("STAGE_BENCH_STATE", "state")?);
    let (tree, state) = (Tree::open(&tree.0).map(|opened| (opened, tree))?, state);
    println!("{files} files, median of {rounds}");
    let mut times = Vec::new();
    for number in 0..rounds {
        times.push(round(&tree.0, &steps(&tree.0, files, "new")?, &state.0.join(format!("new-{number}")))?);
    }
    report("made", times);
    Transaction::prepare(&tree.0, &steps(&tree.0, files, "old")?, &state.0.join("old"))?.commit()?;
    let mut times = Vec::new();
    for number in 0..rounds {
        times.push(round(&tree.0, &steps(&tree.0, files, "new")?, &state.0.join(format!("changed-{number}")))?);
    }
    report("replaced", times);
    large(&tree.0, &state.0, rounds.min(3))
}
