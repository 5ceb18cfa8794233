//! One tree, and a crash at each step there is.

use pinfold_acl::{Access, Ace, AceKind, Child, Inherit, Label, Level, Sid};
use pinfold_plan::windows::{Edit, Reach, Root, edits};

use super::super::{Applied, ApplyError, Journal};
use super::machine::{Disk, Fate, Machine, Tree, add, volume};

pub(super) fn sid(number: u32) -> Sid {
    Sid::new(5, &[21, 7, 7, 7, number]).unwrap()
}

pub(super) fn nobody(_: &Sid) -> bool {
    false
}

pub(super) fn tree() -> Tree {
    let mut tree = volume();
    for path in [r"C:\work", r"C:\work\.git", r"C:\work\.git\hooks", r"C:\work\src", r"C:\work\src\deep"] {
        add(&mut tree, path, Child::Directory, &[], None);
    }
    for path in [r"C:\work\.git\config", r"C:\work\.git\hooks\pre-commit", r"C:\work\src\deep\a", r"C:\work\b"] {
        add(&mut tree, path, Child::File, &[], None);
    }
    let of_the_user = [Ace::deny(Sid::EVERYONE, Access::DELETE, Inherit::NOTHING)];
    add(&mut tree, r"C:\work\src\own", Child::File, &of_the_user, Some(Label::new(Level::HIGH, Inherit::NOTHING)));
    tree
}

/// What a root needs.
pub(super) fn wanted(path: &str, sid: Sid, protected: &[&str]) -> Vec<Edit> {
    let protected = protected.iter().map(|path| (*path).to_owned()).collect();
    let root = Root { path: path.to_owned(), sid, reach: Reach::Work, kept: vec![], protected, hidden: vec![] };
    edits(&root, None, &root.sid)
}

/// Two runs after each other, of which the second protects something else, and cleaning up.
fn life(machine: &mut Machine, disk: &Disk) -> Option<()> {
    let mut journal = Journal::open(disk.clone()).ok()?;
    let first = wanted(r"C:\work", sid(1), &[r".git\config", r".git\hooks", r"src\own"]);
    journal.apply(machine, &first, &nobody).ok()?;
    let second = wanted(r"C:\work", sid(1), &[r".git\hooks\pre-commit", r".git\config"]);
    journal.apply(machine, &second, &nobody).ok()?;
    let third = wanted(r"C:\work\src", sid(2), &["deep"]);
    journal.apply(machine, &third, &nobody).ok()?;
    journal.undo(machine, &|whose| *whose == sid(1)).ok()?;
    journal.clean(machine).ok()?.left.is_empty().then_some(())
}

#[test]
fn a_crash_at_any_step_leaves_nothing_behind() {
    let mut crashes = 0;
    loop {
        let fate = Fate::crash_after(crashes);
        let mut machine = Machine { fate: fate.clone(), ..Machine::new(tree()) };
        let disk = Disk { fate, ..Disk::default() };
        let finished = life(&mut machine, &disk).is_some();
        machine.fate = Fate::default();
        let mut journal = Journal::open(Disk { fate: Fate::default(), ..disk }).unwrap();
        let cleaned = journal.clean(&mut machine).unwrap();
        assert!(cleaned.left.is_empty() && cleaned.gone.is_empty());
        assert_eq!(journal.paths().count(), 0);
        assert_eq!(machine.tree, tree(), "after {crashes} steps");
        if finished {
            break;
        }
        crashes += 1;
    }
    assert!(crashes > 150, "{crashes}");
}

