use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::*;
use crate::layers::LeftOut;
use crate::testing::Place;

fn told(place: &Place) -> Vec<String> {
    let changes = Changes::of(&place.layers()).unwrap();
    changes.all().iter().map(|change| format!("{} {}", change.path.display(), word(&change.what))).collect()
}

fn word(what: &What) -> String {
    match what {
        What::Created => "created".into(),
        What::Modified => "modified".into(),
        What::Deleted { to: None } => "deleted".into(),
        What::Deleted { to: Some(to) } => format!("is now {}", to.display()),
        What::Renamed { from } => format!("was {}", from.display()),
        What::Mode => "mode".into(),
        What::KindChanged => "kind".into(),
        What::Touched => "touched".into(),
        What::LeftOut(reason) => format!("left out: {reason}"),
    }
}

#[test]
fn each_kind_of_change_is_told() {
    let place = Place::new();
    place.file("real/mod", "old").copied("0/mod", "new");
    place.file("real/chmod", "x").copied("0/chmod", "x").same_time("0/chmod", "real/chmod").mode("0/chmod", 0o600);
    place.file("real/touched", "x").old("real/touched").copied("0/touched", "x");
    place.file("real/same", "x").copied("0/same", "x").same_time("0/same", "real/same");
    place.file("real/gone", "x").whiteout("0/gone").file("real/kind", "x").directory("0/kind").file("0/new", "1");
    place.link("real/link", "a").link("0/link", "b").link("real/to-file", "a").file("0/to-file", "");
    place.file("real/attribute", "x").copied("0/attribute", "x").same_time("0/attribute", "real/attribute");
    place.attribute("0/attribute", "user.mine", b"1").whiteout("0/never");
    place.file("real/dir/kept", "x").directory("0/dir");
    assert_eq!(
        told(&place),
        [
            "attribute mode",
            "chmod mode",
            "gone deleted",
            "kind kind",
            "link modified",
            "mod modified",
            "new created",
            "to-file kind",
            "touched touched"
        ]
    );
}

#[test]
fn what_the_overlay_attaches_is_no_change() {
    let place = Place::new();
    place.file("real/a", "x").copied("0/a", "x").same_time("0/a", "real/a");
    place.attribute("0/a", "user.overlay.overlay.opaque", b"y").attribute("0/a", "user.overlay.impure", b"y");
    assert!(told(&place).is_empty());
}

#[test]
fn an_upper_layer_goes_before_a_lower_one() {
    let place = Place::new();
    place.file("0/a", "2").file("1/a", "1").whiteout("0/b").file("1/b", "1").file("real/c", "0").whiteout("1/c");
    place.file("0/c", "2").file("1/d/in", "1").file("0/d/in2", "2").file("real/d/in3", "0");
    assert_eq!(told(&place), ["a created", "c modified", "d/in created", "d/in2 created"]);
}

#[test]
fn an_opaque_directory_removes_what_it_hides() {
    let place = Place::new();
    place.file("real/d/a", "1").file("real/d/s/b", "22").file("1/d/c", "3").opaque("0/d").file("0/d/new", "4444");
    place.directory("0/d/s");
    assert_eq!(told(&place), ["d/a deleted", "d/new created", "d/s/b deleted"]);
}

#[test]
fn a_removed_directory_is_one_thing_with_all_below() {
    let place = Place::new();
    place.file("real/d/s/a", "1").file("real/d/b", "2").whiteout("0/d").file("real/e", "3").whiteout("0/e");
    assert_eq!(told(&place), ["d deleted", "d/b deleted", "d/s deleted", "d/s/a deleted", "e deleted"]);
    let changes = Changes::of(&place.layers()).unwrap();
    let told = changes.told();
    assert!(matches!(told[0], Told::Whole { change, below } if change.path == Path::new("d") && below.len() == 3));
    assert!(matches!(told[1], Told::One(change) if change.path == Path::new("e")));
    let needed = changes.with_needed(|change| change.path == Path::new("d"));
    assert_eq!(needed.len(), 4);
}

#[test]
fn a_file_whiteout_counts_where_its_directory_says_so() {
    let place = Place::new();
    place.file("real/d/a", "1").file("0/d/a", "").attribute("0/d/a", "user.overlay.whiteout", b"");
    assert_eq!(told(&place), ["d/a modified"]);
    place.attribute("0/d", "user.overlay.opaque", b"x");
    assert_eq!(told(&place), ["d/a deleted"]);
}

#[test]
fn a_created_file_with_the_content_of_a_deleted_one_was_renamed() {
    let place = Place::new();
    place.file("real/a", "content").whiteout("0/a").file("0/b", "content").file("real/z", "con").whiteout("0/z");
    place.file("0/y", "nop");
    assert_eq!(told(&place), ["a is now b", "b was a", "y created", "z deleted"]);
    let changes = Changes::of(&place.layers()).unwrap();
    assert_eq!(changes.with_needed(|change| change.path == Path::new("b")).len(), 2);
}

