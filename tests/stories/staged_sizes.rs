//! Much in a stage: one large file, and very many small ones. How long it may take is bounded.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::desk::{Call, Desk, Ended};

/// How long one step may take.
const LONG: Duration = Duration::from_secs(600);
/// What the large file is said to hold.
const LARGE_BYTES: u64 = 2 << 30;
/// What it may take on the disk, in the stage and outside: it is nearly all holes.
const TAKEN_BYTES: u64 = 16 << 20;

/// What a tree takes on the disk.
fn taken(path: &Path) -> u64 {
    let Ok(metadata) = path.symlink_metadata() else { return 0 };
    let below = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| taken(&entry.path())).sum::<u64>();
    metadata.blocks() * 512 + below
}

fn within(call: Call<'_>) -> Ended {
    call.deadline(LONG).run()
}

#[test]
fn a_file_of_two_gigabytes_that_one_byte_is_added_to_costs_no_more_than_it_holds() {
    let desk = Desk::new();
    let make = format!(
        "truncate -s {LARGE_BYTES} large; printf begin | dd of=large conv=notrunc status=none; touch -d 2001-01-01 large"
    );
    desk.outside(&make).ok();
    let (large, home) = (desk.path("home/project/large"), desk.path("home"));
    let before = (large.metadata().expect("a file").ino(), taken(&home));
    within(desk.pinfold(["run", "--staged", "--", "bash", "-c", "printf x >> large"])).ok();
    assert_eq!(large.metadata().expect("a file").len(), LARGE_BYTES);
    within(desk.pinfold(["changes"])).ok();
    within(desk.pinfold(["diff"])).ok();
    assert!(taken(&home) - before.1 < TAKEN_BYTES, "{} bytes for the stage", taken(&home) - before.1);
    within(desk.pinfold(["apply"])).ok();
    assert_eq!(desk.outside("stat -c %s large; head -c 5 large; tail -c 1 large").ok(), "2147483649\nbeginx");
    assert!(taken(&home) - before.1 < 2 * TAKEN_BYTES, "{} bytes when it is taken over", taken(&home) - before.1);
    within(desk.pinfold(["undo"])).ok();
    assert_eq!(desk.outside("stat -c '%s %Y' large; date -d 2001-01-01 +%s; head -c 5 large").ok().lines().count(), 3);
    assert_eq!(large.metadata().expect("a file").len(), LARGE_BYTES);
}

/// That many directories of a hundred files, with a word in each.
fn many(directories: usize) -> String {
    format!(
        r#"exec /usr/bin/python3 -c '
import os
for directory in range({directories}):
    os.makedirs(f"many/{{directory // 50}}/{{directory}}")
    for file in range(100):
        with open(f"many/{{directory // 50}}/{{directory}}/{{file}}", "w") as new: new.write(f"{{directory}} {{file}}\n")'"#
    )
}

const COUNT: &str = "find many -type f 2> /dev/null | wc -l; cat many/0/9/99 2> /dev/null";

#[test]
fn a_hundred_thousand_files_are_made_looked_at_and_thrown_away() {
    let desk = Desk::new();
    // For root a tenth: what takes long there is the disk, which is the same.
    let (directories, listed) = if desk.user.uid == 0 { (100, 10_102) } else { (1000, 101_020) };
    within(desk.pinfold(["run", "--staged", "--", "bash", "-c", &many(directories)])).ok();
    assert_eq!(desk.outside(COUNT).text(), "0");
    assert_eq!(within(desk.pinfold(["changes"])).ok(), format!("A many/ with {listed} below"));
    within(desk.pinfold(["discard"])).ok();
    assert!(taken(&desk.path("home/.local/state/pinfold")) < 4 << 20);
    assert_eq!(desk.outside("ls").ok(), "README");
}

#[test]
fn thousands_of_files_are_taken_over_and_taken_back() {
    let desk = Desk::new();
    within(desk.pinfold(["run", "--staged", "--", "bash", "-c", &many(40)])).ok();
    within(desk.pinfold(["apply"])).ok();
    assert_eq!(desk.outside(COUNT).ok(), "4000\n9 99");
    within(desk.pinfold(["undo"])).ok();
    assert_eq!(desk.outside(COUNT).text(), "0");
    assert_eq!(within(desk.pinfold(["changes"])).ok(), "A many/ with 4041 below");
}
