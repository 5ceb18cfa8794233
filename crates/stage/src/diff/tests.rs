use super::*;
use crate::changes::Changes;
use crate::testing::Place;

/// All diffs between `real` and the layers, as one text.
fn text(place: &Place) -> Vec<u8> {
    let layers = place.layers();
    let changes = Changes::of(&layers).unwrap();
    changes.all().iter().flat_map(|change| diffs(&layers, change).unwrap()).flat_map(|diff| diff.text()).collect()
}

#[test]
fn what_is_no_text_or_too_long_is_told_by_size_and_digest() {
    let place = Place::new();
    place.file("real/bin", b"a\0").file("0/bin", b"b\0c").file("0/long", vec![b'x'; 9 << 20]);
    let text = String::from_utf8(text(&place)).unwrap();
    assert!(text.contains("Binary files a/bin (2 bytes, sha256 "), "{text}");
    assert!(text.contains("Binary files /dev/null and b/long (9437184 bytes, sha256 "), "{text}");
}

#[test]
fn directories_and_pipes_have_no_diff() {
    let place = Place::new();
    place.directory("0/d").directory("real/e").directory("0/e").mode("0/e", 0o700);
    assert!(text(&place).is_empty());
}

#[test]
fn a_part_of_the_hunks_can_be_chosen() {
    let old: String = (0..30).map(|line| format!("{line}\n")).collect();
    let new = old.replace("2\n3\n", "two\n3\n").replace("15\n", "").replace("29\n", "29");
    let all = hunks(old.as_bytes(), new.as_bytes());
    assert_eq!(all.len(), 3);
    assert_eq!(choose(old.as_bytes(), &all, |_| true), new.as_bytes());
    assert_eq!(choose(old.as_bytes(), &all, |_| false), old.as_bytes());
    assert_eq!(choose(old.as_bytes(), &all, |hunk| hunk == 1), old.replace("15\n", "").as_bytes());
    assert_eq!(choose(old.as_bytes(), &all, |hunk| hunk == 2), old.replace("29\n", "29").as_bytes());
    assert_eq!(all[1].heading(), "@@ -13,7 +13,6 @@");
    assert_eq!(all[2].lines.last().unwrap(), &Line { kind: LineKind::Added, text: b"29".to_vec() });
}
