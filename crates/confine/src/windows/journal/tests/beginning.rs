//! A run that begins, among others that are over or live.

use pinfold_acl::Sid;

use super::super::{Begun, Journal};
use super::machine::{Disk, Fate, Machine, Node, Tree};
use super::steps::{nobody, sid, tree, wanted};
use crate::windows::FileId;

/// The place of a run that is over, that of one that lives, and that of the one which begins.
const OVER: &str = r"C:\work\src\deep";
const ALIVE: &str = r"C:\work\.git\hooks";
const NEW: &str = r"C:\work\.git";

fn lives(whose: &Sid) -> bool {
    *whose == sid(2)
}

/// Two runs have been there.
fn after_two() -> (Machine, Disk) {
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    let mut journal = Journal::open(disk.clone()).unwrap();
    journal.apply(&mut machine, &wanted(OVER, sid(1), &["a"]), &nobody).unwrap();
    journal.apply(&mut machine, &wanted(ALIVE, sid(2), &["pre-commit"]), &nobody).unwrap();
    (machine, disk)
}

fn begin(machine: &mut Machine, disk: &Disk) -> Option<Begun> {
    let mut journal = Journal::open(disk.clone()).ok()?;
    journal.begin(machine, &wanted(NEW, sid(3), &["config"]), &[sid(3)], &lives).ok()
}

fn nodes<'a>(tree: &'a Tree, path: &str) -> Vec<&'a Node> {
    tree.iter().filter(|(other, _)| other.starts_with(path)).map(|(_, node)| node).collect()
}

#[test]
fn places_without_a_run_are_as_before_when_one_begins_and_those_with_one_stay() {
    let (mut machine, disk) = after_two();
    let before = machine.tree.clone();
    let begun = begin(&mut machine, &disk).unwrap();
    assert!(begun.left.is_empty() && begun.applied.written == 2, "{begun:?}");
    assert_eq!(nodes(&machine.tree, OVER), nodes(&tree(), OVER));
    let of_its_own = |node: &Node| node.dacl.0.iter().filter(|ace| ace.sid == sid(2)).cloned().collect::<Vec<_>>();
    let alive =
        |tree: &Tree| nodes(tree, ALIVE).into_iter().map(|node| (of_its_own(node), node.label)).collect::<Vec<_>>();
    assert_eq!(alive(&machine.tree), alive(&before));
    assert!(machine.tree[NEW].label.is_some());
}

#[test]
fn the_next_run_in_the_same_place_finds_it_as_it_left_it() {
    let (mut machine, disk) = after_two();
    let writes = machine.writes;
    let mut journal = Journal::open(disk).unwrap();
    journal.begin(&mut machine, &wanted(OVER, sid(1), &["a"]), &[sid(1)], &lives).unwrap();
    assert_eq!(machine.writes, writes);
}

#[test]
fn after_a_crash_at_any_step_a_run_begins_as_if_there_had_been_none() {
    let whole = {
        let (mut machine, disk) = after_two();
        begin(&mut machine, &disk).unwrap();
        machine.tree
    };
    let mut crashes = 0;
    loop {
        let (mut machine, disk) = after_two();
        let fate = Fate::crash_after(crashes);
        machine.fate = fate.clone();
        let finished = begin(&mut machine, &Disk { fate, ..disk.clone() }).is_some();
        machine.fate = Fate::default();
        assert!(begin(&mut machine, &disk).unwrap().left.is_empty());
        assert_eq!(machine.tree, whole, "after {crashes} steps");
        assert!(Journal::open(disk).unwrap().clean(&mut machine).unwrap().left.is_empty());
        assert_eq!(machine.tree, tree(), "after {crashes} steps");
        if finished {
            break;
        }
        crashes += 1;
    }
    assert!(crashes > 40, "{crashes}");
}

/// It may be on a volume that nobody has plugged in.
#[test]
fn a_place_that_cannot_be_changed_back_is_told_and_keeps_no_run_from_beginning() {
    let (mut machine, disk) = after_two();
    machine.closed.push(OVER.into());
    let begun = begin(&mut machine, &disk).unwrap();
    assert_eq!(begun.left.iter().map(|left| (&*left.path, left.moved)).collect::<Vec<_>>(), [(OVER, false)]);
    machine.closed.clear();
    assert!(begin(&mut machine, &disk).unwrap().left.is_empty());
    assert_eq!(nodes(&machine.tree, OVER), nodes(&tree(), OVER));
}

const CONFIG: &str = r"C:\work\.git\config";
const ELSEWHERE: &str = r"C:\work\src\config";

/// A file that a run needed, which had its entries and was then moved, and another in its place which a second run needs.
fn after_an_exchange() -> (Machine, Disk) {
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    machine.numbers.insert(CONFIG.into(), 1);
    begin(&mut machine, &disk).unwrap();
    machine.exchange(CONFIG, ELSEWHERE, 2);
    begin(&mut machine, &disk).unwrap();
    (machine, disk)
}

