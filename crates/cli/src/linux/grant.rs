//! `pinfold grant` and `pinfold revoke`: what a run gets while it goes on.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use pinfold_policy::{Unit, plain};
use pinfold_run::control::{Grant, Outcome, Refusal, Told, Watched, Wish};

use super::Runs;
use crate::args::{GrantArgs, GrantKind, RevokeArgs};
use crate::context::Context;
use crate::error::CliError;

/// How long the run may take to say what has come of a wish.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long it may take to say who it is.
const AT_ONCE: Duration = Duration::from_secs(3);

/// The name for the run that lives, where there is one only.
const LAST: &str = "last";

pub(crate) fn grant(args: &GrantArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(None)?;
    let grant = meant(&context, args.kind, &args.what)?;
    let value = value(&context, &grant)?;
    let for_ms = args.lease.as_deref().map(lease).transpose()?;
    let (session, given) = wish(&context, &args.session, Wish::Grant { grant, value, for_ms, itself: false })?;
    let time = args.lease.as_ref().map_or("until it ends".to_owned(), |lease| format!("for {lease}"));
    eprintln!("pinfold: {session} may {}, {time}", plain(&given.sentence()));
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn revoke(args: &RevokeArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(None)?;
    let grant = meant(&context, args.kind, &args.what)?;
    let (session, taken) = wish(&context, &args.session, Wish::Revoke { grant })?;
    eprintln!("pinfold: {session} may no longer {}", plain(&taken.sentence()));
    Ok(ExitCode::SUCCESS)
}

/// What the arguments name.
fn meant(context: &Context, kind: GrantKind, what: &OsStr) -> Result<Grant, CliError> {
    let text = || {
        let not_text = || CliError::new(format!("{}: it is not Unicode", what.display()));
        what.to_str().map(str::to_owned).ok_or_else(not_text)
    };
    let path = || {
        let path = context.absolute(Path::new(what));
        let not_text = || CliError::new(format!("{}: the path is not Unicode", what.display()));
        path.to_str().map(str::to_owned).ok_or_else(|| not_text().hint("name a directory above it"))
    };
    Ok(match kind {
        GrantKind::Read => Grant::Read { path: path()? },
        GrantKind::Write => Grant::Write { path: path()? },
        GrantKind::Connect => Grant::Connect { to: text()? },
        GrantKind::Env => Grant::Env { name: text()?.split('=').next().unwrap_or_default().to_owned() },
    })
}

/// The value of a variable, from the environment here: on the command line it would be in the shell's history.
fn value(context: &Context, grant: &Grant) -> Result<Option<String>, CliError> {
    let Grant::Env { name } = grant else { return Ok(None) };
    let missing = || {
        CliError::new(format!("there is no variable {name} here"))
            .why("a run gets the value that the variable has where you grant it")
            .hint(format!("read -rs {name}; export {name}"))
    };
    context.text(name).map(|value| Some(value.to_owned())).ok_or_else(missing)
}

/// How long a lease is, in milliseconds.
fn lease(text: &str) -> Result<u64, CliError> {
    Unit::Milliseconds
        .read(text)
        .map_err(|why| CliError::new(format!("--for {text}: {why}")).hint("for example --for 10m"))
}

/// Has a wish of a live run; gives its name, and what was given or taken back.
fn wish(context: &Context, name: &str, wish: Wish) -> Result<(String, Grant), CliError> {
    let runs = Runs::of(context.state())?;
    let mut run = Live::meant(&runs, name)?;
    let outcome = run.introduce(&runs).map(drop).and_then(|()| outcome(&runs, &mut run.watched, wish));
    match outcome.map_err(|error| unreachable(&run.id, &error))? {
        Outcome::Done { grant, notes } => {
            notes.iter().for_each(|note| eprintln!("pinfold: {}", plain(note)));
            Ok((run.id, grant))
        }
        Outcome::Refused(refusal) => Err(shown(refusal)),
    }
}

fn unreachable(id: &str, error: &io::Error) -> CliError {
    let shown = CliError::new(format!("the run {id} does not talk to this process"));
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            shown.why("it talks to nobody who is in a sandbox, and not to more watchers than it has room for")
        }
        io::ErrorKind::InvalidData => shown.why("it is a run of another version of pinfold"),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionRefused => shown.why("it has ended"),
        _ => shown.why(error.to_string()),
    }
}

