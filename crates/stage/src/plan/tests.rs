use std::path::Path;

use super::*;
use crate::base::Bases;
use crate::changes::{Change, Changes};
use crate::node::Time;
use crate::step::{Content, Step, Wanted};
use crate::testing::Place;

const LATER: Time = Time { seconds: i64::MAX, nanoseconds: 0 };
const TEXT: &str = "1\n2\n3\n4\n5\n6\n7\n";

fn settled(place: &Place) -> Bases {
    let mut bases = Bases::open(&place.path("bases")).unwrap();
    bases.settle(&place.layers(), LATER).unwrap();
    Bases::open(&place.path("bases")).unwrap()
}

fn plan(place: &Place, bases: &Bases, paths: &[&str]) -> Result<Vec<Step>, Vec<Conflict>> {
    let layers = place.layers();
    let changes = Changes::of(&layers).unwrap();
    plan_apply(&layers, &changes, bases, |change| {
        if paths.iter().any(|path| *path == "*" || Path::new(path) == change.path) { Pick::Whole } else { Pick::Not }
    })
}

fn shown(planned: Result<Vec<Step>, Vec<Conflict>>) -> Vec<String> {
    match planned {
        Ok(steps) => steps.iter().map(|step| format!("{} {}", step.path.display(), wanted(&step.wanted))).collect(),
        Err(all) => all.iter().map(|conflict| format!("{}: {:?}", conflict.path.display(), conflict.why)).collect(),
    }
}

fn wanted(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Nothing => "nothing".into(),
        Wanted::Directory(_) => "directory".into(),
        Wanted::File(Content::Kept, meta) => format!("kept {:o}", meta.mode),
        Wanted::File(Content::Bytes(bytes), _) => format!("bytes {}", bytes.escape_ascii()),
        Wanted::File(Content::Of(..), _) => "of".into(),
        Wanted::File(Content::Into(..), _) => "into".into(),
        Wanted::Link { target, .. } => format!("link {}", target.display()),
        Wanted::Pipe(_) => "pipe".into(),
        Wanted::Same(path) => format!("same {}", path.display()),
    }
}

#[test]
fn what_nobody_else_changed_becomes_what_the_run_left() {
    let place = Place::new();
    place.file("real/a", "1").copied("0/a", "2").file("0/d/new", "x").file("real/gone/x", "1").whiteout("0/gone");
    place.file("real/m", "1").copied("0/m", "1").mode("0/m", 0o600).link("0/l", "a");
    let bases = settled(&place);
    assert_eq!(
        shown(plan(&place, &bases, &["*"])),
        ["a of", "d directory", "d/new of", "gone nothing", "gone/x nothing", "l link a", "m kept 600"]
    );
    assert_eq!(shown(plan(&place, &bases, &["d/new"])), ["d directory", "d/new of"]);
    assert_eq!(shown(plan(&place, &bases, &["gone"])), ["gone: NotEmpty(\"x\")"]);
}

#[test]
fn what_a_person_changed_elsewhere_in_a_file_is_merged() {
    let place = Place::new();
    place.file("real/a", TEXT).copied("0/a", TEXT.replace('1', "one")).mode("real/a", 0o600).mode("0/a", 0o600);
    let bases = settled(&place);
    place.file("real/a", TEXT.replace('7', "seven")).mode("real/a", 0o640);
    let merged = "a bytes one\\n2\\n3\\n4\\n5\\n6\\nseven\\n";
    assert_eq!(shown(plan(&place, &bases, &["*"])), [merged]);
    let steps = plan(&place, &bases, &["*"]).unwrap();
    assert!(matches!(&steps[0].wanted, Wanted::File(_, meta) if meta.mode == 0o640));
    place.file("real/a", TEXT.replace('1', "eins"));
    assert!(shown(plan(&place, &bases, &["*"]))[0].starts_with("a: Lines("));
}

#[test]
fn what_only_a_person_changed_stays() {
    let place = Place::new();
    place.file("real/a", TEXT).copied("0/a", TEXT).file("real/b", "1").copied("0/b", "1").mode("0/b", 0o600);
    place.mode("real/a", 0o644).mode("0/a", 0o644).opaque("0/d").file("real/d/x", "1");
    let bases = settled(&place);
    place.file("real/a", "another text").file("real/b", b"no \0 text").file("real/d/y", "2");
    let planned = shown(plan(&place, &bases, &["a", "b"]));
    assert_eq!(planned, ["b kept 600"]);
    let layers = place.layers();
    let mut changes = Changes::of(&layers).unwrap();
    bases.leave_out_others(&layers, &mut changes).unwrap();
    let paths: Vec<_> = changes.all().iter().map(|change| change.path.to_str().unwrap()).collect();
    assert_eq!(paths, ["b", "d/x"]);
}

