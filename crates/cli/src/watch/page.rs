//! What the page of `pinfold watch` shows, and what its keys do; without a terminal.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use pinfold_gate::link::Answer;
use pinfold_policy::plain;
use pinfold_run::control::{Grant, Outcome, Question, Told, answer};

use super::describe::describe;
use super::refusals::Refusals;
use super::sessions::News;
use crate::keys::Key;
use crate::platform::GRANTS;

/// Events that are kept.
const EVENTS_MAX: usize = 500;

/// How long keys answer nothing after another question has come up: they were meant for the one before.
pub(super) const CAUTION: Duration = Duration::from_millis(500);

/// The page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Runs by their names, each as a line.
    sessions: BTreeMap<String, String>,
    events: VecDeque<String>,
    questions: Vec<Open>,
    refusals: Refusals,
    /// The question that keys are about, as its run and number.
    chosen: Option<(String, u64)>,
    /// When it came up by itself.
    came_up: Option<Instant>,
    /// The digits that were on the screen when it was drawn last.
    digits: Vec<char>,
}

#[derive(Debug)]
struct Open {
    session: String,
    question: Question,
    until: Instant,
}

/// A row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) text: String,
    /// Whether keys are about it.
    pub(super) chosen: bool,
    /// Whether its end tells more than its middle, where both do not fit.
    pub(super) ends: bool,
}

/// What is said of a key that was perhaps meant for something else.
const TOO_EARLY: &str = "that key came before anybody could have read what it is about: once more, if it is meant";

/// What a key does to a run, which is named first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Its question gets an answer.
    Answer(String, u64, Answer),
    /// It is given something, until it ends.
    Grant(String, Grant),
}

impl Page {
    /// Takes in news of a run.
    pub(super) fn take(&mut self, id: String, news: News) {
        match news {
            News::Told(Told::Session { workspace, profile, stage, command, .. }) => {
                let stage = stage.map_or_else(String::new, |stage| format!("{stage}: "));
                let line = format!("{stage}{}  in {workspace}, profile {profile}", command.join(" "));
                self.sessions.insert(id, plain(&line));
            }
            News::Told(told) => {
                self.refusals.take(&id, &told);
                match &told {
                    Told::Outcome { outcome: Outcome::Refused(refusal), .. } => {
                        let why = refusal.why.first().map_or_else(String::new, |why| format!(": {why}"));
                        self.happened(plain(&format!("{}  {}{why}", short(&id), refusal.what)));
                    }
                    Told::Question(question) => self.open(&id, question),
                    Told::Answered { id: number, .. } => {
                        self.close(|open| open.session == id && open.question.id == *number)
                    }
                    _ => {}
                }
                // A question has rows of its own as long as it is open.
                if let Some(event) = describe(&told).filter(|_| !matches!(told, Told::Question(_))) {
                    self.happened(format!("{}  {event}", short(&id)));
                }
            }
            News::Ended => {
                self.sessions.remove(&id);
                self.refusals.end(&id);
                self.close(|open| open.session == id);
                self.happened(format!("{}  the run has ended", short(&id)));
            }
            News::Silent(why) => self.happened(format!("{}  cannot be watched: {why}", short(&id))),
        }
    }

    /// Does what a key says.
    pub(super) fn press(&mut self, key: Key) -> Option<Act> {
        match key {
            Key::Up | Key::Letter('k') => self.choose_next(false),
            Key::Down | Key::Letter('j') => self.choose_next(true),
            Key::Letter(digit) if digit.is_ascii_digit() => {
                if !self.digits.contains(&digit) {
                    return None;
                }
                let granted = self.refusals.grant(digit).map(|(session, grant)| Act::Grant(session, grant));
                if granted.is_none() {
                    self.happened(TOO_EARLY.to_owned());
                }
                return granted;
            }
            Key::Letter(letter) => {
                let answer = answer(letter)?;
                if self.came_up.is_some_and(|moment| moment.elapsed() < CAUTION) {
                    self.happened(TOO_EARLY.to_owned());
                    return None;
                }
                let (session, number) = self.chosen.clone()?;
                // It goes at once: the next key is about the next question.
                self.close(|open| open.session == session && open.question.id == number);
                return Some(Act::Answer(session, number, answer));
            }
            _ => {}
        }
        None
    }