#[test]
fn a_crash_at_any_step_of_cleaning_up_leaves_nothing_behind() {
    for crashes in 0.. {
        let (mut machine, disk) = (Machine::new(tree()), Disk::default());
        let all = [wanted(r"C:\work", sid(1), &[".git"]), wanted(r"C:\work\src", sid(2), &["deep"])].concat();
        Journal::open(disk.clone()).unwrap().apply(&mut machine, &all, &nobody).unwrap();
        let fate = Fate::crash_after(crashes);
        machine.fate = fate.clone();
        let mut journal = Journal::open(Disk { fate, ..disk.clone() }).unwrap();
        let finished = journal.clean(&mut machine).is_ok_and(|cleaned| cleaned.left.is_empty());
        machine.fate = Fate::default();
        assert!(Journal::open(disk).unwrap().clean(&mut machine).unwrap().left.is_empty());
        assert_eq!(machine.tree, tree(), "after {crashes} steps");
        if finished {
            break;
        }
    }
}

#[test]
fn a_run_after_a_crash_has_all_it_needs() {
    let all = wanted(r"C:\work", sid(1), &[r".git\config", r".git\hooks", r"src\own"]);
    let mut whole = Machine::new(tree());
    Journal::open(Disk::default()).unwrap().apply(&mut whole, &all, &nobody).unwrap();
    for crashes in 0.. {
        let fate = Fate::crash_after(crashes);
        let mut machine = Machine { fate: fate.clone(), ..Machine::new(tree()) };
        let disk = Disk { fate, ..Disk::default() };
        let mut journal = Journal::open(disk.clone()).unwrap();
        let finished = journal.apply(&mut machine, &all, &nobody).is_ok();
        machine.fate = Fate::default();
        let disk = Disk { fate: Fate::default(), ..disk };
        Journal::open(disk).unwrap().apply(&mut machine, &all, &nobody).unwrap();
        assert_eq!(machine.tree, whole.tree, "after {crashes} steps");
        if finished {
            break;
        }
    }
}

#[test]
fn only_lists_that_differ_are_written() {
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    let all = wanted(r"C:\work", sid(1), &[r".git\config", r".git\hooks"]);
    let mut journal = Journal::open(disk.clone()).unwrap();
    let applied = journal.apply(&mut machine, &all, &nobody).unwrap();
    assert_eq!(applied, Applied { written: 4, kept: 0, retired: 0 });
    let (writes, bytes) = (machine.writes, disk.bytes.borrow().clone());
    let mut journal = Journal::open(disk.clone()).unwrap();
    let applied = journal.apply(&mut machine, &all, &nobody).unwrap();
    assert_eq!((applied.written, applied.kept, machine.writes), (0, 4, writes));
    assert_eq!(*disk.bytes.borrow(), bytes);
}

#[test]
fn as_many_lists_are_written_as_there_are_edits_in_a_tree_of_300_000_files() {
    let mut tree = volume();
    add(&mut tree, r"C:\work", Child::Directory, &[], None);
    for directory in 0..300 {
        add(&mut tree, &format!(r"C:\work\{directory}"), Child::Directory, &[], None);
        (0..1000).for_each(|file| add(&mut tree, &format!(r"C:\work\{directory}\{file}"), Child::File, &[], None));
    }
    assert_eq!(tree.len(), 300_302);
    let mut machine = Machine::new(tree);
    let all = wanted(r"C:\work", sid(1), &["7", r"8\9", r"8\10"]);
    let mut journal = Journal::open(Disk::default()).unwrap();
    journal.apply(&mut machine, &all, &nobody).unwrap();
    // The root, three that are protected, and one on the way to two of them.
    assert_eq!((machine.writes, all.len()), (5, 5));
}

#[test]
fn what_an_earlier_run_needed_is_taken_out_unless_it_still_runs() {
    let (mut machine, mut journal) = (Machine::new(tree()), Journal::open(Disk::default()).unwrap());
    let denied = |machine: &Machine, path: &str| machine.tree[path].dacl.0.iter().any(|ace| ace.kind == AceKind::Deny);
    journal.apply(&mut machine, &wanted(r"C:\work", sid(1), &["src"]), &nobody).unwrap();
    let other = wanted(r"C:\work", sid(1), &[".git"]);
    journal.apply(&mut machine, &other, &|whose| *whose == sid(1)).unwrap();
    assert!(denied(&machine, r"C:\work\src") && denied(&machine, r"C:\work\.git"));
    let applied = journal.apply(&mut machine, &other, &nobody).unwrap();
    assert_eq!(applied.retired, 1);
    assert!(!denied(&machine, r"C:\work\src") && denied(&machine, r"C:\work\.git"));
    assert_eq!(machine.tree[r"C:\work\src"].label.unwrap().level, Level::LOW);
}