#[test]
fn what_both_changed_to_the_same_is_no_conflict() {
    let place = Place::new();
    place.file("real/a", "1").copied("0/a", "2").file("0/new", "3").file("real/gone", "4").whiteout("0/gone");
    place.mode("real/a", 0o644).mode("0/a", 0o644).mode("0/new", 0o644).directory("0/d").link("0/l", "x");
    let bases = settled(&place);
    place.file("real/a", "2").file("real/new", "3").mode("real/new", 0o644).directory("real/d").link("real/l", "x");
    std::fs::remove_file(place.path("real/gone")).unwrap();
    assert!(shown(plan(&place, &bases, &["*"])).is_empty());
}

#[test]
fn what_was_made_again_what_it_was_is_as_if_nobody_had_changed_it() {
    let place = Place::new();
    place.file("real/gone", "1").whiteout("0/gone").file("real/old", "2").whiteout("0/old").file("0/new", "2");
    place.link("real/l", "a").link("0/l", "b").link("real/m", "a").whiteout("0/m");
    place.file("real/becomes", "3").file("0/becomes/x", "4").file("real/d/x", "5").whiteout("0/d");
    let bases = settled(&place);
    let before = shown(plan(&place, &bases, &["*"]));
    for path in ["gone", "old", "l", "m", "becomes", "d/x"] {
        let path = place.path(format!("real/{path}"));
        let [aside, copy] = ["aside", "copy"].map(|suffix| path.with_extension(suffix));
        std::fs::rename(&path, &aside).unwrap();
        match aside.read_link() {
            Ok(target) => std::os::unix::fs::symlink(target, &copy).unwrap(),
            Err(_) => drop(std::fs::copy(&aside, &copy).unwrap()),
        }
        std::fs::rename(&copy, &path).unwrap();
        std::fs::remove_file(&aside).unwrap();
    }
    assert_eq!(shown(plan(&place, &bases, &["*"])), before);
    place.mode("real/gone", 0o600).file("real/old", "mine");
    std::fs::remove_file(place.path("real/m")).unwrap();
    place.link("real/m", "elsewhere");
    assert_eq!(shown(plan(&place, &bases, &["*"])), ["gone: Changed", "m: Changed", "old: Changed"]);
}

#[test]
fn what_cannot_be_merged_is_a_conflict_with_its_reason() {
    let place = Place::new();
    place.file("real/changed", "1").whiteout("0/changed").file("real/removed", "1").copied("0/removed", "2");
    place
        .file("0/made", "1")
        .file("real/bin", b"\0")
        .copied("0/bin", b"\0\x01")
        .file("0/in/it", "1")
        .directory("real/in");
    place.link("real/l", "a").link("0/l", "b").file("real/dir/x", "1").whiteout("0/dir");
    let bases = settled(&place);
    place.file("real/changed", "2").file("real/made", "2").file("real/bin", b"\0\x02").file("real/dir/y", "2");
    std::fs::remove_file(place.path("real/removed")).unwrap();
    std::fs::remove_file(place.path("real/l")).unwrap();
    place.link("real/l", "c");
    std::fs::remove_dir(place.path("real/in")).unwrap();
    place.directory("elsewhere").link("real/in", "../elsewhere");
    assert_eq!(
        shown(plan(&place, &bases, &["*"])),
        ["bin: Both", "changed: Changed", "dir/y: Unknown", "in: Both", "l: Both", "made: Made", "removed: Removed"]
    );
}

#[test]
fn what_changed_while_the_run_went_on_is_not_known() {
    let place = Place::new();
    place
        .file("real/a", "1")
        .copied("0/a", "2")
        .file("real/b", "1")
        .copied("0/b", "1")
        .file("real/c", "2")
        .copied("0/c", "2");
    let mut bases = Bases::open(&place.path("bases")).unwrap();
    bases.settle(&place.layers(), Time { seconds: 0, nanoseconds: 0 }).unwrap();
    place.mode("0/c", 0o644).mode("real/c", 0o644);
    assert_eq!(shown(plan(&place, &bases, &["a"])), ["a: Unknown"]);
    assert!(shown(plan(&place, &bases, &["c"])).is_empty());
}

#[test]
fn a_list_that_is_too_old_is_refused() {
    let place = Place::new();
    place.file("real/a", "1").copied("0/a", "2");
    let bases = settled(&place);
    let layers = place.layers();
    let changes = Changes::of(&layers).unwrap();
    place.file("real/a", "3");
    let planned = plan_apply(&layers, &changes, &bases, |_| Pick::Whole);
    assert_eq!(shown(planned), ["a: Stale"]);
}

#[test]
fn a_file_with_other_names_becomes_one_of_its_own() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.file(&format!("real/{name}1"), "1");
        std::fs::hard_link(place.path(format!("real/{name}1")), place.path(format!("real/{name}2"))).unwrap();
    }
    place.copied("0/a1", "2").file("0/b1", "2").copied("0/c1", "2").copied("0/c2", "3");
    let bases = settled(&place);
    assert_eq!(shown(plan(&place, &bases, &["*"])), ["a1 of", "b1 of", "c1 of", "c2 of"]);
}

