//! Whatever a run does to files, undoing it leaves the tree as it was: random things, done by a real process in a real run.

#[path = "../../crates/stage/tests/overlay/operations.rs"]
#[allow(clippy::unwrap_used, reason = "it belongs to a test of another crate, in which that is so")]
mod operations;
#[path = "../../crates/stage/tests/overlay/tree.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "likewise, and it does more there")]
mod tree;

use std::path::Path;

use proptest::prelude::*;

use crate::desk::Desk;
use operations::{Operation, operation};

/// Where the other side reads what it is to do.
const PLAN: &str = "PINFOLD_STORY_PLAN";
/// How often, unless `UNDONE_CASES` says otherwise.
const CASES: u32 = 12;

fn cases() -> ProptestConfig {
    let cases = std::env::var("UNDONE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 100, ..ProptestConfig::default() }
}

/// Does it in one run after the other, and undoes one after the other.
fn comes_back(runs: &[Vec<Operation>], linked: bool) {
    let desk = Desk::new();
    let root = desk.workspace().join("tree");
    std::fs::create_dir(&root).expect("a directory");
    tree::make(&root);
    if linked {
        for (from, to) in [("c", "d"), ("a/a", "a/d"), ("a/b/a", "b/d")] {
            std::fs::hard_link(root.join(from), root.join(to)).expect("a link");
        }
    }
    desk.own_all("home/project");
    let times = "find tree -type d -exec touch -d 2002-02-02 {} +";
    desk.outside(times).ok();
    let looked = || {
        (tree::snapshot(&root), desk.outside("find . -path ./.git -prune -o -type d -printf '%p %m %T@\n' | sort").ok())
    };
    let last_kept = || desk.pinfold(["undo", "--list"]).run().ok().split(' ').next().unwrap_or_default().to_owned();
    let mut before = Vec::new();
    for (number, operations) in runs.iter().enumerate() {
        let (was, kept) = (looked(), last_kept());
        desk.write("plan", serde_json::to_vec(&(&root, operations, 1000 * (number as i64 + 1))).expect("JSON"));
        let program = std::env::current_exe().expect("this program");
        let plan = desk.path("plan");
        let call = desk.pinfold(["run", "--undo", "--env"]).arguments([format!("{PLAN}={}", plan.display())]);
        let shown = ["--read".as_ref(), plan.as_os_str(), "--read".as_ref(), program.as_os_str(), "--".as_ref()];
        let call = call.arguments(shown).arguments([program.as_os_str()]);
        call.arguments(["--exact", "undone_random::inside"]).run().ok();
        // A run that changed nothing leaves nothing to undo.
        let session = Some(last_kept()).filter(|session| *session != kept);
        before.push((was, session));
    }
    for (before, session) in before.into_iter().rev() {
        if let Some(session) = session {
            desk.pinfold(["undo", "--lose", &session]).run().ok();
        }
        assert_eq!(looked(), before);
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_run_is_undone(run in proptest::collection::vec(operation(false), 1..25)) {
        comes_back(&[run], false);
    }

    #[test]
    fn a_run_with_other_names_of_files_is_undone(run in proptest::collection::vec(operation(true), 1..25)) {
        comes_back(&[run], true);
    }

    #[test]
    fn runs_are_undone_one_after_the_other(
        runs in proptest::collection::vec(proptest::collection::vec(operation(true), 1..8), 3),
    ) {
        comes_back(&runs, true);
    }
}

/// The other side: this program, in a run. Started otherwise it does nothing.
#[test]
fn inside() {
    if let Some(plan) = std::env::var_os(PLAN) {
        let text = std::fs::read(plan).expect("a plan");
        let (root, operations, first): (std::path::PathBuf, Vec<Operation>, i64) =
            serde_json::from_slice(&text).expect("a plan");
        operations::carry_out(Path::new(&root), &operations, first);
    }
}