#[test]
fn two_edits_of_one_path_are_both_made() {
    let (mut machine, mut journal) = (Machine::new(tree()), Journal::open(Disk::default()).unwrap());
    let both = [wanted(r"C:\work\src", sid(2), &[]), wanted(r"C:\work", sid(1), &["src"])].concat();
    journal.apply(&mut machine, &both, &nobody).unwrap();
    let node = &machine.tree[r"C:\work\src"];
    assert!(both.iter().filter(|edit| edit.path == r"C:\work\src").all(|edit| edit.added_to(&node.dacl) == node.dacl));
    assert_eq!(node.label.unwrap().level, Level::MEDIUM);
    assert_eq!(journal.apply(&mut machine, &both, &nobody).unwrap().written, 0);
}

#[test]
fn another_spelling_of_a_path_is_not_another_path() {
    let mut machine = Machine::new(tree());
    let mut journal = Journal::open(Disk::default()).unwrap();
    journal.apply(&mut machine, &wanted(r"C:\work", sid(1), &["src"]), &nobody).unwrap();
    // As it is where names have no case: the same node by another name.
    let applied = machine.tree.clone();
    let upper: Vec<String> = machine.tree.keys().map(|path| path.to_uppercase()).collect();
    machine.tree = upper.into_iter().zip(applied.into_values()).collect();
    let again = journal.apply(&mut machine, &wanted(r"C:\WORK", sid(1), &["SRC"]), &nobody).unwrap();
    assert_eq!((again.kept, again.retired), (2, 0));
}

#[test]
fn entries_of_a_group_go_with_the_last_identifier_of_a_place() {
    let group = Sid::new(5, &[21, 9, 9, 9, 1005]).unwrap();
    let with_group = |path: &str, sid: Sid, protected: &[&str]| {
        let protected = protected.iter().map(|path| (*path).to_owned()).collect();
        let root = Root { path: path.to_owned(), sid, reach: Reach::Work, kept: vec![], protected, hidden: vec![] };
        edits(&root, Some(&group), &root.sid)
    };
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    let mut journal = Journal::open(disk).unwrap().sharing([group.clone()]);
    let of_group = |machine: &Machine, path: &str| {
        machine.tree[path].dacl.0.iter().filter(|ace| ace.sid == group && !ace.inherit.inherited).count()
    };
    journal.apply(&mut machine, &with_group(r"C:\work\.git", sid(1), &["hooks"]), &nobody).unwrap();
    // Another place, and then the same one otherwise: the first stays.
    journal.apply(&mut machine, &with_group(r"C:\work\src", sid(2), &["deep"]), &nobody).unwrap();
    assert_eq!((of_group(&machine, r"C:\work\.git"), of_group(&machine, r"C:\work\src\deep")), (2, 1));
    journal.apply(&mut machine, &with_group(r"C:\work\src", sid(2), &[]), &nobody).unwrap();
    assert_eq!((of_group(&machine, r"C:\work\.git"), of_group(&machine, r"C:\work\src\deep")), (2, 0));
    journal.undo(&mut machine, &|whose| *whose == sid(2)).unwrap();
    assert_eq!((of_group(&machine, r"C:\work\.git"), of_group(&machine, r"C:\work\src")), (2, 0));
    journal.undo(&mut machine, &|whose| *whose == sid(1)).unwrap();
    assert_eq!(machine.tree, tree());
}