    /// The page in that many rows.
    pub(super) fn rows(&mut self, height: usize) -> Vec<Row> {
        let mut rows = vec![row(format!(
            "pinfold watch: {}, {}   (q quits)",
            counted(self.sessions.len(), "live run"),
            counted(self.questions.len(), "open question")
        ))];
        rows.push(row(String::new()));
        let part = (height / 3).max(1);
        rows.extend(self.sessions.iter().take(part).map(|(id, line)| row(format!("{}  {line}", short(id)))));
        if !self.questions.is_empty() {
            rows.push(row(String::new()));
            rows.extend(self.question_rows(part));
            rows.push(row("   o once   s this session   a always   d deny".to_owned()));
        }
        // The page itself is tested everywhere.
        let refused = if GRANTS || cfg!(test) { self.refusals.rows(part, short) } else { Vec::new() };
        self.digits.clear();
        if !refused.is_empty() {
            rows.push(row(String::new()));
            for (digit, text) in refused {
                if rows.len() < height {
                    self.digits.extend(digit);
                }
                rows.push(Row { ends: true, ..row(text) });
            }
            rows.push(row("   its digit gives it to the run until it ends".to_owned()));
        }
        rows.push(row(String::new()));
        let left = height.saturating_sub(rows.len());
        let begin = self.events.len().saturating_sub(left);
        rows.extend(self.events.range(begin..).map(|event| Row { ends: true, ..row(event.clone()) }));
        rows.truncate(height);
        rows
    }

    /// Those around the chosen one.
    fn question_rows(&self, most: usize) -> impl Iterator<Item = Row> + '_ {
        let at = self.chosen_at().unwrap_or(0);
        let begin = at.saturating_sub(most.saturating_sub(1));
        self.questions.iter().enumerate().skip(begin).take(most).map(move |(index, open)| {
            let seconds = open.until.saturating_duration_since(Instant::now()).as_secs();
            let mark = if index == at { '>' } else { ' ' };
            let text = format!("{mark}  {}  {}  ({seconds} s)", short(&open.session), open.question.sentence());
            Row { text, chosen: index == at, ends: false }
        })
    }

    fn open(&mut self, session: &str, question: &Question) {
        let until = Instant::now() + Duration::from_millis(question.left_ms.min(u64::from(u32::MAX)));
        self.questions.push(Open { session: session.to_owned(), question: question.clone(), until });
        self.keep_choice();
    }

    fn close(&mut self, is_it: impl Fn(&Open) -> bool) {
        let at = self.chosen_at();
        self.questions.retain(|open| !is_it(open));
        if self.chosen_at().is_none() {
            // The one that is at its place now.
            let next = at.and_then(|at| self.questions.get(at.min(self.questions.len().saturating_sub(1))));
            self.chosen = next.map(Open::name);
            self.came_up = Some(Instant::now());
        }
    }

    /// The first question is chosen by itself.
    fn keep_choice(&mut self) {
        if self.chosen_at().is_none() {
            self.chosen = self.questions.first().map(Open::name);
            self.came_up = Some(Instant::now());
        }
    }

    fn choose_next(&mut self, down: bool) {
        let Some(at) = self.chosen_at() else { return };
        let next = if down { at + 1 } else { at.saturating_sub(1) };
        if let Some(open) = self.questions.get(next).filter(|_| next != at) {
            (self.chosen, self.came_up) = (Some(open.name()), None);
        }
    }

    fn chosen_at(&self) -> Option<usize> {
        let chosen = self.chosen.as_ref()?;
        self.questions.iter().position(|open| open.session == chosen.0 && open.question.id == chosen.1)
    }

    fn happened(&mut self, event: String) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

