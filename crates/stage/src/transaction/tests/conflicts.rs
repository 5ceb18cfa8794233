//! What does not fit is named, and then nothing is touched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::step::{Step, Wanted};
use crate::transaction::{Conflict, Error, Reason, Shape, Transaction, recover, undo};

use super::model::meta;
use super::scratch::{Lying, Scratch};
use super::steps::{Case, file, nothing};

fn conflicts(done: Result<(), Error>) -> Vec<Conflict> {
    match done {
        Err(Error::Conflicts(conflicts)) => conflicts,
        other => panic!("{other:?}"),
    }
}

fn paths(conflicts: &[Conflict]) -> Vec<&Path> {
    conflicts.iter().map(|conflict| &*conflict.path).collect()
}

fn try_steps(scratch: &Scratch, steps: &[Step]) -> Vec<Conflict> {
    let (tree, before) = (scratch.open(), scratch.world());
    let directory = scratch.transaction("refused");
    let found = conflicts(Transaction::prepare(&tree, steps, &directory).map(drop));
    assert_eq!(scratch.world(), before);
    assert!(!directory.exists(), "nothing is made before all fits");
    found
}

#[test]
fn all_that_was_changed_since_is_named() {
    let case = Case::new(Lying::Together);
    fs::write(case.scratch.tree.join("changed"), "mine").unwrap();
    fs::remove_file(case.scratch.tree.join("other/file")).unwrap();
    fs::create_dir(case.scratch.tree.join("new")).unwrap();
    open(&case.scratch.tree.join("gone"));
    fs::write(case.scratch.tree.join("gone/stays"), "mine").unwrap();

    let found = try_steps(&case.scratch, &case.steps);
    assert_eq!(paths(&found), [Path::new("changed"), Path::new("gone"), Path::new("new"), Path::new("other/file")]);
    assert_eq!(found[0].reason, Reason::Differs { expected: Some(Shape::File), found: Some(Shape::File) });
    assert_eq!(found[1].reason, Reason::NotEmpty { holds: "gone/stays".into() });
    assert_eq!(found[2].reason, Reason::Differs { expected: None, found: Some(Shape::Directory) });
    assert_eq!(found[3].reason, Reason::Differs { expected: Some(Shape::File), found: None });
}

#[test]
fn steps_that_make_no_sense_are_refused() {
    let scratch = Scratch::new(Lying::Together);
    fs::write(scratch.tree.join("file"), "").unwrap();
    for path in ["", "..", "../out", "a/../b", "/etc/passwd", "./a", "a/"] {
        assert_eq!(try_steps(&scratch, &[file(path, None, "")])[0].reason, Reason::Senseless, "{path}");
    }
    let twice = [file("a", None, ""), file("a", None, "")];
    assert_eq!(try_steps(&scratch, &twice)[0].reason, Reason::Senseless);
    for path in ["no/a", "file/a"] {
        assert_eq!(try_steps(&scratch, &[file(path, None, "")])[0].reason, Reason::NoDirectory, "{path}");
    }
    for named in ["a", "b", "no"] {
        let step =
            |path: &str, named: &str| Step { path: path.into(), expected: None, wanted: Wanted::Same(named.into()) };
        let found = try_steps(&scratch, &[step("a", named), step("b", "a")]);
        assert_eq!(paths(&found), [Path::new("a"), Path::new("b")], "{named}");
    }
}

#[test]
fn what_lies_below_a_step_that_removes_its_directory_is_no_place() {
    let scratch = Scratch::new(Lying::Together);
    fs::create_dir(scratch.tree.join("gone")).unwrap();
    let tree = scratch.open();
    let found = try_steps(&scratch, &[nothing(&tree, "gone"), file("gone/new", None, "")]);
    assert_eq!(paths(&found), [Path::new("gone/new")]);
}

#[test]
fn nothing_leads_through_links() {
    let scratch = Scratch::new(Lying::Together);
    let outside = scratch.state.join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, scratch.tree.join("link")).unwrap();
    let found = try_steps(&scratch, &[file("link/new", None, "")]);
    assert!(found.iter().all(|conflict| conflict.path == Path::new("link/new")));
    assert_eq!(found[0].reason, Reason::Elsewhere);
    let directory = Step { path: "link/a/b".into(), expected: None, wanted: Wanted::Directory(meta(0o755, 1)) };
    assert_eq!(try_steps(&scratch, &[directory])[0].reason, Reason::Elsewhere);
}

