//! From key to key, until the page is left.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Stdout};
use std::mem::ManuallyDrop;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::PoisonError;

use pinfold_confine::linux::end_by;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::draw::{Look, draw};
use super::found::Found;
use super::page::{Effect, Page};
use super::reader::Reader;
use crate::args::ReviewArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::keys::Key;
use crate::linux::seat::{Seat, Woken};
use crate::linux::stage::apply::TakenOver;
use crate::linux::stage::changes::counted;
use crate::linux::stage::opened::{Opened, Paths};
use crate::linux::stage::sides::tell_kept;
use crate::screen::Screen;

pub(crate) fn review(args: &ReviewArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    refuse_without_terminal(&context)?;
    let (opened, paths) = Opened::on_a_page(&context, &args.stage_and_paths)?;
    let paths = Paths::of(&context, paths);
    paths.refuse_unknown(&opened)?;
    let found = Found::look(&context, opened, &paths)?;
    if found.entries.is_empty() {
        eprintln!("pinfold: the stage {} changes nothing", found.name);
        return Ok(ExitCode::SUCCESS);
    }
    let left = Review::begin(&context, &paths, found).and_then(|mut review| {
        let left = review
            .go_on()
            .or_else(|error| review.screen.seat.ended().map(|signal| Left::Ended(Some(signal))).ok_or(error))?;
        Ok((left, review.found.name))
    });
    let (left, stage) = left.map_err(|error| CliError::new("the page cannot be shown").why(error.to_string()))?;
    left.tell(&context, &stage);
    Ok(ExitCode::SUCCESS)
}

fn refuse_without_terminal(context: &Context) -> Result<(), CliError> {
    let why = match context.text("TERM") {
        _ if !(io::stdin().is_terminal() && io::stdout().is_terminal()) => "standard input or output is none",
        Some("dumb") => "TERM says that it is one without pages",
        _ => return Ok(()),
    };
    Err(CliError::new("there is no terminal to show a page on")
        .why(why)
        .hint("pinfold diff shows what a stage would change, and pinfold apply takes it over"))
}

/// How the page was left.
enum Left {
    Unchanged,
    TookOver {
        taken: Box<TakenOver>,
        mine: BTreeSet<PathBuf>,
        left: usize,
    },
    Discarded,
    /// By a signal, or because nobody sits there.
    Ended(Option<i32>),
}

impl Left {
    fn tell(&self, context: &Context, stage: &str) {
        match self {
            Self::Unchanged => eprintln!("pinfold: nothing was changed; what waits in the stage {stage} waits on"),
            Self::TookOver { taken, mine, left } => {
                tell_kept(context, mine);
                if mine.is_empty() || taken.is_something() {
                    taken.tell(context);
                }
                if *left > 0 {
                    eprintln!("pinfold: {} not chosen: in the stage {stage} still", counted(*left));
                }
            }
            Self::Discarded => eprintln!("pinfold: the stage {stage} is discarded; what was taken over from it stays"),
            Self::Ended(Some(signal)) => end_by(*signal),
            Self::Ended(None) => {}
        }
    }
}

/// A page on a terminal.
struct Review<'a> {
    context: &'a Context,
    paths: &'a Paths,
    found: Found,
    page: Page,
    reader: Reader,
    look: Look,
    /// Never dropped: it would show the cursor, which the screen does, and complain about it where nobody sits any more.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    /// Given back when all else is gone.
    screen: Screen,
}