impl Open {
    fn name(&self) -> (String, u64) {
        (self.session.clone(), self.question.id)
    }
}

fn row(text: String) -> Row {
    Row { text, chosen: false, ends: false }
}

/// Enough of a run's name to tell it from others.
fn short(id: &str) -> String {
    plain(id).chars().take(8).collect()
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use pinfold_gate::link::{Endpoint, Report, Verdict};
    use pinfold_policy::Decision;

    use super::*;
    use crate::keys::Keys;

    fn question(id: u64, host: &str) -> News {
        let to = Endpoint { host: host.into(), port: 443 };
        News::Told(Told::Question(Question { ms: 0, left_ms: 60_000, id, to, process: None }))
    }

    fn page() -> Page {
        let mut page = Page::default();
        let (id, workspace, profile) = ("run".to_owned(), "/w".to_owned(), "workspace".to_owned());
        let introduction = Told::Session {
            version: 1,
            id: id.clone(),
            workspace,
            profile,
            stage: None,
            command: vec!["\u{1b}[2Jx".into()],
        };
        page.take(id, News::Told(introduction));
        page
    }

    fn text(page: &mut Page, height: usize) -> String {
        page.rows(height).into_iter().map(|row| row.text + "\n").collect()
    }

    #[test]
    fn keys_are_about_the_chosen_question() {
        let mut page = page();
        (1..=3).for_each(|id| page.take("run".into(), question(id, &format!("{id}.example"))));
        assert_eq!(page.press(Key::Letter('o')), None, "it has only just come up");
        assert!(text(&mut page, 30).contains(TOO_EARLY));
        page.came_up = None;
        page.press(Key::Down);
        assert_eq!(page.press(Key::Letter('a')), Some(Act::Answer("run".into(), 2, Answer::Always)));
        assert_eq!(page.press(Key::Letter('a')), None, "the next one came up by itself");
        page.press(Key::Up);
        assert_eq!(page.press(Key::Letter('d')), Some(Act::Answer("run".into(), 1, Answer::Deny)));
        assert_eq!(page.press(Key::Letter('x')), None);
    }

    #[test]
    fn what_is_no_answer_gives_none() {
        let mut page = page();
        page.take("run".into(), question(1, "a.example"));
        page.came_up = None;
        for other in ["\x1ba", "\x1b[3~", "\x1b[15;5~", "\x1b\x1bo", "\r\n\t\x7f", "é", "O", "\x1b[200~oasd1\x1b[201~"]
        {
            let mut keys = Keys::default();
            keys.add(other.as_bytes());
            while let Some(key) = keys.next() {
                assert_eq!(page.press(key), None, "{other:?}");
            }
        }
    }

    #[test]
    fn a_question_that_is_over_is_shown_no_more() {
        let mut page = page();
        page.take("run".into(), question(1, "a.example"));
        assert!(text(&mut page, 24).contains("a program wants to connect to a.example:443"), "{}", text(&mut page, 24));
        let to = Endpoint { host: "a.example".into(), port: 443 };
        page.take("run".into(), News::Told(Told::Answered { ms: 0, id: 1, to, answer: None, problem: None }));
        let shown = text(&mut page, 24);
        assert!(shown.contains("0 open questions") && shown.contains("nobody answered in time"), "{shown}");
        page.take("run".into(), question(2, "b.example"));
        page.take("run".into(), News::Ended);
        assert!(page.questions.is_empty() && page.chosen.is_none() && page.sessions.is_empty());
    }

    #[test]
    fn a_digit_grants_what_it_has_stood_for() {
        let mut page = page();
        let refused = |name: &str, decision| {
            let verdict = Verdict { decision, reason: "no rule".into(), rule: None };
            let report = Report::Looked { name: name.into(), kind: "A".into(), verdict };
            News::Told(Told::Network { ms: 0, report })
        };
        page.take("run".into(), refused("denied.example", Decision::Deny));
        page.take("run".into(), refused("a.example", Decision::Unnamed));
        page.take("run".into(), refused("a.example", Decision::Unnamed));
        page.refusals.were_read();
        assert_eq!(page.press(Key::Letter('1')), None, "it is not on the screen");
        page.take("run".into(), refused("a.example", Decision::Unnamed));
        text(&mut page, 60);
        page.refusals.come_up();
        assert_eq!(page.press(Key::Letter('1')), None, "it has only just come up");
        page.refusals.were_read();
        page.take("run".into(), refused("b.example", Decision::Unnamed));
        text(&mut page, 60);
        let granted = |to: &str| Some(Act::Grant("run".into(), Grant::Connect { to: to.into() }));
        assert_eq!(page.press(Key::Letter('1')), granted("a.example"));
        assert_eq!(page.press(Key::Letter('1')), None, "once is enough");
        assert_eq!(page.press(Key::Letter('2')), None, "it has only just come up");
        page.refusals.were_read();
        let grant = Grant::Connect { to: "a.example".into() };
        page.take("run".into(), News::Told(Told::Granted { ms: 0, grant, for_ms: None }));
        (0..20).for_each(|id| page.take("run".into(), refused(&format!("{id}.example"), Decision::Unnamed)));
        assert!(text(&mut page, 60).contains("and 12 more"), "{}", text(&mut page, 60));
        page.refusals.were_read();
        assert_eq!(page.press(Key::Letter('2')), granted("b.example"), "each keeps its digit, however many there are");
        assert_eq!(page.press(Key::Letter('2')), None, "the next one has only just come up");
        assert!(text(&mut page, 60).contains("and 11 more"), "{}", text(&mut page, 60));
        page.refusals.were_read();
        assert_eq!(page.press(Key::Letter('2')), granted("8.example"));
        page.take("run".into(), News::Ended);
        assert_eq!(page.press(Key::Letter('2')), None);
    }

    #[test]
    fn a_path_is_behind_a_digit_if_a_grant_lets_it_through() {
        let mut page = page();
        let refused = |path: &str, grant: Option<Grant>| {
            let (program, wanted, why) = ("cat\u{1b}[2J".to_owned(), "read".to_owned(), "no rule".to_owned());
            News::Told(Told::Refused { ms: 0, program, wanted, path: path.into(), why, rule: None, grant })
        };
        let write = |path: &str| Grant::Write { path: path.into() };
        page.take("run".into(), refused("/a/denied", None));
        page.take("run".into(), refused("/b/new", Some(write("/b"))));
        page.take("run".into(), refused("/b/c", Some(Grant::Read { path: "/b/c".into() })));
        page.take("run".into(), refused("/bb", Some(Grant::Read { path: "/bb".into() })));
        let shown = text(&mut page, 30);
        assert!(shown.contains("1  run  write /b: /b/new was refused to `cat"), "{shown}");
        assert!(shown.contains("2  run  read /bb: it was refused to `cat"), "who writes in /b reads /b/c: {shown}");
        assert!(!shown.contains('\u{1b}') && !shown.contains("3  run"), "{shown}");
        page.refusals.were_read();
        assert_eq!(page.press(Key::Letter('1')), Some(Act::Grant("run".into(), write("/b"))));
        page.take("run".into(), News::Told(Told::Granted { ms: 0, grant: write("/b"), for_ms: None }));
        assert_eq!(page.press(Key::Letter('1')), None);
        assert!(page.press(Key::Letter('2')).is_some(), "each keeps its digit");
    }

    #[test]
    fn the_page_fits_however_small_it_is() {
        let mut page = page();
        (0..EVENTS_MAX as u64 + 9).for_each(|id| page.take("run".into(), question(id, "a.example")));
        for height in 0..30 {
            assert!(page.rows(height).len() <= height, "{height}");
        }
        assert!(!text(&mut page, 30).contains('\u{1b}'));
    }
}