#[test]
fn new_names_of_one_file_stay_one_file() {
    let place = Place::new();
    place.file("0/a", "1").file("real/x", "x").copied("0/x", "x").same_time("0/x", "real/x");
    std::fs::hard_link(place.path("0/a"), place.path("0/b")).unwrap();
    std::fs::hard_link(place.path("0/x"), place.path("0/y")).unwrap();
    let bases = settled(&place);
    assert_eq!(shown(plan(&place, &bases, &["*"])), ["a of", "b same a", "y of"]);
    assert_eq!(shown(plan(&place, &bases, &["b"])), ["b of"]);
    place.file("real/x", "another");
    assert_eq!(shown(plan(&place, &bases, &["y"])), ["y of"]);
}

#[test]
fn a_part_of_a_file_can_be_chosen() {
    let place = Place::new();
    place.file("real/a", TEXT).copied("0/a", TEXT.replace('1', "one").replace('7', "seven"));
    let bases = settled(&place);
    let layers = place.layers();
    let part: std::sync::Arc<[u8]> = TEXT.replace('1', "one").into_bytes().into();
    let pick = |changes: &Changes| plan_apply(&layers, changes, &bases, |_| Pick::Content(part.clone()));
    assert_eq!(shown(pick(&Changes::of(&layers).unwrap())), ["a bytes one\\n2\\n3\\n4\\n5\\n6\\n7\\n"]);
    place.file("real/a", TEXT.replace('5', "five"));
    assert_eq!(shown(pick(&Changes::of(&layers).unwrap())), ["a bytes one\\n2\\n3\\n4\\nfive\\n6\\n7\\n"]);
}

#[test]
fn a_directory_that_became_a_file_and_one_that_was_a_file() {
    let place = Place::new();
    place.file("real/d/x", "1").file("0/d", "2").file("real/f", "1").file("0/f/x", "2");
    let bases = settled(&place);
    assert_eq!(shown(plan(&place, &bases, &["*"])), ["d of", "d/x nothing", "f directory", "f/x of"]);
    assert_eq!(shown(plan(&place, &bases, &["d"])), ["d: NotEmpty(\"x\")"]);
    assert_eq!(shown(plan(&place, &bases, &["f/x"])), ["f directory", "f/x of"]);
}

#[test]
fn a_link_that_became_a_directory_is_not_in_the_way() {
    let place = Place::new();
    place.link("real/l", "d").directory("real/d/s").file("0/l/s/x", "1");
    let bases = settled(&place);
    assert_eq!(shown(plan(&place, &bases, &["l/s/x"])), ["l directory", "l/s directory", "l/s/x of"]);
}

#[test]
fn permissions_of_a_directory_are_merged() {
    let place = Place::new();
    place.directory("real/d").directory("0/d").mode("real/d", 0o755).mode("0/d", 0o700);
    let bases = settled(&place);
    assert_eq!(shown(plan(&place, &bases, &["*"])), ["d directory"]);
    place.mode("real/d", 0o750);
    assert_eq!(shown(plan(&place, &bases, &["*"])), ["d: Both"]);
}

#[test]
fn no_file_comes_over_with_the_rights_of_its_owner() {
    let place = Place::new();
    place.file("0/new", "x").mode("0/new", 0o6755).file("real/old", "x").copied("0/old", "x").mode("0/old", 0o4755);
    let planned = plan(&place, &settled(&place), &["*"]).unwrap();
    let modes = planned.iter().map(|step| match &step.wanted {
        Wanted::File(_, meta) => meta.mode,
        wanted => panic!("{wanted:?}"),
    });
    assert_eq!(modes.collect::<Vec<_>>(), [0o755, 0o755]);
}

#[test]
fn what_the_run_left_is_taken_whatever_came_in_its_way_if_somebody_says_so() {
    let place = Place::new();
    place.file("real/a", "old\0").copied("0/a", "theirs\0").file("real/gone", "1").whiteout("0/gone");
    place.file("real/d/x", "1").whiteout("0/d").file("0/made", "1");
    let bases = settled(&place);
    place.file("real/a", "mine\0").file("real/gone", "mine").file("real/d/mine", "1").file("real/made", "mine");
    let layers = place.layers();
    let mut changes = Changes::of(&layers).unwrap();
    bases.leave_out_others(&layers, &mut changes).unwrap();
    let conflicts = shown(plan_apply(&layers, &changes, &bases, |_| Pick::Whole));
    assert_eq!(conflicts, ["a: Both", "d: NotEmpty(\"mine\")", "gone: Changed", "made: Made"]);
    let theirs = |paths: &[&str]| {
        let pick = |change: &Change| {
            if paths.iter().any(|path| Path::new(path) == change.path) { Pick::Theirs } else { Pick::Not }
        };
        shown(plan_apply(&layers, &changes, &bases, pick))
    };
    assert_eq!(theirs(&["a", "gone", "made"]), ["a of", "gone nothing", "made of"]);
    // What the run knows nothing of is nobody's to remove.
    assert_eq!(theirs(&["d", "d/x"]), ["d: NotEmpty(\"mine\")"]);
}