/// A live run.
struct Live {
    id: String,
    watched: Watched,
    /// The stage that it writes to, as soon as it has said so.
    stage: Option<Option<String>>,
}

impl Live {
    /// The one that is meant by a name, the beginning of one, the name of its stage, or `last`.
    fn meant(runs: &Runs, name: &str) -> Result<Self, CliError> {
        let live = |id: String| Some(Self { watched: runs.watch(&id).ok()?, id, stage: None });
        let live: Vec<Self> = runs.live().into_iter().filter_map(live).collect();
        let names = |runs: &[Self]| runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>().join(", ");
        if live.is_empty() {
            return Err(CliError::new("no run is going on").hint(
                "start it with what it needs: pinfold run --read PATH, --write PATH, --allow-host HOST, --env NAME",
            ));
        }
        let all = names(&live);
        let (mut meant, others): (Vec<Self>, Vec<Self>) =
            live.into_iter().partition(|run| name == LAST || run.id.starts_with(name));
        let is_whole = name == LAST || meant.iter().any(|run| run.id == name);
        for mut run in others.into_iter().filter(|_| !is_whole) {
            match run.introduce(runs).map(|stage| stage == Some(name)) {
                Ok(true) => meant.push(run),
                Err(error) if meant.is_empty() && error.kind() == io::ErrorKind::TimedOut => {
                    return Err(CliError::new(format!("the run {} does not say in which stage it is", run.id))
                        .why("it is stopped, or busy")
                        .hint(format!("name the run that is meant: {all}")));
                }
                Ok(false) | Err(_) => {}
            }
        }
        if meant.len() > 1 {
            return Err(CliError::new(format!("`{name}` could be several live runs"))
                .why(names(&meant))
                .hint("type more of its name; pinfold watch tells what each of them runs"));
        }
        meant.pop().ok_or_else(|| {
            CliError::new(format!("no live run is called `{name}`"))
                .why(format!("these are going on: {all}"))
                .hint("pinfold watch tells what each of them runs; `last` is the only one")
        })
    }

    /// Hears what it says of itself, and gives the stage that it writes to. Nothing may be said to it before: a run of another
    /// version would understand something else.
    fn introduce(&mut self, runs: &Runs) -> io::Result<Option<&str>> {
        if self.stage.is_none() {
            self.stage = Some(hear(runs, &mut self.watched, AT_ONCE, |told| match told {
                Told::Session { stage, .. } => Some(stage),
                _ => None,
            })?);
        }
        Ok(self.stage.as_ref().and_then(Option::as_deref))
    }
}

fn outcome(runs: &Runs, watched: &mut Watched, wish: Wish) -> io::Result<Outcome> {
    const ID: u64 = 1;
    watched.wish(ID, wish)?;
    hear(runs, watched, PATIENCE, |told| match told {
        Told::Outcome { id: ID, outcome } => Some(outcome),
        _ => None,
    })
}

/// Waits for one message of a run.
fn hear<T>(
    runs: &Runs,
    watched: &mut Watched,
    patience: Duration,
    wanted: impl Fn(Told) -> Option<T>,
) -> io::Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        match watched.hear()? {
            Some(told) => {
                if let Some(heard) = wanted(told) {
                    return Ok(heard);
                }
            }
            None if Instant::now() > deadline => return Err(io::ErrorKind::TimedOut.into()),
            None => {
                runs.wait(std::iter::once(&*watched), None)?;
            }
        }
    }
}

fn shown(Refusal { what, why, rule, hints }: Refusal) -> CliError {
    let error = why.into_iter().fold(CliError::new(what), CliError::why);
    let error = rule.into_iter().fold(error, CliError::rule);
    hints.into_iter().fold(error, CliError::hint)
}