#[test]
fn a_label_that_another_run_needs_stays() {
    let (mut machine, mut journal) = (Machine::new(tree()), Journal::open(Disk::default()).unwrap());
    journal.apply(&mut machine, &wanted(r"C:\work", sid(1), &["src"]), &nobody).unwrap();
    let nested = wanted(r"C:\work\src", sid(2), &[]);
    let refused = journal.apply(&mut machine, &nested, &|whose| *whose == sid(1));
    assert!(matches!(refused, Err(ApplyError::OtherLabel { .. })), "{refused:?}");
    assert!(journal.apply(&mut machine, &nested, &nobody).is_ok());
    journal.clean(&mut machine).unwrap();
    assert_eq!(machine.tree, tree());
}

#[test]
fn what_others_changed_stays() {
    let (mut machine, mut journal) = (Machine::new(tree()), Journal::open(Disk::default()).unwrap());
    journal.apply(&mut machine, &wanted(r"C:\work", sid(1), &[".git"]), &nobody).unwrap();
    let theirs = Ace::allow(Sid::USERS, Access::FILE_ALL, Inherit::NOTHING);
    let high = Label::new(Level::HIGH, Inherit::NOTHING);
    let mut expected = tree();
    for tree in [&mut machine.tree, &mut expected] {
        let node = tree.get_mut(r"C:\work\.git").unwrap();
        node.dacl.0.insert(0, theirs.clone());
        node.label = Some(high);
    }
    journal.clean(&mut machine).unwrap();
    assert_eq!(machine.tree[r"C:\work\.git"], expected[r"C:\work\.git"]);
    assert_eq!(machine.tree[r"C:\work"], expected[r"C:\work"]);
}

#[test]
fn what_is_gone_is_dropped_and_what_cannot_be_opened_is_told() {
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    let all = wanted(r"C:\work", sid(1), &[r".git\config", r".git\hooks"]);
    Journal::open(disk.clone()).unwrap().apply(&mut machine, &all, &nobody).unwrap();
    let hooks = machine.tree.remove(r"C:\work\.git\hooks").unwrap();
    machine.closed.push(r"C:\work\.git\config".into());
    let mut journal = Journal::open(disk.clone()).unwrap();
    let cleaned = journal.clean(&mut machine).unwrap();
    assert_eq!((cleaned.undone, cleaned.gone), (2, vec![r"C:\work\.git\hooks".to_owned()]));
    let left: Vec<&str> = cleaned.left.iter().map(|left| left.path.as_str()).collect();
    assert_eq!(left, [r"C:\work\.git\config"]);
    machine.closed.clear();
    let mut journal = Journal::open(disk).unwrap();
    assert_eq!(journal.clean(&mut machine).unwrap().undone, 1);
    machine.tree.insert(r"C:\work\.git\hooks".into(), hooks);
    let hooks_of = |tree: &Tree| tree[r"C:\work\.git\config"].clone();
    assert_eq!(hooks_of(&machine.tree), hooks_of(&tree()));
}

#[test]
fn a_journal_of_another_version_is_left_alone() {
    let mut machine = Machine::new(tree());
    let text = b"pinfold journal of access lists, version 9\nsomething".to_vec();
    let disk = Disk::default();
    *disk.bytes.borrow_mut() = Some(text.clone());
    let error = Journal::open(disk.clone()).unwrap_err();
    assert!(error.to_string().contains("version 9"), "{error}");
    assert_eq!(disk.bytes.borrow().as_deref(), Some(&text[..]));
    assert!(Journal::open(Disk::default()).unwrap().clean(&mut machine).unwrap().left.is_empty());
}

