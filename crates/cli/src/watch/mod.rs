//! `pinfold watch`: live runs, what happens in them, and their questions; a page on a terminal, lines elsewhere.

mod describe;
mod lines;
mod page;
mod refusals;
mod screen;
mod sessions;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use self::sessions::Sessions;
use crate::args::WatchArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::platform::{Runs, Seat};

/// How often it is looked for new runs, and the time that is left for a question is shown.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(500);

pub(crate) fn watch(args: &WatchArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(None)?;
    let sessions = Sessions::new(Runs::of(context.state())?);
    let watched = go_on(sessions, args.json, &context.home);
    watched.map(|()| ExitCode::SUCCESS).map_err(|error| CliError::new("watching failed").why(error.to_string()))
}

fn go_on(sessions: Sessions, json: bool, home: &Path) -> io::Result<()> {
    let somebody_sits_there = io::stdin().is_terminal() && io::stdout().is_terminal();
    let seat = if json || !somebody_sits_there { None } else { Seat::take(sessions.runs())? };
    match seat {
        Some(seat) => screen::show(sessions, seat, home),
        None => lines::print(sessions, json),
    }
}
