//! `pinfold changes`: what a stage would change.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pinfold_policy::plain;
use pinfold_stage::{Change, Told, What, manifest};
use serde::Serialize;

use super::git::{self, Git};
use super::guarded::{Guarded, guarded};
use super::ignored::Ignored;
use super::in_the_way::InTheWay;
use super::opened::{Opened, Paths, Place, policy};
use crate::args::ChangesArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::output;

/// A new directory with more in it than this is told in one line.
const FOLDED: usize = 20;
/// How many paths are named in a line.
const NAMED: usize = 3;

/// What a caller that asked for JSON reads.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Summary<'a> {
    stage: &'a str,
    /// By which `pinfold apply --reviewed` tells that it is still the same; nothing of what may be otherwise by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Whether a run goes on in it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    in_use: bool,
    /// Why the list is not whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    exceeded: Option<String>,
    changes: Vec<Line>,
}

/// One change. JSON is text, which a path need not be.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Line {
    path: String,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Why `apply` asks before it takes it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    asks: Option<String>,
    /// Whether git ignores it, so that `apply` takes it over only if that is asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ignored: bool,
}

pub(crate) fn changes(args: &ChangesArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let (opened, paths) = Opened::seen(&context, &args.stage_and_paths)?;
    let paths = Paths::of(&context, paths);
    paths.refuse_unknown(&opened)?;
    let guarded = guarded(&policy(&context)?, &opened.places);
    let mut ignored = Ignored::of(&context, &opened.places)?;
    ignored.count_asks(&guarded);
    if args.json {
        return output::json(&summary(&opened, &guarded, &ignored)?);
    }
    let in_the_way = in_the_way(&context, &opened)?;
    let mut out = std::io::stdout().lock();
    let mut lines = 0;
    for place in &opened.places {
        for (directory, count) in quiet(place) {
            let directory = shown(&context.workspace, &directory);
            writeln!(out, "  {directory}/: {} to what git keeps for itself", counted(count))
                .map_err(|error| CliError::new(error.to_string()))?;
        }
        let mut folded: Option<&Path> = None;
        for told in place.changes.told() {
            let (Told::One(change) | Told::Whole { change, .. }) = told;
            let is_left = !args.all && ignored.leaves(&paths, &place.path(change));
            if is_left || !paths.mean(place, change) || folded.is_some_and(|above| change.path.starts_with(above)) {
                continue;
            }
            let below = place.changes.below(&change.path);
            let is_new = change.makes_directory() && below.iter().all(|change| change.what == What::Created);
            let told = match is_new && below.len() > FOLDED && !args.all {
                true if below
                    .iter()
                    .all(|change| !ignored.has(&place.path(change)) && guarded.why(&place.path(change)).is_none()) =>
                {
                    folded = Some(&change.path);
                    Told::Whole { change, below }
                }
                _ => told,
            };
            let Some(line) = line(&context.workspace, place, told, &guarded, &in_the_way) else { continue };
            lines += 1;
            writeln!(out, "{line}").map_err(|error| CliError::new(error.to_string()))?;
        }
    }
    let left = ignored.left(&paths);
    for line in left.lines(&context.workspace).iter().filter(|_| !args.all) {
        lines += 1;
        writeln!(out, "  {line}").map_err(|error| CliError::new(error.to_string()))?;
    }
    if let Some(decided) = decided(&context.workspace, &opened) {
        writeln!(out, "  {decided}").map_err(|error| CliError::new(error.to_string()))?;
    }
    let exceeded = opened.places.iter().find_map(|place| place.changes.exceeded());
    exceeded.iter().for_each(|exceeded| eprintln!("pinfold: this is not all: {exceeded}"));
    if std::io::stderr().is_terminal() {
        match lines {
            0 => eprintln!("pinfold: the stage {} changes nothing", opened.stage.name()),
            _ if opened.in_use => {}
            _ => eprintln!(
                "pinfold: pinfold review or pinfold diff shows them, pinfold apply takes them over, pinfold discard throws them away"
            ),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What its user has decided against.
fn decided(workspace: &Path, opened: &Opened) -> Option<String> {
    let paths = opened.places.iter().flat_map(|place| place.decided.iter().map(|path| place.root.join(path)));
    let names = named(workspace, &paths.collect::<Vec<_>>())?;
    Some(format!("kept as it is here: {names}; pinfold apply --theirs PATH takes it over after all"))
}

/// Some paths by name, and how many more there are; nothing of none.
pub(super) fn named(workspace: &Path, paths: &[PathBuf]) -> Option<String> {
    let (first, more) = paths.split_at(paths.len().min(NAMED));
    let names: Vec<String> = first.iter().map(|path| shown(workspace, path)).collect();
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    (!names.is_empty()).then(|| format!("{}{more}", names.join(", ")))
}

/// What `pinfold apply` could not take over as the workspace is now, or would put elsewhere.
fn in_the_way(context: &Context, opened: &Opened) -> Result<BTreeMap<PathBuf, String>, CliError> {
    let git = Git::of(context);
    let mut all = BTreeMap::new();
    for place in &opened.places {
        let InTheWay { conflicts, beside } = InTheWay::of(&git, opened, place)?;
        let conflicts = conflicts.into_iter().map(|(path, (why, _))| (path, format!("x {why}")));
        let beside = beside.into_iter().map(|(path, name)| (path, format!("~ comes beside yours, at {name}")));
        all.extend(conflicts.chain(beside).map(|(path, what)| (place.root.join(path), what)));
    }
    Ok(all)
}

/// A number of changes in words.
pub(in crate::linux) fn counted(count: usize) -> String {
    if count == 1 { "1 change".to_owned() } else { format!("{count} changes") }
}

/// The digest over everything that a stage would change.
pub(super) fn digest(opened: &Opened) -> Result<String, CliError> {
    let digests = opened.places.iter().map(|place| {
        let digest = manifest(&place.layers, place.changes.all());
        digest.map(|digest| digest.to_string()).map_err(|error| CliError::new(error.to_string()))
    });
    digests.collect::<Result<Vec<_>, _>>().map(|digests| digests.join("-"))
}

fn summary<'a>(opened: &'a Opened, guarded: &Guarded, ignored: &Ignored) -> Result<Summary<'a>, CliError> {
    let exceeded = opened.places.iter().find_map(|place| place.changes.exceeded());
    let line = |(place, change): (&Place, &Change)| Line {
        path: place.path(change).to_string_lossy().into_owned(),
        what: word(&change.what),
        from: match &change.what {
            What::Renamed { from } => Some(place.root.join(from).to_string_lossy().into_owned()),
            _ => None,
        },
        bytes: change.after.as_ref().and_then(|node| match node.kind {
            pinfold_stage::Kind::File { bytes } => Some(bytes),
            _ => None,
        }),
        asks: guarded.why(&place.path(change)).map(ToOwned::to_owned),
        ignored: ignored.has(&place.path(change)),
    };
    Ok(Summary {
        stage: opened.stage.name(),
        digest: (!opened.in_use).then(|| digest(opened)).transpose()?,
        in_use: opened.in_use,
        exceeded: exceeded.map(|exceeded| exceeded.to_string()),
        changes: opened.changes().map(line).collect(),
    })
}

/// How much there is in git directories that nobody would read, by their paths.
fn quiet(place: &Place) -> BTreeMap<PathBuf, usize> {
    let mut counts = BTreeMap::new();
    for change in place.changes.all() {
        if let Some(directory) = git::quiet(&place.path(change), change) {
            *counts.entry(directory).or_default() += 1;
        }
    }
    counts
}

fn word(what: &What) -> &'static str {
    match what {
        What::Created => "created",
        What::Modified => "modified",
        What::Deleted { .. } => "deleted",
        What::Renamed { .. } => "renamed",
        What::Mode => "mode",
        What::KindChanged => "kind",
        What::Touched => "touched",
        What::LeftOut(_) => "left-out",
    }
}