#[test]
fn a_damaged_journal_is_kept_and_the_rest_of_it_is_used() {
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    let all = wanted(r"C:\work", sid(1), &[".git"]);
    Journal::open(disk.clone()).unwrap().apply(&mut machine, &all, &nobody).unwrap();
    let text = String::from_utf8(disk.bytes.borrow().clone().unwrap()).unwrap();
    *disk.bytes.borrow_mut() = Some(text.replacen("settled", "sett1ed", 1).into_bytes());
    let mut journal = Journal::open(disk.clone()).unwrap();
    assert_eq!((journal.damaged.as_deref(), disk.copies.borrow().len()), (Some("a copy"), 1));
    journal.clean(&mut machine).unwrap();
    assert_eq!(machine.tree, tree());
}

#[test]
fn a_journal_that_could_not_be_written_once_is_whole_the_next_time() {
    for step in 0..6 {
        let (mut machine, disk) = (Machine::new(tree()), Disk::default());
        let mut journal = Journal::open(disk.clone()).unwrap();
        journal.apply(&mut machine, &wanted(r"C:\work", sid(1), &[]), &nobody).unwrap();
        disk.fate.fail_once_after(step);
        let all = wanted(r"C:\work", sid(1), &[".git"]);
        assert!(matches!(journal.apply(&mut machine, &all, &nobody), Err(ApplyError::Journal(_))), "{step}");
        journal.apply(&mut machine, &all, &nobody).unwrap();
        let mut journal = Journal::open(disk).unwrap();
        assert_eq!(journal.damaged, None);
        journal.clean(&mut machine).unwrap();
        assert_eq!(machine.tree, tree(), "{step}");
    }
}

#[test]
fn the_journal_of_many_runs_does_not_grow() {
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    for run in 0..500 {
        let protected = if run % 2 == 0 { ".git" } else { "src" };
        let mut journal = Journal::open(disk.clone()).unwrap();
        journal.apply(&mut machine, &wanted(r"C:\work", sid(1), &[protected]), &nobody).unwrap();
    }
    let length = disk.bytes.borrow().as_ref().unwrap().len();
    assert!(length < 100_000, "{length}");
    Journal::open(disk.clone()).unwrap().clean(&mut machine).unwrap();
    assert_eq!(machine.tree, tree());
}

#[test]
fn what_was_put_in_the_place_of_another_is_left_alone_and_told() {
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    machine.numbers.insert(r"C:\work".into(), 1);
    let edits = wanted(r"C:\work", sid(1), &[".git"]);
    Journal::open(disk.clone()).unwrap().apply(&mut machine, &edits, &nobody).unwrap();
    let ours = machine.tree.clone();
    // Moved away, and another in its place.
    machine.tree = tree();
    machine.numbers.insert(r"C:\work".into(), 2);
    machine.moved.push(1);
    let cleaned = Journal::open(disk.clone()).unwrap().clean(&mut machine).unwrap();
    let left: Vec<_> = cleaned.left.iter().map(|left| left.path.as_str()).collect();
    assert_eq!((left, &machine.tree), (vec![r"C:\work"], &tree()));
    // And back.
    machine.tree = ours;
    machine.numbers.insert(r"C:\work".into(), 1);
    let cleaned = Journal::open(disk).unwrap().clean(&mut machine).unwrap();
    assert!(cleaned.left.is_empty() && cleaned.undone > 0);
    assert_eq!(machine.tree[r"C:\work"], tree()[r"C:\work"]);
}

/// Programs save a file as another one and give it the name, some of them with the list of the first.
#[test]
fn a_file_that_took_the_place_of_one_that_is_gone_is_cleaned() {
    let (mut machine, disk) = (Machine::new(tree()), Disk::default());
    machine.numbers.insert(r"C:\work\.git\config".into(), 1);
    let edits = wanted(r"C:\work", sid(1), &[r".git\config"]);
    Journal::open(disk.clone()).unwrap().apply(&mut machine, &edits, &nobody).unwrap();
    machine.numbers.insert(r"C:\work\.git\config".into(), 2);
    let mut journal = Journal::open(disk).unwrap();
    assert!(journal.clean(&mut machine).unwrap().left.is_empty());
    assert_eq!((journal.paths().count(), machine.tree), (0, tree()));
}
