//! Random trees, random roots and random crashes.

use pinfold_acl::{Access, Ace, AceKind, Child, Inherit, Label, Level, Sid};
use pinfold_plan::windows::{Edit, Reach, Root, edits};
use proptest::prelude::*;

use super::super::Journal;
use super::machine::{Disk, Fate, Machine, Tree, add, volume};

/// What is done to a tree.
#[derive(Debug, Clone)]
enum Act {
    /// A run with a writable root: where, which identifier, what is protected. Others may live beside it.
    Run(usize, u32, Vec<usize>, bool),
    /// An identifier goes.
    Undo(u32),
    /// Somebody else adds an entry.
    Other(usize, Access),
}

fn sid(number: u32) -> Sid {
    Sid::new(5, &[21, 7, 7, 7, number]).unwrap()
}

fn trees() -> impl Strategy<Value = Tree> {
    let inherit = any::<(bool, bool, bool, bool)>().prop_map(|(files, directories, not_further, only)| Inherit {
        files,
        directories,
        not_further,
        only: only && (files || directories),
        inherited: false,
    });
    let ace = (any::<bool>(), 1..4_u32, 1..0x1ff_u32, inherit.clone()).prop_map(|(allows, who, access, inherit)| Ace {
        kind: if allows { AceKind::Allow } else { AceKind::Deny },
        sid: Sid::builtin(544 + who),
        access: Access(access),
        inherit,
    });
    let label = (0..4_u32, inherit).prop_map(|(level, inherit)| Label::new(Level(level << 12), inherit));
    let node = (any::<prop::sample::Index>(), any::<bool>(), prop::collection::vec(ace, 0..3), prop::option::of(label));
    prop::collection::vec(node, 1..12).prop_map(|nodes| {
        let mut tree = volume();
        for (number, (parent, is_file, own, label)) in nodes.into_iter().enumerate() {
            let directories: Vec<String> =
                tree.iter().filter(|(_, node)| node.child == Child::Directory).map(|(path, _)| path.clone()).collect();
            let child = if is_file { Child::File } else { Child::Directory };
            add(&mut tree, &format!(r"{}\{number}", parent.get(&directories)), child, &own, label);
        }
        tree
    })
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (any::<usize>(), 1..4_u32, prop::collection::vec(any::<usize>(), 0..4), any::<bool>())
            .prop_map(|(place, who, protected, beside)| Act::Run(place, who, protected, beside)),
        1 => (1..4_u32).prop_map(Act::Undo),
        1 => (any::<usize>(), 1..0x1ff_u32).prop_map(|(place, access)| Act::Other(place, Access(access))),
    ];
    prop::collection::vec(act, 1..6)
}

/// What a run in a tree needs.
fn wanted(tree: &Tree, place: usize, who: u32, protected: &[usize]) -> Vec<Edit> {
    let directories: Vec<&String> =
        tree.iter().filter(|(_, node)| node.child == Child::Directory).map(|(path, _)| path).collect();
    let path = directories[place % directories.len()].clone();
    let start = format!(r"{path}\");
    let below: Vec<&str> = tree.keys().filter_map(|other| other.strip_prefix(&start)).collect();
    let protected = protected.iter().filter(|_| !below.is_empty()).map(|place| below[place % below.len()].to_owned());
    let protected = protected.collect();
    let root = Root { path, sid: sid(who), reach: Reach::Work, kept: vec![], protected, hidden: vec![] };
    edits(&root, None, &root.sid)
}

/// Does it all, to the end or to the crash. What others do, they do to the other machine as well.
fn live(machine: &mut Machine, disk: &Disk, acts: &[Act], other: &mut Tree) -> Option<()> {
    for act in acts {
        match act {
            Act::Run(place, who, protected, beside) => {
                let wanted = wanted(&machine.tree, *place, *who, protected);
                let mut journal = Journal::open(disk.clone()).ok()?;
                match beside {
                    true => journal.apply(machine, &wanted, &|_| false).map(drop).ok()?,
                    false => journal.begin(machine, &wanted, &[sid(*who)], &|_| false).map(drop).ok()?,
                }
            }
            Act::Undo(who) => {
                let mut journal = Journal::open(disk.clone()).ok()?;
                let cleaned = journal.undo(machine, &|whose| *whose == sid(*who)).ok()?;
                cleaned.left.is_empty().then_some(())?;
            }
            Act::Other(place, access) => {
                let path = machine.tree.keys().nth(place % machine.tree.len())?.clone();
                let theirs = Ace::allow(Sid::USERS, *access, Inherit::NOTHING);
                for tree in [&mut machine.tree, &mut *other] {
                    tree.get_mut(&path)?.dacl.0.insert(0, theirs.clone());
                }
            }
        }
    }
    Some(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_lists_are_as_others_left_them(
        tree in trees(),
        acts in acts(),
        crash in 0..120_usize,
        crash_while_cleaning in 0..60_usize,
    ) {
        let mut expected = tree.clone();
        let fate = Fate::crash_after(crash);
        let mut machine = Machine { fate: fate.clone(), ..Machine::new(tree) };
        let disk = Disk { fate, ..Disk::default() };
        let _ = live(&mut machine, &disk, &acts, &mut expected);

        let fate = Fate::crash_after(crash_while_cleaning);
        machine.fate = fate.clone();
        if let Ok(mut journal) = Journal::open(Disk { fate, ..disk.clone() }) {
            let _ = journal.clean(&mut machine);
        }

        machine.fate = Fate::default();
        let mut journal = Journal::open(Disk { fate: Fate::default(), ..disk }).unwrap();
        let cleaned = journal.clean(&mut machine).unwrap();
        prop_assert!(cleaned.left.is_empty());
        prop_assert_eq!(journal.paths().count(), 0);
        prop_assert_eq!(machine.tree, expected);
    }
}
