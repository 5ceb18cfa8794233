//! `--ask`: hosts that no rule names are asked about, by way of the control channel of a run.

use std::ffi::OsString;
use std::io::IsTerminal;

use pinfold_run::control::Introduction;

use crate::error::CliError;

/// Says who is asked, on the terminal that the command is about to have to itself.
pub(crate) fn say_who_is_asked(anybody: bool) {
    if !anybody {
        eprintln!("pinfold: --ask: nobody will be asked, as the network is not one of rules");
    } else if std::io::stderr().is_terminal() {
        eprintln!("pinfold: questions about hosts are answered in another terminal: pinfold watch");
    }
}

/// What a watcher hears first.
pub(crate) fn introduction(
    workspace: String,
    profile: &str,
    stage: Option<&str>,
    command: &[OsString],
) -> Introduction {
    let command = command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    Introduction { workspace, profile: profile.to_owned(), stage: stage.map(str::to_owned), command }
}

/// The control channel of a run. Without questions it goes on where there is none.
pub(crate) fn needed<Control>(
    opened: Result<Control, impl std::error::Error>,
    ask: bool,
) -> Result<Option<Control>, CliError> {
    match opened {
        Ok(control) => Ok(Some(control)),
        Err(error) if ask => Err(CliError::from_error(&error).why("nobody could answer the questions of --ask")),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_needs_somebody_to_answer() {
        let opened = |is_there: bool| if is_there { Ok(1) } else { Err(std::io::Error::other("taken")) };
        assert_eq!(needed(opened(true), true).ok(), Some(Some(1)));
        assert_eq!(needed(opened(false), false).ok(), Some(None));
        let refused = needed(opened(false), true).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains("nobody could answer"), "{refused}");
    }
}
