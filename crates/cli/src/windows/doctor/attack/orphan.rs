//! What becomes of a command whose supervisor is killed.

use std::time::{Duration, Instant};

use pinfold_plan::Promise;

use super::catalogue::Verb;
use super::round::text;
use super::trial::{INTERVAL, is_locked};
use crate::attack::{Row, Scene, Setting, Tried, judge, unprepared};
use crate::error::CliError;

const NAME: &str = "kill-supervisor";
/// How long the command may take to begin.
const PATIENCE: Duration = Duration::from_secs(30);
/// The system takes a job down at its leisure.
const GRACE: Duration = Duration::from_secs(3);

/// Kills whoever started the command: without the sandbox its parent, inside the supervisor. Is it still there?
pub(super) fn fight(setting: &Setting, bare: &Scene<'_>, inside: &Scene<'_>) -> Result<Option<Row>, CliError> {
    if !setting.promises(Promise::NothingSurvives) {
        return Ok(None);
    }
    let tried = match (outlives(bare)?, outlives(inside)?) {
        (Some(bare), Some(inside)) => judge(bare, inside),
        _ => Tried::Nowhere("it did not begin".into()),
    };
    let harm = "the command outlived its supervisor, which was killed";
    Ok(Some(Row { promise: Promise::NothingSurvives, name: NAME, harm, told: false, tried }))
}

fn outlives(scene: &Scene<'_>) -> Result<Option<bool>, CliError> {
    let (alive, end) = (scene.alive(NAME), scene.end(NAME));
    std::fs::create_dir_all(scene.own(NAME)).map_err(unprepared)?;
    std::fs::write(&alive, "").map_err(unprepared)?;
    let words = ["0".to_owned(), Verb::Nest.word().to_owned(), text(&alive), text(&end)];
    let mut trial = scene.start(&[], &words)?;
    while !is_locked(&alive) {
        if trial.has_ended() || trial.began.elapsed() > PATIENCE {
            return Ok(None);
        }
        std::thread::sleep(INTERVAL);
    }
    trial.kill();
    let begin = Instant::now();
    let grace = if scene.is_confined() { GRACE } else { Duration::from_millis(100) };
    while is_locked(&alive) && begin.elapsed() < grace {
        std::thread::sleep(INTERVAL);
    }
    let survived = is_locked(&alive);
    std::fs::write(&end, "").map_err(unprepared)?;
    Ok(Some(survived))
}