impl<'a> Review<'a> {
    fn begin(context: &'a Context, paths: &'a Paths, found: Found) -> io::Result<Self> {
        let screen = Screen::enter(Seat::new()?)?;
        let terminal = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(io::stdout()))?);
        // After the seat: signals are the seat's on every thread.
        let reader = Reader::new(&found)?;
        let look = Look::new(context.text("NO_COLOR").is_none_or(str::is_empty));
        Ok(Self { context, paths, page: page(&found), found, reader, look, terminal, screen })
    }

    fn go_on(&mut self) -> io::Result<Left> {
        loop {
            self.page.resize(self.screen.seat.size()?);
            self.reader.want(self.page.wanted());
            self.terminal.draw(|frame| draw(frame, &self.page, self.look))?;
            if let Woken::Ended(signal) = self.screen.seat.wait(&[self.reader.bell().as_fd()], None)? {
                return Ok(Left::Ended(signal));
            }
            for (entry, view) in self.reader.news()? {
                self.page.take(entry, view);
            }
            while let Some(key) = self.screen.seat.typed()? {
                if let Some(left) = self.press(key)? {
                    return Ok(left);
                }
            }
        }
    }

    fn press(&mut self, key: Key) -> io::Result<Option<Left>> {
        let asked = self.page.question.clone();
        let effect = self.page.press(key);
        if effect.is_some_and(needs_the_stage) {
            self.page.notice = Some("one moment…".to_owned());
            self.terminal.draw(|frame| draw(frame, &self.page, self.look))?;
            self.page.notice = None;
        }
        let left = effect.and_then(|effect| self.carry_out(effect));
        // Nobody has answered a question that was not there yet.
        if self.page.question.is_some() && self.page.question != asked {
            self.screen.seat.forget_typed();
        }
        Ok(left)
    }

    /// Does what the page wants. Nothing that goes wrong leaves it.
    fn carry_out(&mut self, effect: Effect) -> Option<Left> {
        // Who reads holds the stage as well.
        let busy = self.reader.busy();
        let _quiet = needs_the_stage(effect).then(|| busy.lock().unwrap_or_else(PoisonError::into_inner));
        let done = match effect {
            Effect::Leave => return Some(Left::Unchanged),
            Effect::Weigh => self.found.weigh(self.context, &self.page).map(|question| {
                self.page.ask(question);
                None
            }),
            Effect::TakeOver => self.found.take_over(self.context, &self.page).map(|(taken, mine)| {
                let left = self.page.left();
                Some(Left::TookOver { taken: Box::new(taken), mine, left })
            }),
            Effect::Discard => self.found.discard(self.context).map(|()| Some(Left::Discarded)),
            Effect::LookAgain => self.look_again().map(|()| None),
        };
        done.unwrap_or_else(|error| {
            self.page.notice = Some(error.to_string());
            None
        })
    }

    fn look_again(&mut self) -> Result<(), CliError> {
        let opened = Opened::shown_as_it_is(self.found.stages.clone(), &self.found.name)?;
        let found = Found::look(self.context, opened, self.paths)?;
        self.reader =
            Reader::new(&found).map_err(|error| CliError::new("nothing can be read").why(error.to_string()))?;
        // Whatever somebody else has written there meanwhile goes.
        let area = self.terminal.get_frame().area();
        self.terminal.resize(area).map_err(|error| CliError::new(error.to_string()))?;
        let chosen = self.page.chosen.len();
        self.page = page(&found);
        self.found = found;
        if chosen > 0 && self.page.notice.is_none() {
            self.page.notice = Some("this is how it is now; nothing is chosen yet".to_owned());
        }
        Ok(())
    }
}

/// Whether something is done that takes its time, with the stage held.
fn needs_the_stage(effect: Effect) -> bool {
    matches!(effect, Effect::TakeOver | Effect::Discard | Effect::LookAgain)
}

fn page(found: &Found) -> Page {
    let mut page = Page::new(&found.name, &found.roots, found.entries.clone());
    let in_use =
        "a run goes on in it: this is what it has at the moment; r looks again, and nothing is taken over until then";
    let exceeded = |why: &String| format!("this is not all, and cannot be taken over: {why}");
    page.notice = found.exceeded.as_ref().map(exceeded).or_else(|| found.is_in_use().then(|| in_use.to_owned()));
    page
}
