//! The page, key by key and as it looks.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use pinfold_stage::{Body, FileDiff, Side, hunks};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::choose::Chosen;
use super::draw::{Look, draw};
use super::entry::{Entry, Standing};
use super::layout::Pane;
use super::page::{Effect, Key, Page};
use super::question::Question;
use super::view::{Kind, View};

const UP: Key = Key::Up;
const DOWN: Key = Key::Down;
const SPACE: Key = Key::Letter(' ');

fn entry(letter: char, path: &str) -> Entry {
    Entry {
        place: 0,
        path: path.trim_end_matches('/').into(),
        label: None,
        letter,
        from: None,
        is_directory: path.ends_with('/'),
        members: vec![PathBuf::from("/w").join(path.trim_end_matches('/'))],
        trap: None,
        standing: Standing::Free,
        large: None,
    }
}

/// A page with everything on it.
fn page() -> Page {
    let mut entries = vec![
        entry('M', "README.md"),
        entry('A', "new/"),
        entry('A', "new/deep/"),
        entry('A', "new/deep/file.rs"),
        entry('A', "hook.sh"),
        entry('D', "old/one.rs"),
        entry('M', "src/main.rs"),
        entry('M', "src/mine.rs"),
        entry('R', "src/moved.rs"),
        entry('-', "src/socket"),
        entry('M', "src/theirs.rs"),
        entry('A', "image.png"),
    ];
    entries[4].trap = Some("git runs it at the next commit".into());
    entries[7].standing = Standing::Conflicts("both have changed the same lines".into());
    entries[8].from = Some("src/was.rs".into());
    entries[9].standing = Standing::Stays("a socket".into());
    entries[10].standing = Standing::Merges("it was changed in the workspace as well, and merges".into());
    entries[11].large = Some(3 << 30);
    sorted(entries)
}

fn sorted(mut entries: Vec<Entry>) -> Page {
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    let mut page = Page::new("topic", &["project/".to_owned()], entries);
    page.resize((80, 24));
    page
}

/// A diff of two texts.
fn view(old: &str, new: &str) -> View {
    let side = |mode| Some(Side { path: "x".into(), mode, is_link: false });
    let body = Body::Text(hunks(old.as_bytes(), new.as_bytes()));
    let mut view = View::default();
    view.say(Kind::About, "changed");
    view.add(vec![FileDiff { old: side(0o644), new: side(0o755), body }]);
    view
}

/// One of three hunks.
fn three_hunks() -> View {
    let old: String = (1..=40).map(|number| format!("line {number}\n")).collect();
    let new = old.replace("line 3\n", "line three\n").replace("line 20\n", "").replace("line 38\n", "line 38\nmore\n");
    view(&old, &new)
}

/// Presses keys of which none does anything outside.
fn press(page: &mut Page, keys: &[Key]) {
    keys.iter().for_each(|key| assert_eq!(page.press(*key), None, "{key:?}"));
}

/// Goes to an entry.
fn go(page: &mut Page, path: &str) -> usize {
    press(page, &[Key::Home]);
    for _ in 0..page.entries.len() * 3 {
        if let Some(entry) = page.entry().filter(|entry| page.entries[*entry].path.as_os_str() == path) {
            return entry;
        }
        press(page, &[DOWN]);
    }
    panic!("{path} is not there");
}

/// Goes to an entry with a diff.
fn open(page: &mut Page, path: &str, view: View) -> usize {
    let entry = go(page, path);
    page.take(entry, view);
    press(page, &[Key::Right]);
    assert_eq!(page.focus.pane, Pane::Diff);
    entry
}

fn chosen(page: &Page) -> Vec<String> {
    page.chosen.keys().map(|entry| page.entries[*entry].path.display().to_string()).collect()
}

fn screen(page: &mut Page, size: (u16, u16)) -> Terminal<TestBackend> {
    page.resize(size);
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a screen in memory");
    terminal.draw(|frame| draw(frame, page, Look::new(true))).expect("it cannot fail");
    terminal
}

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
    assert_eq!(view.parts.len(), 3);
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
    assert!(page.question.as_ref().is_some_and(|question| question.text().contains("all of its 12 changes")));
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

