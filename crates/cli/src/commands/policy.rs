//! `pinfold policy`: check, show and describe policies.

use std::path::PathBuf;
use std::process::ExitCode;

use pinfold_policy::{Sets, to_toml};

use crate::args::{PolicyArgs, PolicyCommand, PolicyFlags};
use crate::context::Context;
use crate::error::CliError;
use crate::{layers, output};

pub(crate) fn policy(args: PolicyArgs) -> Result<ExitCode, CliError> {
    match args.command {
        PolicyCommand::Check { files } => check(files),
        PolicyCommand::Show { policy, full } => show(&policy, full),
        PolicyCommand::Schema => output::json(&pinfold_policy::schema()),
    }
}

fn check(mut files: Vec<PathBuf>) -> Result<ExitCode, CliError> {
    if files.is_empty() {
        let context = Context::new(None)?;
        files = layers::file_layers(&context).into_iter().map(|(_, file)| file).filter(|file| file.exists()).collect();
        if files.is_empty() {
            println!("no policy files are in force here; the built-in profile is");
        }
    }
    let mut wrong = 0_u8;
    for file in files {
        let text = layers::read(&file).map_err(|error| layers::unreadable(&file, &error));
        match text.and_then(|text| layers::parsed(&text, &file)) {
            Ok(_) => println!("{}: ok", file.display()),
            Err(error) => {
                eprintln!("{error}");
                wrong = 1;
            }
        }
    }
    Ok(ExitCode::from(wrong))
}

fn show(flags: &PolicyFlags, full: bool) -> Result<ExitCode, CliError> {
    let context = Context::new(flags.workspace.as_deref())?;
    let merged = layers::in_force(&context, flags)?;
    let sets = if full { Sets::Expanded } else { Sets::Named };
    print!("{}", to_toml(&merged.policy, sets));
    output::withheld(&merged.withheld);
    output::notes(&merged.notes);
    Ok(ExitCode::SUCCESS)
}
