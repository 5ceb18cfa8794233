//! The terminal that the page is on, which gets back what it had however it ends.

use std::io::{self, Write};
use std::time::Duration;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::queue;
use crossterm::style::{Attribute, Print, SetAttribute};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate,
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use pinfold_confine::linux::SignalQueue;
use rustix::event::PollFlags;
use rustix::process::Signal;
use rustix::stdio::stdin;

use super::page::{Key, Page, Row};
use super::sessions::Sessions;

/// Shows the page until the user quits, or somebody ends this process.
pub(super) fn show(mut sessions: Sessions) -> io::Result<()> {
    let ending = SignalQueue::new(&[Signal::TERM, Signal::HUP, Signal::INT].map(Signal::as_raw))?;
    let screen = Screen::enter()?;
    let mut page = Page::default();
    loop {
        sessions.news().into_iter().for_each(|(id, news)| page.take(id, news));
        screen.draw(&page)?;
        let ready = sessions.wait(&[stdin(), std::os::fd::AsFd::as_fd(&ending)])?;
        let hung_up = ready.first().is_some_and(|flags| flags.intersects(PollFlags::HUP | PollFlags::ERR));
        if hung_up || ending.next().is_some() {
            return Ok(());
        }
        while event::poll(Duration::ZERO)? {
            let Event::Key(key) = event::read()? else { continue };
            match meaning(key) {
                Some(Typed::Quit) => return Ok(()),
                Some(Typed::Key(key)) => {
                    if let Some((id, question, answer)) = page.press(key) {
                        sessions.answer(&id, question, answer);
                    }
                }
                None => {}
            }
        }
    }
}

enum Typed {
    Quit,
    Key(Key),
}

fn meaning(key: KeyEvent) -> Option<Typed> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match (key.code, key.modifiers) {
        (KeyCode::Char('q'), _) | (KeyCode::Char('c'), KeyModifiers::CONTROL) => Some(Typed::Quit),
        (KeyCode::Up, _) => Some(Typed::Key(Key::Up)),
        (KeyCode::Down, _) => Some(Typed::Key(Key::Down)),
        (KeyCode::Char(letter), KeyModifiers::NONE) => Some(Typed::Key(Key::Letter(letter))),
        _ => None,
    }
}

/// A terminal that shows a page.
struct Screen;

impl Screen {
    fn enter() -> io::Result<Self> {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Else its words would go with the page.
            leave();
            report(panic);
        }));
        enable_raw_mode()?;
        let screen = Self;
        let mut out = io::stdout();
        queue!(out, EnterAlternateScreen, Hide, DisableLineWrap)?;
        out.flush()?;
        Ok(screen)
    }

    fn draw(&self, page: &Page) -> io::Result<()> {
        let (columns, height) = size()?;
        let mut out = Vec::new();
        queue!(out, BeginSynchronizedUpdate)?;
        let rows = page.rows(usize::from(height));
        let blank = (rows.len()..usize::from(height)).map(|_| Row { text: String::new(), chosen: false });
        for (y, Row { text, chosen }) in (0..).zip(rows.into_iter().chain(blank)) {
            let text: String = text.chars().take(columns.into()).collect();
            let attribute = if chosen { Attribute::Reverse } else { Attribute::Reset };
            let end = (SetAttribute(Attribute::Reset), Clear(ClearType::UntilNewLine));
            queue!(out, MoveTo(0, y), SetAttribute(attribute), Print(text), end.0, end.1)?;
        }
        queue!(out, EndSynchronizedUpdate)?;
        let mut stdout = io::stdout();
        stdout.write_all(&out)?;
        stdout.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn leave() {
    let mut out = io::stdout();
    let _ = queue!(out, SetAttribute(Attribute::Reset), EnableLineWrap, Show, LeaveAlternateScreen);
    let _ = out.flush();
    let _ = disable_raw_mode();
}
