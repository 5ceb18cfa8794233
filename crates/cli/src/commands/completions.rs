//! `pinfold completions`: completions for a shell.

use std::process::ExitCode;

use crate::args::CompletionsArgs;
use crate::error::CliError;

pub(crate) fn completions(args: CompletionsArgs) -> Result<ExitCode, CliError> {
    clap_complete::generate(args.shell, &mut crate::command(), "pinfold", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
