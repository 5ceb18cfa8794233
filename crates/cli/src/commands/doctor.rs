//! `pinfold doctor`: what this host can keep, what is missing, and how to get it.

use std::process::ExitCode;

use pinfold_plan::linux;
use pinfold_run::Store;

use super::prepare::prepare;
use crate::args::DoctorArgs;
use crate::error::CliError;
use crate::output;

pub(crate) fn doctor(args: DoctorArgs) -> Result<ExitCode, CliError> {
    let prepared = prepare(&args.policy)?;
    if args.clean {
        println!("{} interrupted runs repaired", prepared.repaired);
        return Ok(ExitCode::SUCCESS);
    }
    println!("promises of profile `{}` here\n", prepared.plan.profile);
    print!("{}", output::assurance(&prepared.plan.assurance));
    match linux::refusal(&prepared.plan) {
        None => println!("\nevery promise is kept"),
        Some(refusal) => {
            println!("\n{refusal}");
            for missing in refusal.missing {
                println!("  {}: {}", missing.promise.text(), missing.remedy.unwrap_or_default());
            }
            return Ok(ExitCode::from(1));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Finishes what supervisors that were killed could not. Gives how many there were.
pub(crate) fn repair(store: &Store) -> Result<usize, CliError> {
    let leftovers = store.leftovers().map_err(|error| CliError::from_error(&error))?;
    let count = leftovers.len();
    for leftover in leftovers {
        let mut quarantine = store.quarantine(&leftover.id);
        let repaired = pinfold_run::repair(&leftover.memory, &mut quarantine);
        output::quarantined(&quarantine.into_taken());
        match repaired {
            Ok(()) => leftover.forget(),
            // Another workspace's trouble must not keep this one from running; it is tried again next time.
            Err(error) => eprintln!("pinfold: warning: run {} cannot be repaired: {error}", leftover.id),
        }
    }
    Ok(count)
}
