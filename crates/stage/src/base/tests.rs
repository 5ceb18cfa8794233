use std::path::Path;

use super::kept::Kept;
use super::*;
use crate::content::Digest;
use crate::node::Time;
use crate::testing::Place;

const LATER: Time = Time { seconds: i64::MAX, nanoseconds: 0 };

fn open(place: &Place) -> Bases {
    Bases::open(&place.path("bases")).unwrap()
}

fn kept(place: &Place) -> usize {
    Kept::open(place.path("bases/contents")).count()
}

#[test]
fn what_lay_there_is_remembered_once() {
    let place = Place::new();
    place.file("real/a", "1").copied("0/a", "2");
    let mut bases = open(&place);
    bases.settle(&place.layers(), LATER).unwrap();
    let was = bases.get(Path::new("a")).unwrap().clone();
    place.file("real/a", "3");
    bases.settle(&place.layers(), LATER).unwrap();
    assert_eq!(open(&place).get(Path::new("a")), Some(&was));
    bases.forget([Path::new("a")]).unwrap();
    bases.settle(&place.layers(), LATER).unwrap();
    assert_ne!(open(&place).get(Path::new("a")), Some(&was));
    assert_eq!(kept(&place), 1);
}

#[test]
fn what_is_as_it_was_again_is_forgotten() {
    let place = Place::new();
    place.file("real/a", "1").copied("0/a", "2").file("real/b", "1").whiteout("0/b");
    let mut bases = open(&place);
    bases.settle(&place.layers(), LATER).unwrap();
    assert_eq!(kept(&place), 1);
    std::fs::remove_file(place.path("0/a")).unwrap();
    bases.settle(&place.layers(), LATER).unwrap();
    assert_eq!(open(&place).get(Path::new("a")), None);
    assert!(matches!(open(&place).get(Path::new("b")), Some(Was::File { content: Some(_), kept: false, .. })));
    assert_eq!(kept(&place), 0);
}

#[test]
fn only_short_texts_are_kept() {
    let place = Place::new();
    place.file("real/bin", b"\0").copied("0/bin", "").file("real/long", vec![b'x'; (1 << 20) + 1]).copied("0/long", "");
    let mut bases = open(&place);
    bases.settle(&place.layers(), LATER).unwrap();
    for path in ["bin", "long"] {
        assert!(matches!(bases.get(Path::new(path)), Some(Was::File { content: Some(_), kept: false, .. })), "{path}");
    }
}

#[test]
fn only_so_much_of_what_is_removed_is_read() {
    let place = Place::new();
    place.file("real/a", vec![b'x'; (32 << 20) - 1]).whiteout("0/a");
    place.file("real/b", "too much").whiteout("0/b").file("real/c", "1").whiteout("0/c");
    let mut bases = open(&place);
    bases.settle(&place.layers(), LATER).unwrap();
    let is_read = |path: &str| matches!(bases.get(Path::new(path)), Some(Was::File { content: Some(_), .. }));
    assert_eq!(["a", "b", "c"].map(is_read), [true, false, true]);
}

#[test]
fn contents_are_found_again_and_a_half_one_is_in_nobodys_way() {
    let place = Place::new();
    let path = place.path("contents");
    let texts = ["one", "", "another", "the last"].map(|text| (text.as_bytes(), Digest::of(text.as_bytes())));
    let mut kept = Kept::open(path.clone());
    assert!(texts[..3].iter().all(|(text, digest)| kept.add(text, digest).unwrap()));
    let whole = std::fs::read(&path).unwrap();
    kept.add(texts[3].0, &texts[3].1).unwrap();
    let more = std::fs::read(&path).unwrap();
    for cut in whole.len()..more.len() {
        std::fs::write(&path, &more[..cut]).unwrap();
        let mut kept = Kept::open(path.clone());
        assert!(kept.get(&texts[3].1).unwrap().is_none() && kept.count() == 3);
        assert!(kept.add(texts[3].0, &texts[3].1).unwrap());
        let kept = Kept::open(path.clone());
        assert!(texts.iter().all(|(text, digest)| kept.get(digest).unwrap().as_deref() == Some(*text)), "{cut}");
    }
    let mut damaged = more.clone();
    damaged[40] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    let mut kept = Kept::open(path.clone());
    assert!(kept.get(&texts[0].1).unwrap().is_none() && kept.get(&texts[2].1).unwrap().is_some());
    kept.retain(&[texts[2].1].into()).unwrap();
    assert!(kept.get(&texts[2].1).unwrap().is_some() && kept.count() == 1);
    kept.retain(&[].into()).unwrap();
    assert!(!path.exists());
}

#[test]
fn a_document_that_leads_elsewhere_or_is_newer_is_refused() {
    let place = Place::new();
    place.directory("bases");
    let refused = |text: &str| {
        place.file("bases/bases.json", text);
        Bases::open(&place.path("bases")).unwrap_err()
    };
    assert!(matches!(refused(r#"{"version":1,"paths":{"../a":"nothing"}}"#), BasesError::Path(_)));
    assert!(matches!(refused(r#"{"version":1,"paths":{"/a":"nothing"}}"#), BasesError::Path(_)));
    assert!(matches!(refused(r#"{"version":2,"paths":{}}"#), BasesError::Version(2)));
    assert!(matches!(refused("{"), BasesError::Damaged(_)));
}

#[test]
fn yesterdays_document_is_read() {
    let place = Place::new();
    place.directory("bases").file(
        "bases/bases.json",
        r#"{"version":1,"paths":{"a%b":"nothing","c":{"file":{"identity":{"device":1,"inode":2,
        "changed":{"seconds":3,"nanoseconds":4}},"mode":420,
        "attributes":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","content":null,"kept":false}}}}"#,
    );
    let bases = Bases::open(&place.path("bases")).unwrap();
    assert_eq!(bases.get(Path::new("a%b")), Some(&Was::Nothing));
    assert!(matches!(bases.get(Path::new("c")), Some(Was::File { mode: 420, .. })));
}
