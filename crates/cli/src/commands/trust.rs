//! `pinfold trust`: let a project's policy widen what is allowed.

use std::process::ExitCode;

use pinfold_ledger::Event;

use crate::args::TrustArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::trust::{self, Trusted};
use crate::{layers, platform, record};

/// What the ledger calls it.
const COMMAND: &str = "pinfold trust";

pub(crate) fn trust(args: TrustArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.workspace.as_deref())?;
    let file = context.project_policy();
    let trusted = Trusted::new(context.state());
    let failed = |error: std::io::Error| CliError::new("the decision cannot be kept").why(error.to_string());
    if args.revoke {
        let was = trusted.remove(&file).map_err(failed)?;
        println!("{} {}", file.display(), if was { "is not trusted any more" } else { "was not trusted" });
        return Ok(ExitCode::SUCCESS);
    }
    if !file.exists() {
        return Err(CliError::new(format!("there is no {}", file.display()))
            .why("only a project's own policy file needs trust")
            .hint(format!("for rules of your own write {}; it is always in force", context.user_policy().display())));
    }
    let text = layers::read(&file).map_err(|error| layers::unreadable(&file, &error))?;
    layers::parsed(&text, &file)?;
    trusted.insert(&file, text.as_bytes()).map_err(failed)?;
    let decision = Event::Trust {
        path: file.as_path().into(),
        sha256: trust::digest(text.as_bytes()),
        by: platform::user().name,
        how: COMMAND.to_owned(),
    };
    if let Err(why) = record::decision(&context, COMMAND, decision) {
        eprintln!("{}", CliError::notice("this decision is not recorded").why(why));
    }
    println!("{} is trusted as it is now; any change to it asks again", file.display());
    Ok(ExitCode::SUCCESS)
}