#[test]
fn what_was_moved_away_is_remembered_beside_what_took_its_place() {
    let (mut machine, disk) = after_an_exchange();
    assert_eq!(machine.tree[CONFIG].dacl, machine.tree[ELSEWHERE].dacl);
    let cleaned = Journal::open(disk.clone()).unwrap().clean(&mut machine).unwrap();
    assert_eq!(cleaned.left.iter().map(|left| (&*left.path, left.moved)).collect::<Vec<_>>(), [(CONFIG, true)]);
    assert_eq!(machine.tree[CONFIG], tree()[CONFIG], "what took its place is as it was");
    assert_ne!(machine.tree[ELSEWHERE], tree()[CONFIG]);
    machine.exchange_back(CONFIG, ELSEWHERE);
    let mut journal = Journal::open(disk).unwrap();
    assert!(journal.clean(&mut machine).unwrap().left.is_empty());
    assert_eq!((journal.paths().count(), machine.tree), (0, tree()));
}

#[test]
fn what_was_moved_away_and_is_gone_is_forgotten_and_what_took_its_place_is_cleaned() {
    let (mut machine, disk) = after_an_exchange();
    machine.tree.remove(ELSEWHERE);
    machine.moved.clear();
    let mut journal = Journal::open(disk).unwrap();
    assert!(journal.clean(&mut machine).unwrap().left.is_empty());
    assert_eq!((journal.paths().count(), machine.tree), (0, tree()));
}

#[test]
fn what_was_moved_away_and_back_is_known_at_its_path_again() {
    let (mut machine, disk) = after_an_exchange();
    machine.exchange_back(CONFIG, ELSEWHERE);
    let begun = begin(&mut machine, &disk).unwrap();
    assert!(begun.left.is_empty());
    let mut journal = Journal::open(disk).unwrap();
    assert_eq!(journal.paths().filter(|path| *path == CONFIG).count(), 1);
    assert!(journal.clean(&mut machine).unwrap().left.is_empty());
    assert_eq!(machine.tree, tree());
}

#[test]
fn what_was_moved_away_with_nothing_in_its_place_is_not_forgotten() {
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    machine.numbers.insert(CONFIG.into(), 1);
    begin(&mut machine, &disk).unwrap();
    let node = machine.tree.remove(CONFIG).unwrap();
    machine.moved.push(1);
    let cleaned = Journal::open(disk.clone()).unwrap().clean(&mut machine).unwrap();
    assert!(cleaned.gone.is_empty() && cleaned.left.len() == 1 && cleaned.left[0].moved);
    machine.tree.insert(CONFIG.into(), node);
    machine.moved.clear();
    assert!(Journal::open(disk).unwrap().clean(&mut machine).unwrap().left.is_empty());
    assert_eq!(machine.tree, tree());
}

/// As what Windows keeps in its recycle bin.
#[test]
fn what_is_needed_no_longer_and_was_moved_keeps_no_run_from_beginning() {
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    machine.numbers.insert(CONFIG.into(), 1);
    begin(&mut machine, &disk).unwrap();
    machine.tree.remove(CONFIG);
    machine.moved.push(1);
    let mut journal = Journal::open(disk).unwrap();
    let begun = journal.begin(&mut machine, &wanted(NEW, sid(3), &[]), &[sid(3)], &lives).unwrap();
    assert!(begun.left.is_empty());
    assert!(journal.paths().any(|path| path == CONFIG));
}

#[test]
fn a_crash_at_any_step_forgets_nothing_of_what_was_moved() {
    for crashes in 0.. {
        let (mut machine, disk) = (Machine::new(tree()), Disk::default());
        machine.numbers.insert(CONFIG.into(), 1);
        begin(&mut machine, &disk).unwrap();
        machine.exchange(CONFIG, ELSEWHERE, 2);
        let fate = Fate::crash_after(crashes);
        machine.fate = fate.clone();
        let finished = begin(&mut machine, &Disk { fate, ..disk.clone() }).is_some();
        machine.fate = Fate::default();
        let mut journal = Journal::open(disk.clone()).unwrap();
        let left = journal.clean(&mut machine).unwrap().left;
        assert!(left.iter().all(|left| left.moved && left.path == CONFIG) && !left.is_empty(), "after {crashes} steps");
        assert_eq!(machine.tree[CONFIG], tree()[CONFIG], "after {crashes} steps");
        machine.exchange_back(CONFIG, ELSEWHERE);
        assert!(Journal::open(disk).unwrap().clean(&mut machine).unwrap().left.is_empty());
        assert_eq!(machine.tree, tree(), "after {crashes} steps");
        if finished {
            break;
        }
    }
}

/// Two after each other, and the first one comes back: each is one of three.
#[test]
fn several_that_were_moved_away_from_one_path_are_told_apart() {
    let (mut machine, disk) = after_an_exchange();
    machine.exchange(CONFIG, r"C:\work\src\second", 3);
    begin(&mut machine, &disk).unwrap();
    let mut journal = Journal::open(disk).unwrap();
    let moved: Vec<_> = journal.holdings.keys().filter_map(|spot| spot.moved).collect();
    assert_eq!(moved, [1, 2].map(|file| FileId { volume: 1, file }));
    assert_eq!(journal.clean(&mut machine).unwrap().left.len(), 2);
}