#[test]
fn a_directory_is_used_once() {
    let case = Case::new(Lying::Together);
    case.transaction().commit().unwrap();
    let again = Transaction::prepare(&case.tree, &[], &case.directory).map(drop);
    assert!(matches!(again, Err(Error::InUse)), "{again:?}");
    undo(&case.directory).unwrap();
    assert_eq!(case.scratch.world(), case.original);
}

#[test]
fn what_is_discarded_never_was() {
    for lying in Lying::all() {
        let case = Case::new(lying);
        case.transaction().discard().unwrap();
        assert_eq!(case.scratch.world(), case.original);
        case.assert_clean();
        assert!(matches!(undo(&case.directory), Err(Error::NothingToUndo)));
    }
}

#[test]
fn what_was_changed_since_is_not_undone_and_neither_is_the_rest() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 6] = [
        ("changed", |path| fs::write(path, "mine").unwrap()),
        ("other/file", |path| fs::remove_file(path).unwrap()),
        ("gone", |path| fs::create_dir(path).unwrap()),
        ("new", |path| fs::write(path.join("mine"), "mine").unwrap()),
        ("linked too", |path| fs::write(path, "mine").unwrap()),
        ("kept", |path| {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
        }),
    ];
    for lying in Lying::all() {
        for (path, change) in changes {
            let case = Case::new(lying);
            case.transaction().commit().unwrap();
            open(&case.scratch.tree.join("new"));
            change(&case.scratch.tree.join(path));
            let mine = case.scratch.world();
            let found = conflicts(undo(&case.directory));
            let named = found.iter().any(|conflict| conflict.path == Path::new(path) || path == "linked too");
            assert!(named, "{path}: {found:?}");
            assert_eq!(case.scratch.world(), mine);
            case.assert_clean();
        }
    }
}

fn open(directory: &PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn what_was_said_about_a_directory_since_stays_said() {
    for lying in Lying::all() {
        let case = Case::new(lying);
        case.transaction().commit().unwrap();
        let other = case.scratch.tree.join("other");
        open(&other);
        fs::write(other.join("mine"), "mine").unwrap();
        let mine = case.scratch.world();
        undo(&case.directory).unwrap();
        let world = case.scratch.world();
        assert_eq!(world[Path::new("other")], mine[Path::new("other")]);
        assert_eq!(world[Path::new("other/mine")], mine[Path::new("other/mine")]);
        assert_eq!(world[Path::new("other/file")], case.original[Path::new("other/file")]);
    }
}

#[test]
fn another_tree_at_the_same_path_is_left_alone() {
    let case = Case::new(Lying::Together);
    case.transaction().commit().unwrap();
    fs::rename(&case.scratch.tree, case.scratch.tree.with_extension("old")).unwrap();
    fs::create_dir(&case.scratch.tree).unwrap();
    assert!(matches!(undo(&case.directory), Err(Error::AnotherTree(_))));
    assert_eq!(case.scratch.world().len(), 1);
}

#[test]
fn a_damaged_journal_is_an_error_that_loses_nothing() {
    for name in ["journal", "begun", "finished"] {
        let case = Case::new(Lying::Together);
        case.transaction().commit().unwrap();
        let kept = super::model::snapshot::look(&case.directory.join("kept"));
        for damage in [&b""[..], b"{", b"{\"version\":2}", b"\0\0\0\0"] {
            fs::write(case.directory.join(name), damage).unwrap();
            let found = undo(&case.directory);
            assert!(matches!(found, Err(Error::Damaged { .. })), "{name}: {found:?}");
            assert_eq!(super::model::snapshot::look(&case.directory.join("kept")), kept);
        }
        fs::remove_file(case.directory.join(name)).unwrap();
        let undone = undo(&case.directory);
        assert!(undone.is_err() || name == "finished", "{name}: {undone:?}");
        assert!(name == "finished" || recover(&case.directory).is_err());
    }
}