#[test]
fn a_directory_that_was_copied_and_deleted_was_renamed() {
    let place = Place::new();
    for directory in ["real/old/d", "0/new/d"] {
        let below = |name: &str| format!("{directory}/{name}");
        place.file(&below("a"), "1").file(&below("s/a"), "1").file(&below("empty"), "").link(&below("l"), "a");
    }
    place.whiteout("0/old").file("real/part/a", "12").file("real/part/b", "34").whiteout("0/part").file("0/p2/a", "12");
    let told = told(&place);
    assert!(told.contains(&"new was old".to_owned()), "{told:?}");
    assert!(told.contains(&"new/d/s/a was old/d/s/a".to_owned()), "{told:?}");
    assert!(told.contains(&"new/d/empty was old/d/empty".to_owned()), "{told:?}");
    assert!(told.contains(&"p2 created".to_owned()) && told.contains(&"p2/a was part/a".to_owned()), "{told:?}");
    let changes = Changes::of(&place.layers()).unwrap();
    assert_eq!(changes.told().len(), 7);
}

#[test]
fn names_of_one_new_file_are_told_so() {
    let place = Place::new();
    place.file("0/a", "x").file("real/z", "z").copied("0/z", "z").same_time("0/z", "real/z");
    std::fs::hard_link(place.path("0/a"), place.path("0/b")).unwrap();
    std::fs::hard_link(place.path("0/z"), place.path("0/c")).unwrap();
    let changes = Changes::of(&place.layers()).unwrap();
    let same = |path: &str| changes.get(Path::new(path)).and_then(|change| change.same.clone());
    assert_eq!((same("a"), same("b"), same("c")), (None, Some("a".into()), Some("z".into())));
    assert!(changes.get(Path::new("z")).is_none());
}

#[test]
fn any_name_will_do() {
    let place = Place::new();
    let name = OsStr::from_bytes(b"new\nline \xff\x01");
    std::fs::write(place.path("0").join(name), "x").unwrap();
    let changes = Changes::of(&place.layers()).unwrap();
    assert_eq!(changes.all()[0].path.as_os_str(), name);
}

#[test]
fn sockets_are_left_out() {
    let place = Place::new();
    let _socket = std::os::unix::net::UnixListener::bind(place.path("0/socket")).unwrap();
    let changes = Changes::of(&place.layers()).unwrap();
    assert_eq!(changes.all()[0].what, What::LeftOut(LeftOut::Socket));
}

#[test]
fn a_link_in_the_way_is_not_followed() {
    let place = Place::new();
    place.file("elsewhere/a", "1").file("0/d/a", "2").link("real/d", &place.path("elsewhere").to_string_lossy());
    assert_eq!(told(&place), ["d kind", "d/a created"]);
}

#[test]
fn what_shuts_out_its_owner_is_read_and_keeps_its_mode() {
    let place = Place::new();
    place.file("real/d/s/a", "1").file("0/d/s/a", "2").mode("0/d/s/a", 0).mode("0/d/s", 0).mode("0/d", 0).mode("0", 0);
    let layers = place.layers();
    let changes = Changes::of(&layers).unwrap();
    let modes: Vec<_> = changes.all().iter().map(|change| change.after.as_ref().unwrap().mode).collect();
    assert_eq!(modes, [0, 0, 0]);
    assert!(layers.layer(0).file(Path::new("d/s/a")).is_ok());
    assert_eq!(layers.layer(0).node(Path::new("")).unwrap().unwrap().mode, 0);
    place.mode("0", 0o700);
    assert_eq!(layers.layer(0).node(Path::new("d")).unwrap().unwrap().mode, 0);
    place.mode("0/d", 0o700).mode("0/d/s", 0o700);
    assert_eq!(layers.layer(0).node(Path::new("d/s/a")).unwrap().unwrap().mode, 0);
}

#[test]
fn what_lies_too_deep_stays_and_costs_no_more_than_what_does_not() {
    let place = Place::new();
    let mut directory = std::fs::File::open(place.path("0")).unwrap();
    let flags = rustix::fs::OFlags::RDONLY;
    for _ in 0..2_500 {
        rustix::fs::mkdirat(&directory, "d", rustix::fs::Mode::from_raw_mode(0o700)).unwrap();
        directory = rustix::fs::openat(&directory, "d", flags, rustix::fs::Mode::empty()).unwrap().into();
    }
    let changes = Changes::of(&place.layers()).unwrap();
    assert_eq!(changes.all().len(), crate::limits::DEPTH + 1);
    assert_eq!(changes.all().last().unwrap().what, What::LeftOut(LeftOut::TooDeep));
}

#[test]
fn what_a_run_sees_comes_from_the_topmost_that_says_something() {
    let place = Place::new();
    place
        .file("real/a", "0")
        .file("real/d/b", "0")
        .file("1/d/c", "1")
        .whiteout("0/d/b")
        .opaque("0/e")
        .file("real/e/f", "");
    place.file("real/g/h/i", "").directory("0/g");
    let layers = place.layers();
    let seen = |path: &str| layers.seen(Path::new(path)).unwrap().map(|seen| seen.layer);
    assert_eq!(seen("a"), Some(None));
    assert_eq!(seen("d"), Some(Some(0)));
    assert_eq!(seen("d/c"), Some(Some(1)));
    assert_eq!(seen("d/b"), None);
    assert_eq!(seen("e/f"), None);
    assert_eq!(seen("g/h/i"), Some(None));
    assert_eq!(seen("a/b"), None);
}
