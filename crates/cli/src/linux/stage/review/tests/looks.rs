//! How it looks, and what never reaches a terminal.

use super::*;

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
