//! What keys do.

use std::os::unix::ffi::OsStrExt;

use super::*;
use crate::linux::stage::review::choose::Chosen;
use crate::linux::stage::review::page::Effect;

#[test]
fn a_file_is_chosen_by_space_and_let_go_by_another() {
    let mut page = page();
    go(&mut page, "README.md");
    press(&mut page, &[SPACE]);
    assert_eq!(chosen(&page), ["README.md"]);
    assert_eq!(page.paths().into_iter().collect::<Vec<_>>(), [PathBuf::from("/w/README.md")]);
    press(&mut page, &[SPACE]);
    assert!(chosen(&page).is_empty());
}

#[test]
fn a_directory_is_chosen_with_all_in_it_that_can_be() {
    let mut page = page();
    go(&mut page, "src/main.rs");
    press(&mut page, &[Key::Left, SPACE]);
    assert_eq!(chosen(&page), ["src/main.rs", "src/moved.rs", "src/theirs.rs"]);
    press(&mut page, &[SPACE]);
    assert!(chosen(&page).is_empty());
    press(&mut page, &[Key::Home, SPACE]);
    assert_eq!(chosen(&page).len(), page.entries.len() - 2);
}

#[test]
fn what_conflicts_or_stays_cannot_be_chosen_and_says_why() {
    let mut page = page();
    for (path, why) in [("src/mine.rs", "the same lines"), ("src/socket", "a socket")] {
        go(&mut page, path);
        press(&mut page, &[SPACE]);
        assert!(page.notice.as_ref().is_some_and(|notice| notice.contains(why)), "{:?}", page.notice);
        press(&mut page, &[Key::Tab, SPACE]);
        assert!(page.notice.is_some() && chosen(&page).is_empty());
        press(&mut page, &[Key::Tab]);
    }
}

#[test]
fn of_a_conflict_it_is_decided_whose_version_counts() {
    let mut page = page();
    let entry = go(&mut page, "src/mine.rs");
    let mine = || [PathBuf::from("/w/src/mine.rs")].into();
    press(&mut page, &[Key::Letter('t')]);
    assert_eq!((page.theirs(), page.paths(), page.mine()), (mine(), mine(), [].into()));
    press(&mut page, &[Key::Letter('m')]);
    assert_eq!((page.theirs(), page.paths(), page.mine()), ([].into(), [].into(), mine()));
    press(&mut page, &[SPACE]);
    assert!(chosen(&page).is_empty() && page.notice.is_none());
    press(&mut page, &[Key::Letter('t'), Key::Letter('t')]);
    assert!(chosen(&page).is_empty());
    press(&mut page, &[Key::Letter('t'), Key::Home, SPACE]);
    assert_eq!(chosen(&page).len(), page.entries.len() - 1, "all but what stays");
    page.entries[entry].standing = Standing::Conflicts { why: "it is not empty".into(), theirs: false };
    go(&mut page, "src/mine.rs");
    press(&mut page, &[SPACE, Key::Letter('t')]);
    assert!(page.theirs().is_empty() && page.notice.as_ref().is_some_and(|notice| notice.contains("not empty")));
}

#[test]
fn what_a_run_did_is_let_go_and_what_nothing_is_in_the_way_of_needs_no_decision() {
    let mut page = page();
    go(&mut page, "README.md");
    press(&mut page, &[Key::Letter('t')]);
    assert!(page.notice.is_some() && chosen(&page).is_empty());
    press(&mut page, &[Key::Letter('m')]);
    assert_eq!(page.mine(), [PathBuf::from("/w/README.md")].into());
    assert_eq!(page.press(Key::Letter('a')), Some(Effect::Weigh));
    go(&mut page, "src/socket");
    press(&mut page, &[Key::Letter('m')]);
    assert!(page.notice.as_ref().is_some_and(|notice| notice.contains("stays in the stage")));
}

