//! `pinfold watch`: live runs, what happens in them, and their questions; a page on a terminal, lines elsewhere.

mod describe;
mod lines;
mod page;
mod screen;
mod sessions;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use pinfold_run::Store;

use self::sessions::Sessions;
use crate::args::WatchArgs;
use crate::context::Context;
use crate::error::CliError;

/// How often it is looked for new runs, and the time that is left for a question is shown.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

pub(crate) fn watch(args: &WatchArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(None)?;
    let store = Store::open(context.state().to_owned()).map_err(|error| CliError::from_error(&error))?;
    let sessions = Sessions::new(store);
    let somebody_sits_there = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let watched =
        if args.json || !somebody_sits_there { lines::print(sessions, args.json) } else { screen::show(sessions) };
    watched.map(|()| ExitCode::SUCCESS).map_err(|error| CliError::new("watching failed").why(error.to_string()))
}
