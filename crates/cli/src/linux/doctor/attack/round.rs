//! The attacks that need no company: a row of them in one run, without the sandbox and then inside.

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::io::FdFlags;
use rustix::pipe::PipeFlags;

use super::super::attacker::NEXT;
use super::catalogue::{self, Attack, Attempt, Company};
use super::trial::{Patience, word};
use crate::attack::{Row, Scene, Setting, Tried, judge};
use crate::error::CliError;

/// What came of every attack of the row.
pub(super) fn fight(
    setting: &Setting,
    bare: &Scene<'_>,
    inside: &Scene<'_>,
    patience: &Patience,
) -> Result<Vec<Row>, CliError> {
    let attacks: Vec<Attack> = catalogue::all().into_iter().filter(|attack| setting.promises(attack.promise)).collect();
    let bare = Seen::of(&attacks, bare, patience)?;
    let inside = Seen::of(&attacks, inside, patience)?;
    let rows = attacks.into_iter().zip(bare.0.into_iter().zip(inside.0));
    Ok(rows
        .map(|(attack, (bare, inside))| Row {
            promise: attack.promise,
            name: attack.name,
            harm: attack.harm,
            told: attack.told,
            tried: match (bare, inside) {
                (Err(why), _) | (_, Err(why)) => Tried::Nowhere(why),
                (Ok(bare), Ok(inside)) => judge(bare, inside),
            },
        })
        .collect())
}

/// For each attack whether it did harm on one side, or why it was not tried.
struct Seen(Vec<Result<bool, String>>);

impl Seen {
    fn of(attacks: &[Attack], scene: &Scene<'_>, patience: &Patience) -> Result<Self, CliError> {
        let company = Company::gather(scene)?;
        let gifts =
            Gifts::make(scene).map_err(|error| CliError::new("a pipe cannot be made").why(error.to_string()))?;
        let attempts: Vec<Result<Attempt, String>> =
            attacks.iter().map(|attack| (attack.prepare)(scene, &company, attack.name)).collect();
        let mut words: Vec<OsString> = vec!["row".into()];
        for (number, attempt) in attempts.iter().enumerate() {
            if let Ok(attempt) = attempt {
                words.push(number.to_string().into());
                words.push(attempt.verb.into());
                words.extend(attempt.words.iter().map(word).map(|word| gifts.fill_in(word)));
                words.push(NEXT.into());
            }
        }
        words.pop();
        let mut trial = scene.start(&[], &words)?;
        drop(gifts);
        trial.finish(patience)?;
        let said = trial.said();
        let began = |number: usize| said.lines().any(|line| line == format!("@began {number}"));
        let see = |(number, attempt): (usize, Result<Attempt, String>)| {
            let attempt = attempt?;
            if !began(number) {
                return Err(format!("it did not begin: {}", trial.complaint()));
            }
            let done = said.lines().any(|line| line == format!("@done {number}"));
            Ok((attempt.harmed)(&catalogue::Word { said: &said, done }))
        };
        let seen = Self(attempts.into_iter().enumerate().map(see).collect());
        company.dismiss();
        Ok(seen)
    }
}

/// Descriptors that the caller has open and that the command must not get.
struct Gifts {
    file: OwnedFd,
    pipe: OwnedFd,
    _writer: std::fs::File,
}

impl Gifts {
    fn make(scene: &Scene<'_>) -> std::io::Result<Self> {
        let file = scene.canary("descriptors")?.join("file");
        std::fs::write(&file, scene.token("inherited file"))?;
        let file = OwnedFd::from(std::fs::File::open(file)?);
        let (pipe, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let mut writer = std::fs::File::from(writer);
        writer.write_all(scene.token("inherited pipe").as_bytes())?;
        // Of all descriptors only these two are handed on.
        for gift in [&file, &pipe] {
            rustix::io::fcntl_setfd(gift, FdFlags::empty())?;
        }
        Ok(Self { file, pipe, _writer: writer })
    }

    /// The numbers are known only now.
    fn fill_in(&self, word: OsString) -> OsString {
        match word.to_str() {
            Some(catalogue::FILE_NUMBER) => self.file.as_raw_fd().to_string().into(),
            Some(catalogue::PIPE_NUMBER) => self.pipe.as_raw_fd().to_string().into(),
            _ => word,
        }
    }
}