#[test]
fn nothing_of_strangers_reaches_the_terminal_raw() {
    let evil = "a\u{1b}[2J\u{9b}\u{202e}\u{e0041}\u{ad}\n\tb\r";
    let mut hostile = entry('M', evil);
    hostile.trap = Some(evil.into());
    hostile.from = Some(evil.into());
    let mut page = sorted(vec![hostile.clone(), Entry { label: Some(evil.into()), ..entry('M', "x") }]);
    page.stage = evil.into();
    let entry = go(&mut page, evil);
    let mut view = view(evil, &evil.repeat(3));
    view.say(Kind::Warning, evil);
    page.take(entry, view);
    page.notice = Some(evil.into());
    for size in [(100, 30), (40, 10)] {
        for pane in [Pane::Tree, Pane::Diff] {
            page.focus.pane = pane;
            let terminal = screen(&mut page, size);
            for cell in terminal.backend().buffer().content() {
                let bad = cell.symbol().contains(|letter: char| {
                    letter.is_control() || matches!(letter, '\u{ad}' | '\u{202e}' | '\u{e0000}'..='\u{e007f}')
                });
                assert!(!bad, "{:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn a_page_of_every_size_can_be_drawn() {
    let mut page = page();
    open(&mut page, "src/main.rs", three_hunks());
    page.ask(Some(Question::TakeOver { shown: "long words ".repeat(60) }));
    for columns in (1..130).step_by(3) {
        for rows in 1..40 {
            screen(&mut page, (columns, rows));
        }
    }
}

#[test]
fn as_it_looks_on_a_terminal_of_the_usual_size() {
    let mut page = page();
    let entry = go(&mut page, "README.md");
    page.take(entry, view("1\n", "1\n2\n"));
    go(&mut page, "src/main.rs");
    press(&mut page, &[Key::Left, SPACE]);
    go(&mut page, "hook.sh");
    insta::assert_snapshot!(screen(&mut page, (80, 24)).backend());
}

#[test]
fn as_it_looks_with_a_diff_and_some_of_it_chosen() {
    let mut page = page();
    open(&mut page, "src/main.rs", three_hunks());
    press(&mut page, &[Key::Letter('n'), Key::Letter('n'), SPACE]);
    insta::assert_snapshot!(screen(&mut page, (100, 30)).backend());
}

#[test]
fn as_it_looks_on_the_smallest_terminal() {
    let mut page = page();
    go(&mut page, "src/mine.rs");
    press(&mut page, &[SPACE]);
    insta::assert_snapshot!("smallest_tree", screen(&mut page, (40, 10)).backend());
    open(&mut page, "src/main.rs", three_hunks());
    insta::assert_snapshot!("smallest_diff", screen(&mut page, (40, 10)).backend());
    press(&mut page, &[Key::Letter('?')]);
    insta::assert_snapshot!("smallest_help", screen(&mut page, (40, 10)).backend());
    insta::assert_snapshot!("too_small", screen(&mut page, (30, 10)).backend());
}

#[test]
fn as_it_looks_when_something_is_asked() {
    let mut page = page();
    press(&mut page, &[SPACE]);
    let shown = "1 of 2: hook.sh would execute outside: git runs it at the next commit. Take it over?".to_owned();
    page.ask(Some(Question::Trap { path: "/w/hook.sh".into(), shown }));
    insta::assert_snapshot!(screen(&mut page, (80, 24)).backend());
}

#[test]
fn without_colours_nothing_has_one() {
    let mut page = page();
    open(&mut page, "src/main.rs", three_hunks());
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a screen in memory");
    terminal.draw(|frame| draw(frame, &page, Look::new(false))).expect("it cannot fail");
    let cells = terminal.backend().buffer().content();
    assert!(cells.iter().all(|cell| cell.fg == ratatui::style::Color::Reset && cell.bg == cell.fg));
    assert!(cells.iter().any(|cell| !cell.modifier.is_empty()), "where one is can be seen all the same");
}
