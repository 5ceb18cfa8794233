//! The page, key by key and as it looks.

mod keys;
mod looks;

use std::path::PathBuf;

use pinfold_stage::{Body, FileDiff, Side, hunks};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::draw::{Look, draw};
use super::entry::{Entry, Standing};
use super::layout::Pane;
use super::page::Page;
use super::question::Question;
use super::view::{Kind, View};
use crate::keys::Key;

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
        ignored: false,
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
    entries[7].standing = Standing::Conflicts { why: "both have changed the same lines".into(), theirs: true };
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
