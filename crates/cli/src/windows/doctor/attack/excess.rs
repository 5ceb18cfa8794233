//! Attackers that go beyond a limit, one run each, looked at while they do.

use std::path::Path;
use std::time::{Duration, Instant};

use super::super::attacker::greedy::CROWD;
use super::catalogue::{EXCESSES, Excess, Mark, fill_in};
use super::round::text;
use super::trial::{INTERVAL, Trial, is_locked};
use crate::attack::{Row, Scene, Setting, Tried, judge, unprepared};
use crate::error::CliError;

/// How long a supervisor that looks ten times a second may take to act.
const DEADLINE: Duration = Duration::from_millis(2500);
/// How long an attacker may take to get what it wants.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of every one whose limit the policy has.
pub(super) fn fight(setting: &Setting, bare: &Scene<'_>, inside: &Scene<'_>) -> Result<Vec<Row>, CliError> {
    let mut rows = Vec::new();
    for excess in EXCESSES.iter().filter(|excess| setting.promises(excess.promise)) {
        let tried = match (see(excess, bare)?, see(excess, inside)?) {
            (Err(why), _) | (_, Err(why)) => Tried::Nowhere(why),
            (Ok(bare), Ok(inside)) => judge(bare, inside),
        };
        rows.push(Row { promise: excess.promise, name: excess.name, harm: excess.harm, told: false, tried });
    }
    Ok(rows)
}

/// What is seen at one moment.
enum Sight {
    /// Nothing yet.
    Wait,
    /// It has all that it could get, and that is not too much.
    Enough,
    /// Too much, and that is harm as soon as the run is not ended for it.
    TooMuch,
    /// Too much, and it cannot be undone.
    Harm,
}

/// Whether it did harm, or why that is not known.
fn see(excess: &Excess, scene: &Scene<'_>) -> Result<Result<bool, String>, CliError> {
    let own = scene.own(excess.name);
    std::fs::create_dir_all(&own).map_err(unprepared)?;
    std::fs::write(scene.alive(excess.name), "").map_err(unprepared)?;
    let mut words = vec!["0".to_owned(), excess.verb.word().to_owned()];
    words.extend(excess.words.iter().filter_map(|word| fill_in(word, |blank| value(scene, excess, blank)).ok()));
    let mut trial = scene.start(&["--limit", excess.limit], &words)?;
    let seen = watch(excess, scene, &mut trial);
    let _ = std::fs::write(scene.end(excess.name), "");
    trial.release();
    trial.finish()?;
    Ok(seen)
}

fn value(scene: &Scene<'_>, excess: &Excess, blank: &str) -> Option<String> {
    match blank {
        "own" => Some(text(&scene.own(excess.name))),
        "alive" => Some(text(&scene.alive(excess.name))),
        "end" => Some(text(&scene.end(excess.name))),
        _ => None,
    }
}

fn watch(excess: &Excess, scene: &Scene<'_>, trial: &mut Trial) -> Result<bool, String> {
    let (mut alive_since, mut beyond_since) = (None, None);
    loop {
        // In this order: what is seen of a run that has ended is the whole of it.
        let ended = trial.has_ended();
        match look(excess, scene, trial, &mut alive_since) {
            Sight::Harm => return Ok(true),
            Sight::Enough => return Ok(false),
            Sight::TooMuch if !scene.is_confined() => return Ok(true),
            Sight::TooMuch if beyond_since.get_or_insert_with(Instant::now).elapsed() > DEADLINE => return Ok(true),
            _ if ended && trial.said().contains("@began 0") => return Ok(false),
            _ if ended => return Err(format!("it did not begin: {}", trial.complaint())),
            _ if trial.began.elapsed() > PATIENCE => return Err("it was too slow to be judged".into()),
            _ => std::thread::sleep(INTERVAL),
        }
    }
}

fn look(excess: &Excess, scene: &Scene<'_>, trial: &Trial, alive_since: &mut Option<Instant>) -> Sight {
    let holding = || trial.said().contains("@holding");
    match excess.mark {
        Mark::Holding if holding() => Sight::TooMuch,
        Mark::Crowd(most) if holding() => {
            if crowd(&scene.own(excess.name)) > most {
                Sight::Harm
            } else {
                Sight::Enough
            }
        }
        Mark::Printed(bytes) if trial.said_bytes() >= bytes => Sight::Harm,
        Mark::Written(bytes) => {
            let file = std::fs::File::open(scene.own(excess.name).join("filled"));
            let length = file.and_then(|file| file.metadata()).map_or(0, |metadata| metadata.len());
            if length >= bytes && holding() { Sight::TooMuch } else { Sight::Wait }
        }
        Mark::Alive(long) if is_locked(&scene.alive(excess.name)) => {
            if alive_since.get_or_insert_with(Instant::now).elapsed() > long { Sight::TooMuch } else { Sight::Wait }
        }
        _ => Sight::Wait,
    }
}

/// How many processes linger, by the files that they lock.
fn crowd(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(CROWD));
    files.filter(|entry| is_locked(&entry.path())).count()
}
