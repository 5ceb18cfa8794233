//! How long it takes to list what a run has changed, and to show it: 1,000 changed files among others.
//!
//! ```text
//! cargo bench -p pinfold-stage --bench changes              # 1,000 files of 200 lines
//! cargo bench -p pinfold-stage --bench changes -- 1000 200 11   # files, lines, rounds
//! ```

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pinfold_stage::{Changes, Layers, Tree, diffs, hunks, manifest};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A tree that is taken down again.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("left behind: {}: {error}", self.0.display());
        }
    }
}

fn text(lines: usize, seed: usize) -> String {
    (0..lines).map(|line| format!("    let value_{line} = compute({seed}, {});\n", line * 7 % 31)).collect()
}

/// Files in directories of fifty; in the layer five lines of each are others.
fn make(files: usize, lines: usize) -> Outcome<Place> {
    let place = Place(std::env::temp_dir().join(format!("pinfold-changes-{}", std::process::id())));
    for number in 0..files {
        let name = format!("component_{}/source_{number}.rs", number / 50);
        let old = text(lines, number);
        let new = old.replace("3);\n", "four);\n");
        for (tree, text) in [("real", &old), ("layer", &new)] {
            let path = place.0.join(tree).join(&name);
            fs::create_dir_all(path.parent().ok_or("no parent")?)?;
            fs::write(path, text)?;
        }
    }
    symlink("elsewhere", place.0.join("layer/link"))?;
    Ok(place)
}

fn layers(place: &Path) -> Outcome<Layers> {
    let above = vec![Arc::new(Tree::layer(&place.join("layer"))?)];
    Ok(Layers::new(above, Arc::new(Tree::open(&place.join("real"))?)))
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
    Ok(times[rounds / 2])
}

fn main() -> Outcome<()> {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let number = |index: usize, otherwise| numbers.get(index).copied().unwrap_or(otherwise);
    let (files, lines, rounds) = (number(0, 1000), number(1, 200), number(2, 11).max(1));
    let place = make(files, lines)?;
    let layers = layers(&place.0)?;
    let changes = Changes::of(&layers)?;
    let list = median(rounds, || {
        black_box(Changes::of(&layers)?);
        Ok(())
    })?;
    let shown = median(rounds, || {
        for change in changes.all() {
            for diff in diffs(&layers, change)? {
                black_box(diff.text());
            }
        }
        Ok(())
    })?;
    let digest = median(rounds, || {
        black_box(manifest(&layers, changes.all())?);
        Ok(())
    })?;
    let (old, new) = (text(25_000, 1), text(25_000, 1).replace("3);\n", "four);\n"));
    let large = median(rounds, || {
        black_box(hunks(old.as_bytes(), new.as_bytes()));
        Ok(())
    })?;
    println!("{} changes, {lines} lines each, median of {rounds}", changes.all().len());
    println!("list     {list:>10.2?}\ndiffs    {shown:>10.2?}\ndigest   {digest:>10.2?}");
    println!("one text of {} bytes {large:.2?}", old.len());
    Ok(())
}