/// What has become of a path, in one letter.
pub(super) fn letter(what: &What) -> char {
    match what {
        What::Created => 'A',
        What::Modified | What::Touched => 'M',
        What::Deleted { .. } => 'D',
        What::Renamed { .. } => 'R',
        What::Mode => 'm',
        What::KindChanged => 'T',
        What::LeftOut(_) => '-',
    }
}

/// As `git status --short` would put it; nothing for what only has another time.
fn line(
    workspace: &Path,
    place: &Place,
    told: Told<'_>,
    guarded: &Guarded,
    in_the_way: &BTreeMap<PathBuf, String>,
) -> Option<String> {
    let (change, below) = match told {
        Told::One(change) => (change, None),
        Told::Whole { change, below } => (change, Some(below.len())),
    };
    // Of a rename the other half tells of both.
    if matches!(change.what, What::Deleted { to: Some(_) } | What::Touched) {
        return None;
    }
    let letter = letter(&change.what);
    if git::quiet(&place.path(change), change).is_some() && guarded.why(&place.path(change)).is_none() {
        return None;
    }
    let mut text = format!("{letter} {}", shown(workspace, &place.path(change)));
    if change.makes_directory() || change.removes_directory() {
        text.push('/');
    }
    match &change.what {
        What::Renamed { from } => text.push_str(&format!(" (was {})", shown(workspace, &place.root.join(from)))),
        What::LeftOut(why) => text.push_str(&format!(" (stays in the stage: {why})")),
        _ => {}
    }
    let more = below.filter(|below| *below > 0);
    more.iter().for_each(|below| text.push_str(&format!(" with {below} below")));
    guarded.why(&place.path(change)).iter().for_each(|why| text.push_str(&format!("  ! {why}")));
    in_the_way.get(&place.path(change)).iter().for_each(|what| text.push_str(&format!("  {what}")));
    Some(text)
}

/// A path as it is in the workspace, without characters that deceive a terminal.
pub(in crate::linux) fn shown(workspace: &Path, path: &Path) -> String {
    plain(&path.strip_prefix(workspace).unwrap_or(path).to_string_lossy())
}
