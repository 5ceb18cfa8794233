//! The attacks that need no limit: a row of them in one run, without the sandbox and then inside.

use std::path::Path;
use std::time::{Duration, Instant};

use pinfold_policy::AreaKind;

use super::super::attacker;
use super::alone;
use super::catalogue::{self, Attack, Service, Sign, fill_in};
use super::company::{Company, Gifts};
use super::judge::{After, Before, pipe_name, prepare};
use super::places::place;
use super::services::{Listener, far_away};
use super::trial::INTERVAL;
use crate::attack::{Row, Scene, Setting, Tried, judge, unprepared};
use crate::error::CliError;

/// How long those may take to begin who are started by others.
const LATE: Duration = Duration::from_secs(3);

/// What came of every attack of the row.
pub(super) fn fight(setting: &Setting, bare: &Scene<'_>, inside: &Scene<'_>) -> Result<Vec<Row>, CliError> {
    let attacks: Vec<&Attack> = catalogue::all().filter(|attack| setting.promises(attack.promise)).collect();
    let bare = see(&attacks, bare)?;
    let inside = see(&attacks, inside)?;
    let row = |(attack, (bare, inside)): (&&Attack, (Seen, Seen))| Row {
        promise: attack.promise,
        name: attack.name,
        harm: attack.harm,
        told: attack.sign == Sign::Told,
        tried: match (bare, inside) {
            (Err(why), _) | (_, Err(why)) => Tried::Nowhere(why),
            (Ok(bare), Ok(inside)) => judge(bare, inside),
        },
    };
    Ok(attacks.iter().zip(bare.into_iter().zip(inside)).map(row).collect())
}

/// Whether an attack did harm on one side, or why it was not tried.
type Seen = Result<bool, String>;

/// One attack, ready to be tried.
struct Ready {
    words: Vec<String>,
    before: Before,
}

fn see(attacks: &[&Attack], scene: &Scene<'_>) -> Result<Vec<Seen>, CliError> {
    let company = Company::gather(scene).map_err(unprepared)?;
    let gifts = Gifts::make(scene).map_err(unprepared)?;
    let far_away = far_away().map(|address| address.to_string());
    let known = Known { scene, company: &company, gifts: &gifts, far_away };
    let ready: Vec<Result<Ready, String>> = attacks.iter().map(|attack| known.make_ready(attack)).collect();
    let row = scene.workspace.join("row.json");
    write_row(&row, &ready).map_err(unprepared)?;
    let mut trial = scene.start(&[], &[attacker::ROW.into(), text(&row)])?;
    trial.finish()?;
    wait_for_the_late(&ready);
    // Nothing that is started from now on gets them.
    drop(gifts);
    let said = trial.said();
    let changes = company.dismiss();
    let says = |what: &str, number: usize| said.lines().any(|line| line == format!("@{what} {number}"));
    let judged = |(number, ready): (usize, Result<Ready, String>)| {
        let ready = ready?;
        let after = After { said: &said, done: says("done", number), changes: &changes };
        // Also of one that did not begin: what it has left goes.
        let harmed = ready.before.is_harmed(&after);
        if says("began", number) { Ok(harmed) } else { Err(format!("it did not begin: {}", trial.complaint())) }
    };
    Ok(ready.into_iter().enumerate().map(judged).collect())
}

/// All steps, each with its number.
fn write_row(file: &Path, ready: &[Result<Ready, String>]) -> std::io::Result<()> {
    let number = |(number, ready): (usize, &Result<Ready, String>)| {
        let words = &ready.as_ref().ok()?.words;
        Some([&[number.to_string()], words.as_slice()].concat())
    };
    let steps: Vec<Vec<String>> = ready.iter().enumerate().filter_map(number).collect();
    std::fs::write(file, serde_json::to_vec(&steps)?)
}

fn wait_for_the_late(ready: &[Result<Ready, String>]) {
    let begin = Instant::now();
    while ready.iter().flatten().any(|ready| ready.before.is_waited_for()) && begin.elapsed() < LATE {
        std::thread::sleep(INTERVAL);
    }
}

/// What the blanks of the catalogue are filled in with.
struct Known<'a> {
    scene: &'a Scene<'a>,
    company: &'a Company,
    gifts: &'a Gifts,
    far_away: Option<String>,
}

impl Known<'_> {
    fn make_ready(&self, attack: &Attack) -> Result<Ready, String> {
        self.scene.furnish(attack).map_err(|error| format!("it cannot be prepared here: {error}"))?;
        let service = match attack.sign {
            Sign::Called(service) => Some((service, Listener::new(service)?)),
            _ => None,
        };
        let (listener, at) = match service {
            Some((service, (listener, at))) => (Some(listener), Some((service, at.to_string()))),
            None => (None, None),
        };
        let filled = |word: &str| {
            let value = |blank: &str| self.value(attack, blank, at.as_ref());
            fill_in(word, value).map_err(|blank| format!("there is no {} here", blank.replace('-', " ")))
        };
        let mut words = vec![attack.verb.word().to_owned()];
        for word in attack.words {
            words.push(filled(word)?);
        }
        Ok(Ready { words, before: prepare(self.scene, attack, listener, &filled)? })
    }

    fn value(&self, attack: &Attack, blank: &str, at: Option<&(Service, String)>) -> Option<String> {
        let (scene, name, victim) = (self.scene, attack.name, &self.company.victim);
        let service = |wanted| at.filter(|(service, _)| *service == wanted).map(|(_, address)| address.clone());
        match blank {
            "outside" => Some(text(&scene.outside(name))),
            "own" => Some(text(&scene.own(name))),
            "shared" => shared(&scene.outside(name)),
            "low-place" => alone::low(&scene.outside(name)),
            "open-place" => alone::open(&scene.outside(name)),
            "cache" => cache(scene, name),
            "workspace" => Some(text(&scene.workspace)),
            "unique" => Some(scene.unique(name)),
            "alive" => Some(text(&scene.alive(name))),
            "end" => Some(text(&scene.end(name))),
            "victim" => Some(victim.id().to_string()),
            "sacrifice" => Some(self.company.sacrifice.id().to_string()),
            "memory" => victim.memory(),
            "scratchpad" => victim.scratchpad(),
            "file-handle" => victim.file(),
            "tcp" => service(Service::Tcp),
            "tcp-six" => service(Service::TcpSix),
            "tcp-host" => service(Service::TcpHost),
            "udp" => service(Service::Udp),
            "pipe" => Some(pipe_name(&scene.unique(name))),
            "host-far-away" => self.far_away.clone(),
            "inherited-file" => Some(self.gifts.file()),
            "inherited-pipe" => Some(self.gifts.pipe()),
            place_of => place(place_of).map(|path| text(&path).trim_end_matches('\\').to_owned()),
        }
    }
}

pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A package cache of the user's. Without the sandbox a directory of the test's own stands for it: the real one is not
/// touched.
fn cache(scene: &Scene<'_>, name: &str) -> Option<String> {
    let mut areas = scene.setting.policy.layout();
    let cache = areas.find(|area| area.kind == AreaKind::CopyOnWrite && area.path.is_dir())?;
    Some(if scene.is_confined() { text(&cache.path) } else { text(&scene.outside(name)) })
}

/// The same path by the share that Windows makes of every drive.
fn shared(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let (drive, rest) = text.split_once(":\\")?;
    (drive.len() == 1).then(|| format!(r"\\localhost\{drive}$\{rest}"))
}