#[test]
fn hunks_are_chosen_one_by_one_and_all_of_them_are_the_whole() {
    let mut page = page();
    let entry = open(&mut page, "src/main.rs", three_hunks());
    press(&mut page, &[Key::Letter('n'), Key::Letter('n'), SPACE]);
    assert_eq!(page.chosen.get(&entry), Some(&Chosen::Hunks([1].into())));
    let (path, _, hunks) = page.parts().next().expect("a part");
    assert_eq!((path, hunks), (&PathBuf::from("/w/src/main.rs"), &[1].into()));
    press(&mut page, &[Key::Letter('p'), SPACE, Key::End, SPACE]);
    assert_eq!(page.chosen.get(&entry), Some(&Chosen::Whole));
    press(&mut page, &[SPACE, Key::Letter('p'), Key::Letter('p'), SPACE]);
    assert_eq!(page.chosen.get(&entry), Some(&Chosen::Hunks([0].into())));
    press(&mut page, &[SPACE]);
    assert_eq!(page.chosen.get(&entry), Some(&Chosen::Hunks([0, 1].into())), "the one that the cursor is at");
}

#[test]
fn one_goes_from_diff_to_diff() {
    let mut page = page();
    open(&mut page, "old/one.rs", view("1\n", ""));
    press(&mut page, &[Key::End, Key::Letter('J')]);
    let path = |page: &Page| page.entry().map(|entry| page.entries[entry].path.display().to_string());
    assert_eq!((path(&page).as_deref(), page.focus.pane, page.focus.line), (Some("src/main.rs"), Pane::Diff, 0));
    press(&mut page, &[Key::Letter('K'), Key::Letter('K')]);
    assert_eq!(path(&page).as_deref(), Some("new/deep/file.rs"));
}

#[test]
fn a_file_with_one_hunk_is_chosen_as_a_whole() {
    let mut page = page();
    let entry = open(&mut page, "src/main.rs", view("1\n", "2\n"));
    press(&mut page, &[Key::End, SPACE]);
    assert_eq!(page.chosen.get(&entry), Some(&Chosen::Whole));
}

#[test]
fn the_diff_of_chosen_hunks_is_kept_whatever_is_looked_at_since() {
    let mut page = sorted((0..60).map(|number| entry('M', &format!("file{number:02}"))).collect());
    let entry = open(&mut page, "file07", three_hunks());
    press(&mut page, &[Key::Letter('n'), SPACE, Key::Tab]);
    for other in (0..60).filter(|other| *other != entry) {
        page.take(other, view("1\n", "2\n"));
    }
    // Neither goes it nor is it another one suddenly.
    page.take(entry, view("1\n", "2\n"));
    let (_, view, _) = page.parts().next().expect("a part");
    assert_eq!(view.map(|view| view.parts.len()), Some(3));
}

#[test]
fn only_what_is_on_the_screen_is_wanted_and_what_is_looked_at_first() {
    let mut page = sorted((0..10_000).map(|number| entry('M', &format!("file{number:05}"))).collect());
    assert!(page.wanted().len() <= 24);
    press(&mut page, &[Key::End]);
    let wanted = page.wanted();
    assert_eq!(wanted.first(), Some(&9_999));
    assert!(wanted.len() <= 24);
    wanted.into_iter().for_each(|entry| page.take(entry, view("1\n", "2\n")));
    assert!(page.wanted().is_empty());
    page.entries[0].large = Some(1 << 30);
    press(&mut page, &[Key::Home]);
    assert!(!page.wanted().contains(&0), "what is large is read when somebody looks at it");
    press(&mut page, &[DOWN]);
    assert_eq!(page.wanted().first(), Some(&0));
}

#[test]
fn directories_fold_and_what_is_in_them_stays_chosen() {
    let mut page = page();
    go(&mut page, "src/main.rs");
    press(&mut page, &[SPACE, Key::Left]);
    let all = page.tree.visible().len();
    press(&mut page, &[Key::Left]);
    assert_eq!(page.tree.visible().len(), all - 5);
    assert_eq!(chosen(&page), ["src/main.rs"]);
    press(&mut page, &[Key::Right]);
    assert_eq!(page.tree.visible().len(), all);
    press(&mut page, &[Key::Right]);
    assert!(page.entry().is_some(), "it goes in");
}

#[test]
fn a_new_directory_with_much_in_it_is_folded_at_first() {
    let mut entries = vec![entry('A', "node_modules/")];
    entries.extend((0..30).map(|number| entry('A', &format!("node_modules/{number:02}"))));
    let mut page = sorted(entries);
    assert_eq!(page.tree.visible().len(), 2);
    press(&mut page, &[DOWN, SPACE]);
    assert_eq!(chosen(&page).len(), 31);
}

#[test]
fn what_git_ignores_is_chosen_by_itself_only() {
    let ignored = |path| Entry { ignored: true, ..entry('A', path) };
    let mut page = sorted(vec![entry('M', "one"), ignored("target/a"), ignored("target/b")]);
    press(&mut page, &[Key::Home, SPACE]);
    assert_eq!(chosen(&page), ["one"]);
    press(&mut page, &[SPACE]);
    assert!(chosen(&page).is_empty());
    // It is folded at first.
    press(&mut page, &[Key::End, SPACE]);
    assert_eq!(chosen(&page), ["target/a", "target/b"]);
}

#[test]
fn names_that_look_alike_are_not_one() {
    let name = |bytes: &[u8]| PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
    let entries = [b"\xff/a", b"\xfe/a"].map(|path| Entry { path: name(path), ..entry('M', "") });
    let page = sorted(entries.to_vec());
    assert_eq!(page.tree.visible().len(), 5);
}

#[test]
fn nothing_is_taken_over_where_nothing_is_chosen() {
    let mut page = page();
    press(&mut page, &[Key::Letter('a'), Key::Enter]);
    assert!(page.notice.is_some() && page.question.is_none());
}

#[test]
fn taking_over_needs_a_yes_and_nothing_else_will_do() {
    let mut page = page();
    go(&mut page, "README.md");
    press(&mut page, &[SPACE]);
    assert_eq!(page.press(Key::Enter), Some(Effect::Weigh));
    let question = Question::TakeOver { shown: "Take over 1 file?".into() };
    page.ask(Some(question.clone()));
    press(&mut page, &[Key::Enter, SPACE, Key::Letter('a'), DOWN]);
    assert_eq!(page.question, Some(question.clone()));
    press(&mut page, &[Key::Letter('n')]);
    assert_eq!(page.question, None);
    page.ask(Some(question));
    assert_eq!(page.press(Key::Letter('y')), Some(Effect::TakeOver));
}

#[test]
fn each_trap_has_its_own_answer_which_counts_once() {
    let mut page = page();
    press(&mut page, &[SPACE]);
    assert_eq!(page.press(Key::Letter('a')), Some(Effect::Weigh));
    let trap = |path: &str| Some(Question::Trap { path: path.into(), shown: "Take it over?".into() });
    page.ask(trap("/w/one"));
    assert_eq!(page.press(Key::Letter('y')), Some(Effect::Weigh));
    page.ask(trap("/w/two"));
    assert_eq!(page.press(Key::Letter('n')), Some(Effect::Weigh));
    assert_eq!(page.answers, [("/w/one".into(), true), ("/w/two".into(), false)].into());
    page.ask(trap("/w/three"));
    press(&mut page, &[Key::Escape]);
    assert_eq!(page.press(Key::Letter('a')), Some(Effect::Weigh));
    assert!(page.answers.is_empty(), "who asks again is asked again");
}

#[test]
fn discarding_needs_a_yes_and_leaving_none() {
    let mut page = page();
    press(&mut page, &[Key::Letter('d'), Key::Letter('d'), Key::Letter('n'), Key::Letter('d')]);
    assert!(page.question.as_ref().is_some_and(|question| question.text().contains("Throw away the stage topic")));
    assert_eq!(page.press(Key::Letter('y')), Some(Effect::Discard));
    assert_eq!(page.press(Key::Letter('q')), Some(Effect::Leave));
    press(&mut page, &[Key::Letter('d')]);
    assert_eq!(page.press(Key::Interrupt), Some(Effect::Leave));
}

#[test]
fn on_a_screen_that_is_too_small_keys_do_nothing_but_leave() {
    let mut page = page();
    page.resize((39, 24));
    press(&mut page, &[SPACE, Key::Letter('a'), Key::Letter('d'), Key::Letter('?'), UP]);
    assert!(page.chosen.is_empty() && page.question.is_none());
    assert_eq!(page.press(Key::Letter('q')), Some(Effect::Leave));
}
